"""Small models for the tests of checkpoints and of the engine."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.config import GPTConfig
from model.gpt import GPT

CONFIG = GPTConfig(vocab_size=20, n_positions=12, n_embd=8, n_layer=2, n_head=2, n_inner=20)
CHARACTERS = "abcdefghijklmnop .,"
IDS = (0, 5, 18, 3, 3, 7)


def make_gpt(config: GPTConfig = CONFIG, seed: int = 0) -> GPT:
    gpt = GPT(config)
    gpt.initialize(torch.Generator().manual_seed(seed))
    return gpt.eval()


def change_tensors(directory: Path, change: Callable[[dict[str, Tensor]], None]) -> None:
    tensors = load_file(directory / "model.safetensors")
    change(tensors)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, directory / "model.safetensors")
