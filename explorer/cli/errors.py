"""Errors of the commands: one line on standard error and an exit code, never a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from explorer.cli.terminal import silence_output
from explorer.core import exit_codes
from explorer.core.formatting import is_shown, one_line

if TYPE_CHECKING:
    from model.tokenizer import Encoding

_CHARACTERS_NAMED = 5


@contextmanager
def errors_on_one_line() -> Iterator[None]:
    """Turn the exceptions that a command may raise into one line on standard error, and exit."""
    try:
        yield
    except click.ClickException as error:
        _fail(_click_message(error))
    except BrokenPipeError:  # when the last of the output is flushed
        silence_output()
        sys.exit(0)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(exit_codes.INTERRUPTED)
    except OSError as error:
        silence_output()  # it may be the output itself that cannot be written
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or type(error).__name__}")
    except ValueError as error:  # ModelError, CorpusError and their like
        _fail(str(error))
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        _fail("there is not enough memory: choose a shorter text, a smaller model or, to train, smaller batches")


@contextmanager
def broken_pipe_ends_well() -> Iterator[None]:
    """End a command with exit code 0 once nobody reads its output any more, as in `explorer models | head -1`.

    This is needed within click, which would exit with 1.
    """
    try:
        yield
    except BrokenPipeError as error:
        silence_output()
        raise click.exceptions.Exit(0) from error


def _is_out_of_memory(error: Exception) -> bool:
    """Return True if an allocation failed. torch has no exception of its own for it on every device."""
    message = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in message or "can't allocate memory" in message


def _click_message(error: click.ClickException) -> str:
    """Return click's message, with a pointer to the help after a wrong command line."""
    message = error.format_message().rstrip(".")
    if isinstance(error, click.UsageError):
        return f"{message}: see `{error.ctx.command_path if error.ctx else 'explorer'} --help`"
    return message


def _fail(message: str) -> NoReturn:
    try:
        warn(one_line(message))
    except OSError:
        silence_output()
    sys.exit(exit_codes.ERROR)


def warn(line: str) -> None:
    """Print a line on standard error."""
    print(f"explorer: {line}", file=sys.stderr)


def warn_about_unknown_characters(encoding: "Encoding", model_name: str) -> None:
    """Print one line on standard error if the tokenizer left characters out, naming the first few."""
    if not encoding.unknown:
        return
    distinct = list(dict.fromkeys(unknown.text for unknown in encoding.unknown))
    named = ", ".join(f"{text!a} ({text})" if is_shown(text) else ascii(text) for text in distinct[:_CHARACTERS_NAMED])
    more = f" and {len(distinct) - _CHARACTERS_NAMED} more" if len(distinct) > _CHARACTERS_NAMED else ""
    count = len(encoding.unknown)
    subject = "1 character is" if count == 1 else f"{count} characters are"
    warn(f"{subject} unknown to {model_name!r} and left out: {named}{more}")
