"""The command line. torch and textual are imported only inside the command that needs them."""

import gc
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any, ClassVar, NoReturn, TextIO

import click

from data import bundled
from data.samples import SAMPLES
from explorer.cli.output import silence_output
from explorer.core import exit_codes
from explorer.core.formatting import one_line
from explorer.view import LAST, Stage, View
from model.errors import ModelError
from model.settings import Scope

_LONGEST_INPUT = 2**22
_STAGES = {stage.value.replace(" ", "-"): stage for stage in Stage}


class Commands(click.Group):
    """Commands whose every error is one line; those in other modules are imported when they are called."""

    late: ClassVar = {
        "train": "explorer.cli.train",
        "generate": "explorer.cli.generate",
        "compare": "explorer.cli.compare",
        "serve": "explorer.cli.serve",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: D102
        return sorted({*super().list_commands(ctx), *self.late})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: D102
        if cmd_name in self.late:
            command: click.Command = getattr(import_module(self.late[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(  # noqa: D102
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None:
            commands = ", ".join(self.list_commands(ctx))
            raise click.UsageError(
                f"there is no command {args[0]!r}, there are {commands}; to open a sentence of yours write --text", ctx
            )
        return super().resolve_command(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and turn every error into one line on standard error and an exit code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # where the terminal is not UTF-8, − and ∞ become ?
        try:
            result = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            if sys.stdout is not None:  # as it is where a shell has closed it
                sys.stdout.flush()
        except click.ClickException as error:
            _fail(_told(error))
        except BrokenPipeError:
            silence_output()
            sys.exit(0)
        except (click.Abort, KeyboardInterrupt):
            sys.exit(exit_codes.INTERRUPTED)
        except OSError as error:
            silence_output()  # it may be the output itself that cannot be written
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror or type(error).__name__}")
        except ValueError as error:  # what `model` and `data` raise for bad input
            _fail(str(error))
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            _fail("there is not enough memory: choose a shorter text, a smaller model or, to train, smaller batches")
        sys.exit(result if isinstance(result, int) else 0)


def _is_out_of_memory(error: Exception) -> bool:
    """Whether memory was asked for that is not there; torch, not imported here, says so in words alone."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in words or "can't allocate memory" in words


def _told(error: click.ClickException) -> str:
    """What click says, and where the usage is to be found."""
    message = error.format_message().rstrip(".")
    if isinstance(error, click.UsageError):
        return f"{message}: see `{error.ctx.command_path if error.ctx else 'explorer'} --help`"
    return message


def _fail(message: str) -> NoReturn:
    try:
        print(f"explorer: {one_line(message)}", file=sys.stderr)
    except OSError:
        silence_output()
    sys.exit(exit_codes.ERROR)


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # 29 ms that no other start need wait for

    try:
        click.echo(f"explorer {version('attention-explorer')}")
    except PackageNotFoundError:
        click.echo("explorer (not installed)")
    ctx.exit()


def heads_option(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> frozenset[tuple[int, int]]:
    """Heads written as layer.head: from "2.3" to (2, 3)."""
    wrong = next((value for value in values if not re.fullmatch(r"\d{1,9}\.\d{1,9}", value, re.ASCII)), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not a head, write layer 2, head 3 as 2.3")
    return frozenset((int(layer), int(head)) for layer, head in (value.split(".") for value in values))


def _view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is looked at, the same for every command."""
    options = [
        click.option("--model", default=bundled.DEFAULT, show_default=True, help="A bundled model or a directory."),
        click.option("--layer", type=click.IntRange(0), default=0, show_default=True),
        click.option("--head", type=click.IntRange(0), default=0, show_default=True),
        click.option("--query", type=click.IntRange(0), help="Position of one token, from 0."),
        click.option("--stage", type=click.Choice(list(_STAGES)), help="One stage of attention."),
        click.option("--scale", type=float, help="What scores are multiplied by instead of 1/√head_size."),
        click.option("--no-scale", is_flag=True, help="The same as --scale 1."),
        click.option(
            "--mask/--no-mask",
            "causal",
            default=None,
            help="Hide the keys after each query from it, or show it all.",
        ),
        click.option(
            "--scope",
            type=click.Choice([scope.value for scope in Scope]),
            default=Scope.HEAD.value,
            show_default=True,
            help="What --scale and --no-mask act on.",
        ),
        click.option(
            "--ablate",
            multiple=True,
            callback=heads_option,
            metavar="LAYER.HEAD",
            help="Replace a head's mixed values by zeros; may be repeated.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def application_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say with what view the application opens."""
    options: list[Callable[[Callable[..., Any]], Callable[..., Any]]] = [
        click.option("--text", default=SAMPLES[0].text, help="The sentence to open with; - reads standard input."),
        click.option("--escaped", is_flag=True, help=r"The text is written with escapes: \n \t \\ \x1b \u2028."),
        click.option("--key", type=click.IntRange(0), default=0, help="Position of the key to look at, from 0."),
        click.option("--stepping", is_flag=True, help="Show what is computed up to --stage, the rest waits."),
        _view_options,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def opening_view(text: str, values: dict[str, Any]) -> View:
    """The view that `application_options` ask for. Raises ModelError or UsageError for what cannot be had."""
    if values["escaped"] and text != "-":
        from explorer.core.link import unescaped

        text = unescaped(text)
    else:
        text = given_text(text)
    return _make_view(text, values)


def _make_view(text: str, values: dict[str, Any]) -> View:
    """The view that the options ask for, checked against the model's config."""
    if values["no_scale"] and values["scale"] is not None:
        raise click.UsageError("--scale and --no-scale contradict each other, give one of them")
    view = View(
        model=values["model"],
        text=text,
        query=LAST if values["query"] is None else values["query"],
        key=values.get("key", 0),
        layer=values["layer"],
        head=values["head"],
        stage=_STAGES[values["stage"]] if values["stage"] else Stage.WEIGHTS,
        causal=values["causal"],
        scale=1.0 if values["no_scale"] else values["scale"],
        scope=Scope(values["scope"]),
        ablated=values["ablate"],
        stepping=values.get("stepping", False),
    )
    _check(view)
    return view


def _check(view: View) -> None:
    """Raise ModelError for a model that is not there, or a layer, head or scale that it cannot have."""
    from explorer.core.catalog import find
    from model.layout import locate, read_config
    from model.settings import check_head

    config = read_config(locate(find(view.model)))
    check_head(config, view.layer, view.head)
    view.settings.normalized(config)


def given_text(text: str) -> str:
    """The text itself, or what standard input holds for `-`."""
    if text != "-":
        return text
    if sys.stdin is None:
        raise ModelError("standard input is closed: give the text itself, or let something write it")
    content = sys.stdin.buffer.read(_LONGEST_INPUT + 1)
    if len(content) > _LONGEST_INPUT:
        raise ModelError(f"standard input holds more than {_LONGEST_INPUT} bytes: no model reads so much at once")
    # Like an argument that is not UTF-8: the tokenizer is given U+FFFD for each bad byte.
    return content.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@application_options
@click.pass_context
def cli(ctx: click.Context, /, text: str, **values: Any) -> None:
    """See every number that an attention head of a small GPT computes, for a sentence of yours.

    Without a command the application opens.
    """
    if ctx.invoked_subcommand is not None:
        _no_options_before(ctx)
        return
    in_browser = "TEXTUAL_DRIVER" in os.environ  # `explorer serve` runs it behind pipes
    if not in_browser and not _is_terminal(sys.stdout):
        raise ModelError("the application needs a terminal and standard output is none: use `explorer show` instead")
    if not in_browser and text != "-" and not _is_terminal(sys.stdin):
        raise ModelError("the application needs a terminal and standard input is none: give the text with --text -")
    view = opening_view(text, values)
    if text == "-":
        _keyboard()
    gc.disable()  # `app.run` tells why, and when there is garbage to look for again
    from explorer import app

    app.run(view if _given(ctx) else None)


def _given(ctx: click.Context) -> list[click.Parameter]:
    """The options that were written on the command line."""
    default = click.core.ParameterSource.DEFAULT
    return [option for option in ctx.command.params if ctx.get_parameter_source(option.name or "") is not default]


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _no_options_before(ctx: click.Context) -> None:
    """Raise UsageError for options in front of a command, where they would be forgotten in silence."""
    if given := _given(ctx):
        off = ctx.params[given[0].name or ""] is False and given[0].secondary_opts
        option = (off or given[0].opts)[0]
        raise click.UsageError(f"{option} stands before {ctx.invoked_subcommand!r}, write it after the command", ctx)


def _keyboard() -> None:
    """After standard input has given the text, keys come from the terminal itself."""
    try:
        os.dup2(os.open("/dev/tty", os.O_RDWR), sys.stdin.fileno())
    except OSError as error:
        raise ModelError("the application needs a terminal for its keys and there is none") from error


@cli.command()
@click.argument("text")
@_view_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def show(text: str, as_json: bool, **values: Any) -> None:
    """Print the stages of one head for TEXT; - reads standard input."""
    text = given_text(text)
    view = _make_view(text, values)
    from explorer.cli import show as printer

    printer.show(view, as_json=as_json, one_query=values["query"] is not None, one_stage=values["stage"] is not None)


@cli.command()
def models() -> None:
    """List the models that can be opened here."""
    from explorer.cli.models import show_models

    show_models()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; this is what `explorer` and `attention-explorer` call."""
    cli.main(args=None if arguments is None else list(arguments))
