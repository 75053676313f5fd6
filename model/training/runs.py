"""Run directories: the checkpoints `step-000250/` and so on, and the file `latest` that names the newest one.

Imports no torch.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from model.files import atomic_write
from model.layout import (
    FILES,
    FINAL,
    LATEST,
    CheckpointError,
    check_name,
    discard,
    parse_step_directory,
    step_directory,
)
from model.outside import parse_json
from model.training.snapshots import FOLDER, TRAINING

if sys.platform != "win32":
    import fcntl

CHECKPOINTS_KEPT = 2
"""Number of checkpoints that stay in a run: the latest, and one more in case the disk loses the latest."""

STATE_JSON, STATE_TENSORS = "trainer.json", "trainer.safetensors"
"""The files of a run's checkpoint, beside those of the model, that resuming needs: see `Trainer.state`."""


@contextmanager
def new_run(out: Path) -> Iterator[None]:
    """Prepare `out` for a new run that is being set up in the block.

    If the block raises, a directory that was created is removed again. If it succeeds, what an earlier run left in
    `out` before its first checkpoint was complete is removed.
    Raises CheckpointError, see `prepare`.
    """
    is_new = not out.exists()
    prepare(out)
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):
                out.rmdir()
        raise
    with locked(out):
        for path in out.iterdir() if _is_aborted_start(out) else ():
            discard(path) if path.is_dir() else path.unlink()


def prepare(out: Path) -> None:
    """Create the directory of a new run, or check that one can be written there.

    Raises CheckpointError if there is something in it already, or it cannot be written.
    """
    check_name(out)
    try:
        if out.is_symlink() or out.exists():
            if not out.is_dir():
                what = "is a file" if out.is_file() else "is not a directory"
                raise CheckpointError(f"{out} {what}: give another with --out")
            with locked(out):
                empty = _is_aborted_start(out)
            if not empty:
                more = "add --resume, or give another" if is_run(out) else "no run is there to resume, give another"
                raise CheckpointError(f"{out} exists and is not empty: {more} --out")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(out, error) from error
    with locked(out):
        _check_writable(out)


def _is_aborted_start(out: Path) -> bool:
    """Return True if a directory holds at most what a run leaves that is killed before its first checkpoint."""
    return all(map(_is_of_aborted_start, out.iterdir()))


def _is_of_aborted_start(path: Path) -> bool:
    if path.name in (".writable", f"{LATEST}.tmp"):
        return path.is_file() and not path.is_symlink()
    if not path.is_dir() or path.is_symlink():
        return False
    names = {each.name for each in path.iterdir()}
    checkpoint = {*FILES, STATE_JSON, STATE_TENSORS}
    if path.name == step_directory(0):
        return names == checkpoint
    return _is_unfinished(path.name) and names <= {*checkpoint, TRAINING, "README.md"}


def _check_writable(out: Path) -> None:
    """Raise CheckpointError if no file can be written into `out`."""
    try:
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _not_writable(out, error) from error


