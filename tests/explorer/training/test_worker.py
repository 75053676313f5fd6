"""TrainingWorker: what a watched run sends and when, how it obeys commands, and that watching changes nothing."""

import io
import threading
from collections.abc import Iterable
from typing import Any, TypeVar

import pytest
import torch

from explorer.training.attention import unpack_heads
from explorer.training.messages import (
    Event,
    HeadsSent,
    Pause,
    PauseChanged,
    Resume,
    RunStarted,
    SampleWritten,
    StatisticsMeasured,
    StepsDone,
    Stop,
    WatchTokens,
    WriteSample,
    decode_event,
)
from explorer.training.stream import MessageStream
from explorer.training.worker import TrainingWorker
from model.training.run_log import StepMetrics
from model.training.trainer import Trainer
from tests.model.trainers import make_trainer

Sent = TypeVar("Sent")


class Watch:
    """A run of a tiny model whose worker writes to a string; every step takes `per_step` seconds of its clock."""

    def __init__(self, source: Iterable[str] = (), *, per_step: float = 0.0, sample_every: int = 0, **settings: Any):
        self.output = io.StringIO()
        self.now = 100.0
        self.per_step = per_step
        self.trainer = make_trainer(**settings)
        self.stream = MessageStream(self.output, source)
        self.worker = TrainingWorker(self.trainer, self.stream, sample_every, "the ", lambda: self.now, wait=0.001)
        self.done: list[StepMetrics] = []

    def run(self, steps: int = 10**9) -> None:
        with self.worker:
            for metrics in self.trainer.steps():
                self.now += self.per_step
                self.done.append(metrics)
                self.worker.step(metrics)
                if len(self.done) >= steps:
                    break

    @property
    def events(self) -> list[Event]:
        found = [decode_event(line) for line in self.output.getvalue().splitlines()]
        return [event for event in found if event is not None]

    def sent(self, kind: type[Sent]) -> list[Sent]:
        return [event for event in self.events if isinstance(event, kind)]


def losses(trainer: Trainer) -> list[float]:
    return [metrics.loss for metrics in trainer.steps()]


def test_every_step_is_sent_once_and_in_order() -> None:
    watch = Watch(per_step=0.1)
    watch.run()
    assert [step for event in watch.sent(StepsDone) for step in event.steps] == watch.done
    assert len(watch.done) == 20
    first = watch.events[0]
    assert isinstance(first, RunStarted)
    assert first.description == watch.trainer.description
    assert (first.steps_done, first.device) == (0, "cpu, float32")
    assert first.tokenizer.to_str() == watch.trainer.tokenizer.to_str()


def test_steps_are_sent_no_more_often_than_can_be_seen_but_a_validation_loss_at_once() -> None:
    watch = Watch(per_step=0.1)
    watch.run()
    assert [event.steps[-1].step for event in watch.sent(StepsDone)] == [1, 4, 5, 8, 10, 13, 15, 18, 20]
    slow = Watch(per_step=1.0, steps=3)
    slow.run()
    assert [len(event.steps) for event in slow.sent(StepsDone)] == [1, 1, 1]


def test_the_time_that_is_left_is_that_of_the_steps_to_come() -> None:
    watch = Watch(per_step=0.5)
    watch.run(steps=10)
    sent = watch.sent(StepsDone)
    assert sent[0].seconds_left is None, "one step says nothing"
    for event in sent[1:]:
        assert event.seconds_left == pytest.approx(0.5 * (20 - event.steps[-1].step))


def test_watching_changes_no_loss() -> None:
    """Samples, attention and statistics are drawn from nothing that training draws from."""
    watch = Watch(per_step=3.0, sample_every=1, dropout=0.1)
    watch.stream.receive(WatchTokens((1, 2, 3)))
    watch.run()
    assert len(watch.sent(SampleWritten)) > 2
    assert len(watch.sent(HeadsSent)) > 2
    assert len(watch.sent(StatisticsMeasured)) > 2
    assert [metrics.loss for metrics in watch.done] == losses(make_trainer(dropout=0.1))


def test_statistics_come_every_few_seconds() -> None:
    watch = Watch(per_step=0.5, steps=20)
    watch.run()
    sent = watch.sent(StatisticsMeasured)
    assert [event.statistics.step for event in sent] == [2, 6, 10, 14, 18]
    first = sent[0].statistics
    assert set(first.activations) == {f"h.{n}{part}" for n in (0, 1) for part in ("", ".attn", ".mlp")}
    assert set(first.update_ratios) == {name for name, _ in watch.trainer.gpt.named_parameters()}


