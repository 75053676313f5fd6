"""The options of a run as fields of a form: their captions, help, choices and defaults, and back to a command line."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from explorer.core.paths import names_file, typed_path
from explorer.training.options import PARAMETERS
from model.errors import ModelError

_FIRST = ("files", "out", "resume")
_NO_YES = ("no", "yes")


@dataclass(frozen=True, slots=True)
class FormField:
    """An option whose value is text, one of `choices` if there are any."""

    name: str
    caption: str
    help: str
    choices: tuple[str, ...]
    default: str
    arguments: Callable[[str], list[str]]
    """Returns the option with a value as on the command line. Raises ModelError for a value without a meaning."""


def form_fields() -> tuple[FormField, ...]:
    """Return a field for each option of a run, the most important first."""
    parameters = {str(parameter.name): parameter for parameter in PARAMETERS}
    order = [*_FIRST, *(name for name in parameters if name not in _FIRST)]
    return tuple(_field(name, parameters[name]) for name in order)


def form_arguments(fields: tuple[FormField, ...], values: Mapping[str, str]) -> list[str]:
    """Return a filled-in form as arguments of `explorer train`: the directory, and every value that was changed.

    Raises ModelError for a list of files or a directory that cannot be read.
    """
    options: list[str] = []
    files: list[str] = []
    for field in fields:
        value = values[field.name]
        if field.name == "files":
            files = field.arguments(value)
        elif field.name == "out" or value != field.default:
            options += field.arguments(value)
    return [*options, *(["--", *files] if files else [])]


def _field(name: str, parameter: click.Parameter) -> FormField:
    if not isinstance(parameter, click.Option):
        help = "Text files, UTF-8, names with spaces in quotes; none is the built-in corpus."
        return FormField(name, "files", help, (), "", _files)
    option = parameter.opts[0]
    caption, help = option.removeprefix("--"), " ".join((parameter.help or "").split())
    if parameter.is_flag:
        default = _NO_YES[parameter.default is True]
        return FormField(name, caption, help, _NO_YES, default, lambda value: _flag(parameter, value))
    if name == "out":
        return FormField(name, caption, help, (), _free_directory(), lambda value: [option, _directory(value)])
    if name == "prompt":
        return FormField(name, caption, help, (), "\\n", lambda value: [option, value.replace("\\n", "\n")])
    if name == "threads":
        help = "Processor threads; by default as many as help, and one processor is left to the application."
    choices = tuple(map(str, parameter.type.choices)) if isinstance(parameter.type, click.Choice) else ()
    default = str(parameter.default) if isinstance(parameter.default, str | int | float) else ""
    return FormField(name, caption, help, choices, default, lambda value: [option, value])


def _flag(option: click.Option, value: str) -> list[str]:
    return (option.opts if value == "yes" else option.secondary_opts)[:1]


def _free_directory() -> str:
    """Return the first of run-1, run-2 and so on that does not exist."""
    number = 1
    while Path(f"run-{number}").exists():
        number += 1
    return f"run-{number}"


def _files(value: str) -> list[str]:
    if names_file(value.strip()):  # one name with spaces
        return [str(typed_path(value.strip()))]
    try:
        return [str(typed_path(name)) for name in shlex.split(value)]
    except ValueError as error:  # a quotation mark without another, or a ModelError
        raise ModelError(f"files: {error}") from error


def _directory(value: str) -> str:
    if not value.strip():
        raise ModelError("out: name a directory for the run")
    try:
        return str(typed_path(value.strip()))
    except ModelError as error:
        raise ModelError(f"out: {error}") from error