def _not_writable(out: Path, error: OSError) -> CheckpointError:
    return CheckpointError(f"{out} cannot be written: {error.strerror}: give another --out")


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the lock of a run directory, which ends with this process in any case.

    Does nothing on systems and file systems without such locks. Raises CheckpointError if another process holds it, or
    the directory cannot be opened.
    """
    if sys.platform == "win32":
        yield
        return
    try:
        directory = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise _not_writable(out, error) from error
    try:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CheckpointError(f"another process trains into {out}: stop it, or give another --out") from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(directory)


@contextmanager
def locked_new(out: Path) -> Iterator[None]:
    """Hold the lock of a run that is about to begin.

    Raises CheckpointError if another process holds the lock, or has trained there since the run was prepared.
    """
    with locked(out):
        if is_run(out):
            saved = parse_step_directory(latest(out).name)
            raise CheckpointError(f"another process has trained into {out} up to step {saved}: start again")
        yield


@contextmanager
def locked_to_resume(out: Path) -> Iterator[None]:
    """Hold the lock of a run from before its checkpoint is read, so that no other process can change it meanwhile.

    Raises CheckpointError if there is no run, another process holds the lock, or nothing can be written there.
    """
    if not is_run(out):
        latest(out)  # raises the error that there is no run
    with locked(out):
        _check_writable(out)
        yield


def set_latest(out: Path, directory: Path, last_good: int | None = None) -> None:
    """Let `latest` name the checkpoint in `directory`, just written, then remove older checkpoints.

    The last `CHECKPOINTS_KEPT` stay, and the newest one of at most `last_good` steps, from which a diverged run can be
    resumed. After a kill at any moment `latest` names a complete checkpoint.
    Raises CheckpointError if something cannot be written.
    """
    try:
        with atomic_write(out / LATEST, temporary=f"{LATEST}.tmp", fsync=True) as file:
            file.write(f"{directory.name}\n".encode())
        kept = {directory, None if last_good is None else newest_checkpoint(out, last_good)}
        for old in checkpoints(out)[:-CHECKPOINTS_KEPT]:
            if old not in kept:
                discard(old)
    except OSError as error:
        raise CheckpointError(f"{out} cannot be written: {error.strerror}") from error


def remove_leftovers(out: Path) -> None:
    """Remove the incomplete checkpoints and snapshots that a killed process left in a run."""
    for folder in (out, out / FOLDER):
        for path in folder.iterdir() if folder.is_dir() else ():
            if _is_unfinished(path.name) and path.is_dir() and not path.is_symlink():
                discard(path)


def _is_unfinished(name: str) -> bool:
    """Return True for the name of a checkpoint directory that was being written or removed."""
    whole = name.removesuffix(".tmp")
    return whole != name and (whole == FINAL or parse_step_directory(whole) is not None)


def newest_checkpoint(out: Path, up_to: int) -> Path | None:
    """The newest checkpoint of a run that was written after at most `up_to` steps, or None."""
    found = [path for step, path in _by_step(out) if step <= up_to] if out.is_dir() else []
    return found[-1] if found else None


def checkpoints(out: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return [path for _, path in _by_step(out)]


def _by_step(out: Path) -> list[tuple[int, Path]]:
    found = ((parse_step_directory(path.name), path) for path in out.iterdir())
    return sorted((step, path) for step, path in found if step is not None and path.is_dir())


def is_run(out: Path) -> bool:
    """Return True for the directory of a run that has a checkpoint."""
    return (out / LATEST).is_file()


def latest(out: Path) -> Path:
    """The directory of a run's latest checkpoint. Raises CheckpointError if there is none."""
    try:
        name = (out / LATEST).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{out} holds no training run to resume: leave out --resume to start one") from error
    if parse_step_directory(name) is None or not (out / name).is_dir():
        with suggesting_another(out / LATEST):
            raise CheckpointError(f"{out / LATEST} names no checkpoint here: the run cannot be resumed")
    return out / name


@contextmanager
def suggesting_another(damaged: Path) -> Iterator[None]:
    """Add the newest other checkpoint to a CheckpointError about a damaged checkpoint of a run, or about `latest`."""
    try:
        yield
    except CheckpointError as error:
        others = [path for path in checkpoints(damaged.parent) if path != damaged]
        if not others:
            raise
        how = f"{others[-1].name} is there too, write its name into {damaged.parent / LATEST} to resume from it"
        raise CheckpointError(f"{error}; {how}") from error


def read_state(directory: Path) -> dict[str, Any]:
    """Read `trainer.json` of a run's checkpoint, see `Trainer.state`.

    Raises CheckpointError if it is missing or damaged.
    """
    try:
        saved = parse_json((directory / STATE_JSON).read_text(encoding="utf-8"))
        if not {"done", "data", "settings", "context", "notes"} <= saved.keys():
            raise ValueError("incomplete")
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{directory} holds no training state to resume: train into a new directory") from error
    return dict(saved)
