"""What a run keeps of its steps: `metrics.jsonl`, a line a step, and `run.json`, what was trained. Needs no torch.

Lines are only appended, each by one write. A kill can tear the last line alone; it is passed over when read and cut off
when the run goes on, together with every line beyond the checkpoint that it goes on from.
"""

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from model.config import GPTConfig
from model.errors import ModelError
from model.files import atomic_write, quoted
from model.layout import CheckpointError

METRICS, RUN, STATISTICS = "metrics.jsonl", "run.json", "statistics.jsonl"


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """What is known after a step. Losses are mean cross-entropies in nats."""

    step: int  # steps done, from 1
    loss: float  # of this step's batch, before its update
    validation_loss: float | None  # None when not measured at this step
    learning_rate: float  # AdamW's, of this step
    gradient_norm: float  # before clipping
    tokens: int  # trained on so far
    seconds: float  # of this step, without evaluation
    tokens_per_second: float
    prefix_loss: float | None = None  # without the causal mask: the validation loss when no key lies ahead


_NAMES = tuple(field.name for field in fields(StepMetrics))
_OPTIONAL = ("validation_loss", "prefix_loss")
_LARGEST = 3.5e38
"""No float32 is larger, and no run as long."""


@dataclass(frozen=True, slots=True)
class RunDescription:
    """What was trained, and how far it is meant to go."""

    config: GPTConfig
    parameters: int
    context: int  # tokens of a window
    settings: Mapping[str, Any]  # those of `model.training.trainer.TrainerSettings`, as JSON

    @property
    def steps(self) -> int:
        """How many steps the run is to take."""
        return int(self.settings["steps"])

    @property
    def uniform_loss(self) -> float:
        """The loss of a uniform guess, ln(vocabulary): where an untrained model should start."""
        return math.log(self.config.vocab_size)


@dataclass(frozen=True, slots=True)
class History:
    """A run as it is on the disk; `metrics` is in order of steps, one entry a step."""

    path: Path
    description: RunDescription
    metrics: tuple[StepMetrics, ...]


class LineLog:
    """A file of JSON lines, opened to append after those of step `done` and earlier.

    Raises CheckpointError, here and in `append`, when it cannot be written, here when it is damaged.
    """

    def __init__(self, path: Path, done: int) -> None:
        self.path = path
        try:
            keep = _bytes_to(path, done) if path.exists() else 0
            # What a link leads to is somebody's file.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            os.ftruncate(self._file, keep)
            os.lseek(self._file, keep, os.SEEK_SET)
        except OSError as error:
            raise _unwritable(path, error) from error

    def append(self, values: Mapping[str, Any]) -> None:
        """Write one line; it is with the operating system when this returns."""
        line = (json.dumps(_finite(values)) + "\n").encode()
        try:
            written = os.write(self._file, line)
            if written < len(line):  # a disk that filled up in the middle says so at the second attempt
                os.write(self._file, line[written:])
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def sync(self) -> None:
        """Force what was written to the disk."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            os.close(self._file)


def describe(out: Path, description: RunDescription) -> None:
    """Write `run.json` in one step. Raises CheckpointError when it cannot be written."""
    values = {**asdict(description), "config": description.config.to_dict()}
    try:
        with atomic_write(out / RUN, temporary=f"{RUN}.tmp") as file:
            file.write((json.dumps(values, indent=2) + "\n").encode())
    except OSError as error:
        raise _unwritable(out / RUN, error) from error


def as_line(metrics: StepMetrics) -> dict[str, Any]:
    """One step as it stands in `metrics.jsonl`: what was not measured is left out."""
    return {name: value for name, value in asdict(metrics).items() if value is not None}


def read_history(directory: Path | str) -> History:
    """The history of a run, from its directory or from the `final` model or a checkpoint in it.

    Works while the run is being written. Raises CheckpointError when there is none or it is damaged.
    """
    path = Path(directory)
    out = next((place for place in (path, path.resolve().parent) if (place / METRICS).is_file()), None)
    if out is None:
        what = f"holds no {METRICS}" if path.is_dir() else "is a file" if path.exists() else "does not exist"
        raise CheckpointError(f"{quoted(path)} {what}: name the directory of a run of `explorer train`")
    return History(out, _read_description(out / RUN), read_metrics(out))


def read_metrics(out: Path) -> tuple[StepMetrics, ...]:
    """Every step in `metrics.jsonl`, in order; a torn last line is passed over.

    Raises CheckpointError when it cannot be read or a whole line is not the metrics of a step.
    """
    found = [_metrics(out / METRICS, number, values) for number, values in _lines(out / METRICS)]
    if any(before.step >= after.step for before, after in pairwise(found)):
        raise CheckpointError(f"{quoted(out / METRICS)} is damaged: its steps are not in order")
    return tuple(found)


def read_statistics(out: Path) -> tuple[dict[str, Any], ...]:
    """Every line of `statistics.jsonl`, see `model.training.probe`; none when the run was not probed.

    Raises CheckpointError when it cannot be read or is damaged.
    """
    return tuple(values for _, values in _lines(out / STATISTICS)) if (out / STATISTICS).exists() else ()


def _lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The whole lines of a file as objects, with their numbers from 1."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    found = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise CheckpointError(f"{quoted(path)} is damaged: line {number} is not a JSON object")
        found.append((number, values))
    return found


def _metrics(path: Path, number: int, values: dict[str, Any]) -> StepMetrics:
    known = {name: values[name] for name in _NAMES if values.get(name) is not None}
    sound = all(
        isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST
        for value in known.values()
    )
    missing = [name for name in _NAMES if name not in known and name not in _OPTIONAL]
    if not sound or missing or type(known["step"]) is not int:
        raise CheckpointError(f"{quoted(path)} is damaged: line {number} is not the metrics of a step")
    return StepMetrics(**{"validation_loss": None, **known})


def _read_description(path: Path) -> RunDescription:
    try:
        values = json.loads(path.read_bytes())
        known = {field.name: values[field.name] for field in fields(RunDescription)}
        counts = (known["parameters"], known["context"], known["settings"]["steps"])
        if not all(type(count) is int for count in counts):
            raise ValueError
        return RunDescription(**{**known, "config": GPTConfig.from_dict(known["config"])})
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    except ModelError as error:
        raise CheckpointError(f"{quoted(path)} is damaged: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{quoted(path)} is damaged: it does not describe a run") from error


def _bytes_to(path: Path, done: int) -> int:
    """How much of a log belongs to steps up to `done`.

    Raises CheckpointError when a line in the middle is damaged: what is sound after it would be lost.
    """
    end = keep = damaged = 0
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        end += len(line)
        try:
            step = json.loads(line)["step"] if line.endswith(b"\n") else None
        except (ValueError, KeyError, TypeError, RecursionError):
            step = None
        if not isinstance(step, int | float):
            damaged = damaged or number
        elif step > done:
            break
        elif damaged:
            raise CheckpointError(f"{quoted(path)} is damaged: mend line {damaged}, or take it out, to resume the run")
        else:
            keep = end
    return keep


def _finite(values: Any) -> Any:
    """Numbers that JSON has no word for become null."""
    if isinstance(values, float) and not math.isfinite(values):
        return None
    if isinstance(values, Mapping):
        return {name: _finite(value) for name, value in values.items()}
    return [_finite(value) for value in values] if isinstance(values, list | tuple) else values


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{quoted(path)} cannot be written: {error.strerror or type(error).__name__}: what was saved before is whole"
    )
