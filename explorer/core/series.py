"""Series: the snapshots of a training run in order, each with its name as the model of a View."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.core import catalog
from explorer.core.steps import at_step, split_step
from model import layout
from model.errors import ModelError
from model.training import snapshots

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.interface import ModelShape, TracedModel


class NoSeriesError(ModelError):
    """Raised if a model has no snapshots; the message says how to get them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of a series, and the training step after which it was saved; None if that is not known."""

    step: int | None
    model: str


@dataclass(frozen=True, slots=True)
class Series:
    """Two or more models in the order of training; one of them is `base`, the others are its snapshots."""

    base: str
    entries: tuple[Entry, ...]

    def place(self, model: str) -> int | None:
        """Return the index of a model in `entries`; None if it is not in this series."""
        base, step = split_step(model)
        for i, entry in enumerate(self.entries):
            if entry.model == model or (step is not None and base == self.base and entry.step == step):
                return i
        return None


def series_of(model: str) -> Series:
    """Return the series of a model, given the name of the model, of a snapshot, or the path of either.

    Raises NoSeriesError if it has no snapshots, ModelError if there is no such model.
    """
    base = catalog.without_step(model)
    path = catalog.find_model(base)
    if path.parent.name != snapshots.FOLDER:
        path = path.resolve()  # such as `.` inside a run
    own = _own_step(path)
    above = path.parent.parent
    is_snapshot = path.parent.name == snapshots.FOLDER and (layout.locate(above) / layout.CONFIG).is_file()
    named = str(above) if is_snapshot else base  # the other snapshots belong to the run
    entries = {step: Entry(step, at_step(named, step)) for step, _ in snapshots.find_snapshots(path)}
    if own is not None:
        entries[own] = Entry(own, base)
    ordered = [entries[step] for step in sorted(entries)]
    if own is None:
        ordered.append(Entry(None, base))
    if len(ordered) < 2:
        raise NoSeriesError(
            f"{base!r} has no snapshots of its training: `explorer train` keeps them, open a run made by it"
        )
    return Series(base, tuple(ordered))


class SeriesCache:
    """Finds the series that models belong to, looking for each of them once."""

    def __init__(self) -> None:
        self._found: dict[str, Series | None] = {}

    def find(self, model: str) -> Series | None:
        """Return the series of a model; None if it has none."""
        if model not in self._found:
            try:
                self._found[model] = series_of(model)
            except ModelError:
                self._found[model] = None
        return self._found[model]

    def step(self, model: str) -> int | None:
        """Return the step of a model in its series; None if it is not known."""
        series = self.find(model)
        place = None if series is None else series.place(model)
        return None if series is None or place is None else series.entries[place].step

    def models_beyond(self, model: str, by: int) -> tuple[str, ...]:
        """Return the models after (`by` > 0) or before a model in its series, the nearest first."""
        series = self.find(model)
        place = None if series is None else series.place(model)
        if series is None or place is None:
            return ()
        entries = series.entries[place + 1 :] if by > 0 else series.entries[:place][::-1]
        return tuple(entry.model for entry in entries)


def _own_step(path: Path) -> int | None:
    """Return the step after which a model was saved, from its notes or its directory's name; None if not known."""
    located = layout.locate(path)
    if (step := snapshots.trained_steps(located)) is not None:
        return step
    return layout.parse_step_directory(located.name)


def mismatch(model: "TracedModel", reading: "Reading") -> str:
    """Return why a model cannot be from the same run as the model of a reading; an empty text if it can."""
    one, other = _shape(model.config), _shape(reading.shape)
    if one != other:
        return f"it is of another model, with {one} where there are {other}"
    if [model.config.scale(i) for i in range(one.layers)] != [reading.shape.scale(i) for i in range(one.layers)]:
        return "it is of another model, trained with another scale"
    if model.tokenizer is not reading.tokenizer and model.tokenizer.get_vocab() != reading.tokenizer.get_vocab():
        return "it is of another model, with other tokens"
    return ""


@dataclass(frozen=True, slots=True)
class _Shape:
    layers: int
    heads: int
    head_size: int
    context: int

    def __str__(self) -> str:
        return f"{self.layers} × {self.heads} heads of size {self.head_size}, context {self.context}"


def _shape(shape: "ModelShape") -> _Shape:
    return _Shape(shape.n_layer, shape.n_head, shape.head_size, shape.n_positions)
