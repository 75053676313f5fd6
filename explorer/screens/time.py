"""Time on the Explore screen: a slider over the steps of a model's training, opened ahead of need in a worker."""

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from explorer.reading import Reading
from explorer.screens.key_line import KeyLine
from explorer.screens.playing import SPEEDS
from explorer.series import Entry, Series, series_of
from explorer.time_track import MEASURES, StepMeasures, measure_step
from explorer.view import View
from explorer.widgets.header import HeaderLine
from explorer.widgets.time_slider import TimeSlider, Track
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.screens.sentence import SentenceInput
    from model.trace import TracedModel

TIME_BINDINGS = [
    # Before all others, whatever has the focus; where the slider is not open they are not there.
    Binding(key, f"time('{what}')", help, show=False, priority=True)
    for key, what, help in (
        ("left", "previous", "Step of training before"),
        ("right", "next", "Step of training after"),
        ("home", "first", "First step of training"),
        ("end", "last", "Last step of training"),
        ("space", "play", "Play through the training"),
        ("less_than_sign", "slower", "Play slower"),
        ("greater_than_sign", "faster", "Play faster"),
        ("enter", "keep", "Keep the step in view"),
        ("escape", "close", "Return to the final model"),
    )
]

HINTS = (
    ("←→", "step", ""),
    ("space", "play", "screen.time('play')"),
    ("t", "measure", "screen.time('measure')"),
    ("enter", "keep", "screen.time('keep')"),
    ("esc", "final model", "screen.time('close')"),
    ("[]", "head", ""),
    ("hl", "query", ""),
    ("c", "compare", "screen.do('compare')"),
    ("?", "help", "screen.do('help')"),
)
"""What the footer says while the slider is open: keys, what they do, and what a click does."""

AHEAD = 8
"""Steps around the one in view that are opened before they are asked for, where they are small enough."""

_SPARE = 2
"""Models that are kept besides: the final one, and another that may be compared."""
_MOST_MEASURED = 1024


class StepReady(Message):
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


