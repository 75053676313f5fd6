"""Run directories: the checkpoints of one training run, `step-000250/` and so on, and which of them is the latest."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tokenizers import Tokenizer

from model.checkpoint import CheckpointError, save
from model.files import atomic_write
from model.gpt import GPT
from model.layout import FILES, FINAL, LATEST, check_name, discard, parse_step_directory, step_directory
from model.training.snapshots import FOLDER, TRAINING

KEPT = 2
"""How many checkpoints of a run stay: the latest, and the one before it should the disk lose the latest."""

STATE = ("trainer.json", "trainer.safetensors")
"""What a checkpoint of a run has beside the model: see `model.training.trainer`."""


def prepare(out: Path) -> None:
    """Make sure that a new run can be written to `out`.

    Raises CheckpointError when something is there already or it cannot be written.
    """
    check_name(out)
    try:
        if out.is_symlink() or out.exists():
            if not out.is_dir():
                what = "is a file" if out.is_file() else "is no directory"
                raise CheckpointError(f"{out} {what}: give another with --out")
            with claimed(out):
                empty = _is_beginning(out)
            if not empty:
                more = "add --resume, or give another" if is_run(out) else "no run is there to resume, give another"
                raise CheckpointError(f"{out} exists and is not empty: {more} --out")
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{out} cannot be written: {error.strerror}: give another --out") from error
    check_writable(out)


@contextmanager
def beginning(out: Path) -> Iterator[None]:
    """Prepare `out`; a directory that was made for a run which then cannot begin is taken away again.

    What a killed run left there before it could be resumed is removed once this one can begin.
    """
    new = not out.exists()
    prepare(out)
    try:
        yield
    except BaseException:
        if new:
            with suppress(OSError):
                out.rmdir()
        raise
    with claimed(out):
        for path in out.iterdir() if _is_beginning(out) else ():
            discard(path) if path.is_dir() else path.unlink()


def _is_beginning(out: Path) -> bool:
    """Whether a directory holds nothing but what a run leaves that was killed before its first checkpoint."""
    return all(
        _is_ours(path, first=path.name == step_directory(0))
        if path.name == step_directory(0) or _is_unfinished(path.name)
        else path.name in (".writable", f"{LATEST}.tmp") and path.is_file() and not path.is_symlink()
        for path in out.iterdir()
    )


def _is_ours(directory: Path, first: bool) -> bool:
    """Whether this is a checkpoint as a run writes it, whole or, unless it is the `first`, in part."""
    if directory.is_symlink() or not directory.is_dir():
        return False
    names = {path.name for path in directory.iterdir()}
    run = {*FILES, *STATE}
    return names == run if first else names <= {*run, TRAINING, "README.md"}


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
        saved = parse_step_directory(latest(out).name) if is_run(out) else 0
        if saved != done:
            raise CheckpointError(f"another process has trained into {out} up to step {saved}: start again")
        yield


def add(
    out: Path, step: int, gpt: GPT, tokenizer: Tokenizer, extra: Mapping[str, bytes], good: int | None = None
) -> Path:
    """Write the checkpoint of a step, then point to it, then drop what is older than the last `KEPT`.

    The newest of at most `good` steps stays as well: it is what a diverged run goes back to. A kill at any moment
    leaves the earlier checkpoint whole and pointed to.
    """
    directory = out / step_directory(step)
    save(directory, gpt, tokenizer, extra=extra, replace=True)
    try:
        with atomic_write(out / LATEST, temporary=f"{LATEST}.tmp", fsync=True) as file:
            file.write(f"{directory.name}\n".encode())
        kept = {directory, None if good is None else newest_before(out, good)}
        for old in steps(out)[:-KEPT]:
            if old not in kept:
                discard(old)
    except OSError as error:
        raise CheckpointError(f"{out} cannot be written: {error.strerror}") from error
    return directory


def tidy(out: Path) -> None:
    """Remove what a kill left behind of checkpoints that were being written; nothing that could be opened."""
    for folder in (out, out / FOLDER):
        for path in folder.iterdir() if folder.is_dir() else ():
            if _is_unfinished(path.name) and path.is_dir() and not path.is_symlink():
                discard(path)


def _is_unfinished(name: str) -> bool:
    """Return True for the name of a checkpoint directory that was being written or removed."""
    whole = name.removesuffix(".tmp")
    return whole != name and (whole == FINAL or parse_step_directory(whole) is not None)


def newest_before(out: Path, step: int) -> Path | None:
    """The newest checkpoint of a run after at most `step` steps."""
    found = [path for number, path in _by_step(out) if number <= step] if out.is_dir() else []
    return found[-1] if found else None


def steps(out: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return [path for _, path in _by_step(out)]


def _by_step(out: Path) -> list[tuple[int, Path]]:
    found = ((parse_step_directory(path.name), path) for path in out.iterdir())
    return sorted((step, path) for step, path in found if step is not None and path.is_dir())


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
    if parse_step_directory(name) is None or not (out / name).is_dir():
        with naming_spare(out / LATEST):
            raise CheckpointError(f"{out / LATEST} names no checkpoint here: the run cannot be resumed")
    return out / name


@contextmanager
def naming_spare(damaged: Path) -> Iterator[None]:
    """Add to a CheckpointError about a checkpoint of a run, or its pointer, which other checkpoint there is."""
    try:
        yield
    except CheckpointError as error:
        spare = [path for path in steps(damaged.parent) if path != damaged]
        if not spare:
            raise
        how = f"{spare[-1].name} is there too, write its name into {damaged.parent / LATEST} to go on from it"
        raise CheckpointError(f"{error}; {how}") from error
