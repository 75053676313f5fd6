"""What a training process is asked to do: from the options of `explorer train` to its command line, and from a form."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from model.errors import ModelError


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """The arguments after `explorer train`, and the run directory among them."""

    arguments: tuple[str, ...]
    out: Path

    @property
    def name(self) -> str:
        """What the run is called: the name of its directory."""
        return self.out.name or str(self.out)

    def resumed(self) -> "TrainRequest":
        """The request to go on with this run where it was saved; its texts and settings are known from there.

        Its threads and device are asked for again: they are not settings, but losses differ a little between them.
        """
        kept = [part for name in ("--threads", "--device") for part in _given(self.arguments, name)]
        return TrainRequest(("--out", str(self.out), "--resume", *kept), self.out)


def _given(arguments: Sequence[str], name: str) -> Sequence[str]:
    """An option and its value, where it is given."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    place = options.index(name) if name in options else len(options)
    return options[place : place + 2]


def request_of(given: Mapping[str, Any]) -> TrainRequest:
    """The request for options by their names, those that were given alone."""
    from explorer.cli.train import train

    return TrainRequest(tuple(_arguments(train.params, given)), Path(given["out"]))


def _arguments(parameters: Sequence[click.Parameter], given: Mapping[str, Any]) -> list[str]:
    """Options by click's own record of them, then files behind `--`, whatever they are called."""
    options: list[str] = []
    files: list[str] = []
    for parameter in parameters:
        name = parameter.name or ""
        if name not in given:
            continue
        value = given[name]
        if isinstance(parameter, click.Argument):
            files = ["--", *map(str, value)] if value else []
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            names = parameter.opts if value else parameter.secondary_opts
            options += names[:1]
        elif value is not None:
            options += [parameter.opts[0], str(value)]
    return [*options, *files]


def read_request(arguments: Sequence[str]) -> TrainRequest:
    """The request of arguments as they are typed after `explorer train`, checked as the command line checks them.

    Raises ModelError with one line about the first that is wrong.
    """
    from explorer.cli.train import train

    try:
        context = train.make_context("explorer train", list(arguments))
    except click.exceptions.Exit as error:  # --help
        raise ModelError("this is no run: --help only explains") from error
    except click.ClickException as error:
        raise ModelError(error.format_message().rstrip(".")) from error
    except ValueError as error:  # a null character in a name
        raise ModelError(str(error)) from error
    source = click.core.ParameterSource.DEFAULT
    given = {name: value for name, value in context.params.items() if context.get_parameter_source(name) is not source}
    return request_of({name: value for name, value in given.items() if name not in ("watch", "stream")})


def with_threads(arguments: Sequence[str]) -> list[str]:
    """The arguments of a run that leaves a processor to the application, unless they say how many threads to use."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    own = any(argument == "--threads" or argument.startswith("--threads=") for argument in options)
    return list(arguments) if own else ["--threads", str(max(1, processors() - 1)), *arguments]


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
