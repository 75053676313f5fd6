"""ReadingService: the only way from a View to a Reading. It opens models, and caches models and readings.

`ReadingService.read` does everything at once. An application that must not block asks for `next_task` instead, runs it
in another thread, and hands the result to `accept`.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from explorer.core.ablation import ablation_effects
from explorer.core.cache import LRUCache
from explorer.core.circuits import CircuitReader
from explorer.core.encoding import encode_text
from explorer.core.formatting import visible
from explorer.core.loading import open_model
from explorer.core.reading import Reading
from explorer.core.series import mismatch
from explorer.core.step_measures import StepMeasures, measure_step
from explorer.view import View, fitted
from model.attention import AttentionInputs
from model.errors import ModelError
from model.settings import AS_TRAINED
from model.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer
    from torch import Tensor

    from explorer.core.head_search import AblationEffect
    from model.interface import ModelShape, TracedModel
    from model.settings import Head
    from model.tokenizer import Encoding

QUICK_CHARACTERS = 20_000
QUICK_OPERATIONS = 2e9
"""Multiplications of one run up to which a reading is computed at once: about 50 ms on one core."""

MODEL_PARAMETERS = 3e8
"""Total parameters of the cached models: 1.2 GB. Two models are cached in any case, so that they can be compared."""

READING_NUMBERS = 1.5e8
"""Total numbers of the cached readings as trained, and of those as set: 600 MB each. Two of each are always cached."""

Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """Work for a worker thread."""

    @property
    def description(self) -> str:
        """What to show while it runs."""
        ...

    @property
    def failure(self) -> str:
        """The text to put before an error that is not a ModelError."""
        ...

    def run(self) -> Result_co:
        """Do the work, in any thread. Raises ModelError if it cannot be done."""
        ...


@dataclass(frozen=True, eq=False)
class OpenModel:
    """Opens a model under the name by which views ask for it."""

    name: str
    open_model: "Callable[[str], TracedModel]"

    @property
    def description(self) -> str:
        """What to show while it runs."""
        return f"loading {visible(self.name)}…"

    @property
    def failure(self) -> str:
        """The text to put before an unexpected error."""
        return f"{self.name!r} cannot be opened"

    def is_for(self, view: View) -> bool:
        """Return True if the view needs this task."""
        return view.model == self.name

    def run(self) -> "Opened":
        """Open the model. Raises ModelError if it cannot be opened."""
        return Opened(self.name, self.open_model(self.name))


@dataclass(frozen=True, eq=False)
class Opened:
    """The result of OpenModel."""

    name: str
    model: "TracedModel"


@dataclass(frozen=True, eq=False)
class ComputeReading:
    """Computes the reading of a view; `trained` saves the run of the model as trained."""

    view: View
    model: "TracedModel"
    trained: Reading | None
    description: str = "computing…"
    failure: str = "this cannot be computed"

    def is_for(self, view: View) -> bool:
        """Return True if the view needs this task."""
        return view == self.view

    def run(self) -> Reading:
        """Run the model. Raises ModelError for a text without known tokens or settings that overflow."""
        return compute(self.model, self.view, self.trained)


@dataclass(frozen=True, eq=False)
class ReadStep:
    """Opens a snapshot of a training run unless it is open, reads it, and measures all its heads.

    `beside` is a reading of the same run; a model of another shape is refused.
    """

    view: View
    beside: Reading
    model: "TracedModel | None"
    open_model: "Callable[[str], TracedModel]"
    description: str = ""
    failure: str = "it cannot be opened"

    def run(self) -> "StepRead":
        """Open, read and measure. Raises ModelError if the snapshot cannot be opened."""
        model = self.model or self.open_model(self.view.model)
        if reason := mismatch(model, self.beside):
            raise ModelError(reason)
        reading, measures = None, None
        try:
            reading = compute(model, self.view)
            measures = measure_step(reading)
        except Exception:  # measures are optional; the error is reported when the step is shown
            measures = None
        return StepRead(model, reading, measures)


@dataclass(frozen=True, eq=False)
class StepRead:
    """The result of ReadStep; what could not be computed is None."""

    model: "TracedModel"
    reading: Reading | None
    measures: StepMeasures | None


class ReadingService:
    """Caches models and the readings used last: enough to compare two models and two sentences.

    A step of query, key, layer or head finds its traces in the cache and never runs the model again. Tasks may run in
    any thread; everything else belongs to the thread that owns the service.
    """

    def __init__(self, open_model: "Callable[[str], TracedModel]" = open_model) -> None:
        self.open_model = open_model
        self._models: LRUCache[str, TracedModel] = LRUCache(2, 12, MODEL_PARAMETERS)
        self._trained: LRUCache[Hashable, Reading] = LRUCache(2, 4, READING_NUMBERS)
        self._changed: LRUCache[Hashable, Reading] = LRUCache(2, 4, READING_NUMBERS)
        self._circuits: CircuitReader | None = None

    # Models

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the open models, the most recently used last."""
        return self._models.keys()

    def model(self, name: str) -> "TracedModel | None":
        """Return an open model and mark it as used; None if it is not open."""
        return self._models.get(name)

    def has_model(self, name: str) -> bool:
        """Return True if a model is open, and mark it as used."""
        return self._models.get(name) is not None

    def add_model(self, name: str, model: "TracedModel") -> None:
        """Cache an open model under the name by which views ask for it."""
        embedding = model.tokenizer.get_vocab_size() * model.config.n_head * model.config.head_size
        self._models.put(name, model, _block_parameters(model.config) + embedding)

    def room(self, name: str) -> int:
        """Return how many models as large as this open one are cached together."""
        return self._models.room(name)

    # Readings

    def find(self, view: View) -> Reading | None:
        """Return the reading of a view if its traces are cached."""
        trained = self._trained.get((view.model, view.text))
        if trained is None:
            return None
        self._models.get(view.model)  # mark the model as used
        near = fitted(view, trained.bounds)
        if not near.changed:
            return trained.at(near)
        changed = self._changed.get((near.model, near.text, near.settings))
        return changed.at(near) if changed else None

    def is_quick(self, view: View) -> bool:
        """Return True if the model is open and computing the view takes too little time to be noticed."""
        model = self._models.get(view.model)
        if model is None or len(view.text) > QUICK_CHARACTERS:
            return False
        shape = model.config
        return min(len(view.text), shape.n_positions) * _block_parameters(shape) <= QUICK_OPERATIONS

    def read(self, view: View) -> Reading:
        """Return the reading of a view, opening the model if necessary.

        Raises ModelError if the model cannot be opened, for a text without known tokens, and for settings that
        overflow.
        """
        while (task := self.next_task(view)) is not None:
            result = task.run()
            self.accept(result)
            if isinstance(result, Reading):
                return result
        reading = self.find(view)
        assert reading is not None
        return reading

    def next_task(self, view: View) -> OpenModel | ComputeReading | None:
        """Return what has to be done next for a view, to be run in any thread; None once `find` returns its reading."""
        if self.find(view) is not None:
            return None
        model = self._models.get(view.model)
        if model is None:
            return OpenModel(view.model, self.open_model)
        return ComputeReading(view, model, self._trained.get((view.model, view.text)))

    def step_task(self, view: View, beside: Reading) -> ReadStep:
        """Return the task that reads and measures a snapshot of the run of `beside`; its result is not cached."""
        return ReadStep(view, beside, self._models.get(view.model), self.open_model)

    def ablate(self, reading: Reading, heads: "Sequence[Head]") -> "Iterator[tuple[Head, AblationEffect]]":
        """Return an iterator that ablates one head after another, in any thread, and yields what each does to the text.

        Raises ModelError if the model of the reading is not open, and the iterator if the numbers overflow.
        """
        return ablation_effects(self._open(reading), reading, heads)

    def circuits(self, reading: Reading) -> CircuitReader:
        """Return the reader of the circuits of a reading's model; the one used last is kept.

        Raises ModelError if the model is not open, or not of GPT-2's layout.
        """
        model = self._open(reading)
        if self._circuits is None or self._circuits.model is not model:
            self._circuits = CircuitReader(model)
        return self._circuits

    def _open(self, reading: Reading) -> "TracedModel":
        model = self._models.get(reading.view.model)
        if model is None:
            raise ModelError(f"{reading.view.model!r} is not open any more")
        return model

    def accept(self, result: Opened | Reading) -> None:
        """Cache the result of a task."""
        if isinstance(result, Opened):
            self.add_model(result.name, result.model)
        else:
            self._add(result)

    def _add(self, reading: Reading) -> None:
        view = reading.view
        source = (view.model, view.text)
        if source not in self._trained:
            heads = {} if view.changed else reading._heads
            trained = replace(reading, view=view.as_trained(), as_set=reading.as_trained, _heads=heads)
            self._trained.put(source, trained, _numbers(reading))
        if view.changed:
            self._changed.put((*source, view.settings), reading, _numbers(reading))


