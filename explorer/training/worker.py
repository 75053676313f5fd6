"""TrainingWorker: the side of a watched run inside the training process. It sends events and carries out commands."""

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType

from explorer.training.attention import pack_heads
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
    WatchTokens,
    WriteSample,
)
from explorer.training.stream import MessageStream
from model.errors import ModelError
from model.generate import sample_text
from model.training.run_log import StepMetrics
from model.training.trainer import Trainer

_STEPS_EVERY = 0.25
_HEADS_EVERY = 0.5
_STATISTICS_EVERY = 2.0
_SAMPLE_EVERY = 5.0
"""Seconds between two events of a kind, at least."""

_SAMPLE_TOKENS = 160
_SHARE = 20
"""Samples, heads and statistics each take at most about 1/20 of the time."""

_PACE_WINDOW = 20.0
"""Seconds of the past from which the rest of the time is estimated."""


class TrainingWorker:
    """Reports a run to the application that watches it, in the place of a `TrainDisplay`.

    With a `sample_every` of 0, samples are only written on command. A paused run checks every `wait` seconds whether it
    was stopped.
    """

    def __init__(
        self,
        trainer: Trainer,
        stream: MessageStream,
        sample_every: int,
        prompt: str,
        clock: Callable[[], float] = time.monotonic,
        wait: float = 0.2,
    ) -> None:
        self._trainer = trainer
        self._stream = stream
        self._sample_every = sample_every
        self._prompt = prompt
        self._clock = clock
        self._wait = wait
        self._probe_every = trainer.probe_every
        self._is_paused = False
        self._samples = 0
        self._watched: tuple[int, ...] = ()
        self._heads_step = -1
        self._unsent: list[StepMetrics] = []
        self._due: dict[type[Event], float] = {}
        self._pace: deque[tuple[float, int]] = deque()
        stream.connect(trainer.stop)

    def __enter__(self) -> "TrainingWorker":
        trainer = self._trainer
        device = f"{trainer.device}, {'bfloat16' if trainer.uses_bfloat16 else 'float32'}"
        self._stream.send(RunStarted(trainer.description, trainer.done, device, trainer.tokenizer))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send_steps()
        if error is None:
            self._send_last_heads()

    def end(self, line: str, sample: str = "") -> None:
        """Send what the finished model wrote; the application knows from the exit code how a run has ended."""
        if sample:
            self._stream.send(SampleWritten(self._trainer.done, sample))

    def step(self, metrics: StepMetrics) -> None:
        """Report a step and whatever else is due, then carry out commands; while paused, return only after a resume."""
        now = self._clock()
        self._unsent.append(metrics)
        self._pace.append((now, metrics.step))
        while now - self._pace[0][0] > _PACE_WINDOW and len(self._pace) > 2:
            self._pace.popleft()
        if now >= self._due.get(StepsDone, 0.0) or metrics.validation_loss is not None:
            self._due[StepsDone] = now + _STEPS_EVERY
            self._send_steps()
        if self._trainer.statistics is not None:
            self._stream.send(StatisticsMeasured(self._trainer.statistics))
        self._schedule_statistics(metrics, now)
        if self._sample_every and now >= self._due.setdefault(SampleWritten, now + _SAMPLE_EVERY / 5):
            self._send_sample()
        if now >= self._due.get(HeadsSent, 0.0):
            self._send_heads()
        self._obey()

    def _obey(self) -> None:
        """Carry out the commands that have come; while paused, wait for more."""
        while not self._trainer.stopped:
            command = self._stream.next_command(self._wait if self._is_paused else 0.0)
            if command is None and not self._is_paused:
                return
            match command:
                case Pause():
                    self._set_paused(True)
                case Resume():
                    self._set_paused(False)
                case WriteSample():
                    self._send_sample()
                case WatchTokens(ids):
                    self._watched = ids
                    self._send_heads()

    def _set_paused(self, is_paused: bool) -> None:
        self._is_paused = is_paused
        if is_paused:
            self._send_steps()
            self._send_last_heads()
        self._pace.clear()
        self._stream.send(PauseChanged(is_paused))

    def _send_steps(self) -> None:
        if self._unsent:
            self._stream.send(StepsDone(tuple(self._unsent), self._seconds_left()))
            self._unsent = []

    def _seconds_left(self) -> float | None:
        """Return the seconds to the last step at the pace of the last steps, evaluations included."""
        if len(self._pace) < 2:
            return None
        (start, first), (end, last) = self._pace[0], self._pace[-1]
        return (self._trainer.settings.steps - last) * (end - start) / max(1, last - first)

    def _schedule_statistics(self, metrics: StepMetrics, now: float) -> None:
        """Let the trainer measure the next step if statistics are due, besides those that the run keeps on disk."""
        if now >= self._due.get(StatisticsMeasured, 0.0):
            self._due[StatisticsMeasured] = now + max(_STATISTICS_EVERY, _SHARE * metrics.seconds)
            self._trainer.probe_every = 1
        else:
            self._trainer.probe_every = self._probe_every

    def _send_sample(self) -> None:
        trainer, start = self._trainer, self._clock()
        self._samples += 1  # so that a second sample of the same step differs
        text = sample_text(trainer.gpt, trainer.tokenizer, self._prompt, _SAMPLE_TOKENS, trainer.done + self._samples)
        self._stream.send(SampleWritten(trainer.done, text))
        self._postpone(SampleWritten, start, _SAMPLE_EVERY)

    def _send_heads(self) -> None:
        if not self._watched:
            return
        trainer, start = self._trainer, self._clock()
        trainer.gpt.eval()
        try:
            heads = pack_heads(trainer.gpt, self._watched, trainer.done)
        except ModelError:  # ids of another vocabulary
            self._watched = ()
            return
        self._heads_step = trainer.done
        self._stream.send(heads)
        self._postpone(HeadsSent, start, _HEADS_EVERY)

    def _send_last_heads(self) -> None:
        """Send those of the last step unless they were sent."""
        if self._heads_step != self._trainer.done:
            self._send_heads()

    def _postpone(self, kind: type[Event], start: float, least: float) -> None:
        """Set when an event of this kind is due again, after one that was begun at `start`."""
        now = self._clock()
        self._due[kind] = now + max(least, _SHARE * (now - start))