class Time(Screen[None]):
    """The part of the Explore screen that goes through training.

    What is shown is the application's view, whose model is a step of the series. `_asked` is the step that is wanted;
    it becomes the view as soon as its model is open.
    """

    time_pause: ClassVar[float] = 1.0
    """Seconds that each step stays while playing at ×1."""

    app: "ExplorerApp"
    _speed: float
    _series: Series | None = None
    _asked = 0
    _travel = 1  # the direction in which a step that cannot be opened is passed over
    _measure = MEASURES[0]
    _time_playing: Timer | None = None
    _preparing = False

    if TYPE_CHECKING:

        def possible(self, name: str) -> bool: ...  # noqa: D102
        @property
        def sentence(self) -> SentenceInput: ...  # noqa: D102

    def __init__(self) -> None:
        super().__init__()
        self._refused: dict[str, str] = {}  # why steps cannot be opened
        self._told: set[str] = set()
        self._measured: dict[Hashable, StepMeasures | None] = {}

    @property
    def time_open(self) -> bool:
        """Whether the slider is open."""
        return self._series is not None

    # Opening and closing

    def _time(self) -> None:
        """Open the slider; when it is open, show another measure."""
        if self._series is not None:
            self.action_time("measure")
            return
        if self.app.reading is None:
            return
        try:
            series = series_of(self.app.view.model)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self._pause()
        self.set_focus(None)
        self._refused, self._told = {}, set()
        self._series = series
        self._asked = series.place(self.app.view.model) or 0
        self.query_one(TimeSlider).add_class("-open")
        self._show_time_hints()
        self.show_time(self.app.reading)

    def _close_time(self, view: View | None = None) -> None:
        """Close the slider, and go on with another view where one is given."""
        self._stop_time()
        self._series = None
        self.query_one(TimeSlider).remove_class("-open")
        self.query_one(HeaderLine).own_step = None
        self.query_one(HeaderLine).forget()
        self.query_one(KeyLine).show_hints(())
        if view is not None and view != self.app.view:
            self.app.look(view)
        self.app.measure_heads()

    def _show_time_hints(self) -> None:
        self.query_one(KeyLine).show_hints(HINTS)

    def _make_room(self) -> None:
        """The footer is the slider's again after that of the predictions."""
        super()._make_room()  # type: ignore[misc]
        if self.time_open and not self.has_class("-choosing") and not self.sentence.editing:
            self._show_time_hints()

    def _leave_editing(self, view: View) -> None:
        super()._leave_editing(view)  # type: ignore[misc]
        if self.time_open:
            self._show_time_hints()

    def show_time(self, reading: Reading) -> None:
        """Follow what is shown: the slider stands at its step, and closes where it is of another model."""
        series = self._series
        if series is None:
            return
        shown = series.place(reading.view.model)
        if shown is None:
            self._close_time()
            return
        if self.app.view.model == reading.view.model and self._entry.model in self.app.engine.models:
            self._asked = shown
        self._draw_time()
        self._prepare()

    def _draw_time(self) -> None:
        series, reading = self._series, self.app.reading
        if series is None or reading is None or (shown := series.place(reading.view.model)) is None:
            return
        opened = self.app.engine.models
        view = reading.view
        values = []
        for entry in series.entries:
            measured = self._measured.get((entry.model, *_source(view)))
            values.append(measured.of(self._measure, view.layer, view.head) if measured else None)
        track = Track(
            series,
            shown,
            self._asked,
            frozenset(i for i, entry in enumerate(series.entries) if entry.model in opened),
            frozenset(i for i, entry in enumerate(series.entries) if entry.model in self._refused),
            self._measure,
            tuple(values),
            f"▶ ×{self._speed:g}" if self._time_playing is not None else "",
        )
        header = self.query_one(HeaderLine)
        if header.own_step != (own := series.entries[shown].step):
            header.own_step = own
            header.forget()
        self.query_one(TimeSlider).draw(track, reading)

    # Keys and mouse

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the slider are there while it is open, but not in the sentence or among the predictions."""
        if action == "time":
            return self.time_open and not self.sentence.editing and not self.has_class("-choosing")
        return super().check_action(action, parameters)

    def action_time(self, what: str) -> None:
        """Do what a key of the slider does."""
        series = self._series
        if series is None:
            return
        if what in ("play", "slower", "faster"):
            self._change_playing(what)
            return
        self._stop_time()
        last = len(series.entries) - 1
        if what == "measure":
            self._measure = MEASURES[(MEASURES.index(self._measure) + 1) % len(MEASURES)]
            self._draw_time()
        elif what == "keep":
            self._close_time()
        elif what == "close":
            self._close_time(replace(self.app.view, model=series.base))
        else:
            place, by = {
                "previous": (self._asked - 1, -1),
                "next": (self._asked + 1, 1),
                "first": (0, 1),
                "last": (last, -1),
            }[what]
            self._ask(place, by)

    @on(TimeSlider.StepChosen)
    def _step_chosen(self, event: TimeSlider.StepChosen) -> None:
        self._stop_time()
        self._ask(event.place, 0)

    @on(TimeSlider.MeasureChosen)
    def _measure_chosen(self) -> None:
        self.action_time("measure")

    @property
    def _entry(self) -> Entry:
        assert self._series is not None
        return self._series.entries[self._asked]

    def _ask(self, place: int, by: int) -> None:
        """Go to a step; from one that cannot be opened on in the direction `by`, and nowhere at the end."""
        entries = self._series.entries if self._series else ()
        while 0 <= place < len(entries) and (name := entries[place].model) in self._refused:
            self._tell(name)
            if not by:
                break
            place += by
        if 0 <= place < len(entries) and entries[place].model not in self._refused:
            self._asked, self._travel = place, by
            self._look_at_asked()
        self._draw_time()
        self._prepare()

    def _tell(self, name: str) -> None:
        """Say once why a step cannot be opened."""
        if name not in self._told:
            self._told.add(name)
            self.app.warn(self._refused[name])

    def _look_at_asked(self) -> None:
        name = self._entry.model
        if self.app.view.model == name or not self.app.engine.has_model(name):
            return
        self.app.look(replace(self.app.view, model=name))
        if self.app.view.model != name:  # it was said why
            self._stay()

    def _stay(self) -> None:
        """Ask for what is shown."""
        if self._series is not None and self.app.reading is not None:
            self._asked = self._series.place(self.app.reading.view.model) or 0

    # Playing

    def _change_playing(self, what: str) -> None:
        playing = self._time_playing is not None
        if what == "play":
            if playing:
                self._stop_time()
                return
            if self._series is not None and self._asked == len(self._series.entries) - 1:
                self._ask(0, 1)
            playing = True
        else:
            by = 1 if what == "faster" else -1
            self._speed = SPEEDS[max(0, min(SPEEDS.index(self._speed) + by, len(SPEEDS) - 1))]
        if playing:
            if self._time_playing is not None:
                self._time_playing.stop()
            self._time_playing = self.set_interval(self.time_pause / self._speed, self._time_on)
        else:
            self.query_one(KeyLine).say(f" space plays ×{self._speed:g}")
            self.set_timer(1.5, lambda: self.query_one(KeyLine).say(""))
        self._draw_time()

    def _time_on(self) -> None:
        """Go on to the next step, once that before is shown."""
        series, reading = self._series, self.app.reading
        if series is None or reading is None:
            self._stop_time()
        elif reading.view.model == self._entry.model:
            before = self._asked
            self._ask(before + 1, 1)
            if self._asked in (before, len(series.entries) - 1):
                self._stop_time()

    def _stop_time(self) -> None:
        if self._time_playing is not None:
            self._time_playing.stop()
            self._time_playing = None
            self._draw_time()

    def _pause(self) -> bool:
        """Whatever stops playing stops this too."""
        self._stop_time()
        paused: bool = super()._pause()  # type: ignore[misc]
        return paused

    # Opening and measuring ahead of need

    def _prepare(self) -> None:
        """Open and measure what is needed next in a worker, one step at a time."""
        reading = self.app.reading
        if self._preparing or reading is None or (entry := self._needed(reading.view)) is None:
            return
        self._preparing = True
        engine, view = self.app.engine, replace(reading.view, model=entry.model)
        model = engine.model(entry.model) if entry.model in engine.models else None
        key = (entry.model, *_source(view))
        self.run_worker(
            lambda: self._prepare_step(model, view, key, key not in self._measured),
            group="time",
            thread=True,
            exit_on_error=False,
        )

    def _needed(self, view: View) -> Entry | None:
        """The step to prepare next: the one asked for, then those around it, the later ones first."""
        if self._series is None:
            return None
        engine = self.app.engine
        engine.has_model(self._series.base)  # what is asked for counts as used, and is not dropped
        near = self._near
        for place in self._outwards:
            entry = self._series.entries[place]
            if entry.model in self._refused:
                continue
            if place in near and not engine.has_model(entry.model):
                return entry
            if (entry.model, *_source(view)) not in self._measured:
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

    def _prepare_step(self, model: "TracedModel | None", view: View, key: Hashable, measured: bool) -> None:
        """In a worker."""
        try:
            opened = model or self.app.engine.open_model(view.model)
        except ModelError as error:
            self.post_message(StepReady(view.model, None, str(error)))
            return
        except Exception as error:
            reason = f"{view.model!r} cannot be opened: {type(error).__name__}: {error}"
            self.post_message(StepReady(view.model, None, reason))
            return
        reading, measures = None, None
        if measured:
            try:
                reading = self.app.engine.reading_of(opened, view)
                measures = measure_step(reading)
            except Exception:  # the track is an extra: what is wrong is said where the step is shown
                measures = None
        self.post_message(StepReady(view.model, opened, "", reading, (key, measures) if measured else None))

    def on_step_ready(self, message: StepReady) -> None:
        """Keep what is wanted, show it if it is asked for, and go on."""
        self._preparing = False
        series = self._series
        place = series.place(message.name) if series is not None else None
        if place is None:
            self._prepare()
            return
        if message.model is None:
            self._refused[message.name] = message.reason
            if place == self._asked:
                self._tell(message.name)
                travel = self._travel
                self._stay()
                if travel:
                    self._ask(place + travel, travel)
        else:
            distance = abs(place - self._asked)
            if place in self._near and message.name not in self.app.engine.models:
                self.app.engine.add_model(message.name, message.model)
            if message.measured is not None:
                if len(self._measured) > _MOST_MEASURED:
                    self._measured.clear()
                self._measured[message.measured[0]] = message.measured[1]
            if message.reading is not None and distance <= 1 and message.name in self.app.engine.models:
                self.app.engine.add(message.reading)
            if distance == 0:
                self._look_at_asked()
        self._draw_time()
        self._prepare()


def _source(view: View) -> tuple[Hashable, ...]:
    """What measures depend on besides the model."""
    return view.text, view.settings
