"""Pairs of random tokens, asked for in another order: practice in finding where a token occurred before.

Notation: T positions, V vocab_size, N pairs.

A window lists pairs of a value and a key, and then repeats the keys in random order, each followed by its value (a key
of two pairs is not asked for):

    v1 k1  v2 k2  v3 k3   k2 v2  k3 v3  k1 v1

This is associative recall ("Zoology", Arora et al. 2023) with the value *before* its key. An induction head finds what
follows the earlier k2, which is v3; the answer stands before it. It takes a previous-token head, which brings v2 to the
position of k2, and a duplicate-token head, which looks from a token to its earlier occurrence. Only the values in the
second part have a loss.

All of that at once is too hard at first, so a quarter of the windows are easier: the only values are two fixed tokens,
a third fixed token follows each pair, and a fourth precedes each key that is asked for. In the other windows, each list
may have many values or two, with or without a separator and a question mark; these tokens are the fixed ones half of
the time and random otherwise, or a model would look for earlier occurrences only between the fixed ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.training.random_tokens import IGNORED, chance, log_uniform, random_tokens

SHORTEST_CONTEXT = 16
"""T of the shortest window with pairs."""

SMALLEST_VOCABULARY = 4
"""V of the smallest vocabulary that has enough marks."""

_MOST_PAIRS = 80
"""N of the longest list."""

_FEWEST_PAIRS = 3
_ALL_MARKS_SHARE = 0.25
_SAME_MARKS_SHARE = 0.5
_SEPARATED_SHARE = 0.5
_ASKED_SHARE = 0.3
_MANY_VALUES_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class _Marks:
    """How a list of pairs is written: two values or many, what follows a pair, and what comes before a repeated key."""

    values: tuple[int, int] | None
    separator: tuple[int, ...]
    question: tuple[int, ...]


def put_recall(row: Tensor, target: Tensor, frequencies: Tensor, generator: torch.Generator) -> None:
    """Fill `row` (T + 1,) with lists of pairs, and change `target` (T,) to match.

    `frequencies` (V,) says how often each token occurs in the text. T is at least SHORTEST_CONTEXT, V at least
    SMALLEST_VOCABULARY.
    """
    context = len(target)
    pairs = log_uniform(_FEWEST_PAIRS, min(_MOST_PAIRS, context // 4), generator)
    has_all_marks = chance(_ALL_MARKS_SHARE, generator)
    tokens: list[int] = []
    asked: list[int] = []  # positions of the values that can be found
    while len(tokens) <= context:
        marks = _marks(len(frequencies), has_all_marks, generator)
        _append_list(tokens, asked, marks, pairs, frequencies, generator)
    row.copy_(torch.tensor(tokens[: context + 1]))
    target.fill_(IGNORED)
    places = torch.tensor([place for place in asked if place <= context], dtype=torch.int64)
    target[places - 1] = row[places]


def _marks(vocab_size: int, has_all: bool, generator: torch.Generator) -> _Marks:
    """Draw how the next list of pairs is written; with `has_all`, in the way that is easiest to learn."""
    first, second, separator, question = torch.randint(vocab_size, (4,), generator=generator).tolist()
    if has_all or chance(_SAME_MARKS_SHARE, generator):
        first, second = vocab_size - 2, vocab_size - 3
    if has_all or chance(_SAME_MARKS_SHARE, generator):
        separator, question = vocab_size - 4, vocab_size - 1
    is_asked = has_all or chance(_ASKED_SHARE, generator)
    is_separated = has_all or chance(_SEPARATED_SHARE, generator)
    has_many = not has_all and chance(_MANY_VALUES_SHARE, generator)
    return _Marks(
        None if has_many else (first, second),
        (separator,) if is_separated else (),
        (question,) if is_asked else (),
    )


def _append_list(
    tokens: list[int], asked: list[int], marks: _Marks, pairs: int, frequencies: Tensor, generator: torch.Generator
) -> None:
    """Append a list of pairs and its keys in another order, and the positions of the values asked for."""
    keys = random_tokens(pairs, frequencies, generator).tolist()
    if marks.values is None:
        values = random_tokens(pairs, frequencies, generator).tolist()
    else:
        values = [marks.values[choice] for choice in torch.randint(2, (pairs,), generator=generator).tolist()]
    for value, key in zip(values, keys, strict=True):
        tokens += [value, key, *marks.separator]
    for pair in torch.randperm(pairs, generator=generator).tolist():
        if keys.count(keys[pair]) == 1:  # a key of two pairs has no single answer
            tokens += [*marks.question, keys[pair], values[pair]]
            asked.append(len(tokens) - 1)
