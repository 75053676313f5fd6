"""What each head of a model is worth, measured on the same stories and random tokens as the head scores."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from explorer.core.gallery import Head
from explorer.core.head_kinds import stands_out
from explorer.core.head_scores import LONGEST, SEED, linked_stories, parameters_of_blocks, repeated_tokens
from model.head_costs import HeadCost, head_costs

if TYPE_CHECKING:
    from model.head_scores import HeadScores
    from model.interface import ModelShape, TracedModel

OPERATIONS = 3e11
"""About how many multiplications to spend on all heads of a model unasked: some ten seconds on one core."""
FEWEST_TOKENS, MOST_TOKENS = 256, 2048
"""Tokens of stories that the loss is measured on."""
REPEATS = 4
"""Random sequences."""

_FALL = 0.5
"""The share of an induction score that has to be lost with a head that the other reads from."""


def is_affordable(shape: "ModelShape") -> bool:
    """Return True if the heads of a model can be ablated within OPERATIONS."""
    return _affordable_tokens(shape) >= FEWEST_TOKENS


def measure_costs(model: "TracedModel", heads: Sequence[Head], seed: int = SEED) -> Iterator[tuple[Head, HeadCost]]:
    """Ablate one head after the other; the same model and seed give the same costs.

    Raises ModelError if the tokenizer knows too little of the stories, or the context is shorter than 2.
    """
    shape = model.config
    tokens = min(max(FEWEST_TOKENS, _affordable_tokens(shape)), MOST_TOKENS)
    texts = linked_stories(model.tokenizer, seed, tokens, min(LONGEST, shape.n_positions))
    repeated = repeated_tokens(model, torch.Generator().manual_seed(seed), REPEATS)
    return head_costs(model, heads, [text.ids for text in texts], repeated)


def _affordable_tokens(shape: "ModelShape") -> int:
    return int(OPERATIONS / (parameters_of_blocks(shape) * shape.n_layer * shape.n_head))


def induction_source(scores: "HeadScores", costs: Mapping[Head, HeadCost], head: Head) -> tuple[Head, float] | None:
    """Return the head that an induction head reads from, and by how much its induction score falls without that one.

    None if it is no induction head, or loses less than half of its score with any head that has been ablated.
    """
    score = scores.of(*head)["induction"]
    falls = {other: cost.induction_falls[head].item() for other, cost in costs.items() if other[0] < head[0]}
    if not falls or not stands_out(score):
        return None
    source = max(falls, key=lambda other: falls[other])
    return (source, falls[source]) if falls[source] >= _FALL * score.value else None
