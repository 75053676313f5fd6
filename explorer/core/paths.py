"""Typed or pasted text as a path: the only way from one to the other, as any text may be typed."""

from pathlib import Path

from model.errors import ModelError


def typed_path(typed: str) -> Path:
    """Return the path for typed text, with ~ replaced by the home directory; it need not exist.

    Raises ModelError with the reason if the text cannot be a path: it is too long, has a null character, names an
    unknown user, goes around in links, or leads through a directory that may not be read. The file system has been
    asked once, so `is_file`, `is_dir` and `exists` of the path that is returned do not raise.
    """
    try:
        path = Path(typed).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ModelError(reason or str(error)) from error
    return path


def names_file(typed: str) -> bool:
    """Return True if there is a file at a typed path."""
    try:
        return typed_path(typed).is_file()
    except ModelError:
        return False
