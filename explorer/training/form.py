"""The options of a run as fields of a form: their captions, help, choices and defaults, and back to a command line."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from explorer.core.paths import names_file, typed_path
from explorer.training.options import LARGEST, PARAMETERS
from explorer.training.request import read_options
from model.errors import ModelError
from model.training.runs import is_run
from model.training.snapshots import parse_steps

_NO_YES = ("no", "yes")

MAIN = ""
_GROUPS = {
    MAIN: ("files", "out", "steps"),
    "model": (
        "tokenizer",
        "vocab_size",
        "layers",
        "heads",
        "width",
        "context",
        "no_mask",
        "no_scale",
        "init_std",
        "activation",
    ),
    "learning": (
        "batch_size",
        "optimizer",
        "learning_rate",
        "muon_learning_rate",
        "momentum",
        "weight_decay",
        "position_rate",
        "norm_rate",
        "position_waves",
        "growth",
        "repeats",
        "recall",
        "entropy_penalty",
        "dropout",
        "warmup",
        "cooldown",
        "seed",
    ),
    "text": ("storyteller", "refrain_every", "split_stories", "clean", "validation"),
    "run": (
        "resume",
        "device",
        "threads",
        "precision",
        "evaluate_every",
        "checkpoint_every",
        "snapshots",
        "snapshot_steps",
        "probe_every",
        "sample_every",
        "prompt",
    ),
}
"""The options of the form by group, in order; MAIN is always in view, every other group is a fold."""


@dataclass(frozen=True, slots=True)
class FormField:
    """An option whose value is text, one of `choices` if there are any."""

    name: str
    caption: str
    help: str
    group: str
    choices: tuple[str, ...]
    default: str
    arguments: Callable[[str], list[str]]
    """Returns the option with a value as on the command line. Raises ModelError for a value without a meaning."""
    problem: Callable[[str], str]
    """Returns what is wrong with a value on its own, in one line; an empty string if nothing is."""


def form_fields() -> tuple[FormField, ...]:
    """Return a field for each option of a run, by groups, the most important first."""
    parameters = {str(parameter.name): parameter for parameter in PARAMETERS}
    return tuple(_field(name, parameters[name], group) for group, names in _GROUPS.items() for name in names)


def form_problems(
    fields: tuple[FormField, ...], values: Mapping[str, str], *, needs_file: bool = False
) -> dict[str, str]:
    """Return what is wrong with a filled-in form: names of fields, each with one line in the words of the form."""
    problems = {
        field.name: reason.removeprefix(f"{field.caption}: ")
        for field in fields
        if (reason := field.problem(values[field.name]))
    }
    if needs_file and not values["files"].strip():
        problems["files"] = "name your text file here"
    if values["resume"] == "yes":  # the rest is known from the run
        return problems
    if "out" not in problems and is_run(typed_path(values["out"].strip())):
        problems["out"] = "there is a run in it: give another name, or say yes to resume"
    sound = {field.name: field.default if field.name in problems else values[field.name] for field in fields}
    return {**read_options(form_arguments(fields, sound)).problems(), **problems}


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


def _field(name: str, parameter: click.Parameter, group: str) -> FormField:
    if not isinstance(parameter, click.Option):
        help = "Text files, UTF-8, names with spaces in quotes; none is the built-in corpus."
        return FormField(name, "files", help, group, (), "", _files, lambda value: _reason(_existing_files, value))
    option = parameter.opts[0]
    caption, help = option.removeprefix("--"), " ".join((parameter.help or "").split())
    if parameter.is_flag:
        default = _NO_YES[parameter.default is True]
        return FormField(
            name, caption, help, group, _NO_YES, default, lambda value: _flag(parameter, value), lambda value: ""
        )
    choices = tuple(map(str, parameter.type.choices)) if isinstance(parameter.type, click.Choice) else ()
    default = str(parameter.default) if isinstance(parameter.default, str | int | float) else ""
    written, problem = _verbatim, partial(_number_problem, parameter, default)
    if name == "out":
        default, written, problem = _free_directory(), _directory, partial(_reason, _directory)
    elif name == "prompt":
        default, written = "\\n", _with_line_breaks
    elif name == "threads":
        help = "Processor threads; by default as many as speed up a model of this size; one is left to the application."
    elif name == "snapshot_steps":
        problem = partial(_reason, lambda value: parse_steps(value) if value else ())
    return FormField(name, caption, help, group, choices, default, lambda value: [option, written(value)], problem)


def _reason(read: Callable[[str], object], value: str) -> str:
    """Return why a value cannot be read; an empty string if it can."""
    try:
        read(value)
    except (ModelError, ValueError) as error:
        return str(error)
    return ""


def _number_problem(option: click.Option, default: str, value: str) -> str:
    """Return what is wrong with the value of a number, in the words of the form."""
    kind = option.type
    if value == default or not isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        return ""
    context = click.Context(click.Command("train"))
    try:
        number = option.type_cast_value(context, value)
    except click.BadParameter:
        return f"{option.opts[0].removeprefix('--')} must be {_wanted(kind)}, not {value!r}"
    try:
        option.process_value(context, number)
    except click.BadParameter as error:
        return error.message
    return ""


def _wanted(kind: object) -> str:
    """Return what a field of numbers wants: `a whole number from 1 to 256`."""
    if not isinstance(kind, click.types.IntParamType):
        return "a number"
    low, high = (kind.min, kind.max) if isinstance(kind, click.IntRange) else (None, None)
    if low is not None and high is not None and high < LARGEST:
        return f"a whole number from {low} to {high:,}"
    return "a whole number" + ("" if low is None else f" of at least {low}")


def _verbatim(value: str) -> str:
    return value


def _with_line_breaks(value: str) -> str:
    return value.replace("\\n", "\n")


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


def _existing_files(value: str) -> None:
    for name in map(Path, _files(value)):
        if not name.exists():
            raise ModelError(f"there is no file {str(name)!r}")


def _directory(value: str) -> str:
    if not value.strip():
        raise ModelError("out: name a directory for the run")
    try:
        return str(typed_path(value.strip()))
    except ModelError as error:
        raise ModelError(f"out: {error}") from error
