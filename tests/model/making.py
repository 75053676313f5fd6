"""Small models for the tests of checkpoints and of the engine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def change_config(directory: Path, **changes: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_tensors(directory: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    path = directory / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    saved = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(saved, path, metadata={"format": "pt"})
