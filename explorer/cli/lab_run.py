"""One lab as a command: its parameters as options, its result as text or as JSON, its progress on standard error."""

import json
import sys
from collections.abc import Sequence

import click
from rich.cells import cell_len
from rich.text import Text

from explorer.cli.output import console
from explorer.core.formatting import one_line, wrapped
from explorer.core.loading import open_model
from explorer.core.terminal import is_terminal
from explorer.labs.drawing import draw_picture
from explorer.labs.lab import Entry, Lab, ParameterError, Progress, Result, Values, as_object
from explorer.labs.registry import load

_CURVE_LINES = 14
_WIDEST = 100


def make_command(entry: Entry) -> click.Command:
    """The command of a lab."""
    lab = load(entry)

    def command(as_json: bool, **texts: str | None) -> None:
        given = {name: text for name, text in texts.items() if text is not None}
        try:
            values = lab.parse(given)
            result = _run(lab, values)
        except ParameterError as error:
            raise click.UsageError(f"--{_option(error.parameter)}: {error.message}") from error
        if as_json:
            click.echo(json.dumps(as_object(lab, values, result), allow_nan=False))
        else:
            _print(lab, values, result)

    options: list[click.Parameter] = [
        click.Option(
            [f"--{_option(parameter.name)}", parameter.name],
            help=f"{parameter.help}  [default: {parameter.format(parameter.default)}]",
            metavar="VALUE",
        )
        for parameter in lab.parameters
    ]
    options.append(click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object and nothing else."))
    return click.Command(entry.name, callback=command, params=options, help=f"{entry.title}. {entry.claim}")


def _option(name: str) -> str:
    return name.replace("_", "-")


def _run(lab: Lab, values: Values) -> Result:
    """Run a lab; while it trains, one line on the terminal says how far it is."""
    shows = lab.trains and is_terminal(sys.stderr)
    try:
        for item in lab.run(values, open_model):
            if isinstance(item, Result):
                return item
            if shows:
                click.echo(f"\r{_progress(item)}\x1b[K", err=True, nl=False)
    finally:
        if shows:
            click.echo("\r\x1b[K", err=True, nl=False)
    raise AssertionError("a lab ends with its result")


def _progress(progress: Progress) -> str:
    return f"{progress.done} of {progress.total}: {progress.text}"


def _print(lab: Lab, values: Values, result: Result) -> None:
    output = console()
    width = min(_WIDEST, output.width)
    question = lab.ask(values)

    def say(text: str, style: str = "") -> None:
        for line in wrapped(text, width, width):
            output.print(Text(line, style), soft_wrap=True)

    say(f"{lab.title}. {lab.claim}", "bold")
    say(" · ".join(f"{p.name} {one_line(p.format(values.by_name[p.name]))}" for p in lab.parameters))
    output.print()
    for source in lab.sources():
        output.print(Text(source), soft_wrap=True)
        output.print()
    say(f"Question: {question.text}", "bold")
    for number, choice in enumerate(question.choices, 1):
        say(f"  {number} {choice}")
    for step in result.steps:
        output.print()
        say(step.title, "bold")
        say(step.text)
        for picture in step.pictures:
            output.print()
            say(picture.title)
            for line in draw_picture(picture, width, _CURVE_LINES):
                output.print(Text(_joined(line)), soft_wrap=True)
    output.print()
    say(f"Answer: {question.choices[result.choice]}. {result.answer}", "bold")


def _joined(line: Sequence[tuple[str, int | None]]) -> str:
    text = "".join(part for part, _ in line)
    return text if cell_len(text) == 0 else text.rstrip()
