"""Repeated sequences in batches: only what can be predicted is asked for, at random lengths and positions."""

import torch

from model.training.random_tokens import IGNORED
from model.training.repeats import LONGEST
from model.training.synthetic import SyntheticWindows

VOCABULARY = 500
UNIFORM = torch.ones(VOCABULARY)


def put(
    share: float, rows: int, context: int, seed: int = 0, frequencies: torch.Tensor = UNIFORM
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the ids before (B, T + 1), and inputs and targets after."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(VOCABULARY, (rows, context + 1), generator=generator)
    return ids, *SyntheticWindows(share, 0.0, frequencies).put_into(ids[:, :-1], ids[:, 1:], generator)


def period(tokens: list[int]) -> int:
    """Return the smallest distance at which all tokens repeat."""
    return next(p for p in range(1, len(tokens) + 1) if all(a == b for a, b in zip(tokens, tokens[p:], strict=False)))


def test_what_has_a_loss_is_the_text_before_and_what_can_be_copied() -> None:
    starts, periods = set(), set()
    for row, x, y in zip(*put(1.0, 200, 128), strict=True):
        before, tokens, targets = row.tolist(), [*x.tolist(), int(y[-1])], y.tolist()
        asked = [i for i, target in enumerate(targets) if target != IGNORED]
        assert all(targets[i] == tokens[i + 1] for i in asked)
        ignored = [i for i, target in enumerate(targets) if target == IGNORED]
        assert ignored == list(range(ignored[0], ignored[-1] + 1))
        start = ignored[0] + 1 if ignored[0] else 0
        assert tokens[:start] == before[:start]
        start = next(s for s in (start, start + 1) if period(tokens[s:]) <= LONGEST)
        length = period(tokens[start:])
        assert all(tokens[i + 1] == tokens[i + 1 - length] for i in asked if i >= ignored[-1])
        starts.add(start)
        periods.add(length)
    assert min(starts) == 0
    assert len(starts) > 40
    assert len(periods) > 25
    assert max(periods) <= LONGEST


def test_only_a_share_of_the_windows_changes() -> None:
    before, x, y = put(0.2, 1000, 32)
    changed = (x != before[:, :-1]).any(1) | (y != before[:, 1:]).any(1)
    assert 0.15 < changed.float().mean() < 0.25
    assert x[~changed].equal(before[~changed, :-1])


def test_the_tokens_of_the_text_are_drawn_as_often_as_they_occur() -> None:
    frequencies = torch.zeros(VOCABULARY)
    frequencies[7] = 1
    _, x, _ = put(1.0, 400, 32, frequencies=frequencies)
    assert 0.3 < (x[:, -4:] == 7).all(1).float().mean() < 0.7


def test_the_same_generator_gives_the_same_windows() -> None:
    first, again, other = (put(0.5, 20, 64, seed)[1] for seed in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)


def test_windows_without_room_for_two_sequences_stay() -> None:
    before, x, y = put(1.0, 10, 3)
    assert x.equal(before[:, :-1])
    assert y.equal(before[:, 1:])
    put(1.0, 50, 4)
