"""What a run logs: `run.json` (what is trained) and `metrics.jsonl` (one line per step). Imports no torch.

Lines are only appended, each with a single write. A kill can tear no more than the last line; readers skip it, and a
resumed run cuts it off, together with every line after the checkpoint that it resumes from.
"""

import json
import math
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

from model.config import GPTConfig
from model.errors import ModelError
from model.files import atomic_write, quoted
from model.layout import CheckpointError
from model.outside import parse_json

METRICS, RUN, STATISTICS = "metrics.jsonl", "run.json", "statistics.jsonl"


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """Measurements of one training step. Losses are mean cross-entropies in nats."""

    step: int  # counted from 1
    loss: float  # of this step's batch, before its update
    validation_loss: float | None  # None at steps without evaluation
    learning_rate: float  # AdamW's, at this step
    gradient_norm: float  # before clipping
    tokens: int  # trained on so far
    seconds: float  # of this step, without evaluation
    tokens_per_second: float
    prefix_loss: float | None = None  # only without the causal mask, see `Trainer.prefix_loss`

    def to_dict(self) -> dict[str, Any]:
        """Convert to a line of `metrics.jsonl`, without the losses that were not measured."""
        return {name: value for name, value in asdict(self).items() if value is not None}


_EVALUATED = ("validation_loss", "prefix_loss")
_MEASURED = tuple(each.name for each in fields(StepMetrics) if each.name not in _EVALUATED)
_measured = itemgetter(*_MEASURED)
_NUMBERS = frozenset((int, float))
_LARGEST = 1e39
"""Above every float32, also as the length of a vector of them, and above the length of any run."""


def _column(name: str) -> "array[Any]":
    return array("q" if name in ("step", "tokens") else "d")


@dataclass(frozen=True, slots=True)
class MetricsSeries:
    """The metrics of many steps in order, kept by column: a million steps take 60 MB, as objects 400 MB."""

    _columns: "dict[str, array[Any]]" = field(default_factory=lambda: {name: _column(name) for name in _MEASURED})
    _evaluated: dict[str, dict[int, float]] = field(default_factory=lambda: {name: {} for name in _EVALUATED})

    def append(self, values: Mapping[str, Any]) -> None:
        """Add a step from an object of `metrics.jsonl`.

        Raises ValueError, KeyError, TypeError or OverflowError if it does not hold the metrics of a step.
        """
        measured = _measured(values)
        evaluated = [(name, value) for name in _EVALUATED if (value := values.get(name)) is not None]
        numbers = (*measured, *(value for _, value in evaluated))
        if not _NUMBERS.issuperset(map(type, numbers)) or not math.hypot(*numbers) <= _LARGEST:
            raise ValueError(values)
        for column, value in zip(self._columns.values(), measured, strict=True):
            column.append(value)
        for name, value in evaluated:
            self._evaluated[name][measured[0]] = value

    @property
    def steps(self) -> Sequence[int]:
        """The numbers of the steps."""
        return self._columns["step"]

    def column(self, name: str) -> Sequence[float]:
        """Return a measurement that every step has, such as `loss`."""
        return self._columns[name]

    def evaluations(self, name: str) -> list[tuple[int, float]]:
        """Return the steps at which `validation_loss` or `prefix_loss` was measured, each with the loss."""
        return list(self._evaluated[name].items())

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> StepMetrics:
        step = self.steps[index]
        values: dict[str, Any] = {name: column[index] for name, column in self._columns.items()}
        values |= {name: losses.get(step) for name, losses in self._evaluated.items()}
        return StepMetrics(**values)

    def __iter__(self) -> Iterator[StepMetrics]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, slots=True)
