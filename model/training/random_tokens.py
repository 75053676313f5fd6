"""Random tokens and numbers for windows without meaning, of which only some positions have a loss.

Notation: N tokens, V vocab_size.
"""

import torch
from torch import Tensor

IGNORED = -100
"""The target of a position without a loss: the `ignore_index` of `torch.nn.functional.cross_entropy`."""

_UNIFORM_SHARE = 0.5


def random_tokens(count: int, frequencies: Tensor, generator: torch.Generator) -> Tensor:
    """Return random tokens (N,). Half of the calls draw by their `frequencies` (V,) in the text, half uniformly."""
    if chance(_UNIFORM_SHARE, generator):
        return torch.randint(len(frequencies), (count,), generator=generator)
    return torch.multinomial(frequencies, count, replacement=True, generator=generator)


def chance(share: float, generator: torch.Generator) -> bool:
    """Return True with probability `share`."""
    return bool(torch.rand((), generator=generator) < share)


def log_uniform(low: int, high: int, generator: torch.Generator) -> int:
    """Return a number from `low` to `high` whose logarithm is uniform, so that small numbers are more likely."""
    return round(low * (high / low) ** torch.rand((), generator=generator).item())
