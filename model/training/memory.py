"""Memory for training: a lower bound on what it needs, checked before it starts, and how freed memory is kept.

Without the check the machine would start to swap, or the operating system would kill the process without a message.
"""

import ctypes
from contextlib import suppress

import torch

from model.config import GPTConfig
from model.devices import device_bytes
from model.errors import ModelError


def training_bytes(config: GPTConfig, tokens: int, *, adamw: bool = True, autocast: bool = False) -> int:
    """Bytes of float32 weights, gradients and optimizer state, and of the activations of a step over `tokens` tokens.

    This is a lower bound: temporary tensors, dropout masks and torch itself come on top. AdamW keeps two averages per
    weight, Muon one. Under `autocast` activations count half.
    """
    c = config.n_embd
    # LayerNorms' inputs and outputs, q, k, v and mixed values; the MLP before and after its activation function.
    layer = 8 * c + 2 * config.mlp_size
    activations = tokens * (config.n_layer * layer + c + config.vocab_size)
    return 4 * (4 if adamw else 3) * config.parameters + (2 if autocast else 4) * activations


def check(config: GPTConfig, tokens: int, device: torch.device, *, adamw: bool = True, autocast: bool = False) -> None:
    """Raise ModelError if the device's whole memory is less than `training_bytes`."""
    available = device_bytes(device)
    needed = training_bytes(config, tokens, adamw=adamw, autocast=autocast)
    if available is not None and needed > available:
        raise ModelError(
            f"there is not enough memory: {config.parameters:,} parameters and {tokens:,} tokens at once take "
            f"{_gigabytes(needed)} GB or more, and there are {_gigabytes(available)} GB: "
            "choose a smaller model or smaller batches"
        )


def _gigabytes(count: int) -> str:
    """Bytes in units of 10⁹."""
    return f"{count / 1e9:,.1f}" if count < 1e11 else f"{count / 1e9:,.0f}"


def keep_freed_memory() -> None:
    """Tell glibc to keep large freed blocks instead of mapping every step's activations anew, page by page.

    This saves about a tenth of the time of a step. It does nothing with other C libraries.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        m_trim_threshold, m_mmap_threshold = -1, -3
        libc.mallopt(m_mmap_threshold, 1 << 30)
        libc.mallopt(m_trim_threshold, (1 << 31) - 1)
