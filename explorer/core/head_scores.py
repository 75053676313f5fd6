"""Head scores: what kind of head each head of a model is, measured once for each open model.

They never depend on the sentence in view. They are measured on stories of the built-in corpus, without the characters
that the tokenizer does not know; duplicate-token and induction scores on random tokens.
"""

from functools import lru_cache

import torch
from tokenizers import Tokenizer

from data import storyteller
from data.storyteller import Story
from explorer.core.head_kinds import STORIES
from explorer.core.sentence_edges import sentence_edges
from explorer.core.token_spans import TokenSpans
from explorer.core.word_links import word_links
from model.head_scores import HeadScores, LinkedText, Progress, head_scores, repeated_sequences
from model.interface import ModelShape, TracedModel
from model.tokenizer import encode, vocab_size

LONGEST = 256
"""Tokens that are read at once."""
REPEATS = 8
"""Random sequences; fewer for large models."""
OPERATIONS = 5e10
"""The approximate number of multiplications to spend on stories, and the most on random tokens: seconds on one core."""
FEWEST_TOKENS = 32
"""Tokens that are read of each, however large the model."""
FEWEST_LINKS = 40
"""Links that a relation is measured on at least."""
SEED = 271_828
"""The seed of the stories and the random tokens, chosen so that hardly any model was trained with it."""


def measure_heads(model: TracedModel, seed: int = SEED, progress: Progress | None = None) -> HeadScores:
    """Measure every head of a model; the same model and seed give the same scores.

    `progress` is told, after each text, how many have been read and how many there are.
    Raises ModelError if the tokenizer knows too little of the stories, or the context is shorter than 2.
    """
    shape = model.config
    tokens = affordable_tokens(shape)
    texts = linked_stories(model.tokenizer, seed, tokens, min(LONGEST, shape.n_positions))
    room = min(tokens, shape.n_positions)
    repeated = repeated_tokens(model, torch.Generator().manual_seed(seed), REPEATS, room)
    repeated = repeated[: max(1, tokens // max(1, len(repeated[0])))]
    return head_scores(model, texts, repeated, FEWEST_LINKS, progress)


def repeated_tokens(
    model: TracedModel, generator: torch.Generator, repeats: int, longest: int | None = None
) -> list[tuple[int, ...]]:
    """Draw random sequences of a model's tokens, each followed by its repetition, of at most `longest` tokens."""
    known = min(vocab_size(model.tokenizer), model.config.vocab_size)  # some tokenizers have more than their model
    return repeated_sequences(longest or model.config.n_positions, known, generator, repeats)


def affordable_tokens(shape: ModelShape) -> int:
    """Return how many tokens can be read within OPERATIONS, at least FEWEST_TOKENS."""
    return max(FEWEST_TOKENS, int(OPERATIONS / parameters_of_blocks(shape)))


def parameters_of_blocks(shape: ModelShape) -> int:
    """Return about how many multiplications a token takes: the parameters of GPT-2's blocks of this size."""
    return 12 * shape.n_layer * (shape.n_head * shape.head_size) ** 2


@lru_cache(maxsize=1)
def _stories(seed: int, count: int) -> tuple[Story, ...]:
    return tuple(storyteller.story(seed, index) for index in range(count))


def linked_stories(tokenizer: Tokenizer, seed: int, tokens: int, longest: int) -> list[LinkedText]:
    """Return at most `tokens` token ids of stories, with the links between words and where sentences end and start.

    A story of more than `longest` tokens is cut into several texts.
    """
    texts: list[LinkedText] = []
    for story in _stories(seed, STORIES):
        encoding = encode(tokenizer, story.text)
        spans = TokenSpans(encoding.spans)
        for start in range(0, len(encoding), longest):
            window = range(start, min(start + longest, start + tokens, len(encoding)))
            links = word_links(story, spans, window)
            edges = sentence_edges(story.text, spans, window)
            texts.append(LinkedText(encoding.ids[start : window.stop], links, edges))
            tokens -= len(window)
            if tokens < 2:
                return texts
    return texts
