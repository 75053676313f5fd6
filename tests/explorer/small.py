"""A small random model on disk, whose ten characters are all predicted at every position."""

from pathlib import Path

import torch

from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.gpt import GPT

CHARACTERS = "abcdefg .é"
CONFIG = GPTConfig(
    vocab_size=10, n_positions=16, n_embd=24, n_layer=3, n_head=4, initializer_range=0.4, scale_attn_weights=True
)


def save_small(directory: Path, config: GPTConfig = CONFIG) -> Path:
    gpt = GPT(config)
    gpt.initialize(torch.Generator().manual_seed(5))
    characters = tokenizer.train_char(CHARACTERS[: config.vocab_size])
    checkpoint.save(directory, gpt, characters)
    return directory
