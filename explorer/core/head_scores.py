"""Head scores: what kind of head each head is, measured once for every opened model, never on the person's sentence.

Previous-token and first-token scores are measured on stories of the built-in corpus, whatever the tokenizer: what it
does not know of them is left out. Duplicate-token and induction scores are measured on random tokens. The card of a
trained model and the application measure in this one way.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.core.formatting import weight

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from model.head_scores import HeadScores
    from model.interface import ModelShape, TracedModel

STORIES = 20
"""Stories that are read, fewer for large models."""
LONGEST = 256
"""Tokens that are read of one story."""
REPEATS = 8
"""Random sequences, fewer for large models."""
OPERATIONS = 5e10
"""About what reading may cost, in multiplications: a second or two on one core."""
SEED = 271_828
"""Of the stories and the random tokens: hardly one that a model was trained with."""

STRONG = 0.3
"""From this score on, a head is called by it."""

KINDS = {
    "previous_token": "previous token",
    "first_token": "first token",
    "duplicate_token": "duplicate token",
    "induction": "induction",
}
"""The scores of `HeadScores` as they are called on the screen."""


def measure(model: "TracedModel", seed: int = SEED) -> "HeadScores":
    """Measure every head of a model; the same model and seed give the same scores.

    Raises ModelError when the tokenizer knows too little of the stories, or the context is shorter than 2.
    """
    import torch

    from model.head_scores import head_scores
    from model.tokenizer import vocab_size

    shape = model.config
    tokens = _affordable(shape)
    texts = _texts(model.tokenizer, seed, tokens)
    length = 2 * min(64, shape.n_positions // 2)
    repeats = max(2, min(REPEATS, tokens // max(1, length)))
    return head_scores(model, texts, vocab_size(model.tokenizer), torch.Generator().manual_seed(seed), repeats)


def _affordable(shape: "ModelShape") -> int:
    """How many tokens may be read."""
    parameters = 12 * shape.n_layer * (shape.n_head * shape.head_size) ** 2  # GPT-2's blocks
    return max(LONGEST, int(OPERATIONS / parameters))


@lru_cache(maxsize=1)
def _stories(seed: int, count: int) -> tuple[str, ...]:
    from data import storyteller

    return tuple(storyteller.story(seed, index).text for index in range(count))


def _texts(tokenizer: "Tokenizer", seed: int, tokens: int) -> list[list[int]]:
    """Token ids of stories, together at most `tokens`."""
    from model.tokenizer import encode_ids

    texts: list[list[int]] = []
    for every in encode_ids(tokenizer, _stories(seed, STORIES)):
        ids = every[: min(LONGEST, tokens)]
        texts.append(ids)
        tokens -= len(ids)
        if tokens < 2:
            break
    return texts


def strongest(scores: "HeadScores | None", layer: int, head: int) -> str:
    """What to call a head, such as `previous token .46`; nothing when no score is strong, or none is known."""
    if scores is None:
        return ""
    kind, value = scores.largest(layer, head)
    return f"{KINDS[kind]} {weight(value)}" if value >= STRONG else ""
