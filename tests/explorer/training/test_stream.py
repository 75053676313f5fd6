"""TrainStream: what a watched run tells and when, what it does when asked, and that watching changes nothing."""

import io
import json
import threading
from base64 import b64decode
from collections.abc import Iterable
from typing import Any

import pytest
import torch

from explorer.training.live_run import LiveRun, read_told
from explorer.training.stream import TrainStream, decoded_heads
from model.training.run_log import StepMetrics
from model.training.trainer import Trainer
from tests.explorer import fake_training as fake
from tests.model.trainers import make_trainer


class Clock:
    """A second passes when the test says so, and so much with every step."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 100.0
        self.step = step

    def __call__(self) -> float:
        return self.now


def lines(output: io.StringIO, event: str = "") -> list[dict[str, Any]]:
    told = [json.loads(line) for line in output.getvalue().splitlines()]
    return [line for line in told if line["event"] == event] if event else told


class Watch:
    """A run of a tiny model that is watched through a stream to a string."""

    def __init__(self, asked: Iterable[str] = (), *, per_step: float = 0.0, sample_every: int = 0, **settings: Any):
        self.output = io.StringIO()
        self.clock = Clock(per_step)
        self.trainer = make_trainer(**settings)
        self.stream = TrainStream(self.output, asked, self.clock, wait=0.001)
        self.stream.watch(self.trainer, sample_every, "the ")
        self.done: list[StepMetrics] = []

    def ask(self, do: str, **values: Any) -> None:
        self.stream._take({"do": do, **values})

    def run(self, steps: int = 10**9) -> None:
        with self.stream:
            for metrics in self.trainer.steps():
                self.clock.now += self.clock.step
                self.done.append(metrics)
                self.stream.step(metrics)
                if len(self.done) >= steps:
                    break

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        return lines(self.output, event)


def losses(trainer: Trainer) -> list[float]:
    return [metrics.loss for metrics in trainer.steps()]


def test_every_step_is_told_once_and_in_order() -> None:
    watch = Watch(per_step=0.1)
    watch.run()
    told = watch.lines("steps")
    assert [step for line in told for step in line["metrics"]] == [metrics.to_dict() for metrics in watch.done]
    assert len(watch.done) == 20
    first = watch.lines()[0]
    assert first["event"] == "started"
    run = LiveRun(fake.request())
    update = read_told(first, run.request.out)
    assert update is not None
    run.take(update)
    assert run.description == watch.trainer.description
    assert run.tokens == (len(watch.trainer.data.train), len(watch.trainer.data.validation))
    assert run.place == "cpu, float32"


def test_steps_are_told_no_more_often_than_can_be_seen_but_a_validation_loss_at_once() -> None:
    watch = Watch(per_step=0.1)
    watch.run()
    last = [line["metrics"][-1] for line in watch.lines("steps")]
    assert [step["step"] for step in last] == [1, 4, 5, 8, 10, 13, 15, 18, 20]
    slow = Watch(per_step=1.0, steps=3)
    slow.run()
    assert [len(line["metrics"]) for line in slow.lines("steps")] == [1, 1, 1]


def test_the_time_that_is_left_is_that_of_the_steps_to_come() -> None:
    watch = Watch(per_step=0.5)
    watch.run(steps=10)
    told = watch.lines("steps")
    assert told[0]["left"] is None, "one step says nothing"
    for line in told[1:]:
        assert line["left"] == pytest.approx(0.5 * (20 - line["metrics"][-1]["step"]))


def test_watching_changes_no_loss() -> None:
    """Samples, attention and statistics are drawn from nothing that training draws from."""
    watch = Watch(per_step=3.0, sample_every=1, dropout=0.1)
    watch.ask("look", ids=[1, 2, 3])
    watch.run()
    assert len(watch.lines("sample")) > 2
    assert len(watch.lines("heads")) > 2
    assert len(watch.lines("statistics")) > 2
    assert [metrics.loss for metrics in watch.done] == losses(make_trainer(dropout=0.1))


def test_statistics_come_every_few_seconds_and_never_more_often_than_the_time_allows() -> None:
    watch = Watch(per_step=0.5, steps=20)
    watch.run()
    assert [line["step"] for line in watch.lines("statistics")] == [2, 6, 10, 14, 18]
    told = watch.lines("statistics")[0]
    assert set(told["activations"]) == {f"h.{n}{part}" for n in (0, 1) for part in ("", ".attn", ".mlp")}
    assert set(told["update_ratios"]) == {name for name, _ in watch.trainer.gpt.named_parameters()}
    slow = Watch(per_step=0.5, steps=1)
    for seconds, share in ((0.01, 2.0), (1.0, 20.0)):
        metrics = StepMetrics(1, 1.0, None, 0.1, 1.0, 1, seconds, 1.0)
        slow.stream._due.clear()
        slow.stream._observe(slow.trainer, metrics, 100.0)
        assert slow.trainer.probe_every == 1
        assert slow.stream._due["statistics"] == pytest.approx(100.0 + share)
        slow.stream._observe(slow.trainer, metrics, 100.1)
        assert slow.trainer.probe_every == 0


def test_the_attention_that_is_told_is_that_of_the_weights_of_now() -> None:
    ids = [1, 5, 3, 2]
    watch = Watch(per_step=0.15)
    watch.ask("look", ids=ids)
    watch.run(steps=7)
    told = watch.lines("heads")
    assert [line["step"] for line in told] == [1, 5, 7], "at once, after half a second, and at the end"
    found = decoded_heads(told[-1]["shape"], b64decode(told[-1]["data"]))
    with torch.inference_mode():
        trace = watch.trainer.gpt.eval().trace(ids)
    for layer, inputs in enumerate(trace.inputs):
        for one, number in zip(found[layer], (inputs.q, inputs.k, inputs.v), strict=True):
            torch.testing.assert_close(one, number, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("asked", [{}, {"ids": "x"}, {"ids": [999]}, {"ids": [1] * 99}, {"ids": []}, {"ids": None}])
def test_what_cannot_be_looked_at_is_passed_over(asked: dict[str, Any]) -> None:
    watch = Watch()
    watch.ask("look", **asked)
    watch.ask("dance")
    watch.run(steps=2)
    assert watch.lines("heads") == []
    assert len(watch.done) == 2


def test_a_sample_is_written_every_few_seconds_and_when_asked_for() -> None:
    watch = Watch(per_step=1.0, sample_every=1)
    watch.run(steps=12)
    assert [line["step"] for line in watch.lines("sample")] == [2, 7, 12]
    assert all(line["text"].startswith("the ") for line in watch.lines("sample"))
    silent = Watch(per_step=1.0)
    silent.ask("sample")
    silent.ask("sample")
    silent.run(steps=12)
    assert [line["step"] for line in silent.lines("sample")] == [1, 1]
    assert len({line["text"] for line in silent.lines("sample")}) == 2, "asked for again it is another one"


def test_paused_it_still_answers_and_goes_on_from_there() -> None:
    watch = Watch(per_step=0.1)
    watch.ask("pause")
    watch.ask("look", ids=[1, 2])
    watch.ask("sample")
    watch.ask("go on")
    watch.run()
    events = [line["event"] for line in watch.lines()]
    assert events[:6] == ["started", "steps", "paused", "heads", "sample", "paused"]
    assert [line["paused"] for line in watch.lines("paused")] == [True, False]
    assert [metrics.loss for metrics in watch.done] == losses(make_trainer())


def test_a_pause_lasts_until_something_is_asked() -> None:
    watch = Watch()
    watch.ask("pause")
    thread = threading.Thread(target=watch.run)
    thread.start()
    while not watch.lines("paused"):
        thread.join(0.01)
    assert len(watch.done) == 1
    watch.ask("stop")
    thread.join()
    assert len(watch.done) == 1
    assert watch.trainer.stopped


def test_when_nobody_asks_any_more_it_stops() -> None:
    asked = ["no JSON\n", "[1]\n", '{"do": "sample"}\n', '{"do": 3}\n']
    watch = Watch(asked)
    watch.stream.listen()
    assert watch.trainer.stopped
    watch.run()
    assert watch.done == []


def test_a_stop_before_there_is_anything_to_save_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr("os._exit", codes.append)
    stream = TrainStream(io.StringIO(), [])
    with pytest.raises(AttributeError):  # here the process goes on
        stream.listen()
    assert codes == [130]


def test_when_nobody_reads_any_more_it_stops() -> None:
    watch = Watch()
    watch.output.close()
    watch.run()
    assert watch.trainer.stopped
    assert watch.done == []


def test_numbers_that_do_not_fit_their_shape_are_refused() -> None:
    assert decoded_heads([1, 3, 1, 1, 2], bytes(12)).shape == (1, 3, 1, 1, 2)
    for shape, data in (([1, 3, 1, 1, 2], bytes(10)), ([2], bytes(3)), ([3], bytes(4))):
        with pytest.raises(ValueError, match=r"(reshape|buffer size)"):
            decoded_heads(shape, data)
