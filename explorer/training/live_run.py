"""LiveRun: all that is known of a run that is watched. Its process tells, the application takes, widgets draw."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.core import exit_codes
from explorer.training.request import TrainRequest
from explorer.view import View, fitted
from model.errors import ModelError
from model.training.run_log import RunDescription, StepMetrics

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from explorer.core.reading import Reading
    from model.tokenizer import Encoding
    from model.training.step_statistics import StepStatistics

LONGEST = 64
"""Tokens of the sentence whose attention is watched; more could not be told apart, and would cost the run time."""

_MOST_POINTS = 4096
_EXACT = 512
"""The first points of a curve are never thinned: there a loss falls fastest."""
_TRAIL = 40


class Status(Enum):
    """How a run stands, in the words of the screen."""

    STARTING = "starting"
    TRAINING = "training"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped and saved"
    FAILED = "failed"

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self in (Status.STARTING, Status.TRAINING, Status.PAUSED, Status.STOPPING)


class LossLine:
    """Losses over steps; where there are too many, the later ones are replaced by means of neighbours."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self._counts: list[int] = []

    def add(self, step: int, loss: float) -> None:
        """Add a step, later than those before."""
        self.points.append((step, loss))
        self._counts.append(1)
        if len(self.points) >= _MOST_POINTS:
            self._thin()

    def _thin(self) -> None:
        points, counts = self.points[:_EXACT], self._counts[:_EXACT]
        for i in range(_EXACT, len(self.points) - 1, 2):
            (_, one), (step, other) = self.points[i], self.points[i + 1]
            count = self._counts[i] + self._counts[i + 1]
            points.append((step, (one * self._counts[i] + other * self._counts[i + 1]) / count))
            counts.append(count)
        if (len(self.points) - _EXACT) % 2:
            points.append(self.points[-1])
            counts.append(self._counts[-1])
        self.points, self._counts = points, counts


@dataclass(eq=False)
class LiveRun:
    """A run by its request; everything else comes from what its process tells."""

    request: TrainRequest
    status: Status = Status.STARTING
    message: str = ""  # why it failed
    description: RunDescription | None = None
    place: str = ""  # device and precision
    tokens: tuple[int, int] = (0, 0)  # training, validation
    tokenizer: "Tokenizer | None" = None
    first: int = 0  # steps behind it when it was started or resumed
    started: bool = False  # its process has made or read the model
    losses: LossLine = field(default_factory=LossLine)
    validation: list[tuple[int, float]] = field(default_factory=list)
    prefix: list[tuple[int, float]] = field(default_factory=list)
    last: StepMetrics | None = None
    left: float | None = None  # seconds
    statistics: "StepStatistics | None" = None
    trail: list["StepStatistics"] = field(default_factory=list)
    sample: tuple[int, str] | None = None  # after which step, and the text
    heads: "Heads | None" = None

    @property
    def step(self) -> int:
        """Steps done."""
        return self.last.step if self.last else self.first

    @property
    def finishing(self) -> bool:
        """Whether all steps are done and the model is being written."""
        steps = self.description.steps if self.description else None
        return self.status.alive and self.step == steps

    @property
    def openable(self) -> Path | None:
        """The model to open in Explore: the finished one, else the latest checkpoint; None before there is any."""
        from model.layout import CONFIG, FINAL, locate

        final = self.request.out / FINAL
        place = final if self.status is Status.DONE else locate(self.request.out)
        return place if (place / CONFIG).is_file() else None

    def again(self, request: TrainRequest) -> "LiveRun":
        """The run that goes on with this one; until it has started, what is known is what was known."""
        return replace(self, request=request, status=Status.STARTING, message="", left=None, started=False)

    def take(self, update: "Update") -> None:
        """Change what is known."""
        if update.started:
            self.started = True
            self.losses, self.validation, self.prefix, self.last = LossLine(), [], [], None
        for name, value in update.changes.items():
            if name != "status" or self.status is not Status.STOPPING:
                setattr(self, name, value)
        for step in update.steps:
            self.losses.add(step.step, step.loss)
            if step.validation_loss is not None:
                self.validation.append((step.step, step.validation_loss))
            if step.prefix_loss is not None:
                self.prefix.append((step.step, step.prefix_loss))
            self.last = step
        if update.statistics is not None:
            self.statistics = update.statistics
            self.trail = [*self.trail[-_TRAIL:], update.statistics]

    def end(self, code: int, message: str) -> None:
        """Its process has ended."""
        if code == 0:
            self.status = Status.DONE
        elif code == exit_codes.INTERRUPTED:
            self.status = Status.STOPPED
            self.message = "" if self.started else "it was stopped before its first step"
        else:
            self.status, self.message = Status.FAILED, message

    def encode(self, text: str) -> "Encoding | None":
        """The tokens of a sentence, as many as are watched; None before the tokenizer is known.

        Raises ModelError for a text without known characters.
        """
        if self.tokenizer is None or self.description is None:
            return None
        from model.tokenizer import encode

        found = encode(self.tokenizer, text)
        if not found.ids:
            raise ModelError(f"no character of the sentence is known to {self.request.name!r}: type others")
        most = min(LONGEST, self.description.config.n_positions)
        return replace(found, ids=found.ids[:most], tokens=found.tokens[:most], spans=found.spans[:most])

    def reading(self, view: View, encoding: "Encoding | None") -> "Reading | None":
        """The attention of now as a reading of `view`; None until what came is of these tokens.

        It has no predictions: of the model only q, k and v are known here.
        """
        if self.heads is None or encoding is None or self.heads.ids != encoding.ids or self.description is None:
            return None
        if self.heads.reading is None:
            assert self.tokenizer is not None  # otherwise there is no encoding
            self.heads.reading = _reading(self.heads, self.description, self.tokenizer, encoding, view)
        reading = self.heads.reading
        return reading.at(fitted(view, reading.bounds))


