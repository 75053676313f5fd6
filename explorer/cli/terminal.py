"""The standard streams of the commands."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeVar

import click

from explorer.core.terminal import is_terminal
from model.errors import ModelError

_Item = TypeVar("_Item")


def with_progress(items: Iterable[_Item], total: int, what: str) -> Iterator[_Item]:
    """Yield the items as they are computed, with a line on how many are done if standard error is a terminal."""
    shows_progress = is_terminal(sys.stderr)
    try:
        for done, item in enumerate(items, 1):
            yield item
            if shows_progress:
                click.echo(f"\r{what}: {done} of {total}\x1b[K", nl=False, err=True)
    finally:
        if shows_progress:
            click.echo("\r\x1b[K", nl=False, err=True)


def read_keys_from_terminal() -> None:
    """Connect standard input to the terminal again, after a pipe has supplied the text."""
    try:
        os.dup2(os.open("/dev/tty", os.O_RDWR), sys.stdin.fileno())
    except OSError as error:
        raise ModelError("the application needs a terminal for its keys and there is none") from error


@contextmanager
def drawing_to_terminal() -> Iterator[None]:
    """Let the application, which draws to standard error, draw to the terminal, and nothing else.

    What libraries write to standard error themselves, as Rust does where it fails, goes to the file that it is
    redirected to. It is dropped where that is the terminal, as it would stay on the screen.
    """
    screen = next(filter(is_terminal, (sys.__stderr__, sys.__stdout__)), None)
    if screen is None:
        yield
        return
    before = {name: vars(sys)[name] for name in ("__stderr__", "stderr")}
    with ExitStack() as stack:
        drawn = stack.enter_context(os.fdopen(os.dup(screen.fileno()), "w", 1, screen.encoding, screen.errors))
        if screen is sys.__stderr__:
            stack.enter_context(_dropped(screen.fileno()))
        vars(sys).update(dict.fromkeys(before, drawn))
        stack.callback(vars(sys).update, before)
        yield


@contextmanager
def _dropped(number: int) -> Iterator[None]:
    """Drop what is written to the file of this number."""
    kept, nowhere = os.dup(number), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
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
