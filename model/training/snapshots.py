"""Snapshots: a model at steps spaced like a logarithm, so that its training can be looked at afterwards.

A series is a folder `snapshots/` of checkpoint directories `step-000000`, `step-000010` and so on, in half precision.
It lies in the directory of a run, or in that of a model. Nothing here imports torch before something is written.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model.files import quoted
from model.layout import (
    CONFIG,
    LATEST,
    WEIGHTS,
    CheckpointError,
    discard,
    parse_step_directory,
    read_json,
    step_directory,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from model.gpt import GPT

FOLDER = "snapshots"
TRAINING = "training.json"
"""In a finished model's directory: after how many steps it was written."""


def spaced_steps(last: int) -> tuple[int, ...]:
    """0, 10, 30, 100, 300, 1000, … and the last step: about equal distances on a logarithmic scale."""
    found = [0]
    power = 10
    while power < last:
        found += [step for step in (power, 3 * power) if step < last]
        power *= 10
    return (*found, last) if last > 0 else (0,)


def parse_steps(text: str) -> tuple[int, ...]:
    """Steps written as "0,10,200", in order and each once. Raises CheckpointError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,12}", part, re.ASCII) for part in parts):
        raise CheckpointError(f"{text!r} is no list of steps: write numbers with commas between, such as 0,10,100")
    return tuple(sorted(set(map(int, parts))))


def add(out: Path, step: int, gpt: "GPT", tokenizer: "Tokenizer") -> Path:
    """Write the snapshot of a step into the series of `out` in one move; returns its directory.

    Raises CheckpointError when it cannot be written.
    """
    from model import checkpoint

    directory = out / FOLDER / step_directory(step)
    checkpoint.save(directory, gpt, tokenizer, dtype=checkpoint.small_dtype(gpt), replace=True)
    return directory


def drop_beyond(out: Path, step: int) -> None:
    """Remove the snapshots after `step`: a run that goes on from there writes them again."""
    for found, path in _series(out):
        if found > step:
            discard(path)


def snapshots(directory: Path | str) -> list[tuple[int, Path]]:
    """The series of a run or of a model as (step, directory), oldest first; each directory opens as a model does.

    `directory` may be a run, a model with a series inside, a model inside a run (its `final`, a checkpoint), or one of
    the snapshots. A model that tells after how many steps it was written ends its own series. Empty when there is no
    series.
    """
    path = Path(directory)
    if path.parent.name == FOLDER:
        path = path.parent.parent
    try:
        for place in (path, path.parent if path.name not in ("", "..") else path.resolve().parent):
            if place != path and not (place / LATEST).is_file():
                break
            if found := dict(_series(place)):
                own = trained_steps(place)
                if own is not None:
                    found.setdefault(own, place)
                return sorted(found.items())
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    return []


def _series(place: Path) -> Iterable[tuple[int, Path]]:
    folder = place / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        step = parse_step_directory(path.name)
        if step is not None and (path / CONFIG).is_file() and (path / WEIGHTS).is_file():
            yield step, path


def training_note(step: int) -> str:
    """The content of `training.json`."""
    return json.dumps({"step": step}) + "\n"


def trained_steps(directory: Path) -> int | None:
    """After how many steps the model in a directory was written, where it says so."""
    if not (directory / TRAINING).is_file() or not (directory / CONFIG).is_file():
        return None
    try:
        step = read_json(directory / TRAINING).get("step")
    except CheckpointError:
        return None
    return step if type(step) is int and step >= 0 else None


def nearest(series: Sequence[tuple[int, Path]], step: int) -> tuple[int, Path]:
    """The entry of a series, not empty, whose step is nearest to `step`; of two, the earlier."""
    return min(series, key=lambda entry: (abs(entry[0] - step), entry[0]))
