"""RunPanel, the base class of panels that draw a training run, and two such panels: its figures and its last sample."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from explorer.core.formatting import fit, marked, significant, wrapped
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.training.run_state import RunState

_DOT = " · "


class RunPanel(Lines, can_focus=False):
    """A panel whose lines are made from the state of a run, for its width and height."""

    run: "RunState | None" = None

    def show_run(self, run: "RunState") -> None:
        """Draw the state of a run."""
        self.run = run
        self.set_title(self.run_title(run))
        self.redraw()

    def run_title(self, run: "RunState") -> str:
        """Return the title of the border."""
        return ""

    def run_lines(self, run: "RunState", width: int, height: int) -> Sequence[Line]:
        """Return the content for a width and height in cells; it scrolls if it is higher."""
        return ()

    def make_lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the content for a width and height in cells."""
        return self.run_lines(self.run, width, height) if self.run is not None else []

    def placeholder(self, words: str, width: int) -> Sequence[Line]:
        """Return the content before there is anything to draw."""
        return [line((fit(words, width), self.style_of("faint")))]


class RunFigures(RunPanel, can_focus=False):
    """`step 340 of 2,000 · loss 2.312 · validation 2.450 · learning rate 0.003 · 12,345 tokens/s · 3 min left`."""

    DEFAULT_CSS = """
    RunFigures { height: 2; overflow: hidden hidden; }
    """

    def run_lines(self, run: "RunState", width: int, height: int) -> Sequence[Line]:
        """Return the longest wording that fits."""
        for short in range(3):
            rows = _rows(_figures(run, short), width)
            if len(rows) <= max(1, height):
                break
        return [
            line((row, self.style_of("label" if i == 0 else "name"))) for i, row in enumerate(rows[: max(1, height)])
        ]


def _rows(parts: Sequence[str], width: int) -> list[str]:
    rows = [""]
    for part in parts:
        longer = f"{rows[-1]}{_DOT}{part}" if rows[-1] else part
        if rows[-1] and cell_len(longer) > width:
            rows.append(part)
        else:
            rows[-1] = longer
    return rows


def _figures(run: "RunState", short: int) -> list[str]:
    if run.description is None or run.curves.last_step is None:
        words = "it reads the text and makes the model" if run.status.is_alive and run.description is None else ""
        return [words or f"no step is done yet, {run.description.steps:,} to go" if run.description else words]
    last, steps = run.curves.last_step, run.description.steps
    losses = [f"loss {last.loss:.3f}"]
    if run.curves.validation_losses:
        step, loss = run.curves.validation_losses[-1]
        losses.append(f"validation {loss:.3f}" + (f" at {step:,}" if short < 1 else ""))
    if run.curves.prefix_losses:
        losses.append(f"{'from the prefix' if short < 2 else 'prefix'} {run.curves.prefix_losses[-1][1]:.3f}")
    rate = "learning rate" if short < 1 else "rate"
    unit = "tokens/s" if short < 2 else "tok/s"
    parts = [
        f"step {last.step:,} of {steps:,}" if short < 2 else f"{last.step:,}/{steps:,}",
        *losses,
        f"{rate} {significant(last.learning_rate, 2)}",
        f"{last.tokens_per_second:,.0f} {unit}",
    ]
    if run.status.is_alive and run.seconds_left is not None and not run.is_finishing:
        parts.append(f"{duration(run.seconds_left)} left")
    return parts


def duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02d} min"


class SamplePanel(RunPanel, can_focus=True):
    """The latest text that the model has generated."""

    def run_title(self, run: "RunState") -> str:
        """Return the title, with the number of steps after which the text was generated."""
        return f"sample after step {run.sample.step:,}" if run.sample else "sample"

    def run_lines(self, run: "RunState", width: int, height: int) -> Sequence[Line]:
        """Return the wrapped text, with visible marks for characters that cannot be printed."""
        if run.sample is None:
            return self.placeholder("the model writes soon; r asks it to", width)
        made = []
        for text in run.sample.text.lstrip("\n").split("\n"):
            for row in wrapped(marked(text), width, width):
                made += [line(part) for part in _pieces(row, width)]
        return made


def _pieces(row: str, width: int) -> list[str]:
    """Split a row into pieces of at most `width` cells."""
    pieces = [""]
    for character in row:
        if cell_len(pieces[-1] + character) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces
