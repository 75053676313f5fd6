"""Writing files so that a crash at any moment leaves the old content or the new one, never a part of either.

Imports no torch.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_write(
    path: Path,
    *,
    temporary: str | None = None,
    overwrite: bool = True,
    fsync: bool = False,
    mode: int = 0o666,
) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of `path` when the block ends without an exception.

    The content goes into a new file in the same directory, which is renamed at the end; after an exception it is
    removed and `path` is untouched. Symbolic links are never written through: a link at `path` is itself replaced.
    Resolve the path first to replace the file that the link points to.

    Args:
        path: the file to write.
        temporary: name of the new file; whatever has this name already, such as the leftover of a killed process or a
            link, is removed first. By default a random hidden name, which a killed process leaves behind.
        overwrite: replace an existing file.
        fsync: force the content to the disk before renaming.
        mode: permissions of the file, less the umask.

    Raises:
        FileExistsError: `path` exists and `overwrite` is False.
        OSError: the file cannot be written.
    """
    new = path.with_name(temporary or f".{secrets.token_hex(6)}.tmp")
    if temporary and os.path.lexists(new):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if fsync:
                os.fsync(descriptor)
        if overwrite:
            new.replace(path)
        else:
            _rename_without_replacing(new, path)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise


def _rename_without_replacing(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)  # unlike a rename, this fails if there is a file
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        source.replace(target)
    else:
        source.unlink()


def fsync_path(path: Path) -> None:
    """Force a file or directory to the disk. Does nothing on systems that cannot open a directory."""
    with suppress(PermissionError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def quoted(path: Path) -> str:
    """The path in quotes, for a message: control characters and lone surrogates in a hostile name are escaped."""
    return repr(str(path))
