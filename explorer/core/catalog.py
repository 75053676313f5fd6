"""The models that can be opened here, and how a name is resolved to a directory. Nothing in this file needs torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from data import bundled
from explorer.core.formatting import is_shown
from explorer.core.steps import at_step, split_step
from model import layout
from model.errors import ModelError
from model.families import hub
from model.families.directory import is_gguf
from model.training import snapshots

ONLY_LISTED = "only the models in the list can be opened here"
"""The message to visitors of a served page, who are not shown the directories of its host."""

_NAMES_LISTED = 8


class ModelNotFoundError(ModelError):
    """No model has this name; the message lists the models that exist."""


@dataclass(frozen=True, slots=True)
class ModelLocation:
    """A model that can be opened by `name`, and its directory."""

    name: str
    path: Path


def models_directory() -> Path:
    """Return the directory whose models are found by name from everywhere."""
    return platformdirs.user_data_path("attention-explorer") / "models"


def available_models() -> tuple[ModelLocation, ...]:
    """Return the bundled models, those in the user's models directory, the current directory and the hub's cache."""
    found = [ModelLocation(name, bundled.path(name)) for name in bundled.names()]
    names = {model.name for model in found}
    found.extend(model for model in _models_in(models_directory()) if model.name not in names)
    # A directory with the same name as a model above can still be opened as a path.
    names = {model.name for model in found}
    found.extend(
        ModelLocation(f"./{model.name}" if model.name in names else model.name, model.path)
        for model in _models_in(Path())
    )
    names = {model.name for model in found}
    in_cache = ((name, hub.cached(name)) for name in hub.cached_names() if name not in names)
    found.extend(ModelLocation(name, path) for name, path in in_cache if path is not None)
    return tuple(found)


def _models_in(directory: Path) -> Iterator[ModelLocation]:
    """Yield the checkpoints and runs that are children of a directory."""
    try:
        children = sorted(directory.iterdir())
    except OSError:
        return
    yield from (ModelLocation(child.name, child) for child in children if is_model(child))


def is_model(path: Path) -> bool:
    """Return True for a directory with a checkpoint or a run, and for a GGUF file; False if it cannot be read."""
    try:
        return (layout.locate(path) / layout.CONFIG).is_file() or (path.suffix == ".gguf" and is_gguf(path))
    except OSError:
        return False


def find_model(name: str) -> Path:
    """Return the directory of a model, or of a snapshot if the name has a step: `shakespeare@100`.

    Raises ModelNotFoundError if there is none; the message lists the models or steps that exist.
    """
    try:
        if (path := _path_of(name)) is not None:
            return path
    except (OSError, ValueError) as error:  # a name that is too long, or has a null character
        raise ModelNotFoundError(f"no model is called {name[:80]!r}: {_alternatives()}") from error
    base, step = split_step(name)
    if step is not None and (split_step(base)[1] is None or model_exists(base)):  # a snapshot has no snapshots
        return _find_snapshot(base, step)
    raise ModelNotFoundError(f"no model is called {name!r}: {_alternatives()}")


def model_exists(name: str) -> bool:
    """Return True if a model or directory has exactly this name; a step in it is not interpreted."""
    try:
        return _path_of(name) is not None
    except (OSError, ValueError):
        return False


def without_step(name: str) -> str:
    """Return the name of the model that a snapshot belongs to; any other name is returned as it is."""
    return name if model_exists(name) else split_step(name)[0]


def display_name(name: str) -> str:
    """Return what to call the model that is opened by `name`: a part of a run is called after its run.

    Raises ModelNotFoundError if there is no such model.
    """
    path = find_model(name)
    if path == hub.cached(name):
        return name
    base, step = split_step(name)
    if step is not None and not model_exists(name):
        return at_step(_name_in_run(base, find_model(base))[0], step)
    shown, step = _name_in_run(name, path)
    if step is not None:
        return at_step(shown, step)
    return f"{shown}/" if split_step(shown)[1] is not None else shown  # a directory like `x@10` is no snapshot


def _path_of(name: str) -> Path | None:
    if name in bundled.names():
        return bundled.path(name)
    for path in (Path(name), models_directory() / name):
        if name and (path.exists() or layout.locate(path).exists()):
            return path
    return hub.cached(name)


def _find_snapshot(base: str, step: int) -> Path:
    path = find_model(base)
    paths = dict(snapshots.find_snapshots(path))
    if step not in paths:
        steps = f"there are {', '.join(map(str, paths))}" if paths else "it has no snapshots of its training"
        raise ModelNotFoundError(f"{base!r} has no step {step}: {steps}")
    return paths[step]


def _alternatives() -> str:
    """Return the end of an error message: which models can be opened instead."""
    names = [model.name for model in available_models()]
    if not names:
        return "give a checkpoint directory"
    rest = len(names) - _NAMES_LISTED
    more = f" and {rest} more, see `explorer models`" if rest > 0 else ""
    listed = ", ".join(name if is_shown(name) else ascii(name) for name in names[:_NAMES_LISTED])
    return f"there are {listed}{more}, or give a checkpoint directory"


def _name_in_run(name: str, path: Path) -> tuple[str, int | None]:
    """Return the name of the directory at `path`; for a part of a run, the name of the run and the step."""
    if name in bundled.names():
        return name, None
    path = path.resolve()
    run = path.parent.parent if path.parent.name == snapshots.FOLDER else path.parent
    if run.name and (layout.locate(run) / layout.CONFIG).is_file():
        if path.name == layout.FINAL:
            return run.name, None
        return run.name if (step := layout.parse_step_directory(path.name)) is not None else path.name, step
    return path.name, None
