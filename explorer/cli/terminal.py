"""The standard streams of the commands, and whether they are a terminal."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, TypeVar

import click

from model.errors import ModelError

_Item = TypeVar("_Item")


def is_terminal(stream: TextIO | None) -> bool:
    """Return True if a standard stream is open and connected to a terminal."""
    return stream is not None and stream.isatty()


def with_progress(items: Iterable[_Item], total: int, what: str) -> Iterator[_Item]:
    """Yield the items as they are computed, with a line on how many are done if standard error is a terminal."""
    shows_progress = is_terminal(sys.stderr)
    for done, item in enumerate(items, 1):
        yield item
        if shows_progress:
            click.echo(f"\r{what}: {done} of {total}", nl=False, err=True)
    if shows_progress:
        click.echo("\r" + " " * 40 + "\r", nl=False, err=True)


def read_keys_from_terminal() -> None:
    """Connect standard input to the terminal again, after a pipe has supplied the text."""
    try:
        os.dup2(os.open("/dev/tty", os.O_RDWR), sys.stdin.fileno())
    except OSError as error:
        raise ModelError("the application needs a terminal for its keys and there is none") from error


@contextmanager
def drawing_to_terminal() -> Iterator[None]:
    """Let the application, which draws to standard error, draw to the terminal also if that is redirected to a file."""
    if is_terminal(sys.__stderr__) or not is_terminal(sys.__stdout__):
        yield
        return
    assert sys.__stdout__ is not None
    try:
        number = sys.__stderr__.fileno() if sys.__stderr__ is not None else None
    except (OSError, ValueError):
        number = None
    if number is None:
        yield
        return
    kept = os.dup(number)
    os.dup2(sys.__stdout__.fileno(), number)
    try:
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)


def silence_output() -> None:
    """Send what is still buffered to the null device, once standard output cannot be written any more.

    Otherwise the interpreter would try to flush it at exit, and fail with a traceback.
    """
    with suppress(OSError, ValueError, AttributeError):  # there may be no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
