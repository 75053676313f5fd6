"""The kinds of attention heads that head scores tell apart, as they are called on the screen."""

from typing import TYPE_CHECKING

from explorer.core.formatting import weight

if TYPE_CHECKING:
    from model.head_scores import HeadScores

HEAD_KINDS = {
    "previous_token": "previous token",
    "first_token": "first token",
    "duplicate_token": "duplicate token",
    "induction": "induction",
}
"""From the scores of `HeadScores` to their names on the screen."""

STORIES = 20
"""Stories on which heads are measured; fewer for large models."""

STRONG = 0.3
"""The score from which on a head is called by its kind."""


def head_kind(scores: "HeadScores | None", layer: int, head: int) -> str:
    """Return what to call a head, such as `previous token .46`; an empty text if no score is strong or known."""
    if scores is None:
        return ""
    kind, value = scores.largest(layer, head)
    return f"{HEAD_KINDS[kind]} {weight(value)}" if value >= STRONG else ""
