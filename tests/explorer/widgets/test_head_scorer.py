"""HeadScorer without an application: a fake one runs its workers when it is told to."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from textual.worker import active_worker

from explorer.core.head_kinds import HEAD_KINDS
from explorer.core.head_scores import measure_heads
from explorer.widgets.head_scorer import HeadScorer
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.head_scores import HeadScores

SCORES = HeadScores(*({name: torch.zeros(2, 4) for name in HEAD_KINDS} for _ in range(2)))


class FakeApp:
    """Keeps workers until they are run, and then their callbacks."""

    def __init__(self) -> None:
        self.workers: list[Callable[[], None]] = []
        self.callbacks: list[Callable[[], None]] = []
        self.is_cancelled = False  # it stands for the worker as well

    def run_worker(self, work: Callable[[], None], **_: object) -> None:
        self.workers.append(work)

    def call_later(self, callback: Callable[..., None], *arguments: object) -> None:
        self.callbacks.append(partial(callback, *arguments))

    def run(self) -> None:
        token = active_worker.set(self)  # type: ignore[arg-type]
        try:
            self.workers.pop(0)()
        finally:
            active_worker.reset(token)
        while self.callbacks:
            self.callbacks.pop(0)()


def scorer_of(app: Any, measure: Callable[..., HeadScores]) -> tuple[HeadScorer, list[bool]]:
    changes: list[bool] = []
    return HeadScorer(app, measure, lambda: changes.append(True)), changes


def test_each_model_is_measured_once_and_one_at_a_time(bpe_model: Checkpoint, char_model: Checkpoint) -> None:
    app = FakeApp()
    measured = []

    def fake(model: Any, **_: object) -> HeadScores:
        measured.append(model.name)
        return SCORES

    scorer, changes = scorer_of(app, fake)
    for model in (bpe_model, bpe_model, char_model):
        scorer.measure(model)
    assert len(app.workers) == 1
    assert not scorer.is_over(bpe_model)
    app.run()
    assert scorer.scores(bpe_model) is SCORES
    scorer.measure(bpe_model)
    assert not app.workers
    scorer.measure(char_model)
    app.run()
    assert measured == [bpe_model.name, char_model.name]
    assert len(changes) == 2


def test_a_model_that_cannot_be_measured_is_not_tried_again(bpe_model: Checkpoint) -> None:
    app = FakeApp()

    def refuse(model: Any, **_: object) -> HeadScores:
        raise ModelError("nothing to read")

    scorer, changes = scorer_of(app, refuse)
    scorer.measure(bpe_model)
    app.run()
    assert scorer.scores(bpe_model) is None
    assert scorer.is_over(bpe_model)
    assert changes == [True]


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_cancelled_worker_stops_at_the_next_run_of_the_model(bpe_model: Checkpoint, cancelled: bool) -> None:
    app = FakeApp()
    scorer, changes = scorer_of(app, measure_heads)
    scorer.measure(bpe_model)
    app.is_cancelled = cancelled
    app.run()
    assert scorer.is_over(bpe_model) is not cancelled
    assert bool(changes) is not cancelled


def test_the_progress_is_announced_but_not_for_every_text(
    bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only once it has taken a second, and not at the end, where the scores are announced."""
    app, seen = FakeApp(), []
    now = iter([0.0, 0.5, 1.25, 1.5, 2.5, 9.0])
    monkeypatch.setattr("explorer.core.throttle.monotonic", lambda: next(now))

    def fake(model: Any, progress: Callable[[int, int], None]) -> HeadScores:
        for done in range(1, 6):
            progress(done, 5)
        return SCORES

    scorer = HeadScorer(app, fake, lambda: seen.append(None), lambda: seen.append(scorer.progress(bpe_model)))  # type: ignore[arg-type]
    scorer.measure(bpe_model)
    assert scorer.progress(bpe_model) is None
    app.run()
    assert seen == [(2, 5), (4, 5), None]
