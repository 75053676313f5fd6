"""Which head an induction head reads from, by what happens to it when each other head is ablated."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.core.head_kinds import stands_out
from model.settings import Head

if TYPE_CHECKING:
    from model.head_costs import HeadCost
    from model.head_scores import HeadScores

_FALL = 0.5
"""The share of its induction score that a head has to lose without the one that it reads from."""


def induction_source(scores: "HeadScores", costs: "Mapping[Head, HeadCost]", head: Head) -> tuple[Head, float] | None:
    """Return the head that an induction head reads from, and by how much its induction score falls without that one.

    None if it is no induction head, or keeps more than half of its score whichever head of `costs` is ablated.
    """
    score = scores.of(*head)["induction"]
    if not stands_out(score):
        return None
    falls = {other: cost.induction_falls[head].item() for other, cost in costs.items() if other[0] < head[0]}
    if not falls:
        return None
    source = max(falls, key=lambda other: falls[other])
    return (source, falls[source]) if falls[source] >= _FALL * score.value else None
