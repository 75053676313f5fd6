"""Time on the Explore screen: steps of training are opened and measured in a worker before they are asked for."""

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen
from textual.timer import Timer

from explorer.core.reading import Reading
from explorer.core.series import Entry, Series, unlike
from explorer.core.step_measures import StepMeasures, measure_step
from explorer.view import View
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from model.interface import TracedModel

AHEAD = 8
"""Steps around the one in view that are opened before they are asked for, where they are small enough."""

_SPARE = 2
"""Models that are kept besides: the one to return to, and another that may be compared."""
_MOST_MEASURED = 1024


class StepReady(WorkerMessage):
    """A worker has opened a step and measured it, or says why it could not be opened."""

    def __init__(
        self,
        name: str,
        model: "TracedModel | None",
        reason: str = "",
        reading: Reading | None = None,
        measured: "tuple[Hashable, StepMeasures | None] | None" = None,
    ) -> None:
        super().__init__()
        self.name = name
        self.model = model
        self.reason = reason
        self.reading = reading
        self.measured = measured


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
    _preparing = False
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
            if self.ahead_pause and asked in self.app.engine.models:
                self._waiting = self.set_timer(self.ahead_pause, self._prepare)
            else:
                self._prepare()

    def _prepare(self) -> None:
        """Open, read and measure what is needed next in a worker."""
        self._waiting = None
        reading = self.app.reading
        if self._preparing or reading is None or (entry := self._needed(reading.view)) is None:
            return
        self._preparing = True
        view = replace(reading.view, model=entry.model)
        model = self.app.engine.model(entry.model)
        wanted = measured_by(view)
        self._read_ahead.add((self._asked, wanted))
        self.run_worker(
            lambda: self._prepare_step(entry, model, view, wanted, reading),
            group="time",
            thread=True,
            exit_on_error=False,
        )

    def _needed(self, view: View) -> Entry | None:
        """The step to prepare next: the one asked for, then those around it, the later ones first."""
        if self._series is None or self._before is None:
            return None
        engine = self.app.engine
        engine.has_model(self._before.model)  # what is asked for counts as used, and is not dropped
        near = self._near
        for place in self._outwards:
            entry = self._series.entries[place]
            if entry.model in self._refused:
                continue
            if place in near and not engine.has_model(entry.model):
                return entry
            there = replace(view, model=entry.model)
            if (key := measured_by(there)) not in self._measured:
                return entry
            beside = abs(place - self._asked) == 1 and self._measured[key] is not None
            if beside and (self._asked, key) not in self._read_ahead and engine.find(there) is None:
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
        room = max(1, min(AHEAD, self.app.engine.room(self.app.view.model) - _SPARE))
        return frozenset(self._outwards[:room])

    def _prepare_step(
        self, entry: Entry, model: "TracedModel | None", view: View, wanted: Hashable, beside: Reading
    ) -> None:
        """In a worker: open a step that is not open, read it and measure it."""
        name = entry.model
        try:
            opened = model or self.app.engine.open_model(name)
            reason = unlike(opened, beside)
        except ModelError as error:
            reason = str(error)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        if reason:
            step = "" if entry.step is None else f"step {entry.step}: "
            self.post_message(StepReady(name, None, step + reason))
            return
        reading, measures = None, None
        try:
            reading = self.app.engine.reading_of(opened, view)
            measures = measure_step(reading)
        except Exception:  # the track is an extra: what is wrong is said where the step is shown
            measures = None
        self.post_message(StepReady(name, opened, "", reading, (wanted, measures)))

    def on_step_ready(self, message: StepReady) -> None:
        """Keep what is wanted, show it if it is asked for, and go on."""
        self._preparing = False
        place = self._series.place(message.name) if self._series is not None else None
        if place is None:
            pass  # the slider was closed meanwhile, or opened on another series
        elif message.model is None:
            self._refused[message.name] = message.reason
            if place == self._asked:
                self._pass_over(place)
        else:
            self._take_in(place, message.model, message)
            if place == self._asked:
                self._look_at_asked()
        self._draw_time()
        if self._waiting is None:
            self._prepare()

    def _take_in(self, place: int, model: "TracedModel", message: StepReady) -> None:
        engine = self.app.engine
        if place in self._near and message.name not in engine.models:
            engine.add_model(message.name, model)
        if message.measured is not None:
            if len(self._measured) > _MOST_MEASURED:
                self._measured.clear()
                self._read_ahead.clear()
            self._measured[message.measured[0]] = message.measured[1]
        if message.reading is not None and abs(place - self._asked) <= 1 and message.name in engine.models:
            engine.add(message.reading)


def measured_by(view: View) -> Hashable:
    """What the measures of all heads depend on."""
    return view.model, view.text, view.settings
