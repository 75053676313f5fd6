"""Windows in which a random sequence of tokens is repeated: practice in copying, which stories alone give little of.

Notation: B batch, T positions, V vocab_size, P length of the repeated sequence.

A sequence without meaning can only be predicted from its earlier occurrence, which takes a previous-token head and an
induction head ("In-context Learning and Induction Heads", Olsson et al. 2022). Only tokens that can be predicted
have a loss. Lengths and positions are random: from a single length a model would learn a fixed distance instead.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

IGNORED = -100
"""The target of a position without a loss: the `ignore_index` of `torch.nn.functional.cross_entropy`."""

LONGEST = 64
"""Tokens of the longest sequence."""

_SHORTEST = 2
_FROM_START_SHARE = 0.3
_UNIFORM_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Repeats:
    """Puts repetitions into a `share` of the windows of a batch: a random sequence that is repeated.

    `frequencies` (V,) says how often each token occurs in the text. Half of the sequences are drawn from it, half
    uniformly from the vocabulary.
    """

    share: float
    frequencies: Tensor

    def put_into(self, x: Tensor, y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Inputs and targets (B, T), a share of them with a repeated sequence from a random position to their end."""
        if x.shape[1] < 2 * _SHORTEST:
            return x, y
        rows, targets = torch.cat((x, y[:, -1:]), 1), y.clone()  # (B, T + 1), (B, T)
        for row, target in zip(rows, targets, strict=True):
            if torch.rand((), generator=generator) < self.share:
                self._fill(row, target, generator)
        return rows[:, :-1], targets

    def _fill(self, row: Tensor, target: Tensor, generator: torch.Generator) -> None:
        """Repeat a sequence from a random position of `row` (T + 1,) on, and change `target` (T,) to match."""
        context = len(target)
        longest = min(LONGEST, context // 2)
        # Short lengths are more likely: the logarithm is uniform.
        length = round(_SHORTEST * (longest / _SHORTEST) ** torch.rand((), generator=generator).item())
        start = 0
        if torch.rand((), generator=generator) >= _FROM_START_SHARE:
            start = int(torch.randint(context - 2 * length + 1, (), generator=generator))
        times = math.ceil((context + 1 - start) / length)
        row[start:] = self._sequence(length, generator).repeat(times)[: context + 1 - start]
        target.copy_(row[1:])
        # The first occurrence cannot be predicted, nor where the second begins.
        target[max(0, start - 1) : start + length] = IGNORED

    def _sequence(self, length: int, generator: torch.Generator) -> Tensor:
        """Random tokens (P,)."""
        if torch.rand((), generator=generator) < _UNIFORM_SHARE:
            return torch.randint(len(self.frequencies), (length,), generator=generator)
        return torch.multinomial(self.frequencies, length, replacement=True, generator=generator)
