"""Snapshots: copies of a model at steps spaced about evenly on a logarithmic scale, to look at its training later.

The snapshots of a run or of a model are checkpoints in half precision in `snapshots/step-000000`,
`snapshots/step-000010` and so on, in the directory of the run or model. Imports no torch.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from model.files import quoted
from model.layout import CONFIG, LATEST, WEIGHTS, CheckpointError, discard, parse_step_directory, read_json

FOLDER = "snapshots"
TRAINING = "training.json"
"""In the directory of a finished model: the number of steps that it was trained for."""


def spaced_steps(last: int) -> tuple[int, ...]:
    """0, 10, 30, 100, 300, 1000, … and the last step."""
    found = [0]
    power = 10
    while power < last:
        found += [step for step in (power, 3 * power) if step < last]
        power *= 10
    return (*found, last) if last > 0 else (0,)


def parse_steps(text: str) -> tuple[int, ...]:
    """Steps written as "0,10,200", sorted and without repetitions. Raises CheckpointError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,12}", part, re.ASCII) for part in parts):
        raise CheckpointError(f"{text!r} is not a list of steps: write numbers separated by commas, such as 0,10,100")
    return tuple(sorted(set(map(int, parts))))


def remove_after(out: Path, step: int) -> None:
    """Remove the snapshots of later steps, which a run resumed at `step` will write again."""
    for found, path in _in_folder(out):
        if found > step:
            discard(path)


def find_snapshots(directory: Path | str) -> list[tuple[int, Path]]:
    """The snapshots of a run or of a model as (step, checkpoint directory), oldest first; empty if there are none.

    `directory` may be a run, a model with snapshots of its own, a model inside a run (its `final`, a checkpoint), or a
    snapshot. If the run or model itself has a `training.json`, it is part of the result.
    Raises CheckpointError if a directory cannot be read.
    """
    path = Path(directory)
    if path.parent.name == FOLDER:
        path = path.parent.parent
    try:
        for place in (path, path.parent if path.name not in ("", "..") else path.resolve().parent):
            if place != path and not (place / LATEST).is_file():
                break
            if found := dict(_in_folder(place)):
                own = trained_steps(place)
                if own is not None:
                    found.setdefault(own, place)
                return sorted(found.items())
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    return []


def _in_folder(place: Path) -> Iterable[tuple[int, Path]]:
    folder = place / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        step = parse_step_directory(path.name)
        if step is not None and (path / CONFIG).is_file() and (path / WEIGHTS).is_file():
            yield step, path


def training_json(step: int) -> str:
    """The content of the `training.json` of a model that was trained for `step` steps."""
    return json.dumps({"step": step}) + "\n"


def trained_steps(directory: Path) -> int | None:
    """The number of steps in a model's `training.json`, or None if there is none or it is damaged."""
    if not (directory / TRAINING).is_file() or not (directory / CONFIG).is_file():
        return None
    try:
        step = read_json(directory / TRAINING).get("step")
    except CheckpointError:
        return None
    return step if type(step) is int and step >= 0 else None


def nearest(snapshots: Sequence[tuple[int, Path]], step: int) -> tuple[int, Path]:
    """The snapshot nearest to `step`, the earlier one of two at the same distance. There must be at least one."""
    return min(snapshots, key=lambda entry: (abs(entry[0] - step), entry[0]))
