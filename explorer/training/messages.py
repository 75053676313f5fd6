"""The messages between the application and a training process, and their encoding: one JSON object on a line each.

Events go from the training process to the application, commands the other way. A line that is not a valid message is
dropped: what a library prints into a pipe must never stop a run or the application.
"""

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tokenizers import Tokenizer

from model.training.run_log import RunDescription, StepMetrics
from model.training.step_statistics import Histogram, StepStatistics

# Events


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The model was made, or read from a checkpoint; the first step follows."""

    description: RunDescription
    steps_done: int  # more than 0 if the run was resumed
    device: str  # and precision, for a person: "cpu, float32"
    tokenizer: Tokenizer = field(compare=False)  # has no equality of its own


@dataclass(frozen=True, slots=True)
class StepsDone:
    """The steps since the last such event."""

    steps: tuple[StepMetrics, ...]
    seconds_left: float | None  # None before it can be estimated


@dataclass(frozen=True, slots=True)
class StatisticsMeasured:
    """Histograms and update ratios of one step."""

    statistics: StepStatistics


@dataclass(frozen=True, slots=True)
class SampleWritten:
    """A text written by the model after `step` steps."""

    step: int
    text: str


@dataclass(frozen=True, slots=True)
class HeadsSent:
    """q, k and v of every layer for the watched tokens after `step` steps.

    `data` are little-endian float16 numbers of the shape (L, 3, H, T, D): layer, one of q, k and v, head, position,
    component. Raises ValueError when the sizes do not fit each other.
    """

    step: int
    ids: tuple[int, ...]
    shape: tuple[int, ...]
    data: bytes

    def __post_init__(self) -> None:
        if len(self.shape) != 5 or self.shape[1] != 3 or self.shape[3] != len(self.ids):
            raise ValueError(f"q, k and v of {len(self.ids)} tokens in the shape {self.shape}")
        if len(self.data) != 2 * math.prod(self.shape):
            raise ValueError(f"{len(self.data)} bytes for the shape {self.shape}")


@dataclass(frozen=True, slots=True)
class PauseChanged:
    """The run was paused, or goes on."""

    is_paused: bool


Event = RunStarted | StepsDone | StatisticsMeasured | SampleWritten | HeadsSent | PauseChanged

# Commands


@dataclass(frozen=True, slots=True)
class Pause:
    """Pause after the current step."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Save and end after the current step. The end of the command stream means the same."""


@dataclass(frozen=True, slots=True)
class WriteSample:
    """Write a sample now."""


@dataclass(frozen=True, slots=True)
class WatchTokens:
    """Send q, k and v for these tokens now, and again as the model learns."""

    ids: tuple[int, ...]


Command = Pause | Resume | Stop | WriteSample | WatchTokens


def encode(message: Event | Command) -> str:
    """Return a message as one line of JSON, without the line end."""
    return json.dumps({"type": type(message).__name__, **_to_json(message)})


def decode_event(line: str | bytes) -> Event | None:
    """Return the event in a line, or None if there is no valid one."""
    message = _decode(line)
    return message if isinstance(message, Event) else None


def decode_command(line: str | bytes) -> Command | None:
    """Return the command in a line, or None if there is no valid one."""
    message = _decode(line)
    return message if isinstance(message, Command) else None


def _decode(line: str | bytes) -> Event | Command | None:
    try:
        values = json.loads(line)
        return _READERS[values.pop("type")](values)
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _to_json(message: Event | Command) -> dict[str, Any]:
    match message:
        case RunStarted(description, steps_done, device, tokenizer):
            return {
                "description": description.to_dict(),
                "steps_done": steps_done,
                "device": device,
                "tokenizer": tokenizer.to_str(),
            }
        case StepsDone(steps, seconds_left):
            return {"steps": [step.to_dict() for step in steps], "seconds_left": seconds_left}
        case StatisticsMeasured(statistics):
            return statistics.to_dict()
        case HeadsSent(step, ids, shape, data):
            return {"step": step, "ids": ids, "shape": shape, "data": b64encode(data).decode("ascii")}
        case _:
            return asdict(message)


def _run_started(values: Mapping[str, Any]) -> RunStarted:
    description = RunDescription.from_dict(values["description"])
    try:
        tokenizer = Tokenizer.from_str(values["tokenizer"])
    except Exception as error:  # tokenizers raises plain Exceptions
        raise ValueError("no tokenizer") from error
    return RunStarted(description, _count(values["steps_done"]), _text(values["device"]), tokenizer)


def _steps_done(values: Mapping[str, Any]) -> StepsDone:
    left = values["seconds_left"]
    return StepsDone(tuple(map(_metrics, values["steps"])), None if left is None else _number(left))


def _metrics(values: Mapping[str, Any]) -> StepMetrics:
    metrics = StepMetrics(**{"validation_loss": None, **values})
    _count(metrics.step)
    for value in asdict(metrics).values():
        if value is not None:
            _number(value)
    return metrics


def _statistics_measured(values: Mapping[str, Any]) -> StatisticsMeasured:
    statistics = StepStatistics.from_dict(values)
    _count(statistics.step)
    for histogram in (*statistics.activations.values(), *statistics.gradients.values()):
        _check_histogram(histogram)
    for ratio in statistics.update_ratios.values():
        if ratio is not None:
            _number(ratio)
    return StatisticsMeasured(statistics)


def _check_histogram(histogram: Histogram) -> None:
    for count in (*histogram.counts, histogram.below, histogram.above):
        _count(count)
    for edge in (histogram.low, histogram.high):
        _number(edge)
    for moment in (histogram.mean, histogram.std):
        _float(moment)


def _sample_written(values: Mapping[str, Any]) -> SampleWritten:
    return SampleWritten(_count(values["step"]), _text(values["text"]))


def _heads_sent(values: Mapping[str, Any]) -> HeadsSent:
    data = b64decode(values["data"], validate=True)
    return HeadsSent(_count(values["step"]), _counts(values["ids"]), _counts(values["shape"]), data)


def _pause_changed(values: Mapping[str, Any]) -> PauseChanged:
    if not isinstance(values["is_paused"], bool):
        raise TypeError(values)
    return PauseChanged(values["is_paused"])


_READERS: dict[str, Callable[[Mapping[str, Any]], Event | Command]] = {
    "RunStarted": _run_started,
    "StepsDone": _steps_done,
    "StatisticsMeasured": _statistics_measured,
    "SampleWritten": _sample_written,
    "HeadsSent": _heads_sent,
    "PauseChanged": _pause_changed,
    "Pause": lambda values: Pause(**values),
    "Resume": lambda values: Resume(**values),
    "Stop": lambda values: Stop(**values),
    "WriteSample": lambda values: WriteSample(**values),
    "WatchTokens": lambda values: WatchTokens(_counts(values["ids"])),
}


def _float(value: object) -> float:
    """Return a number, NaN and infinity among them. Raises TypeError or OverflowError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def _number(value: object) -> float:
    """Return a finite number. Raises TypeError, ValueError or OverflowError for anything else."""
    number = _float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _count(value: object) -> int:
    """Return a whole number of at least 0. Raises TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    if not 0 <= value < 2**63:
        raise ValueError(value)
    return value


def _counts(values: Sequence[object]) -> tuple[int, ...]:
    if not isinstance(values, list):
        raise TypeError(values)
    return tuple(map(_count, values))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
