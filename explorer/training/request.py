"""TrainRequest: the command line of a training process, from the options of `explorer train` or from a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from explorer.training.options import PARAMETERS, TrainOptions
from model.errors import ModelError

_COMMAND = click.Command("train", params=list(PARAMETERS))


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """The arguments after `explorer train`, and the run directory among them."""

    arguments: tuple[str, ...]
    out: Path

    @property
    def name(self) -> str:
        """The name of the run: that of its directory."""
        return self.out.name or str(self.out)

    def resumed(self) -> "TrainRequest":
        """Return the request to continue this run where it was saved; texts and settings are known from there.

        Threads and device are given again: they are not settings of the run, but affect its losses a little.
        """
        again = [part for name in ("--threads", "--device") for part in _option(self.arguments, name)]
        return TrainRequest(("--out", str(self.out), "--resume", *again), self.out)


def request_of(given: Mapping[str, Any]) -> TrainRequest:
    """Return the request for options by their names, only those that were given."""
    return TrainRequest(tuple(_arguments(given)), Path(given["out"]))


def read_request(arguments: Sequence[str]) -> TrainRequest:
    """Return the request for arguments as they are typed after `explorer train`, checked as the command line does.

    Raises ModelError with one line about the first that is wrong.
    """
    context = _parse(arguments)
    if not context.params["resume"] and (problems := TrainOptions(**context.params).problems()):
        raise ModelError(next(iter(problems.values())))
    default = click.core.ParameterSource.DEFAULT
    return request_of(
        {name: value for name, value in context.params.items() if context.get_parameter_source(name) is not default}
    )


def read_options(arguments: Sequence[str]) -> TrainOptions:
    """Return the options for arguments as they are typed after `explorer train`.

    Raises ModelError with one line about the first that cannot be parsed.
    """
    return TrainOptions(**_parse(arguments).params)


def _parse(arguments: Sequence[str]) -> click.Context:
    try:
        return _COMMAND.make_context("explorer train", list(arguments))
    except click.exceptions.Exit as error:  # --help
        raise ModelError("--help starts no run: leave it out") from error
    except click.ClickException as error:
        raise ModelError(error.format_message().rstrip(".")) from error
    except ValueError as error:  # a null character in a name
        raise ModelError(str(error)) from error


def _option(arguments: Sequence[str], name: str) -> Sequence[str]:
    """Return an option and its value if it is given."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    place = options.index(name) if name in options else len(options)
    return options[place : place + 2]


def _arguments(given: Mapping[str, Any]) -> list[str]:
    """Write options as click declares them, then files behind `--`, whatever their names."""
    options: list[str] = []
    files: list[str] = []
    for parameter in PARAMETERS:
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