def compute(model: "TracedModel", view: View, trained: Reading | None = None) -> Reading:
    """Return the reading of a view on an open model; `trained`, a reading of the same text, saves a run."""
    if trained is None:
        encoding, left_out = encode_text(model.tokenizer, view.text, model.config.n_positions, model.name, model.prefix)
        trace = model.trace(encoding.ids)
        as_trained = view.as_trained()
        trained = Reading(as_trained, model.name, model.config, encoding, model.tokenizer, trace, trace, left_out)
        trained.prepare()
    near = fitted(view, trained.bounds)
    if not near.changed:
        return trained.at(near)
    as_set = model.trace(trained.encoding.ids, near.settings, base=trained.as_trained)
    reading = replace(trained, view=near, as_set=as_set, _heads={})
    reading.prepare()
    return reading


def reading_from_inputs(
    view: View,
    layers: "Sequence[tuple[Tensor, Tensor, Tensor]]",
    shape: "ModelShape",
    encoding: "Encoding",
    tokenizer: "Tokenizer",
    *,
    causal: bool = True,
) -> Reading:
    """Return a reading of q, k and v, each (H, T, D), of every layer. It has no predictions."""
    inputs = tuple(
        AttentionInputs(q, k, v, scale=shape.scale(layer), causal=causal) for layer, (q, k, v) in enumerate(layers)
    )
    nothing = layers[0][0].new_zeros(0, 0)
    trace = Trace(encoding.ids, AS_TRAINED, inputs, (), nothing, lambda final: final)
    return Reading(view, view.model, shape, encoding, tokenizer, trace, trace)


def _block_parameters(shape: "ModelShape") -> int:
    """Parameters of all blocks, by the sizes of GPT-2's."""
    return 12 * shape.n_layer * (shape.n_head * shape.head_size) ** 2


def _numbers(reading: Reading) -> int:
    """About how many numbers a reading holds: q, k, v, the residual stream, and the matrices of the cached heads."""
    shape, positions = reading.shape, len(reading.encoding)
    return 4 * (shape.n_layer + 1) * shape.n_head * shape.head_size * positions + 32 * positions**2
