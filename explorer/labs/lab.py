"""The parts of a lab: parameters, a question, steps with pictures, and a function that computes them.

A lab is a value, and what it shows is a pure function of its parameters. Nothing here draws or imports torch.
"""

import inspect
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.core.formatting import fixed, one_line, significant

if TYPE_CHECKING:
    from torch import Tensor

    from model.interface import TracedModel

Value = int | float | str | tuple[float, ...]
OpenModel = Callable[[str], "TracedModel"]


class ParameterError(ValueError):
    """Raised for a value that a parameter does not accept; the message says in one line which it accepts."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter
        self.message = message


@dataclass(frozen=True, slots=True)
class Entry:
    """A lab in the list of labs; `place` is where to import it from, in the notation of entry points (module:name)."""

    name: str
    title: str
    claim: str
    place: str


# Parameters


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a lab; `ladder` holds the values that a key steps through, in order."""

    name: str
    help: str
    default: Value
    ladder: tuple[Value, ...] = ()

    def parse(self, text: str) -> Value:
        """Return the value that a text stands for. Raises ParameterError if the text is not valid."""
        raise NotImplementedError

    def format(self, value: Value) -> str:
        """Return a value as text; the inverse of `parse`."""
        return str(value)

    def stepped(self, value: Value, by: int) -> Value:
        """Return the next ladder value above (`by` = 1) or below (`by` = −1) a value, or the last one at an end."""
        if not self.ladder:
            return value
        if value in self.ladder:
            place = self.ladder.index(value) + by
        elif isinstance(value, int | float):
            below = sum(step < value for step in self.ladder if isinstance(step, int | float))
            place = below if by > 0 else below - 1
        else:
            place = 0
        return self.ladder[max(0, min(len(self.ladder) - 1, place))]


@dataclass(frozen=True, slots=True)
class IntegerParameter(Parameter):
    """A whole number from `low` to `high`."""

    low: int = 1
    high: int = 1024

    def parse(self, text: str) -> int:
        """Read a whole number within the bounds."""
        try:
            value = int(text.strip().replace(",", "").replace("−", "-"))
        except ValueError:
            value = self.low - 1
        if not self.low <= value <= self.high:
            raise ParameterError(self.name, f"write a whole number from {self.low:,} to {self.high:,}, {_not(text)}")
        return value


def seed_parameter(help: str, default: int = 1337) -> IntegerParameter:
    """Return the parameter for the seed of the random numbers that `help` names; the default is the lecture's."""
    return IntegerParameter("seed", help, default, low=0, high=2**31 - 1)


@dataclass(frozen=True, slots=True)
class NumberParameter(Parameter):
    """A number from `low` to `high`."""

    low: float = 0.0
    high: float = 100.0

    def parse(self, text: str) -> float:
        """Read a finite number within the bounds."""
        value = _number(text)
        if value is None or not self.low <= value <= self.high:
            bounds = f"{significant(self.low)} to {significant(self.high)}"
            raise ParameterError(self.name, f"write a number from {bounds}, {_not(text)}")
        return value

    def format(self, value: Value) -> str:
        """Return a number with as few digits as needed."""
        assert isinstance(value, int | float)
        return f"{value:g}"


@dataclass(frozen=True, slots=True)
class NumbersParameter(Parameter):
    """From `fewest` to `most` numbers, each between −`limit` and `limit`, separated by spaces."""

    fewest: int = 2
    most: int = 12
    limit: float = 1000.0

    def parse(self, text: str) -> tuple[float, ...]:
        """Read numbers separated by spaces or commas."""
        parts = text.replace(",", " ").replace(";", " ").split()
        values = [_number(part) for part in parts]
        wrong = next((part for part, value in zip(parts, values, strict=True) if value is None), None)
        if wrong is not None:
            raise ParameterError(self.name, f"write numbers separated by spaces, {_not(wrong)}")
        found = tuple(value for value in values if value is not None)
        if not self.fewest <= len(found) <= self.most:
            raise ParameterError(self.name, f"write {self.fewest} to {self.most} numbers, not {len(found)}")
        if any(abs(value) > self.limit for value in found):
            bounds = f"{fixed(-self.limit, 0)} and {fixed(self.limit, 0)}"
            raise ParameterError(self.name, f"write numbers between {bounds}, not {significant(max(found, key=abs))}")
        return found

    def format(self, value: Value) -> str:
        """Return the numbers, separated by spaces."""
        assert isinstance(value, tuple)
        return " ".join(f"{number:g}" for number in value)


