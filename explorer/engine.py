"""Engine: opens models and turns a View into a Reading. Nothing here imports torch before a model is opened."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from explorer import models
from explorer.reading import Reading
from explorer.view import View, fitted
from model.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from model.tokenizer import Encoding
    from model.trace import ModelShape, TracedModel

QUICK_CHARACTERS = 20_000
QUICK_OPERATIONS = 2e9
"""Up to here, in multiplications of one run, a reading is computed at once: about 50 ms on one core."""

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Engine:
    """Opened models and the last few readings.

    A step of query, key, layer or head finds its traces here and never runs the model again. `job` may run in any
    thread; everything else belongs to the thread that owns the engine.
    """

    def __init__(self, open_model: "Callable[[str], TracedModel]" = models.open_model) -> None:
        self.open_model = open_model
        self._models: OrderedDict[str, TracedModel] = OrderedDict()
        self._trained: OrderedDict[Hashable, Reading] = OrderedDict()
        self._changed: OrderedDict[Hashable, Reading] = OrderedDict()

    def add_model(self, name: str, model: "TracedModel") -> None:
        """Keep an opened model under the name by which views ask for it."""
        _keep(self._models, name, model, 2)

    def has_model(self, name: str) -> bool:
        """Whether views of this model can be read."""
        return name in self._models

    def read(self, view: View) -> Reading:
        """What `view` shows. Raises ModelError for a text without known tokens or settings that overflow."""
        reading = self.find(view)
        if reading is None:
            reading = self.job(view)()
            self.add(reading)
        return reading

    def find(self, view: View) -> Reading | None:
        """What `view` shows if its traces are here already."""
        trained = self._trained.get((view.model, view.text))
        if trained is None:
            return None
        near = fitted(view, trained.bounds)
        if not near.changed:
            return trained.at(near)
        changed = self._changed.get((near.model, near.text, near.settings))
        return changed.at(near) if changed else None

    def add(self, reading: Reading) -> None:
        """Keep a computed reading, and that of the model as trained with it."""
        view = reading.view
        source = (view.model, view.text)
        if source not in self._trained:
            heads = {} if view.changed else reading._heads
            trained = replace(reading, view=view.as_trained(), as_set=reading.as_trained, _heads=heads)
            _keep(self._trained, source, trained, 2)
        if view.changed:
            _keep(self._changed, (*source, view.settings), reading, 4)

    def is_quick(self, view: View) -> bool:
        """Whether computing `view` takes so little time that nobody would notice."""
        if len(view.text) > QUICK_CHARACTERS:
            return False
        shape = self._models[view.model].config
        parameters = 12 * shape.n_layer * (shape.n_head * shape.head_size) ** 2  # GPT-2's blocks
        return min(len(view.text), shape.n_positions) * parameters <= QUICK_OPERATIONS

    def job(self, view: View) -> Callable[[], Reading]:
        """The computation of `view`, which touches nothing of the engine and may run in another thread."""
        model = self._models[view.model]
        trained = self._trained.get((view.model, view.text))
        return lambda: _compute(model, view, trained)


def _compute(model: "TracedModel", view: View, trained: Reading | None) -> Reading:
    if trained is None:
        encoding, left_out = _encode(model.tokenizer, view, model.config, model.name)
        trace = model.trace(encoding.ids)
        view_as_trained = view.as_trained()
        trained = Reading(view_as_trained, model.name, model.config, encoding, model.tokenizer, trace, trace, left_out)
    near = fitted(view, trained.bounds)
    if not near.changed:
        return trained.at(near)
    as_set = model.trace(trained.encoding.ids, near.settings, base=trained.as_trained)
    return replace(trained, view=near, as_set=as_set, _heads={})


def _encode(tokenizer: "Tokenizer", view: View, shape: "ModelShape", name: str) -> "tuple[Encoding, int]":
    """The tokens of the view's text that fit into the context, and how many do not."""
    from model.tokenizer import encode

    if not view.text:
        raise ModelError("the sentence is empty: type at least one character")
    encoding = encode(tokenizer, view.text)
    if not encoding.ids:
        raise ModelError(f"no character of the sentence is known to {name!r}: type others")
    fits = shape.n_positions
    left_out = len(encoding) - fits
    if left_out <= 0:
        return encoding, 0
    end = encoding.spans[fits - 1][1]
    kept = replace(
        encoding,
        text=encoding.text[:end],
        ids=encoding.ids[:fits],
        tokens=encoding.tokens[:fits],
        spans=encoding.spans[:fits],
        unknown=tuple(unknown for unknown in encoding.unknown if unknown.start < end),
    )
    return kept, left_out


def _keep(store: "OrderedDict[_K, _V]", key: _K, value: _V, most: int) -> None:
    """Put at the end of `store` and drop the oldest beyond `most`."""
    store[key] = value
    store.move_to_end(key)
    while len(store) > most:
        store.popitem(last=False)
