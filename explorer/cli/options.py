"""Options that several commands share, and the view that they ask for."""

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from data import bundled
from data.samples import SAMPLES
from explorer.core.catalog import find_model, model_exists
from explorer.core.link import unescaped
from explorer.core.opening import Undecided
from explorer.view import LAST, Stage, View
from model.errors import ModelError
from model.families import DTYPES, OpenOptions, hub
from model.families.directory import FamilyFiles, is_native
from model.layout import locate, read_config
from model.settings import Head, Scope, check_head

_LONGEST_INPUT = 2**22  # bytes
_DEVICES = ("auto", "cpu", "cuda", "mps")
_STAGES = {stage.value.replace(" ", "-"): stage for stage in Stage}

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _apply(options: Sequence[Decorator], command: Callable[..., Any]) -> Callable[..., Any]:
    """Add options to a command, so that its help lists them in the given order."""
    for option in reversed(options):
        command = option(command)
    return command


def _parse_heads(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> frozenset[Head]:
    """Turn heads written as layer.head into pairs: from "2.3" to (2, 3)."""
    wrong = next((value for value in values if not re.fullmatch(r"\d{1,9}\.\d{1,9}", value, re.ASCII)), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not a head, write layer 2, head 3 as 2.3")
    return frozenset((int(layer), int(head)) for layer, head in (value.split(".") for value in values))


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --model and the options for opening a model of another family."""
    options: list[Decorator] = [
        click.option(
            "--model",
            default=bundled.DEFAULT,
            show_default=True,
            help="A bundled model, a directory, a GGUF file, or a name in the hub's cache.",
        ),
        click.option("--dtype", type=click.Choice(DTYPES), help="Number format of a model that transformers runs."),
        click.option("--device", type=click.Choice(_DEVICES), help="Where such a model runs; its default is the cpu."),
        click.option("--context", type=click.IntRange(1), help="The most tokens that such a model reads at once."),
        click.option("--bos", is_flag=True, help="Put such a model's beginning-of-sequence token before the text."),
        click.option("--download", is_flag=True, help="Fetch the model from the Hugging Face hub if it is not here."),
    ]
    return _apply(options, command)


def open_options(values: dict[str, Any]) -> OpenOptions:
    """Return how to open a model, from the values of `model_options`."""
    return OpenOptions(
        dtype=values["dtype"] or DTYPES[0],
        device=values["device"] or "cpu",
        context=values["context"],
        bos=values["bos"],
    )


def fetch_model(values: dict[str, Any]) -> None:
    """Download the model if that is asked for and it is not here. Raises ModelError if it cannot be fetched."""
    if values["download"] and not model_exists(values["model"]):
        hub.download(values["model"])


def ablate_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --ablate; its value is a frozenset of (layer, head)."""
    return click.option(
        "--ablate",
        multiple=True,
        callback=_parse_heads,
        metavar="LAYER.HEAD",
        help="Replace a head's mixed values by zeros; may be repeated.",
    )(command)


def scale_value(scale: float | None, no_scale: bool) -> float | None:
    """Combine --scale and --no-scale. Raises UsageError if both are given."""
    if no_scale and scale is not None:
        raise click.UsageError("--scale and --no-scale contradict each other, give one of them")
    return 1.0 if no_scale else scale


def view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose a model, a head, a query, a stage and the switches."""
    return _add_view_options(command, head_default=True)


def _add_view_options(command: Callable[..., Any], head_default: bool | str) -> Callable[..., Any]:
    """Add the options of a view; `head_default` is what help says of the layer and head, True for the number."""
    options: list[Decorator] = [
        model_options,
        click.option("--layer", type=click.IntRange(0), default=0, show_default=head_default),
        click.option("--head", type=click.IntRange(0), default=0, show_default=head_default),
        click.option("--query", type=click.IntRange(0), help="Position of one token, from 0."),
        click.option("--stage", type=click.Choice(list(_STAGES)), help="One stage of attention."),
        click.option("--scale", type=float, help="What scores are multiplied by instead of 1/√head_size."),
        click.option("--no-scale", is_flag=True, help="The same as --scale 1."),
        click.option(
            "--mask/--no-mask",
            "causal",
            default=None,
            help="Let each query see only the keys up to itself, or all keys.",
        ),
        click.option(
            "--scope",
            type=click.Choice([scope.value for scope in Scope]),
            default=Scope.HEAD.value,
            show_default=True,
            help="What --scale and --no-mask act on.",
        ),
        ablate_option,
    ]
    return _apply(options, command)


def opening_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose the view on which the application opens."""
    options: list[Decorator] = [
        click.option("--text", default=SAMPLES[0].text, help="The sentence to open with; - reads standard input."),
        click.option("--escaped", is_flag=True, help=r"The text is written with escapes: \n \t \\ \x1b \u2028."),
        click.option(
            "--key",
            type=click.IntRange(0),
            default=0,
            show_default="that of the largest weight; 0 with --query",
            help="Position of the key to look at, from 0.",
        ),
        click.option("--stepping", is_flag=True, help="Show only what is computed up to --stage."),
        partial(_add_view_options, head_default="the most telling head for the text; 0 with --query"),
    ]
    return _apply(options, command)


def given_options(ctx: click.Context) -> list[click.Parameter]:
    """Return the options that were written on the command line."""
    default = click.core.ParameterSource.DEFAULT
    return [option for option in ctx.command.params if ctx.get_parameter_source(option.name or "") is not default]


def undecided_parts(ctx: click.Context) -> Undecided | None:
    """Return which parts of the view of `opening_options` are left to the opening rule, None if none is.

    With --query the view is complete, as it is on a link line: there, whatever is left out is 0.
    """
    given = {option.name for option in given_options(ctx)}
    open_parts = {part: part not in given for part in ("layer", "head", "key")}
    return None if "query" in given or not any(open_parts.values()) else Undecided(**open_parts)


def opening_view(text: str, values: dict[str, Any]) -> View:
    """Return the view that `opening_options` ask for.

    Raises ModelError or UsageError if there is no such view.
    """
    escaped = values["escaped"] and text != "-"
    return view_of(unescaped(text) if escaped else read_text(text), values)


def view_of(text: str, values: dict[str, Any]) -> View:
    """Return the view that `view_options` ask for, checked against the config of the model.

    Raises ModelError or UsageError if there is no such view.
    """
    fetch_model(values)
    view = View(
        model=values["model"],
        text=text,
        query=LAST if values["query"] is None else values["query"],
        key=values.get("key", 0),
        layer=values["layer"],
        head=values["head"],
        stage=_STAGES[values["stage"]] if values["stage"] else Stage.WEIGHTS,
        causal=values["causal"],
        scale=scale_value(values["scale"], values["no_scale"]),
        scope=Scope(values["scope"]),
        ablated=values["ablate"],
        stepping=values.get("stepping", False),
    )
    check_view(view)
    return view


def check_view(view: View) -> None:
    """Raise ModelError if the model does not exist or cannot have the layer, head or scale of the view."""
    path = find_model(view.model)
    if not is_native(path):
        _check_family_view(view, path)
        return
    config = read_config(locate(path))
    check_head(config, view.layer, view.head)
    view.settings.normalized(config)


def _check_family_view(view: View, path: Path) -> None:
    """Check layer and head against the sizes that a config states, if it states them."""
    if path.is_dir():
        files = FamilyFiles.config_only(path)
        for what, number, count in (("layer", view.layer, files.n_layer), ("head", view.head, files.n_head)):
            if count is not None and number >= count:
                raise ModelError(f"{what} {number} does not exist: this model has {what}s 0 to {count - 1}")


def read_text(text: str) -> str:
    """Return the text itself, or the content of standard input if it is `-`."""
    if text != "-":
        encoding = sys.getfilesystemencoding()
        if encoding != "utf-8" and any("\udc80" <= character <= "\udcff" for character in text):
            raise ModelError(
                f"arguments are read as {encoding!r} here and the text has other characters: set LC_ALL=C.UTF-8, or "
                "give the text on standard input"
            )
        return text
    if sys.stdin is None:
        raise ModelError("standard input is closed: give the text itself, or let something write it")
    content = sys.stdin.buffer.read(_LONGEST_INPUT + 1)
    if len(content) > _LONGEST_INPUT:
        raise ModelError(f"standard input holds more than {_LONGEST_INPUT} bytes: no model reads so much at once")
    # As in an argument that is not UTF-8: the tokenizer gets U+FFFD for each bad byte.
    return content.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
