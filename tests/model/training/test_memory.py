"""The memory that training takes at least."""

import pytest
import torch
from torch.nn import functional as F

from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.training import memory


@pytest.mark.parametrize(
    ("config", "windows"),
    [
        (GPTConfig(65, 64, 128, 4, 4), 12),
        (GPTConfig(1000, 128, 96, 3, 8, n_inner=100), 3),
        (GPTConfig(9, 8, 4, 1, 1), 1),
    ],
)
def test_it_is_just_below_what_a_step_really_keeps(config: GPTConfig, windows: int) -> None:
    gpt = GPT(config)
    weights = {p.untyped_storage().data_ptr() for p in gpt.parameters()}
    kept = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    ids = torch.randint(config.vocab_size, (windows, config.n_positions))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        F.cross_entropy(gpt(ids).flatten(0, 1), ids.flatten())
    really = sum(storage.nbytes() for storage in kept.values()) + 4 * 4 * sum(p.numel() for p in gpt.parameters())
    assert 0.9 * really < memory.training_bytes(config, ids.numel()) <= really


def test_muon_and_autocast_take_less() -> None:
    config = GPTConfig(65, 64, 128, 4, 4)
    whole = memory.training_bytes(config, 768)
    weights = 16 * config.parameters
    assert memory.training_bytes(config, 768, adamw=False) == whole - 4 * config.parameters
    assert memory.training_bytes(config, 768, autocast=True) == weights + (whole - weights) / 2


def test_what_fits_exactly_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    config, cpu = GPTConfig(65, 64, 128, 4, 4), torch.device("cpu")
    needed = memory.training_bytes(config, 768)
    monkeypatch.setattr(memory, "device_bytes", lambda device: needed)
    memory.check(config, 768, cpu)
    with pytest.raises(ModelError, match=r"809,856 parameters and 769 tokens at once take 0\.0 GB or more"):
        memory.check(config, 769, cpu)
    monkeypatch.setattr(memory, "device_bytes", lambda device: None)
    memory.check(config, 10**15, cpu)


def test_a_processor_says_how_much_it_has() -> None:
    there = memory.device_bytes(torch.device("cpu"))
    assert there is None or 10**8 < there < 10**15
