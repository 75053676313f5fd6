"""Run directories: the checkpoints of one training run, `step-000250/` and so on, and which of them is the latest."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tokenizers import Tokenizer

from model.checkpoint import CheckpointError, save
from model.gpt import GPT
from model.layout import LATEST, discard
from model.snapshots import FOLDER

KEPT = 2
"""How many checkpoints of a run stay: the latest, and the one before it should the disk lose the latest."""

_STEP = re.compile(r"step-\d{6,}")
_UNFINISHED = re.compile(r"(step-\d{6,}|final)\.tmp")


def prepare(out: Path) -> None:
    """Make sure that a new run can be written to `out`.

    Raises CheckpointError when something is there already or it cannot be written.
    """
    try:
        if out.is_symlink() or out.exists():
            if not out.is_dir():
                what = "is a file" if out.is_file() else "is no directory"
                raise CheckpointError(f"{out} {what}: give another with --out")
            with claimed(out):
                _drop_beginning(out)
            if any(out.iterdir()):
                more = "add --resume, or give another" if is_run(out) else "no run is there to resume, give another"
                raise CheckpointError(f"{out} exists and is not empty: {more} --out")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{out} cannot be written: {error.strerror}: give another --out") from error
    check_writable(out)


@contextmanager
def beginning(out: Path) -> Iterator[None]:
    """Prepare `out`; a directory that was made for a run which then cannot begin is taken away again."""
    new = not out.exists()
    prepare(out)
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):
                out.rmdir()
        raise


def _drop_beginning(out: Path) -> None:
    """Empty a directory that holds nothing but what a run leaves that was killed before its first checkpoint."""
    found = list(out.iterdir())
    beginning = (".writable", f"{LATEST}.tmp", "step-000000")
    if all(path.name in beginning or _UNFINISHED.fullmatch(path.name) for path in found):
        for path in found:
            discard(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def check_writable(out: Path) -> None:
    """Raise CheckpointError unless a file can be written into `out` and no other process trains there."""
    try:
        with claimed(out):
            probe = out / ".writable"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise CheckpointError(f"{out} cannot be written: {error.strerror}: give another --out") from error


@contextmanager
def claimed(out: Path) -> Iterator[None]:
    """Let no other process train into `out` meanwhile. The end of this one, however it comes, ends that too.

    Without effect where the system knows no such locks. Raises CheckpointError when another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    directory = os.open(out, os.O_RDONLY)
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
def going_on(out: Path, done: int) -> Iterator[None]:
    """Claim `out` for a run of which `done` steps are saved there; 0 is a new one.

    Raises CheckpointError when another process has taken it further since that was read.
    """
    with claimed(out):
        saved = int(latest(out).name.removeprefix("step-")) if is_run(out) else 0
        if saved != done:
            raise CheckpointError(f"another process has trained into {out} up to step {saved}: start again")
        yield


def add(out: Path, step: int, gpt: GPT, tokenizer: Tokenizer, extra: Mapping[str, bytes]) -> Path:
    """Write the checkpoint of a step, then point to it, then drop what is older than the last `KEPT`.

    A kill at any moment leaves the earlier checkpoint whole and pointed to.
    """
    directory = out / f"step-{step:06d}"
    save(directory, gpt, tokenizer, extra=extra, replace=True)
    try:
        pointer = out / f"{LATEST}.tmp"
        with pointer.open("w", encoding="utf-8") as file:
            file.write(directory.name + "\n")
            file.flush()
            os.fsync(file.fileno())
        pointer.replace(out / LATEST)
        for old in steps(out)[:-KEPT]:
            if old != directory:
                discard(old)
    except OSError as error:
        raise CheckpointError(f"{out} cannot be written: {error.strerror}") from error
    return directory


def tidy(out: Path) -> None:
    """Remove what a kill left behind of checkpoints that were being written; nothing that could be opened."""
    for folder in (out, out / FOLDER):
        for path in folder.iterdir() if folder.is_dir() else ():
            if _UNFINISHED.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                discard(path)


def newest_before(out: Path, step: int) -> Path | None:
    """The newest checkpoint of a run after at most `step` steps."""
    found = [path for path in steps(out) if int(path.name.removeprefix("step-")) <= step] if out.is_dir() else []
    return found[-1] if found else None


def steps(out: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    found = [path for path in out.iterdir() if _STEP.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def is_run(out: Path) -> bool:
    """Whether this is a run directory rather than a checkpoint."""
    return (out / LATEST).is_file()


def latest(out: Path) -> Path:
    """The directory of the latest checkpoint of a run.

    Raises CheckpointError when there is none.
    """
    try:
        name = (out / LATEST).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{out} holds no training run to resume: leave out --resume to start one") from error
    if not _STEP.fullmatch(name) or not (out / name).is_dir():
        raise CheckpointError(f"{out / LATEST} names no checkpoint here: the run cannot be resumed")
    return out / name
