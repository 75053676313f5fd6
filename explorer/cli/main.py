"""The entry point of `explorer`: the group of commands, which opens the application when no command is named.

Commands are imported when they are called, or for the list in `explorer --help`; a command imports torch only when it
runs.
"""

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import click

from explorer import __version__
from explorer.cli import terminal
from explorer.cli.errors import broken_pipe_ends_well, errors_on_one_line
from explorer.cli.options import given_options, open_options, opening_options, opening_view, undecided_parts
from explorer.core.terminal import is_terminal
from model.errors import ModelError

COMMANDS = {
    "circuits": "explorer.cli.circuits:circuits",
    "compare": "explorer.cli.compare:compare",
    "convert": "explorer.cli.convert:convert",
    "find": "explorer.cli.find:find",
    "generate": "explorer.cli.generate:generate",
    "heads": "explorer.cli.heads:heads",
    "lab": "explorer.cli.lab:lab",
    "models": "explorer.cli.models:models",
    "serve": "explorer.cli.serve:serve",
    "show": "explorer.cli.show:show",
    "train": "explorer.cli.train:train",
}
"""Where to find each command, in the notation of entry points."""

_SERVED_DRIVER = "explorer.widgets.served_driver:ServedDriver"


class CommandGroup(click.Group):
    """A group that imports its commands when they are needed and reports every error on one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: D102
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: D102
        if cmd_name not in COMMANDS:
            return None
        command = resolve_name(COMMANDS[cmd_name])
        assert isinstance(command, click.Command)
        return command

    def resolve_command(  # noqa: D102
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            raise click.UsageError(
                f"there is no command {args[0]!r}, there are {', '.join(COMMANDS)}; "
                "to open a sentence of yours write --text",
                ctx,
            )
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: D102
        with broken_pipe_ends_well():  # --help prints
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: D102
        with broken_pipe_ends_well():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; in standalone mode, report errors on one line and exit."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # on a terminal that is not UTF-8, − and ∞ become ?
        with errors_on_one_line():
            _check_directory()
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            if sys.stdout is not None:  # None if the shell has closed it
                sys.stdout.flush()
        sys.exit(result if isinstance(result, int) else 0)


def _check_directory() -> None:
    """Raise ModelError if the working directory has been removed: libraries of torch would end the process."""
    try:
        Path.cwd()
    except OSError as error:
        raise ModelError("the working directory no longer exists: change to another one with cd") from error


@click.group(cls=CommandGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="explorer", message="%(prog)s %(version)s")
@opening_options
@click.option("--no-tour", is_flag=True, help="Do not begin with the tour, which the very first start shows.")
@click.pass_context
def cli(ctx: click.Context, /, text: str, no_tour: bool, **values: Any) -> None:
    """See every number that an attention head of a small GPT computes, for a sentence of yours.

    Without a command the application opens.
    """
    given = given_options(ctx)
    asks_for_view = any(option.name != "no_tour" for option in given)
    if ctx.invoked_subcommand is not None:
        if given:
            _refuse_option_before_command(ctx, given[0])
        return
    in_browser = "TEXTUAL_DRIVER" in os.environ  # `explorer serve` runs it behind pipes
    if not in_browser and not is_terminal(sys.stdout):
        raise ModelError("the application needs a terminal and standard output is none: use `explorer show` instead")
    if not in_browser and text != "-" and not is_terminal(sys.stdin):
        raise ModelError("the application needs a terminal and standard input is none: give the text with --text -")
    view = opening_view(text, values)
    if text == "-":
        terminal.read_keys_from_terminal()
    if in_browser:
        os.environ["TEXTUAL_DRIVER"] = _SERVED_DRIVER  # read when Textual is imported
    gc.disable()  # until the first frame is shown: `app.run` enables it again
    from explorer import app

    with terminal.drawing_to_terminal():
        app.run(
            view if asks_for_view else None,
            open_options=open_options(values),
            undecided=undecided_parts(ctx),
            offer_tour=not asks_for_view and not no_tour,
        )


def _refuse_option_before_command(ctx: click.Context, option: click.Parameter) -> None:
    """Raise UsageError for an option in front of a command, which would otherwise be ignored silently."""
    turned_off = ctx.params[option.name or ""] is False and option.secondary_opts
    name = (turned_off or option.opts)[0]
    raise click.UsageError(f"{name} stands before {ctx.invoked_subcommand!r}, write it after the command", ctx)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, which ends in SystemExit."""
    cli.main(args=None if arguments is None else list(arguments))
