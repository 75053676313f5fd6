"""HeadAblator without an application: a fake one runs its workers when it is told to."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from explorer.core.head_costs import measure_costs
from explorer.widgets.head_ablator import HeadAblator
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.head_costs import HeadCost
from tests.explorer.widgets.test_head_scorer import FakeApp

HEADS = [(layer, head) for layer in range(2) for head in range(4)]


def ablator_of(app: Any, measure: Any) -> tuple[HeadAblator, list[bool]]:
    changes: list[bool] = []
    return HeadAblator(app, measure, lambda: changes.append(True)), changes


def test_costs_are_those_of_the_model(bpe_model: Checkpoint) -> None:
    app: Any = FakeApp()
    ablator, changes = ablator_of(app, measure_costs)
    ablator.measure(app, bpe_model)
    ablator.measure(app, bpe_model)
    assert len(app.workers) == 1
    assert not ablator.is_over(bpe_model)
    app.run()
    assert changes
    assert ablator.is_over(bpe_model)
    found = ablator.costs(bpe_model)
    assert list(found) == HEADS
    for head, cost in measure_costs(bpe_model, HEADS):
        assert (found[head].text, found[head].repeated) == (cost.text, cost.repeated)
    ablator.measure(app, bpe_model)
    assert not app.workers


def test_a_cancelled_worker_leaves_the_rest_to_the_next(bpe_model: Checkpoint) -> None:
    app: Any = FakeApp()
    asked: list[Sequence[tuple[int, int]]] = []

    def measure(model: Any, heads: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], HeadCost]]:
        asked.append(heads)
        for head in heads:
            model.trace([1])
            yield head, HeadCost(0.0, 0.0, 0.0, torch.zeros(2, 4))
            app.is_cancelled = head == (0, 2)

    ablator, _ = ablator_of(app, measure)
    ablator.measure(app, bpe_model)
    app.run()
    assert not ablator.is_over(bpe_model)
    assert list(ablator.costs(bpe_model)) == HEADS[:3]
    app.is_cancelled = False
    ablator.measure(app, bpe_model)
    app.run()
    assert asked == [HEADS, HEADS[3:]]
    assert ablator.is_over(bpe_model)
    assert list(ablator.costs(bpe_model)) == HEADS


def test_a_model_that_cannot_be_ablated_is_not_tried_again(bpe_model: Checkpoint) -> None:
    app: Any = FakeApp()

    def refuse(model: Any, heads: Sequence[tuple[int, int]]) -> Any:
        raise ModelError("too large")

    ablator, changes = ablator_of(app, refuse)
    ablator.measure(app, bpe_model)
    app.run()
    assert ablator.is_over(bpe_model)
    assert ablator.costs(bpe_model) == {}
    assert changes == [True]
