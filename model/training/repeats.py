"""A random sequence of tokens that is repeated: practice in copying, of which stories alone offer little.

Notation: T positions, V vocab_size, P length of the repeated sequence.

A sequence without meaning can only be predicted from its earlier occurrence, which takes a previous-token head and an
induction head ("In-context Learning and Induction Heads", Olsson et al. 2022). Only tokens that can be predicted
have a loss. Lengths and positions are random: from a single length a model would learn a fixed distance instead.
"""

import math

import torch
from torch import Tensor

from model.training.random_tokens import IGNORED, chance, log_uniform, random_tokens

LONGEST = 64
"""Tokens of the longest sequence."""

SHORTEST = 2
"""Tokens of the shortest sequence."""

_FROM_START_SHARE = 0.3


def put_repeats(row: Tensor, target: Tensor, frequencies: Tensor, generator: torch.Generator) -> None:
    """Repeat a sequence from a random position of `row` (T + 1,) on, and change `target` (T,) to match.

    `frequencies` (V,) says how often each token occurs in the text. T is at least 2 × SHORTEST.
    """
    context = len(target)
    length = log_uniform(SHORTEST, min(LONGEST, context // 2), generator)
    start = 0
    if not chance(_FROM_START_SHARE, generator):
        start = int(torch.randint(context - 2 * length + 1, (), generator=generator))
    times = math.ceil((context + 1 - start) / length)
    row[start:] = random_tokens(length, frequencies, generator).repeat(times)[: context + 1 - start]
    target.copy_(row[1:])
    # The first occurrence cannot be predicted, nor where the second begins.
    target[max(0, start - 1) : start + length] = IGNORED