class RunDescription:
    """What is trained, and for how long."""

    config: GPTConfig
    parameters: int
    context: int  # tokens in a window
    settings: Mapping[str, Any]  # `model.training.settings.TrainerSettings` as JSON

    @property
    def steps(self) -> int:
        """How many steps the whole run has."""
        return int(self.settings["steps"])

    @property
    def uniform_loss(self) -> float:
        """The loss of a uniform guess, ln(vocab_size): where an untrained model should start."""
        return math.log(self.config.vocab_size)

    def to_dict(self) -> dict[str, Any]:
        """Convert to what JSON can hold, for `run.json`."""
        return {**asdict(self), "config": self.config.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RunDescription":
        """Convert back from `to_dict`, also after JSON.

        Raises ModelError for an invalid config, and ValueError, KeyError, TypeError or AttributeError for anything
        else.
        """
        known = {field.name: values[field.name] for field in fields(cls)}
        counts = (known["parameters"], known["context"], known["settings"]["steps"])
        if not all(type(count) is int for count in counts):
            raise ValueError(counts)
        return cls(**{**known, "config": GPTConfig.from_dict(known["config"])})


@dataclass(frozen=True, slots=True)
class RunLog:
    """The log of a run as read from its directory."""

    path: Path
    description: RunDescription
    metrics: MetricsSeries


class JsonLinesWriter:
    """Appends JSON objects to a file, one per line, after the lines of step `done` and earlier.

    Lines of later steps are removed when the file is opened.
    Raises CheckpointError, here and in `append`, if the file cannot be written, and here if it is damaged.
    """

    def __init__(self, path: Path, done: int) -> None:
        self.path = path
        try:
            size = _size_up_to(path, done) if path.exists() else 0
            # A link is refused: what it points to is not ours to truncate.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            os.ftruncate(self._file, size)
            os.lseek(self._file, size, os.SEEK_SET)
        except OSError as error:
            raise _cannot_write(path, error) from error

    def append(self, values: Mapping[str, Any]) -> None:
        """Write one line, unbuffered. Numbers that are not finite become null."""
        line = (json.dumps(_finite(values)) + "\n").encode()
        try:
            written = os.write(self._file, line)
            if written < len(line):  # a full disk takes a part first and raises at the second attempt
                os.write(self._file, line[written:])
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def sync(self) -> None:
        """Force everything written so far to the disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            os.close(self._file)


def write_description(out: Path, description: RunDescription) -> None:
    """Write `run.json` atomically. Raises CheckpointError if it cannot be written."""
    try:
        with atomic_write(out / RUN, temporary=f"{RUN}.tmp") as file:
            file.write((json.dumps(description.to_dict(), indent=2) + "\n").encode())
    except OSError as error:
        raise _cannot_write(out / RUN, error) from error


def read_run_log(directory: Path | str) -> RunLog:
    """Read the log of a run from its directory, or from its `final` model or one of its checkpoints.

    This works while the run is being written. Raises CheckpointError if there is no log or it is damaged.
    """
    path = Path(directory)
    out = next((place for place in (path, path.resolve().parent) if (place / METRICS).is_file()), None)
    if out is None:
        what = f"holds no {METRICS}" if path.is_dir() else "is a file" if path.exists() else "does not exist"
        raise CheckpointError(f"{quoted(path)} {what}: name the directory of a run of `explorer train`")
    return RunLog(out, _read_description(out / RUN), read_metrics(out))


def read_metrics(out: Path) -> MetricsSeries:
    """Read all steps in `metrics.jsonl`, in order, without a torn last line.

    Raises CheckpointError if the file cannot be read or a complete line does not hold the metrics of a step.
    """
    series = MetricsSeries()
    for number, values in _read_lines(out / METRICS):
        try:
            series.append(values)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise CheckpointError(
                f"{quoted(out / METRICS)} is damaged: line {number} is not the metrics of a step"
            ) from error
    if any(before >= after for before, after in pairwise(series.steps)):
        raise CheckpointError(f"{quoted(out / METRICS)} is damaged: its steps are not in order")
    return series


def read_statistics(out: Path) -> tuple[dict[str, Any], ...]:
    """Read all lines of `statistics.jsonl`, see `StepStatistics`; empty if the run was not probed.

    Raises CheckpointError if the file cannot be read or is damaged.
    """
    return tuple(values for _, values in _read_lines(out / STATISTICS)) if (out / STATISTICS).exists() else ()


def _read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects on the complete lines of a file, each with its line number from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    values = parse_json(line)
                except ValueError:
                    values = None
                if not isinstance(values, dict):
                    raise CheckpointError(f"{quoted(path)} is damaged: line {number} is not a JSON object")
                yield number, values
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error


def _read_description(path: Path) -> RunDescription:
    try:
        return RunDescription.from_dict(parse_json(path.read_bytes()))
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    except ModelError as error:
        raise CheckpointError(f"{quoted(path)} is damaged: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{quoted(path)} is damaged: it does not describe a run") from error


def _size_up_to(path: Path, done: int) -> int:
    """The size in bytes of the lines of steps up to `done`.

    Raises CheckpointError if a line before one of them is damaged: truncating there would lose good lines.
    """
    end = size = damaged = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            end += len(line)
            try:
                step = parse_json(line)["step"] if line.endswith(b"\n") else None
            except (ValueError, KeyError, TypeError):
                step = None
            if not isinstance(step, int | float):
                damaged = damaged or number
            elif step > done:
                break
            elif damaged:
                raise CheckpointError(f"{quoted(path)} is damaged: repair or remove line {damaged} to resume the run")
            else:
                size = end
    return size


def _finite(values: Any) -> Any:
    """Replace numbers that JSON cannot express by None."""
    if isinstance(values, float) and not math.isfinite(values):
        return None
    if isinstance(values, Mapping):
        return {name: _finite(value) for name, value in values.items()}
    return [_finite(value) for value in values] if isinstance(values, list | tuple) else values


def _cannot_write(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{quoted(path)} cannot be written: {error.strerror or type(error).__name__}: what was saved before is intact"
    )