@dataclass(frozen=True, slots=True)
class TextParameter(Parameter):
    """A text of 1 to `longest` characters."""

    longest: int = 400

    def parse(self, text: str) -> str:
        """Read any text that is not empty or too long."""
        if not text.strip() or len(text) > self.longest:
            raise ParameterError(self.name, f"write 1 to {self.longest} characters, not {len(text)}")
        return text


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().replace("−", "-"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _not(text: str) -> str:
    """Return the end of an error message, which quotes what was written instead."""
    shown = one_line(text)
    return f"not {shown[:30]!r}" if shown else "not nothing"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a lab's parameters, by name."""

    by_name: Mapping[str, Value]

    def integer(self, name: str) -> int:
        """Return the value of an IntegerParameter."""
        value = self.by_name[name]
        assert isinstance(value, int)
        return value

    def number(self, name: str) -> float:
        """Return the value of a NumberParameter."""
        value = self.by_name[name]
        assert isinstance(value, int | float)
        return float(value)

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return the value of a NumbersParameter."""
        value = self.by_name[name]
        assert isinstance(value, tuple)
        return value

    def text(self, name: str) -> str:
        """Return the value of a TextParameter."""
        value = self.by_name[name]
        assert isinstance(value, str)
        return value

    def with_value(self, name: str, value: Value) -> "Values":
        """Return the same values with one of them replaced."""
        return Values({**self.by_name, name: value})


# Pictures


@dataclass(frozen=True, eq=False)
class MatrixPicture:
    """Numbers in rows and columns. `weights` are shares from 0 to 1, drawn sequentially.

    `visible` is False for cells without a number, and None if every cell has one; `low` and `high` are the range of the
    numbers. `read_to` is the last row that has been read: the rows after it are drawn dim. `start` is the row and
    column at which the cursor starts.
    """

    title: str
    numbers: "Tensor"  # (rows, columns), 0 in cells without a number
    visible: "Tensor | None"  # bool (rows, columns)
    low: float
    high: float
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    weights: bool = False
    read_to: int | None = None
    start: tuple[int, int] = (0, 0)

    @property
    def values(self) -> tuple[tuple[float | None, ...], ...]:
        """The numbers row by row; None for cells without a number."""
        rows = self.numbers.tolist()
        seen = [[True] * len(self.columns)] * len(rows) if self.visible is None else self.visible.tolist()
        return tuple(tuple(x if s else None for x, s in zip(*row, strict=True)) for row in zip(rows, seen, strict=True))

    def value(self, row: int, column: int) -> float | None:
        """Return one number; None if the cell has none."""
        if self.visible is not None and not self.visible[row, column]:
            return None
        return self.numbers[row, column].item()


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a CurvePicture: a name and points in order of x."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class CurvePicture:
    """Curves over one pair of axes, and dashed horizontal levels with a label each."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False
    levels: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BarPicture:
    """Horizontal bars of numbers that are not negative; a bar at `limit` has the full length."""

    title: str
    bars: tuple[tuple[str, float], ...]
    limit: float


@dataclass(frozen=True, slots=True)
class HistogramPicture:
    """Counts in bins of equal width from `low` to `high`, and a note such as the share that is saturated."""

    title: str
    low: float
    high: float
    counts: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PixelPicture:
    """A matrix of True and False, such as examples × units: True is drawn dark."""

    title: str
    pixels: tuple[tuple[bool, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class TablePicture:
    """A table of texts and numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple["Cell", ...], ...]


@dataclass(frozen=True, slots=True)
class TextPicture:
    """A text, such as one that a model has generated."""

    title: str
    text: str


Cell = str | int | float
Picture = MatrixPicture | CurvePicture | BarPicture | HistogramPicture | PixelPicture | TablePicture | TextPicture


def matrix(
    title: str,
    values: "Tensor",
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    *,
    weights: bool = False,
    read_to: int | None = None,
    start: tuple[int, int] | None = None,
) -> MatrixPicture:
    """Return the picture of a two-dimensional tensor; a cell at −∞ has no number."""
    values = values.detach().float()
    finite = values.isfinite()
    visible = None if bool(finite.all()) else finite
    numbers = values if visible is None else values.masked_fill(~finite, 0.0)
    known = numbers if visible is None else numbers[finite]
    low, high = (0.0, 1.0) if weights else (known.min().item(), known.max().item())
    names = tuple(rows) or tuple(map(str, range(values.shape[0])))
    heads = tuple(columns) or tuple(map(str, range(values.shape[1])))
    first = start or (read_to or 0, 0)
    return MatrixPicture(title, numbers, visible, low, high, names, heads, weights, read_to, first)


def histogram(title: str, values: "Tensor", low: float, high: float, bins: int = 40, note: str = "") -> Picture:
    """Return the histogram of a tensor; numbers beyond the ends count in the outermost bins."""
    flat = values.detach().float().flatten().clamp(low, high)
    counts = flat.histc(bins, low, high).int().tolist()
    return HistogramPicture(title, low, high, tuple(counts), note)


# Steps, questions and results


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a lab: a sentence or two, and up to four pictures.

    `code` is the function among the lab's code that this step is about. `timed` is True if the step shows measured
    times, which depend on the machine.
    """

    title: str
    text: str
    pictures: tuple[Picture, ...] = ()
    timed: bool = False
    code: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A multiple-choice question that the user is asked before the results are shown."""

    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a lab that trains: the number of steps done, of `total`, and what it is doing."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a lab: its steps in order, the answer to its question, and its main numbers by name."""

    steps: tuple[Step, ...]
    choice: int  # the index of the answer that the numbers confirm
    answer: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


Run = Callable[[Values, OpenModel], Generator[Progress | Result]]


@dataclass(frozen=True, slots=True)
class Lab:
    """An experiment.

    `run` yields progress while it trains and, last, the result; it stops when the generator is closed. `code` holds
    the functions that compute the numbers. `run` raises ParameterError, or ModelError for a model that cannot be opened
    or read.
    """

    entry: Entry
    parameters: tuple[Parameter, ...]
    code: tuple[Callable[..., Any], ...]
    ask: Callable[[Values], Question]
    run: Run
    trains: bool = False

    @property
    def name(self) -> str:
        """The name of the lab on the command line."""
        return self.entry.name

    @property
    def title(self) -> str:
        """The name of the lab on the screen."""
        return self.entry.title

    @property
    def claim(self) -> str:
        """The claim that the lab tests, in one sentence."""
        return self.entry.claim

    def defaults(self) -> Values:
        """Return the values that the lab starts with: those of the lecture, if it gives figures."""
        return Values({parameter.name: parameter.default for parameter in self.parameters})

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by its name."""
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def parse(self, texts: Mapping[str, str]) -> Values:
        """Return values from texts by parameter name, and defaults for the others. Raises ParameterError."""
        values = self.defaults()
        for name, text in texts.items():
            values = values.with_value(name, self.parameter(name).parse(text))
        return values

    def code_place(self, step: Step) -> int:
        """Return the index in `code` of the function that a step is about; 0 if the step names none."""
        return self.code.index(step.code) if step.code in self.code else 0

    def sources(self) -> tuple[str, ...]:
        """Return the source of the functions that compute the numbers."""
        return tuple(inspect.getsource(function).rstrip() for function in self.code)


def as_object(lab: Lab, values: Values, result: Result) -> dict[str, Any]:
    """Return everything that a lab shows as one object for JSON; hidden cells are null."""
    question = lab.ask(values)
    return {
        "lab": lab.name,
        "title": lab.title,
        "claim": lab.claim,
        "parameters": {name: _plain(value) for name, value in values.by_name.items()},
        "code": list(lab.sources()),
        "question": {"text": question.text, "choices": list(question.choices)},
        "answer": {"choice": question.choices[result.choice], "text": result.answer},
        "numbers": {name: _plain(value) for name, value in result.numbers.items()},
        "steps": [
            {
                "title": step.title,
                "text": step.text,
                "code": None if step.code is None else step.code.__qualname__,
                "pictures": [_picture_object(picture) for picture in step.pictures],
            }
            for step in result.steps
        ],
    }


def _picture_object(picture: Picture) -> dict[str, Any]:
    """Return a picture as an object, with its kind."""
    if isinstance(picture, MatrixPicture):
        names = "title", "values", "rows", "columns", "weights"
        return {"kind": "matrix", **{name: _plain(getattr(picture, name)) for name in names}}
    kind = type(picture).__name__.removesuffix("Picture").lower()
    return {"kind": kind, **_plain(asdict(picture))}


def _plain(value: Any) -> Any:
    """Return a value for JSON: tuples become lists, and numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
