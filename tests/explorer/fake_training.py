"""A substitute for a training process that sends what the test wants, and the events of a tiny model."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from explorer.training.messages import (
    Command,
    HeadsSent,
    PauseChanged,
    RunStarted,
    SampleWritten,
    StatisticsMeasured,
    StepsDone,
    WatchTokens,
)
from explorer.training.process import OnEvent, OnExit
from explorer.training.request import TrainRequest
from model.config import GPTConfig
from model.training.run_log import RunDescription, StepMetrics
from model.training.step_statistics import Histogram, StepStatistics
from tests.model.trainers import make_tokenizer

TOKENIZER = make_tokenizer()
CONFIG = GPTConfig(TOKENIZER.get_vocab_size(), n_positions=16, n_embd=8, n_layer=2, n_head=2)
STEPS = 400


def description(config: GPTConfig = CONFIG, steps: int = STEPS) -> RunDescription:
    return RunDescription(config, 12_345, config.n_positions, {"steps": steps})


def started(done: int = 0, config: GPTConfig = CONFIG, steps: int = STEPS) -> RunStarted:
    return RunStarted(description(config, steps), done, "cpu, float32", TOKENIZER)


def metrics(
    step: int,
    loss: float,
    validation_loss: float | None = None,
    prefix_loss: float | None = None,
    learning_rate: float = 0.003,
) -> StepMetrics:
    return StepMetrics(
        step=step,
        loss=loss,
        validation_loss=validation_loss,
        learning_rate=learning_rate,
        gradient_norm=1.0,
        tokens=64 * step,
        seconds=0.01,
        tokens_per_second=6400.0,
        prefix_loss=prefix_loss,
    )


def steps(*done: StepMetrics, left: float | None = None) -> StepsDone:
    return StepsDone(done, left)


def histogram(
    counts: Sequence[int] = (1, 2, 4, 2, 1), *, low: float = -5.0, below: int = 0, above: int = 0
) -> Histogram:
    return Histogram(low, low + 10.0, tuple(counts), below, above, 0.0, 1.25)


def statistics(step: int, ratio: float | None = -3.0) -> StepStatistics:
    sites = [f"h.{layer}{part}" for layer in range(CONFIG.n_layer) for part in (".attn", ".mlp", "")]
    return StepStatistics(
        step,
        {site: histogram() for site in sites},
        {site: histogram((0, 0, 8, 0, 0), low=-12.0, below=2) for site in sites},
        {"wte.weight": ratio, "h.0.ln_1.bias": None, "h.1.mlp.c_proj.weight": -2.0},
    )


def heads(step: int, ids: Sequence[int], config: GPTConfig = CONFIG) -> HeadsSent:
    shape = (config.n_layer, 3, config.n_head, len(ids), config.head_size)
    numbers = np.random.default_rng(step).normal(size=shape).astype("<f2")
    return HeadsSent(step, tuple(ids), shape, numbers.tobytes())


class FakeProcess:
    """Records the commands it gets and sends the events of the test; `made` are those of this test, oldest first."""

    made: ClassVar[list["FakeProcess"]] = []

    def __init__(self, request: TrainRequest, on_event: OnEvent, on_exit: OnExit) -> None:
        self.request = request
        self.commands: list[Command] = []
        self.closed = self.killed = False
        self.emit = on_event
        self.end_with = on_exit
        self.made.append(self)

    def send(self, command: Command) -> None:
        self.commands.append(command)

    def close(self) -> None:
        self.closed = True

    def kill(self) -> None:
        self.killed = True

    def wait(self, seconds: float) -> bool:
        return True

    # What the test lets it do

    @property
    def ids(self) -> tuple[int, ...]:
        """The tokens that are watched."""
        return next(command.ids for command in reversed(self.commands) if isinstance(command, WatchTokens))

    def start(self, done: int = 0, config: GPTConfig = CONFIG, steps: int = STEPS) -> None:
        self.emit(started(done, config, steps))

    def step(self, *done: StepMetrics, left: float | None = 61.0) -> None:
        self.emit(steps(*done, left=left))

    def observe(self, step: int, ratio: float | None = -3.0) -> None:
        self.emit(StatisticsMeasured(statistics(step, ratio)))

    def sample(self, step: int, text: str) -> None:
        self.emit(SampleWritten(step, text))

    def show_heads(self, step: int) -> None:
        self.emit(heads(step, self.ids))

    def pause(self, is_paused: bool) -> None:
        self.emit(PauseChanged(is_paused))

    def end(self, code: int, failure: str = "") -> None:
        self.end_with(code, failure)


def request(out: Path | str = "run-x") -> TrainRequest:
    return TrainRequest(("--out", str(out)), Path(out))
