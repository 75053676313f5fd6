"""RunState: all that the application knows of a training run, from the events that its process sends."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from tokenizers import Tokenizer

from explorer.core import exit_codes
from explorer.core.encoding import encode_text
from explorer.training.messages import (
    Event,
    HeadsSent,
    PauseChanged,
    RunStarted,
    SampleWritten,
    StatisticsMeasured,
    StepsDone,
)
from explorer.training.request import TrainRequest
from model.errors import ModelError
from model.layout import CONFIG, FINAL, locate
from model.tokenizer import Encoding
from model.training.run_log import RunDescription, StepMetrics, read_metrics
from model.training.step_statistics import StepStatistics

MOST_WATCHED_TOKENS = 64
"""Tokens whose attention is watched: a larger matrix would not be legible, and would slow the run down."""

_MOST_POINTS = 4096
_UNTHINNED_POINTS = 512
"""The beginning of a curve is never thinned: there the loss falls fastest."""
_KEPT_STATISTICS = 40


class RunStatus(Enum):
    """The status of a run; the values are shown on screen."""

    STARTING = "starting"
    TRAINING = "training"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped and saved"
    FAILED = "failed"

    @property
    def is_alive(self) -> bool:
        """Return True while the run has a process."""
        return self in (RunStatus.STARTING, RunStatus.TRAINING, RunStatus.PAUSED, RunStatus.STOPPING)


class LossSeries:
    """Losses by step. Where there are too many points, the later ones are replaced by means of neighbours."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self.counts: list[int] = []
        """How many steps each point is the mean of."""

    def add(self, step: int, loss: float) -> None:
        """Add the loss of a step later than all before."""
        self.points.append((step, loss))
        self.counts.append(1)
        if len(self.points) >= _MOST_POINTS:
            self._thin()

    def _thin(self) -> None:
        points, counts = self.points[:_UNTHINNED_POINTS], self.counts[:_UNTHINNED_POINTS]
        for i in range(_UNTHINNED_POINTS, len(self.points) - 1, 2):
            (_, first), (step, second) = self.points[i], self.points[i + 1]
            count = self.counts[i] + self.counts[i + 1]
            points.append((step, (first * self.counts[i] + second * self.counts[i + 1]) / count))
            counts.append(count)
        if (len(self.points) - _UNTHINNED_POINTS) % 2:
            points.append(self.points[-1])
            counts.append(self.counts[-1])
        self.points, self.counts = points, counts


