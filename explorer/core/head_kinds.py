"""The kinds of attention heads that head scores tell apart, as they are called on the screen."""

from typing import TYPE_CHECKING

from explorer.core.formatting import weight

if TYPE_CHECKING:
    from model.head_scores import HeadScores, Score

RELATIONS = {
    "pronoun_to_referent": "pronoun → referent",
    "verb_to_subject": "verb → subject",
    "object_to_verb": "object → verb",
    "noun_to_mention": "noun → last mention",
    "quote_to_opening": "quote → opening",
}
"""Relations between words of the stories, each from what looks to what it looks at."""

PATTERNS = {
    "current_token": "current token",
    "recent_tokens": "recent tokens",
    "sentence_end": "sentence ends",
    "sentence_start": "sentence starts",
}
"""What a head may do for almost every query. These names are only for heads that have no other name."""

HEAD_KINDS = {
    "previous_token": "previous token",
    "first_token": "first token",
    "duplicate_token": "duplicate token",
    "induction": "induction",
    **RELATIONS,
    **PATTERNS,
}
"""From the scores of `HeadScores` to their names on the screen."""

SHORT_KINDS = {
    "previous_token": "prev",
    "first_token": "1st",
    "duplicate_token": "dup",
    "induction": "ind",
    "pronoun_to_referent": "ref",
    "verb_to_subject": "subj",
    "object_to_verb": "verb",
    "noun_to_mention": "noun",
    "quote_to_opening": "open",
    "current_token": "self",
    "recent_tokens": "near",
    "sentence_end": "end",
    "sentence_start": "beg",
}
"""The same names where there is little room: what such a head looks at, in at most four cells."""

STORIES = 30
"""Stories on which heads are measured; fewer for large models."""

STRONG = 0.2
"""By how much a score has to stand out from its baseline to name a head."""


def stands_out(score: "Score") -> bool:
    """Return True if a score is enough above its baseline to name a head."""
    return score.excess >= STRONG


def main_score(scores: "HeadScores", layer: int, head: int) -> "tuple[str, Score]":
    """Return the score that says most about a head: a pattern only if no other score stands out enough, and it does."""
    specific = scores.largest(layer, head, without=PATTERNS)
    if stands_out(specific[1]):
        return specific
    patterns = [(name, score) for name, score in scores.of(layer, head).items() if name in PATTERNS]
    return max(
        (pattern for pattern in patterns if stands_out(pattern[1])),
        key=lambda pattern: pattern[1].excess,
        default=specific,
    )


def named_score(scores: "HeadScores | None", layer: int, head: int) -> "tuple[str, Score] | None":
    """Return the score that names a head; None if no score stands out or is known."""
    if scores is None:
        return None
    kind, score = main_score(scores, layer, head)
    return (kind, score) if stands_out(score) else None


def head_kind(scores: "HeadScores | None", layer: int, head: int) -> str:
    """Return what to call a head, such as `previous token .46`; an empty text if it has no name."""
    named = named_score(scores, layer, head)
    return f"{HEAD_KINDS[named[0]]} {weight(named[1].value)}" if named is not None else ""
