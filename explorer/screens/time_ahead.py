"""Time on the Explore screen: steps of training are opened and measured in a worker before they are asked for."""

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen
from textual.timer import Timer

from explorer.core.series import Entry, Series
from explorer.core.step_measures import StepMeasures
from explorer.view import View
from explorer.widgets.reading_loader import ReadingLoader

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.readings import StepRead

AHEAD = 8
"""Steps around the one in view that are opened before they are asked for, where they are small enough."""

_SPARE = 2
"""Models that are kept besides: the one to return to, and another that may be compared."""
_MOST_MEASURED = 1024


class TimeAhead(Screen[None]):
    """Prepares, one step at a time, the step asked for and then those around it.

    What is shown is the application's view, whose model is a step of the series. `_asked` is the step that is wanted;
    it becomes the view as soon as its model is open.
    """

    ahead_pause: ClassVar[float] = 0.1
    """Seconds after a step is shown before the next ones are read: drawn first, it is not slowed down by the worker."""

    app: "ExplorerApp"
    _series: Series | None = None
    _before: View | None = None  # what was in view when the slider was opened
    _asked = 0
    _loader: ReadingLoader | None = None
    _waiting: Timer | None = None

    def __init__(self) -> None:
        super().__init__()
        self._refused: dict[str, str] = {}  # why steps cannot be opened
        self._measured: dict[Hashable, StepMeasures | None] = {}
        self._read_ahead: set[Hashable] = set()  # no more than once each: there may be no room to keep it

    def _look_at_asked(self) -> None:
        raise NotImplementedError  # of the screen, as the next two

    def _pass_over(self, place: int) -> None:
        raise NotImplementedError

    def _draw_time(self) -> None:
        raise NotImplementedError

    def _prepare_soon(self) -> None:
        """Prepare at once what is asked for and not there, and the rest as soon as nothing else is going on."""
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._series is not None:
            asked = self._series.entries[self._asked].model
            if self.ahead_pause and asked in self.app.readings.models:
                self._waiting = self.set_timer(self.ahead_pause, self._prepare)
            else:
                self._prepare()

    def _prepare(self) -> None:
        """Open, read and measure what is needed next in a worker."""
        self._waiting = None
        reading = self.app.reading
        if self._preparing or reading is None or (entry := self._needed(reading.view)) is None:
            return
        if self._loader is None:
            self._loader = ReadingLoader(self, self.app.readings)
        view = replace(reading.view, model=entry.model)
        self._read_ahead.add((self._asked, measured_by(view)))
        self._loader.run(self.app.readings.step_task(view, reading))

    @property
    def _preparing(self) -> bool:
        return self._loader is not None and self._loader.is_busy

    def _needed(self, view: View) -> Entry | None:
        """The step to prepare next: the one asked for, then those around it, the later ones first."""
        if self._series is None or self._before is None:
            return None
        readings = self.app.readings
        readings.has_model(self._before.model)  # what is asked for counts as used, and is not dropped
        near = self._near
        for place in self._outwards:
            entry = self._series.entries[place]
            if entry.model in self._refused:
                continue
            if place in near and not readings.has_model(entry.model):
                return entry
            there = replace(view, model=entry.model)
            if (key := measured_by(there)) not in self._measured:
                return entry
            beside = abs(place - self._asked) == 1 and self._measured[key] is not None
            if beside and (self._asked, key) not in self._read_ahead and readings.find(there) is None:
                return entry
        return None

    @property
    def _outwards(self) -> list[int]:
        """The places of the series by their distance from the step asked for."""
        count = len(self._series.entries) if self._series else 0
        return sorted(range(count), key=lambda i: (abs(i - self._asked), i < self._asked))

    @property
    def _near(self) -> frozenset[int]:
        """The steps that are kept open."""
        room = max(1, min(AHEAD, self.app.readings.room(self.app.view.model) - _SPARE))
        return frozenset(self._outwards[:room])

    def on_reading_loader_task_done(self, message: ReadingLoader.TaskDone) -> None:
        """Keep what is wanted, show it if it is asked for, and go on."""
        view: View = message.task.view
        series = self._series
        place = series.place(view.model) if series is not None else None
        if series is None or place is None:
            pass  # the slider was closed meanwhile, or opened on another series
        elif message.result is None:
            step = series.entries[place].step
            self._refused[view.model] = ("" if step is None else f"step {step}: ") + message.reason
            if place == self._asked:
                self._pass_over(place)
        else:
            self._take_in(place, view, message.result)
            if place == self._asked:
                self._look_at_asked()
        self._draw_time()
        if self._waiting is None:
            self._prepare()

    def _take_in(self, place: int, view: View, found: "StepRead") -> None:
        readings = self.app.readings
        if place in self._near and view.model not in readings.models:
            readings.add_model(view.model, found.model)
        if len(self._measured) > _MOST_MEASURED:
            self._measured.clear()
            self._read_ahead.clear()
        self._measured[measured_by(view)] = found.measures
        if found.reading is not None and abs(place - self._asked) <= 1 and view.model in readings.models:
            readings.accept(found.reading)


def measured_by(view: View) -> Hashable:
    """What the measures of all heads depend on."""
    return view.model, view.text, view.settings
