"""Lists of pairs in batches: each value asked for can be found before its key, and nothing else has a loss."""

import pytest
import torch

from model.training.random_tokens import IGNORED
from model.training.recall import SHORTEST_CONTEXT
from model.training.synthetic import SyntheticWindows

VOCABULARY = 500


def put(recall: float, rows: int, context: int, vocabulary: int = VOCABULARY) -> tuple[torch.Tensor, ...]:
    """Return the ids before (B, T + 1), and inputs and targets after."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(vocabulary, (rows, context + 1), generator=generator)
    synthetic = SyntheticWindows(0.0, recall, torch.ones(vocabulary))
    return ids, *synthetic.put_into(ids[:, :-1], ids[:, 1:], generator)


def test_every_value_that_is_asked_for_stands_before_its_key_earlier() -> None:
    _, inputs, targets = put(1.0, 300, 128)
    asked = 0
    for x, y in zip(inputs.tolist(), targets.tolist(), strict=True):
        tokens = [*x, y[-1]]
        for place, target in enumerate(y):
            if target == IGNORED:
                continue
            asked += 1
            assert tokens[place + 1] == target
            key = tokens[place]
            assert any(tokens[i - 1] == target for i in range(1, place) if tokens[i] == key), (place, tokens)
    assert asked > 300 * 128 / 6


def test_what_follows_a_key_earlier_is_mostly_no_answer() -> None:
    _, inputs, targets = put(1.0, 300, 128)
    right = questions = 0
    for x, y in zip(inputs.tolist(), targets.tolist(), strict=True):
        for place, target in enumerate(y):
            if target != IGNORED and x[place] in x[:place]:
                questions += 1
                right += x[x.index(x[place]) + 1] == target
    assert right / questions < 0.25


def test_marks_stay_the_same_in_a_share_of_the_windows() -> None:
    _, inputs, _ = put(1.0, 400, 64)
    has_all_marks = (inputs == VOCABULARY - 1).any(1) & (inputs == VOCABULARY - 4).any(1)
    assert 0.25 < has_all_marks.float().mean() < 0.6


@pytest.mark.parametrize(("context", "vocabulary"), [(SHORTEST_CONTEXT - 1, VOCABULARY), (64, 3)])
def test_windows_without_room_for_pairs_stay(context: int, vocabulary: int) -> None:
    before, x, y = put(1.0, 10, context, vocabulary)
    assert x.equal(before[:, :-1])
    assert y.equal(before[:, 1:])


def test_only_a_share_of_the_windows_changes() -> None:
    before, x, _ = put(0.2, 1000, 32)
    changed = (x != before[:, :-1]).any(1)
    assert 0.15 < changed.float().mean() < 0.25
