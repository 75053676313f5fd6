"""Head scores: what kind of head each head of a model is, measured once for each open model.

They never depend on the sentence in view. Previous-token and first-token scores are measured on stories of the built-in
corpus, without the characters that the tokenizer does not know; duplicate-token and induction scores on random tokens.
"""

from functools import lru_cache

import torch
from tokenizers import Tokenizer

from data import storyteller
from explorer.core.head_kinds import STORIES
from model.head_scores import HeadScores, head_scores
from model.interface import ModelShape, TracedModel
from model.tokenizer import encode_ids, vocab_size

LONGEST = 256
"""Tokens that are read of one story."""
REPEATS = 8
"""Random sequences; fewer for large models."""
OPERATIONS = 5e10
"""About how many multiplications to spend on a model: a second or two on one core."""
SEED = 271_828
"""The seed of the stories and the random tokens, chosen so that hardly any model was trained with it."""


def measure_heads(model: TracedModel, seed: int = SEED) -> HeadScores:
    """Measure every head of a model; the same model and seed give the same scores.

    Raises ModelError if the tokenizer knows too little of the stories, or the context is shorter than 2.
    """
    shape = model.config
    tokens = _affordable_tokens(shape)
    texts = _story_ids(model.tokenizer, seed, tokens)
    length = 2 * min(64, shape.n_positions // 2)
    tokens_known = min(vocab_size(model.tokenizer), shape.vocab_size)  # some tokenizers have more than their model
    repeats = max(2, min(REPEATS, tokens // max(1, length)))
    return head_scores(model, texts, tokens_known, torch.Generator().manual_seed(seed), repeats)


def _affordable_tokens(shape: ModelShape) -> int:
    """Return how many tokens can be read within OPERATIONS."""
    parameters = 12 * shape.n_layer * (shape.n_head * shape.head_size) ** 2  # of GPT-2's blocks
    return max(LONGEST, int(OPERATIONS / parameters))


@lru_cache(maxsize=1)
def _stories(seed: int, count: int) -> tuple[str, ...]:
    return tuple(storyteller.story(seed, index).text for index in range(count))


def _story_ids(tokenizer: Tokenizer, seed: int, tokens: int) -> list[list[int]]:
    """Return the token ids of stories, at most `tokens` in total."""
    texts: list[list[int]] = []
    for story_ids in encode_ids(tokenizer, _stories(seed, STORIES)):
        ids = story_ids[: min(LONGEST, tokens)]
        texts.append(ids)
        tokens -= len(ids)
        if tokens < 2:
            break
    return texts
