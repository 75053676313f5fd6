"""TimeSlider: the snapshots of a training run, and a measure of the head in view at each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style
from textual import events
from textual.message import Message

from explorer.core.formatting import fit, height
from explorer.core.series import Series
from explorer.core.step_measures import MEASURES, format_measure
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_LEAD = 21
_NARROWEST, _WIDEST = 4, 10
_WITH_VALUES = 6
"""The width of a step from which its value is written beside its bar."""
_BAR = 2


@dataclass(frozen=True, slots=True)
class Track:
    """What the slider shows. Steps are indices into the series; `asked` is the step being opened, or `shown`."""

    series: Series
    shown: int
    asked: int
    opened: frozenset[int] = frozenset()
    damaged: frozenset[int] = frozenset()
    measure: str = MEASURES[0]
    values: tuple[float | None, ...] = ()  # of the measure, None where it is not known yet
    playing: str = ""

    @property
    def top(self) -> float:
        """The value at the top of the sparkline: 1 for weights, otherwise the largest."""
        if self.measure in MEASURES[:2]:
            return 1.0
        return max((value for value in self.values if value is not None), default=1.0) or 1.0


class TimeSlider(Lines, can_focus=False):
    """` step         0    10   30  ▶100   300` and ` previous token .12   ▁    ▁    ▂    ▆    ▇`.

    ▶ is before the step in view, … before one that is being opened, × before one that cannot be opened. Steps that are
    open already are not dim.
    """

    DEFAULT_CSS = """
    TimeSlider { height: 2; overflow: hidden hidden; }
    """

    class StepChosen(Message):
        """Posted when a step is clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class MeasureChosen(Message):
        """Posted when the name of the measure is clicked."""

    def __init__(self) -> None:
        super().__init__(compact=False)
        self.track: Track | None = None

    def draw(self, track: Track, reading: "Reading") -> None:
        """Draw the slider, unless it already looks like this."""
        if track != self.track or reading is not self.reading:
            self.track = track
            self.show(reading)

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return two lines: the steps, and the measure at each."""
        track = self.track
        if track is None:
            return []
        first, count, each = self._window(track, width)
        places = range(first, first + count)
        total = len(track.series.entries)
        of = f" {track.asked + 1}/{total}" if count < total else ""
        steps: list[str | tuple[str, Style]] = [(fit(f" step{of} {track.playing}", _LEAD), self.style_of("label"))]
        values: list[str | tuple[str, Style]] = [(self._measured(track), self.style_of("label"))]
        for place in places:
            steps.append(self._step(track, place, each))
            values.extend(self._value(track, place, each))
        return [line(*steps), line(*values)]

    def _window(self, track: Track, width: int) -> tuple[int, int, int]:
        """Return the first step to draw, how many to draw around the one asked for, and the width of each."""
        total = len(track.series.entries)
        least = max(_NARROWEST, *(1 + len(_compact(entry.step)) for entry in track.series.entries))
        room = max(least, width - _LEAD)
        each = max(least, min(_WIDEST, room // total))
        count = min(total, room // each)
        return max(0, min(track.asked - count // 2, total - count)), count, each

    def _measured(self, track: Track) -> str:
        """Return the name of the measure with its value at the step in view."""
        value = track.values[track.shown] if track.values else None
        return fit(f" {track.measure} {'·' if value is None else format_measure(track.measure, value)}", _LEAD)

    def _step(self, track: Track, place: int, cells: int) -> tuple[str, Style]:
        mark, style = " ", "name" if place in track.opened else "faint"
        if place in track.damaged:
            mark, style = "×", "faint"
        elif place == track.shown:
            mark, style = "▶", "cursor" if place == track.asked else "label"
        elif place == track.asked:
            mark, style = "…", "current"
        name = _short(track.series.entries[place].step, cells - 1)
        return fit(f"{mark}{name}", cells), self.style_of(style)

    def _value(self, track: Track, place: int, cells: int) -> list[tuple[str, Style]]:
        value = track.values[place] if track.values else None
        if value is None:
            return [(fit(f" {' ' if place in track.damaged else '·'}", cells), self.style_of("faint"))]
        share = value / track.top
        style = self.style_of("label" if place == track.shown else "faint")
        if cells < _WITH_VALUES:
            return [(" ", style), (height(share) * max(1, cells - 2), self.bar_style(share)), (" ", style)][:cells]
        text = f" {format_measure(track.measure, value, cells - 3)}"
        blocks = height(share) * min(_BAR, cells - 1 - len(text))
        return [(" ", style), (blocks, self.bar_style(share)), (fit(text, cells - 1 - len(blocks)), style)]

    def on_click(self, event: events.Click) -> None:
        """Go to the step below the mouse, or on to the next measure."""
        offset = event.get_content_offset(self)
        if offset is None or self.track is None:
            return
        first, count, each = self._window(self.track, self._width)
        if offset.x < _LEAD:
            self.post_message(self.MeasureChosen())
        elif (place := (offset.x - _LEAD) // each) < count:
            self.post_message(self.StepChosen(first + place))


def _short(step: int | None, cells: int) -> str:
    """Format a step in at most `cells` cells: 1,000, 1000 or 1k."""
    wordings = (f"{step:,}", str(step)) if step is not None else ()
    return next((words for words in wordings if len(words) <= cells), _compact(step))


def _compact(step: int | None) -> str:
    """Format a step in as few cells as possible."""
    if step is None:
        return "end"
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if step >= size and step % (size // 100) == 0:
            return f"{step / size:.12g}{letter}"
    return str(step)