def test_statistics_come_more_rarely_where_steps_take_long() -> None:
    watch = Watch()
    probed = []
    for seconds in (0.0, 1.0, 2.5, 19.5, 21.0):  # since the first of these steps, each of which took one second
        watch.now = 100.0 + seconds
        watch.worker.step(StepMetrics(1, 1.0, None, 0.1, 1.0, 1, 1.0, 1.0))
        probed.append(watch.trainer.probe_every)
    assert probed == [1, 0, 0, 0, 1]


def test_the_attention_that_is_sent_is_that_of_the_weights_of_now() -> None:
    ids = (1, 5, 3, 2)
    watch = Watch(per_step=0.15)
    watch.stream.receive(WatchTokens(ids))
    watch.run(steps=7)
    sent = watch.sent(HeadsSent)
    assert [event.step for event in sent] == [1, 5, 7], "at once, after half a second, and at the end"
    found = unpack_heads(sent[-1])
    with torch.inference_mode():
        trace = watch.trainer.gpt.eval().trace(ids)
    for one, inputs in zip(found, trace.inputs, strict=True):
        torch.testing.assert_close(one, (inputs.q, inputs.k, inputs.v), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("ids", [(999,), (1,) * 99, ()])
def test_tokens_that_cannot_be_watched_are_ignored(ids: tuple[int, ...]) -> None:
    watch = Watch()
    watch.stream.receive(WatchTokens(ids))
    watch.run(steps=2)
    assert watch.sent(HeadsSent) == []
    assert len(watch.done) == 2


def test_a_sample_is_written_every_few_seconds_and_on_command() -> None:
    watch = Watch(per_step=1.0, sample_every=1)
    watch.run(steps=12)
    assert [event.step for event in watch.sent(SampleWritten)] == [2, 7, 12]
    assert all(event.text.startswith("the ") for event in watch.sent(SampleWritten))
    silent = Watch(per_step=1.0)
    silent.stream.receive(WriteSample())
    silent.stream.receive(WriteSample())
    silent.run(steps=12)
    assert [event.step for event in silent.sent(SampleWritten)] == [1, 1]
    assert len({event.text for event in silent.sent(SampleWritten)}) == 2, "the second one is another one"


def test_a_paused_run_still_obeys_and_goes_on_from_there() -> None:
    watch = Watch(per_step=0.1)
    for command in (Pause(), WatchTokens((1, 2)), WriteSample(), Resume()):
        watch.stream.receive(command)
    watch.run()
    kinds = [type(event) for event in watch.events]
    assert kinds[:6] == [RunStarted, StepsDone, PauseChanged, HeadsSent, SampleWritten, PauseChanged]
    assert watch.sent(PauseChanged) == [PauseChanged(True), PauseChanged(False)]
    assert [metrics.loss for metrics in watch.done] == losses(make_trainer())


def test_a_pause_lasts_until_a_command() -> None:
    watch = Watch()
    watch.stream.receive(Pause())
    thread = threading.Thread(target=watch.run)
    thread.start()
    while not watch.sent(PauseChanged):
        thread.join(0.01)
    assert len(watch.done) == 1
    watch.stream.receive(Stop())
    thread.join()
    assert len(watch.done) == 1
    assert watch.trainer.stopped


def test_the_end_of_the_commands_is_a_stop() -> None:
    watch = Watch(["no JSON\n", "[1]\n", '{"type": "WriteSample"}\n', '{"type": 3}\n'])
    watch.stream.listen()
    assert watch.trainer.stopped
    watch.run()
    assert watch.done == []


def test_a_stop_before_there_is_anything_to_save_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class ProcessEndedError(Exception):
        pass

    def end(code: int) -> None:
        raise ProcessEndedError(code)

    monkeypatch.setattr("os._exit", end)
    with pytest.raises(ProcessEndedError, match="130"):
        MessageStream(io.StringIO(), []).listen()


def test_a_run_whose_events_nobody_reads_stops() -> None:
    watch = Watch()
    watch.output.close()
    watch.run()
    assert watch.trainer.stopped
    assert watch.done == []


@pytest.mark.parametrize(
    ("ids", "shape", "size"),
    [((1,), (1, 3, 1, 1, 2), 10), ((1,), (1, 3, 1, 2, 2), 24), ((1,), (1, 2, 1, 1, 2), 8), ((1,), (3, 1), 6)],
)
def test_heads_whose_sizes_do_not_fit_each_other_cannot_be_made(
    ids: tuple[int, ...], shape: tuple[int, ...], size: int
) -> None:
    with pytest.raises(ValueError, match=r"shape"):
        HeadsSent(1, ids, shape, bytes(size))
