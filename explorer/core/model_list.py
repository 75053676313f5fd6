"""Lists of models with their sizes, read from configs and headers alone."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from explorer.core import catalog
from explorer.core.catalog import ModelLocation, is_model
from explorer.core.formatting import short_count, visible
from explorer.core.paths import typed_path
from explorer.core.steps import split_step
from model import families, layout, tokenizer
from model.errors import ModelError
from model.families.directory import BYPASSING, inspect, is_native

_MOST_LISTED = 500


class ModelDetails(NamedTuple):
    """The sizes of a model as text, in the order of the columns of `explorer models`."""

    layers: str
    heads: str
    head_size: str
    context: str
    vocabulary: str
    parameters: str
    tokenizer: str
    size_on_disk: str


def read_details(model: ModelLocation) -> ModelDetails:
    """Read the sizes of a model. Raises ModelError or OSError if it cannot be opened."""
    if not is_native(model.path):
        return _read_family_details(model)
    summary = layout.summarize(model.path)
    config = summary.config
    return ModelDetails(
        layers=str(config.n_layer),
        heads=str(config.n_head),
        head_size=str(config.head_size),
        context=str(config.n_positions),
        vocabulary=f"{config.vocab_size:,}",
        parameters=short_count(summary.parameters),
        tokenizer=tokenizer.kind(tokenizer.load(layout.locate(model.path))),
        size_on_disk=f"{short_count(summary.bytes_on_disk)}B",
    )


def _read_family_details(model: ModelLocation) -> ModelDetails:
    """The sizes that a config states; a model that says nothing of one, or a GGUF file, has a dash there."""
    families.check_installed()
    if model.path.is_file():
        size = model.path.stat().st_size
        return ModelDetails("–", "–", "–", "–", "–", "–", "GGUF", f"{short_count(size)}B")
    files = inspect(model.path)
    if files.family in BYPASSING:
        raise ModelError(f"the code of {files.family!r} models does not let their attention be looked into")
    size = sum(path.stat().st_size for path in files.shards)
    numbers = (files.n_layer, files.n_head, files.head_size, files.n_positions)
    layers, heads, head_size, context = ("–" if number is None else str(number) for number in numbers)
    return ModelDetails(
        layers,
        heads,
        head_size,
        context,
        vocabulary="–" if files.vocab_size is None else f"{files.vocab_size:,}",
        parameters=short_count(files.parameters),
        tokenizer=_family_tokenizer(model.path),
        size_on_disk=f"{short_count(size)}B",
    )


def _family_tokenizer(path: Path) -> str:
    """The kind of tokenizer; one that is not yet a tokenizer.json is converted when the model is opened."""
    return tokenizer.kind(tokenizer.load(path)) if (path / layout.TOKENIZER).exists() else "other"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A line of a list: the name to open a model by, and its details or the reason why it cannot be opened."""

    name: str
    details: ModelDetails | None = None
    problem: str = ""
    finished: str = ""
    """The name of the finished model of this run, if it was opened by that."""

    @classmethod
    def of(cls, model: ModelLocation) -> "ModelEntry":
        """Read the details of a model."""
        try:
            return cls(model.name, read_details(model))
        except (ModelError, OSError) as error:
            return cls(model.name, problem=" ".join(str(error).split()))
        except Exception as error:  # whatever goes wrong in one directory, list the others
            return cls(model.name, problem=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")

    @property
    def description(self) -> str:
        """The details on one line, the most important first; or the problem."""
        if self.details is None:
            return visible(self.problem)
        details = self.details
        return (
            f"{details.layers} layers × {details.heads} heads of {details.head_size} · "
            f"{details.parameters} parameters · {details.tokenizer} · {details.size_on_disk} · "
            f"context {details.context} · vocabulary {details.vocabulary}"
        )


def list_models(opened: Iterable[str] = ()) -> tuple[ModelEntry, ...]:
    """Return the models with a name, then those among `opened` that are known by their path alone and still exist.

    A run is listed once, also if its finished model was opened.
    """
    found = list(catalog.available_models())
    names = {model.name for model in found}
    places = {os.path.realpath(model.path): model.name for model in found}
    finished: dict[str, str] = {}
    for name in opened:
        if name in names:
            continue
        with suppress(ModelError):
            path = typed_path(name)
            place = os.path.realpath(path)
            if (run := _run_of_finished(Path(place))) in places:
                finished[places[run]] = name
            elif path.exists() and place not in places:
                found.append(ModelLocation(name, path))
    entries = (ModelEntry.of(model) for model in found[:_MOST_LISTED])
    return tuple(replace(entry, finished=finished.get(entry.name, "")) for entry in entries)


def _run_of_finished(path: Path) -> str:
    """Return the directory of the run whose finished model is at `path`; an empty string for any other model."""
    return str(path.parent) if path.name == layout.FINAL and (path.parent / layout.LATEST).is_file() else ""


def problem_of(name: str) -> str:
    """Say why no model can be opened by a typed name or path; an empty string if one can."""
    try:
        path = catalog.find_model(name)
    except ModelError as error:
        return str(error)
    if split_step(name)[1] is not None and not catalog.model_exists(name):
        return ""
    entry = ModelEntry.of(ModelLocation(name, path))
    return "" if entry.details else f"{name} cannot be opened: {entry.problem}"


def is_path(typed: str) -> bool:
    """Return True if the typed text looks like a path rather than a part of a name."""
    return typed.startswith(("~", ".")) or "/" in typed or os.sep in typed


def expand_path(typed: str) -> str:
    """Return a typed path with ~ replaced by the home directory, and without a slash at its end."""
    try:
        return str(typed_path(typed.strip()))
    except ModelError:  # opening it will say why
        return typed.strip()


def complete_path(typed: str) -> tuple[ModelEntry, ...]:
    """Return the model at a typed path, then the models in the directory that it names or begins to name."""
    if not typed:
        return ()
    try:
        path = typed_path(typed.strip())
    except ModelError:
        return ()
    at_path = [ModelLocation(str(path), path)] if is_model(path) else []
    is_directory = typed.endswith(("/", os.sep)) or path.is_dir()
    directory, prefix = (path, "") if is_directory else (path.parent, path.name)
    try:
        children = sorted(child for child in directory.iterdir() if child.name.startswith(prefix))
    except OSError:
        children = []
    inside = [ModelLocation(str(child), child) for child in children if is_model(child)]
    return tuple(ModelEntry.of(model) for model in (at_path + inside)[:_MOST_LISTED])
