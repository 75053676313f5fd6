"""Engine: opens models and turns a View into a Reading. Nothing here imports torch before a model is opened."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core import catalog
from explorer.core.cache import Kept
from explorer.core.reading import Reading
from explorer.view import View, fitted
from model.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from model.interface import ModelShape, TracedModel
    from model.tokenizer import Encoding

QUICK_CHARACTERS = 20_000
QUICK_OPERATIONS = 2e9
"""Up to here, in multiplications of one run, a reading is computed at once: about 50 ms on one core."""

MODEL_PARAMETERS = 3e8
"""Models are kept up to so many parameters together, 1.2 GB; two in any case, which can then be compared."""

READING_NUMBERS = 1.5e8
"""Readings as trained are kept up to so many numbers together, 600 MB, and as many as set; two of each in any case."""


class Engine:
    """Opened models and the last few readings, those used last: enough to compare two models and two sentences.

    A step of query, key, layer or head finds its traces here and never runs the model again. `job` may run in any
    thread; everything else belongs to the thread that owns the engine.
    """

    def __init__(self, open_model: "Callable[[str], TracedModel]" = catalog.open_model) -> None:
        self.open_model = open_model
        self._models: Kept[str, TracedModel] = Kept(2, 12, MODEL_PARAMETERS)
        self._trained: Kept[Hashable, Reading] = Kept(2, 4, READING_NUMBERS)
        self._changed: Kept[Hashable, Reading] = Kept(2, 4, READING_NUMBERS)

    def add_model(self, name: str, model: "TracedModel") -> None:
        """Keep an opened model under the name by which views ask for it."""
        embedding = model.tokenizer.get_vocab_size() * model.config.n_head * model.config.head_size
        self._models.put(name, model, _block_parameters(model.config) + embedding)

    def model(self, name: str) -> "TracedModel | None":
        """The model that is open under a name."""
        return self._models.get(name)

    def has_model(self, name: str) -> bool:
        """Whether views of this model can be read; asking counts as use."""
        return self._models.get(name) is not None

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that are open, the one used last at the end."""
        return self._models.keys()

    def room(self, name: str) -> int:
        """How many models as large as this one, which is open, are kept together."""
        return self._models.room(name)

    @staticmethod
    def reading_of(model: "TracedModel", view: View) -> Reading:
        """What `view` shows of a model that need not be kept; this may run in any thread."""
        return _compute(model, view, None)

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
            self._trained.put(source, trained, _numbers(reading))
        if view.changed:
            self._changed.put((*source, view.settings), reading, _numbers(reading))

    def is_quick(self, view: View) -> bool:
        """Whether computing `view` takes so little time that nobody would notice."""
        if len(view.text) > QUICK_CHARACTERS:
            return False
        shape = self._model(view).config
        return min(len(view.text), shape.n_positions) * _block_parameters(shape) <= QUICK_OPERATIONS

    def job(self, view: View) -> Callable[[], Reading]:
        """The computation of `view`, which touches nothing of the engine and may run in another thread."""
        model = self._model(view)
        trained = self._trained.get((view.model, view.text))
        return lambda: _compute(model, view, trained)

    def _model(self, view: View) -> "TracedModel":
        model = self._models.get(view.model)
        if model is None:
            raise KeyError(f"no model is open under {view.model!r}")
        return model


def _block_parameters(shape: "ModelShape") -> int:
    """Parameters of all blocks, by the sizes of GPT-2's."""
    return 12 * shape.n_layer * (shape.n_head * shape.head_size) ** 2


def _numbers(reading: Reading) -> int:
    """About how many numbers a reading holds: q, k, v and the residual stream, and the matrices of the heads kept."""
    shape, positions = reading.shape, len(reading.encoding)
    return 4 * (shape.n_layer + 1) * shape.n_head * shape.head_size * positions + 32 * positions**2


def _compute(model: "TracedModel", view: View, trained: Reading | None) -> Reading:
    if trained is None:
        encoding, left_out = _encode(model.tokenizer, view, model.config, model.name)
        trace = model.trace(encoding.ids)
        view_as_trained = view.as_trained()
        trained = Reading(view_as_trained, model.name, model.config, encoding, model.tokenizer, trace, trace, left_out)
        trained.prepare()
    near = fitted(view, trained.bounds)
    if not near.changed:
        return trained.at(near)
    as_set = model.trace(trained.encoding.ids, near.settings, base=trained.as_trained)
    reading = replace(trained, view=near, as_set=as_set, _heads={})
    reading.prepare()
    return reading


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
