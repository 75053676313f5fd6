"""Random tokens for windows without meaning, of which only some positions have a loss.

Notation: N tokens, V vocab_size.
"""

import torch
from torch import Tensor

IGNORED = -100
"""The target of a position without a loss: the `ignore_index` of `torch.nn.functional.cross_entropy`."""

_UNIFORM_SHARE = 0.5


def random_tokens(count: int, frequencies: Tensor, generator: torch.Generator) -> Tensor:
    """Return random tokens (N,). Half of the calls draw by their `frequencies` (V,) in the text, half uniformly."""
    if torch.rand((), generator=generator) < _UNIFORM_SHARE:
        return torch.randint(len(frequencies), (count,), generator=generator)
    return torch.multinomial(frequencies, count, replacement=True, generator=generator)