@dataclass(eq=False)
class Heads:
    """q, k and v of every layer, (L, 3, H, T, D), after a step."""

    step: int
    ids: tuple[int, ...]
    numbers: Any
    reading: "Reading | None" = None


def _reading(
    heads: Heads, description: RunDescription, tokenizer: "Tokenizer", encoding: "Encoding", view: View
) -> "Reading":
    import torch

    from explorer.core.reading import Reading
    from model.attention import AttentionInputs
    from model.settings import AS_TRAINED
    from model.trace import Trace

    config = description.config
    inputs = tuple(
        AttentionInputs(q, k, v, scale=config.scale(layer), causal=config.causal)
        for layer, (q, k, v) in enumerate(heads.numbers)
    )
    # What the training process sends has no residual stream, so nothing is predicted from it.
    trace = Trace(heads.ids, AS_TRAINED, inputs, (), torch.zeros(0, 0), torch.clone)
    return Reading(view, view.model, config, encoding, tokenizer, trace, trace)


@dataclass(frozen=True, slots=True)
class Update:
    """What one line of the process changes."""

    changes: dict[str, Any] = field(default_factory=dict)
    steps: Sequence[StepMetrics] = ()
    statistics: "StepStatistics | None" = None
    started: bool = False


def read_told(told: dict[str, Any], out: Path) -> Update | None:
    """One line of the process as an update; this may take long and belongs to another thread.

    None for a line of another kind, or one that is not as it should be.
    """
    reader = _READERS.get(str(told.get("event")))
    try:
        return reader(told, out) if reader else None
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None


def _read_started(told: dict[str, Any], out: Path) -> Update:
    from explorer.training.process import described
    from model.training.run_log import read_metrics

    done = int(told["done"])
    earlier: tuple[StepMetrics, ...] = ()
    if done:
        try:
            earlier = tuple(step for step in read_metrics(out) if step.step <= done)
        except ModelError:  # the curve then begins here
            earlier = ()
    description = described(told["description"])
    _check_numbers(description.steps, description.uniform_loss, description.parameters)
    changes = {
        "status": Status.TRAINING,
        "description": description,
        "place": str(told["place"]),
        "tokens": (int(told["tokens"][0]), int(told["tokens"][1])),
        "tokenizer": _tokenizer(told["tokenizer"]),
        "first": done,
    }
    return Update(changes, earlier, started=True)


def _tokenizer(text: str) -> "Tokenizer":
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # it raises no kind of its own
        raise ValueError("no tokenizer") from error


def _read_steps(told: dict[str, Any], out: Path) -> Update:
    steps = [StepMetrics(**{"validation_loss": None, **step}) for step in told["metrics"]]
    for step in steps:
        _check_numbers(*(value for value in asdict(step).values() if value is not None))
    left = told["left"]
    return Update({"left": None if left is None else float(left)}, steps)


def _check_numbers(*values: object) -> None:
    """Raise TypeError for what cannot be drawn as a number."""
    if not all(isinstance(value, int | float) for value in values):
        raise TypeError(values)


def _read_statistics(told: dict[str, Any], out: Path) -> Update:
    from model.training.step_statistics import StepStatistics

    found = StepStatistics.from_dict(told)
    for histogram in (*found.activations.values(), *found.gradients.values()):
        _check_numbers(histogram.low, histogram.high, histogram.below, histogram.above, histogram.std)
        _check_numbers(*histogram.counts)
    _check_numbers(found.step, *(ratio for ratio in found.update_ratios.values() if ratio is not None))
    return Update(statistics=found)


def _read_sample(told: dict[str, Any], out: Path) -> Update:
    return Update({"sample": (int(told["step"]), str(told["text"]))})


def _read_heads(told: dict[str, Any], out: Path) -> Update:
    from explorer.training.stream import decoded_heads

    numbers = decoded_heads(told["shape"], b64decode(told["data"]))
    ids = tuple(map(int, told["ids"]))
    if numbers.dim() != 5 or numbers.shape[1] != 3 or numbers.shape[3] != len(ids):
        raise ValueError(f"q, k and v of {len(ids)} tokens in the shape {tuple(numbers.shape)}")
    return Update({"heads": Heads(int(told["step"]), ids, numbers)})


def _read_paused(told: dict[str, Any], out: Path) -> Update:
    return Update({"status": Status.PAUSED if told["paused"] else Status.TRAINING})


_READERS = {
    "started": _read_started,
    "steps": _read_steps,
    "statistics": _read_statistics,
    "sample": _read_sample,
    "heads": _read_heads,
    "paused": _read_paused,
}
