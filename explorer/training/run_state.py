"""RunState: all that the application knows about a training run, from the events that its process sends."""

from bisect import bisect_right
from collections.abc import Iterable
from copy import deepcopy
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


@dataclass
class Curves:
    """The losses of a run by step, and its last step."""

    losses: LossSeries = field(default_factory=LossSeries)
    validation_losses: list[tuple[int, float]] = field(default_factory=list)
    prefix_losses: list[tuple[int, float]] = field(default_factory=list)
    last_step: StepMetrics | None = None

    def add(self, steps: Iterable[StepMetrics]) -> None:
        """Add steps that are later than all before."""
        for step in steps:
            self.losses.add(step.step, step.loss)
            if step.validation_loss is not None:
                self.validation_losses.append((step.step, step.validation_loss))
            if step.prefix_loss is not None:
                self.prefix_losses.append((step.step, step.prefix_loss))
            self.last_step = step


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
    first_step: int = 0  # the number of steps done when the run was started or resumed
    curves: Curves = field(default_factory=Curves)
    seconds_left: float | None = None
    statistics: list[StepStatistics] = field(default_factory=list)  # the last few, the newest at the end
    sample: SampleWritten | None = None
    heads: HeadsSent | None = None

    @property
    def step(self) -> int:
        """How many steps are done."""
        last = self.curves.last_step
        return last.step if last else self.first_step

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
        return replace(
            self,
            request=self.request.resumed(),
            status=RunStatus.STARTING,
            failure="",
            seconds_left=None,
            has_started=False,
            curves=deepcopy(self.curves),  # events of the earlier process may still come
        )

    def apply(self, event: Event, earlier: Curves | None = None) -> None:
        """Update the state by an event; `earlier` are the curves before a run was resumed, see `earlier_curves`."""
        match event:
            case RunStarted():
                self._start(event, earlier)
            case StepsDone(steps, seconds_left):
                self.curves.add(steps)
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

    def _start(self, event: RunStarted, earlier: Curves | None) -> None:
        self.has_started = True
        self._set_status(RunStatus.TRAINING)
        self.description, self.device, self.tokenizer = event.description, event.device, event.tokenizer
        self.first_step = event.steps_done
        self.curves = earlier or Curves()

    def _set_status(self, status: RunStatus) -> None:
        if self.status is not RunStatus.STOPPING:  # which only the end of the process changes
            self.status = status

    def _fits(self, heads: HeadsSent) -> bool:
        if self.description is None:
            return False
        config = self.description.config
        return heads.shape == (config.n_layer, 3, config.n_head, len(heads.ids), config.head_size)


def earlier_curves(out: Path, event: Event) -> Curves | None:
    """Return the curves of a run up to where `event` says that it was resumed, read from the run directory.

    Return None for any other event, or if they cannot be read: the curves then begin where the run was resumed.
    This may read a long file, so call it outside the application's thread.
    """
    if not isinstance(event, RunStarted) or not event.steps_done:
        return None
    try:
        metrics = read_metrics(out)
    except ModelError:
        return None
    done = bisect_right(metrics.steps, event.steps_done)
    curves = Curves(
        validation_losses=[point for point in metrics.evaluations("validation_loss") if point[0] <= event.steps_done],
        prefix_losses=[point for point in metrics.evaluations("prefix_loss") if point[0] <= event.steps_done],
        last_step=metrics[done - 1] if done else None,
    )
    for step, loss in zip(metrics.steps[:done], metrics.column("loss")[:done], strict=True):
        curves.losses.add(step, loss)
    return curves
