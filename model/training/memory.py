"""The memory that training takes at least, and the refusal of what the device does not have.

Without it a processor would start to swap, or the operating system would kill the process without a word.
"""

import os

import torch

from model.config import GPTConfig
from model.errors import ModelError


def training_bytes(config: GPTConfig, tokens: int, *, adamw: bool = True, autocast: bool = False) -> int:
    """Bytes of float32 weights, gradients and averages, and of what a step on so many tokens keeps for its gradients.

    A lower bound: temporary tensors, dropout's masks and torch itself come on top. AdamW keeps two averages a weight,
    Muon one. Under `autocast` half of the kept numbers' bytes are counted.
    """
    c = config.n_embd
    # LayerNorms' inputs and outputs, q, k, v, what the heads mix; before and after the activation.
    layer = 8 * c + 2 * config.mlp_size
    kept = tokens * (config.n_layer * layer + c + config.vocab_size)
    return 4 * (4 if adamw else 3) * config.parameters + (2 if autocast else 4) * kept


def device_bytes(device: torch.device) -> int | None:
    """All memory that the device has; None where that cannot be told."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return None


def check(config: GPTConfig, tokens: int, device: torch.device, *, adamw: bool = True, autocast: bool = False) -> None:
    """Raise ModelError when the device has less memory in all than training takes, see `training_bytes`."""
    there = device_bytes(device)
    needed = training_bytes(config, tokens, adamw=adamw, autocast=autocast)
    if there is not None and needed > there:
        raise ModelError(
            f"there is not enough memory: {config.parameters:,} parameters and {tokens:,} tokens at once take "
            f"{_gigabytes(needed)} GB or more, and there are {_gigabytes(there)} GB: "
            "choose a smaller model or smaller batches"
        )


def _gigabytes(count: int) -> str:
    """In GB of 10⁹ bytes."""
    return f"{count / 1e9:,.1f}" if count < 1e11 else f"{count / 1e9:,.0f}"