@dataclass(eq=False)
class RunState:
    """A run by its request; everything else comes from the events of its process."""

    request: TrainRequest
    status: RunStatus = RunStatus.STARTING
    failure: str = ""  # why it failed, or never began
    has_started: bool = False  # its process has made or read the model
    description: RunDescription | None = None
    device: str = ""  # and precision
    tokenizer: Tokenizer | None = None
    first_step: int = 0  # steps that were done when the run was started or resumed
    last_step: StepMetrics | None = None
    seconds_left: float | None = None
    losses: LossSeries = field(default_factory=LossSeries)
    validation_losses: list[tuple[int, float]] = field(default_factory=list)
    prefix_losses: list[tuple[int, float]] = field(default_factory=list)
    statistics: list[StepStatistics] = field(default_factory=list)  # the last few, the newest at the end
    sample: SampleWritten | None = None
    heads: HeadsSent | None = None

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self.last_step.step if self.last_step else self.first_step

    @property
    def latest_statistics(self) -> StepStatistics | None:
        """The statistics measured last."""
        return self.statistics[-1] if self.statistics else None

    @property
    def is_finishing(self) -> bool:
        """Return True when all steps are done and the model is being written."""
        steps = self.description.steps if self.description else None
        return self.status.is_alive and self.step == steps

    @property
    def is_resumable(self) -> bool:
        """Return True if the run has ended before its last step and can be continued."""
        return self.status in (RunStatus.STOPPED, RunStatus.FAILED) and self.description is not None

    @property
    def openable(self) -> Path | None:
        """The model to open in Explore: the finished one, else the latest checkpoint; None before there is any."""
        final = self.request.out / FINAL
        path = final if self.status is RunStatus.DONE else locate(self.request.out)
        return path if (path / CONFIG).is_file() else None

    def resumed(self) -> "RunState":
        """Return the run that continues this one; what is known of this one stays until the process has started."""
        request = self.request.resumed()
        return replace(
            self, request=request, status=RunStatus.STARTING, failure="", seconds_left=None, has_started=False
        )

    def apply(self, event: Event, earlier: Sequence[StepMetrics] = ()) -> None:
        """Update the state by an event; `earlier` are the steps before a run that was resumed, see `earlier_steps`."""
        match event:
            case RunStarted():
                self._start(event, earlier)
            case StepsDone(steps, seconds_left):
                self._add_steps(steps)
                self.seconds_left = seconds_left
            case StatisticsMeasured(statistics):
                self.statistics = [*self.statistics[-_KEPT_STATISTICS:], statistics]
            case SampleWritten():
                self.sample = event
            case HeadsSent():
                if self._fits(event):
                    self.heads = event
            case PauseChanged(is_paused):
                self._set_status(RunStatus.PAUSED if is_paused else RunStatus.TRAINING)

    def end(self, exit_code: int, failure: str) -> None:
        """Update the state by the end of the process; `failure` says why it failed, if it did."""
        if exit_code == 0:
            self.status = RunStatus.DONE
        elif exit_code == exit_codes.INTERRUPTED:
            self.status = RunStatus.STOPPED
            self.failure = "" if self.has_started else "it was stopped before its first step"
        else:
            self.status, self.failure = RunStatus.FAILED, failure

    def encode(self, text: str) -> Encoding | None:
        """Return the tokens of a sentence, at most as many as are watched; None before the tokenizer is known.

        Raises ModelError for an empty text and for one without known characters.
        """
        if self.tokenizer is None or self.description is None:
            return None
        most = min(MOST_WATCHED_TOKENS, self.description.config.n_positions)
        encoding, _ = encode_text(self.tokenizer, text, most, self.request.name)
        return encoding

    def _start(self, event: RunStarted, earlier: Sequence[StepMetrics]) -> None:
        self.has_started = True
        self._set_status(RunStatus.TRAINING)
        self.description, self.device, self.tokenizer = event.description, event.device, event.tokenizer
        self.first_step = event.steps_done
        self.losses, self.validation_losses, self.prefix_losses, self.last_step = LossSeries(), [], [], None
        self._add_steps(earlier)

    def _add_steps(self, steps: Sequence[StepMetrics]) -> None:
        for step in steps:
            self.losses.add(step.step, step.loss)
            if step.validation_loss is not None:
                self.validation_losses.append((step.step, step.validation_loss))
            if step.prefix_loss is not None:
                self.prefix_losses.append((step.step, step.prefix_loss))
            self.last_step = step

    def _set_status(self, status: RunStatus) -> None:
        if self.status is not RunStatus.STOPPING:  # which only the end of the process changes
            self.status = status

    def _fits(self, heads: HeadsSent) -> bool:
        if self.description is None:
            return False
        config = self.description.config
        return heads.shape == (config.n_layer, 3, config.n_head, len(heads.ids), config.head_size)


def earlier_steps(out: Path, event: Event) -> tuple[StepMetrics, ...]:
    """Return the steps that a run had done before `event` says that it was resumed, from the run directory.

    Return nothing for any other event, or if they cannot be read: the curve then begins where the run was resumed.
    This may read a long file, so call it outside the application's thread.
    """
    if not isinstance(event, RunStarted) or not event.steps_done:
        return ()
    try:
        return tuple(step for step in read_metrics(out) if step.step <= event.steps_done)
    except ModelError:
        return ()
