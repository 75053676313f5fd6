"""Which models can be opened here, and by what name. Nothing in this file imports torch before a model is opened."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from data import bundled
from explorer.core.steps import at_step, split_step
from model import layout
from model.errors import ModelError
from model.training import snapshots

if TYPE_CHECKING:
    from model.checkpoint import Checkpoint


class NoModelError(ModelError):
    """A model that is not there; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class Found:
    """A model that can be asked for by `name`."""

    name: str
    path: Path


def models_directory() -> Path:
    """Where a person's own models are found from every directory."""
    return platformdirs.user_data_path("attention-explorer") / "models"


def available() -> tuple[Found, ...]:
    """The bundled models, then those in the person's models directory, then those in the current directory."""
    found = [Found(name, bundled.path(name)) for name in bundled.names()]
    known = {model.name for model in found}
    found.extend(model for model in _children(models_directory()) if model.name not in known)
    # A directory that shares its name with one above can still be asked for by a path.
    known = {model.name for model in found}
    found.extend(
        Found(f"./{model.name}" if model.name in known else model.name, model.path) for model in _children(Path())
    )
    return tuple(found)


def _children(directory: Path) -> Iterator[Found]:
    try:
        children = sorted(directory.iterdir())
    except OSError:
        return
    for child in children:
        try:
            if (layout.locate(child) / layout.CONFIG).is_file():
                yield Found(child.name, child)
        except OSError:
            continue  # a directory that may not be looked into holds nothing that can be opened


def find(model: str) -> Path:
    """The directory of a model asked for by name or path, or of its snapshot where a step is named: `shakespeare@100`.

    Raises NoModelError, with the models or steps there are, when nothing is there.
    """
    try:
        if (path := _place(model)) is not None:
            return path
    except (OSError, ValueError) as error:  # a name too long, or with a null character
        raise NoModelError(f"no model is called {model[:80]!r}: {_there_are()}") from error
    base, step = split_step(model)
    if step is not None and (split_step(base)[1] is None or is_there(base)):  # there is no step of a step
        return _at_step(base, step)
    raise NoModelError(f"no model is called {model!r}: {_there_are()}")


def is_there(model: str) -> bool:
    """Whether something has exactly this name or path, whatever it may say of a step."""
    try:
        return _place(model) is not None
    except (OSError, ValueError):
        return False


def without_step(model: str) -> str:
    """The model that a name is of, be it one at a step; a directory is of itself, whatever it is called."""
    return model if is_there(model) else split_step(model)[0]


def _place(model: str) -> Path | None:
    if model in bundled.names():
        return bundled.path(model)
    for path in (Path(model), models_directory() / model):
        if model and (path.exists() or layout.locate(path).exists()):
            return path
    return None


def _at_step(base: str, step: int) -> Path:
    path = find(base)
    steps = dict(snapshots.find_snapshots(path))
    if step not in steps:
        there_are = f"there are {', '.join(map(str, steps))}" if steps else "it has no snapshots of its training"
        raise NoModelError(f"{base!r} has no step {step}: {there_are}")
    return steps[step]


def _there_are() -> str:
    names = [model.name for model in available()]
    more = f" and {len(names) - 8} more, see `explorer models`" if len(names) > 8 else ""
    listed = ", ".join(name if name.isprintable() else repr(name) for name in names[:8])
    return f"there are {listed}{more}, or give a checkpoint directory" if names else "give a checkpoint directory"


def open_model(model: str) -> "Checkpoint":
    """Open a model by name or path; this imports torch. Raises ModelError when it cannot be opened."""
    from model import checkpoint

    path = find(model)
    base, step = split_step(model)
    if step is not None and not is_there(model):
        return checkpoint.load(path, at_step(_name(base, find(base))[0], step))
    name, step = _name(model, path)
    if step is not None:
        name = at_step(name, step)
    elif split_step(name)[1] is not None:
        name += "/"  # a directory, and no step
    return checkpoint.load(path, name)


def _name(model: str, path: Path) -> tuple[str, int | None]:
    """What a model that was found at `path` is called: of a part of a run its run's name, and the step."""
    if model in bundled.names():
        return model, None
    path = path.resolve()
    above = path.parent.parent if path.parent.name == snapshots.FOLDER else path.parent
    if above.name and (layout.locate(above) / layout.CONFIG).is_file():
        if path.name == layout.FINAL:
            return above.name, None
        return above.name if (step := layout.parse_step_directory(path.name)) is not None else path.name, step
    return path.name, None
