"""ReadingService: opens models, computes readings, and caches both."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from explorer.core import readings
from explorer.core.readings import ComputeReading, OpenModel, ReadingService, reading_from_inputs
from explorer.view import LAST, Stage, View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from tests.explorer.conftest import SENTENCES, Opener

BPE = View("bpe", SENTENCES[0], query=3)
CHAR = View("char", "a dog. face", query=2)


class Counting:
    """A model that notes its runs."""

    def __init__(self, model: Checkpoint) -> None:
        self.name, self.config, self.tokenizer = model.name, model.config, model.tokenizer
        self.prefix = model.prefix
        self.runs = 0
        self._trace = model.trace

    def trace(self, *arguments: Any, **named: Any) -> Any:
        self.runs += 1
        return self._trace(*arguments, **named)


@pytest.fixture
def models(bpe_model: Checkpoint, char_model: Checkpoint) -> dict[str, Counting]:
    return {"bpe": Counting(bpe_model), "char": Counting(char_model)}


@pytest.fixture
def service(models: dict[str, Counting]) -> ReadingService:
    """A service whose two models are open."""
    made = ReadingService()
    for name, model in models.items():
        made.add_model(name, model)
    return made


def test_read_opens_the_model_itself(opener: Opener, bpe_model: Checkpoint) -> None:
    opened = []

    def open_model(name: str) -> Any:
        opened.append(name)
        return opener(name)

    service = ReadingService(open_model)
    reading = service.read(BPE)
    torch.testing.assert_close(reading.stages.weights, bpe_model.trace(reading.encoding.ids).head(0, 0).weights)
    assert service.read(replace(BPE, query=0)).stages is reading.stages
    assert opened == ["bpe"]
    with pytest.raises(ModelError, match="no model is called 'gone'"):
        service.read(replace(BPE, model="gone"))


def test_tasks_lead_to_the_reading_step_by_step(opener: Opener) -> None:
    service = ReadingService(opener)
    view = replace(BPE, causal=False)
    assert service.find(view) is None
    assert not service.is_quick(view)
    opening = service.next_task(view)
    assert isinstance(opening, OpenModel)
    assert opening.description == "loading bpe…"
    assert (opening.is_for(view), opening.is_for(CHAR)) == (True, False)
    assert service.models == ()  # nothing happens before the result is accepted
    service.accept(opening.run())
    assert service.has_model("bpe")
    assert service.is_quick(view)
    computing = service.next_task(view)
    assert isinstance(computing, ComputeReading)
    assert (computing.is_for(view), computing.is_for(BPE)) == (True, False)
    service.accept(computing.run())
    found = service.find(view)
    assert found is not None
    assert found.view == view
    assert service.next_task(view) is None
    assert service.next_task(BPE) is None  # the reading as trained is cached with it


def test_the_nearest_view_that_exists_is_read(service: ReadingService) -> None:
    reading = service.read(replace(BPE, query=500, layer=9, head=-1, causal=True))
    last = len(reading.encoding) - 1
    assert reading.view == replace(BPE, query=last, layer=1, head=0)
    assert service.read(replace(BPE, query=LAST)).view.query == last


def test_what_cannot_be_read_is_refused(service: ReadingService) -> None:
    for text, reason in (("", "empty"), ("XYZ", "no character")):
        with pytest.raises(ModelError, match=reason):
            service.read(replace(CHAR, text=text))
    assert service.read(replace(CHAR, text="abcde" * 4)).left_out == 4


def test_a_step_does_not_run_the_model_again(service: ReadingService, models: dict[str, Counting]) -> None:
    changed = replace(BPE, scale=1.0)
    first = service.read(BPE)
    weights = first.stages.weights
    for change in ({"query": 0}, {"key": 5}, {"stage": Stage.SCORES}):
        assert service.read(replace(BPE, **change)).stages.weights is weights
    service.read(replace(BPE, head=2, layer=1))
    assert models["bpe"].runs == 1
    as_set = service.read(changed)
    assert models["bpe"].runs == 2
    assert service.read(replace(changed, query=1)).stages is as_set.stages
    assert service.read(BPE).as_trained is first.as_trained
    assert models["bpe"].runs == 2


def test_two_models_and_two_sentences_are_compared_without_running_again(
    service: ReadingService, models: dict[str, Counting]
) -> None:
    def runs() -> int:
        return sum(model.runs for model in models.values())

    for view in (BPE, CHAR, replace(BPE, causal=False), replace(CHAR, scale=0.9)):
        service.read(view)
    assert runs() == 4
    for typed in ("a", "a d", "a do", "a dog"):  # the right side is edited, the left one stays
        service.read(replace(CHAR, text=typed))
        service.read(BPE)
    assert runs() == 8
    for view in (BPE, replace(BPE, causal=False)):
        service.read(view)
    assert runs() == 8


def test_old_readings_are_dropped(service: ReadingService, models: dict[str, Counting]) -> None:
    views = [View("bpe", "a" * length, causal=causal) for length in range(1, 20) for causal in (None, False)]
    for view in views:
        service.read(view)
    assert sum(service.find(view) is not None for view in views) <= 8


def test_large_models_are_cached_in_pairs(monkeypatch: pytest.MonkeyPatch, bpe_model: Checkpoint) -> None:
    for parameters, expected in ((3e8, ("a", "b", "c", "d")), (1.0, ("c", "d"))):
        monkeypatch.setattr(readings, "MODEL_PARAMETERS", parameters)
        service = ReadingService()
        for name in "abcd":
            service.add_model(name, bpe_model)
        assert service.models == expected
        assert service.room("d") == (2 if parameters == 1.0 else 12)


def test_long_texts_and_large_models_are_not_quick(service: ReadingService, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.is_quick(BPE)
    assert not service.is_quick(replace(BPE, text="a" * 30_000))
    monkeypatch.setattr(readings, "QUICK_OPERATIONS", 0.0)
    assert not service.is_quick(BPE)


@pytest.mark.parametrize("spoil", [None, ModelError("it is damaged")])
def test_a_step_of_training_is_opened_read_and_measured(
    opener: Opener, bpe_model: Checkpoint, spoil: Exception | None
) -> None:
    def open_model(name: str) -> Any:
        if spoil is not None and name.endswith("@10"):
            raise spoil
        return opener(name.removesuffix("@10"))

    service = ReadingService(open_model)
    beside = service.read(BPE)
    task = service.step_task(replace(BPE, model="bpe@10"), beside)
    if spoil is not None:
        with pytest.raises(ModelError, match="damaged"):
            task.run()
        return
    read = task.run()
    assert read.reading is not None
    assert read.measures is not None
    assert read.measures.loss == pytest.approx(bpe_model.trace(beside.encoding.ids).loss)
    assert service.models == ("bpe",)  # the owner decides what is cached


def test_a_model_of_another_shape_is_no_step(opener: Opener) -> None:
    service = ReadingService(opener)
    beside = service.read(BPE)
    with pytest.raises(ModelError, match="of another model"):
        service.step_task(replace(BPE, model="char"), beside).run()


def test_a_reading_of_inputs_alone_has_the_same_attention(service: ReadingService, bpe_model: Checkpoint) -> None:
    whole = service.read(BPE)
    layers = [(each.q, each.k, each.v) for each in whole.as_set.inputs]
    found = reading_from_inputs(BPE, layers, bpe_model.config, whole.encoding, bpe_model.tokenizer)
    for layer, head in ((0, 0), (1, 3)):
        place: Callable[[View], View] = lambda view: replace(view, layer=layer, head=head)  # noqa: B023, E731
        mine, theirs = found.at(place(BPE)).stages, whole.at(place(BPE)).stages
        torch.testing.assert_close(mine.weights, theirs.weights)
        torch.testing.assert_close(mine.mixed, theirs.mixed)
