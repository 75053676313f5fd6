"""Timeline: goes through the snapshots of a model's training, by key, by mouse or in playback."""

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.timer import Timer

from explorer.core.comparison import Pair, Side, two_steps
from explorer.core.series import Entry, Series, series_of
from explorer.core.step_measures import MEASURES, StepMeasures
from explorer.core.steps import split_step
from explorer.view import View
from explorer.widgets.key_line import Hints
from explorer.widgets.playback import Playback
from explorer.widgets.reading_loader import ReadingLoader
from explorer.widgets.timeline.slider import TimeSlider, Track
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.reading import Reading
    from explorer.core.readings import ReadingService, StepRead

AHEAD = 8
"""Steps around the one in view that are opened before they are asked for, where they are small enough."""

_SPARE = 2
"""Models that are cached besides: the one to return to, and another that may be compared."""
_MOST_MEASURED = 1024

KEYS = (
    ("left", "previous", "The step of training before."),
    ("right", "next", "The step of training after."),
    ("home", "first", "The first step of training."),
    ("end", "last", "The last step of training."),
    ("space", "play", "Play through the training, from the start when at its end; any other key pauses."),
    ("less_than_sign", "slower", "Play slower."),
    ("greater_than_sign", "faster", "Play faster."),
    ("enter", "keep", "Keep the step in view, and close the slider."),
    ("escape", "close", "Close the slider, and return to the model that was in view before."),
)
"""Keys of the open timeline by Textual's names, each with the name of its command for `run_command`."""

TIMELINE_HINTS: Hints = (
    ("←→", "step", ""),
    ("space", "play", "timeline('play')"),
    ("enter", "keep", "timeline('keep')"),
    ("esc", "back", "timeline('close')"),
    ("t", "measure", "timeline('measure')"),
    ("[]", "head", ""),
    ("hl", "query", ""),
    ("?", "help", "help"),
    ("c", "compare", "compare"),
)
"""The footer while the timeline is open."""


def timeline_bindings() -> list[Binding]:
    """Bindings of a screen's action `timeline`: before all others, whatever has the focus."""
    return [Binding(key, f"timeline('{name}')", help, show=False, priority=True) for key, name, help in KEYS]


class Timeline(Container):
    """A slider over the snapshots of a training run, hidden until it is opened.

    The application's view shows one of the steps. A step that is asked for becomes the view as soon as its model is
    open. A worker opens, reads and measures the steps around it before they are asked for.
    """

    HELP = """# The slider over training

    The same sentence, head and switches at each step of which a snapshot was kept. ▶ stands before the step in view,
    … before one that is being opened, × before one that cannot be. Below, a measure of the head in view at every
    step: mean weight on the previous or on the first token, mean entropy of its rows, or the loss of the sentence.
    A click goes to a step. Head, sentence and switches may change meanwhile; c compares the step with the model
    itself.
    """
    KEY_HELP: ClassVar[tuple[tuple[str, str], ...]] = (
        *((key, help) for key, _, help in KEYS),
        ("t", "Another measure; so does a click on its name."),
    )

    DEFAULT_CSS = """
    Timeline { height: auto; display: none; }
    Timeline.-open { display: block; }
    """

    read_ahead_delay: ClassVar[float] = 0.1
    """Seconds to wait after a step is shown before reading ahead, so that the worker does not slow down its drawing."""

    seconds_per_step: ClassVar[float] = 1.0
    """Seconds for which playback at ×1 shows each step."""

    app: "ExplorerApp"

    def __init__(self) -> None:
        super().__init__()
        self.playback = Playback(self, self.seconds_per_step, self.advance)
        self._series: Series | None = None
        self._reading: Reading | None = None
        self._before: View | None = None  # what was in view when the timeline was opened
        self._asked = 0
        self._direction = 1  # where to go from a step that cannot be opened: 1, −1, or 0 for nowhere
        self._measure = MEASURES[0]
        self._loader: ReadingLoader | None = None
        self._timer: Timer | None = None
        self._refused: dict[str, str] = {}  # why steps cannot be opened
        self._warned: set[str] = set()  # steps for which a warning has said that they cannot be opened
        self._measured: dict[Hashable, StepMeasures | None] = {}
        self._read_ahead: set[Hashable] = set()  # each step at most once, as there may be no room to cache it

    def compose(self) -> ComposeResult:
        """The slider."""
        yield TimeSlider()

    @property
    def is_open(self) -> bool:
        """True while the slider is shown."""
        return self._series is not None

    @property
    def step(self) -> int | None:
        """The step of training that is shown, while the timeline is open."""
        return self._series.entries[self._shown].step if self._series is not None else None

    @property
    def is_settled(self) -> bool:
        """True if the step asked for is shown, and nothing is being prepared or needs to be."""
        if self._is_preparing or self._timer is not None:
            return False
        if self._series is None or self._reading is None:
            return True
        return self._shown == self._asked and self._next_to_prepare(self._reading.view) is None

    # Opening and closing

    def open(self, reading: "Reading") -> None:
        """Open the slider at the step of a reading. Raises ModelError if its model has no snapshots."""
        self._series = series_of(reading.view.model)
        self._before = reading.view
        self._refused, self._warned = {}, set()
        self._reading = reading
        self._asked = self._shown
        self.add_class("-open")
        self.show(reading)

    def close(self) -> None:
        """Close the slider and return to the model from before; head, sentence and switches stay as they are now."""
        before = self._before
        self.keep()
        if before is not None and before.model != self.app.view.model:
            self.app.look(replace(self.app.view, model=before.model))

    def keep(self) -> None:
        """Close the slider and stay at the step in view."""
        self.playback.stop()
        self._series = self._before = None
        self.remove_class("-open")

    def show(self, reading: "Reading") -> None:
        """Follow the reading in view: move to its step, or close if its model is from another training run."""
        series = self._series
        if series is None:
            return
        if series.place(reading.view.model) is None:
            self.keep()
            return
        self._reading = reading
        if self.app.view.model == reading.view.model and series.entries[self._asked].model in self._service.models:
            self._asked = self._shown
        self._draw()
        self._prepare_soon()

    def _draw(self) -> None:
        if self._series is not None and self._reading is not None:
            self.query_one(TimeSlider).draw(self._track(self._series, self._reading.view), self._reading)

    def _track(self, series: Series, view: View) -> Track:
        opened = self._service.models
        values = []
        for entry in series.entries:
            measured = self._measured.get(_measured_by(replace(view, model=entry.model)))
            values.append(measured.of(self._measure, view.layer, view.head) if measured else None)
        return Track(
            series,
            self._shown,
            self._asked,
            frozenset(i for i, entry in enumerate(series.entries) if entry.model in opened),
            frozenset(i for i, entry in enumerate(series.entries) if entry.model in self._refused),
            self._measure,
            tuple(values),
            f"▶ ×{self.playback.speed:g}" if self.playback.is_playing else "",
        )

    @property
    def _shown(self) -> int:
        """The place of the step that is shown."""
        assert self._series is not None
        assert self._reading is not None
        return self._series.place(self._reading.view.model) or 0

    @property
    def _service(self) -> "ReadingService":
        return self.app.readings

    def pair_to_compare(self, view: View) -> Pair | None:
        """Return the step in view beside the model itself; None if the training is not gone through."""
        series = self._series
        if series is None:
            if split_step(view.model)[1] is None or view.changed:
                return None  # switches that are moved are compared with the same step as trained
            try:
                series = series_of(view.model)
            except ModelError:
                return None
        place, base = series.place(view.model), series.place(series.base)
        if place is None or base is None:
            return None
        if place == base:  # the first one that opens
            opens = (i for i, entry in enumerate(series.entries) if i != base and entry.model not in self._refused)
            place = next(opens, base)
        if place == base:
            return None
        names = {base: series.base, place: view.model if view.model != series.base else series.entries[place].model}
        left, right = (names[i] for i in sorted(names))
        return two_steps(view, left, right, Side.LEFT if place < base else Side.RIGHT)

    # Keys and mouse

    def run_command(self, name: str) -> None:
        """Do what a key of `KEYS` does, or show the next measure."""
        series = self._series
        if series is None:
            return
        last = len(series.entries) - 1
        match name:
            case "play":
                self.toggle_playback()
            case "slower":
                self.playback.slower()
            case "faster":
                self.playback.faster()
            case "measure":
                self.next_measure()
            case "keep":
                self.keep()
            case "close":
                self.close()
            case "previous":
                self.go_to(self._asked - 1, -1)
            case "next":
                self.go_to(self._asked + 1, 1)
            case "first":
                self.go_to(0, 1)
            case "last":
                self.go_to(last, -1)
        self._draw()

    def next_measure(self) -> None:
        """Show the next measure at every step."""
        self.stop()
        self._measure = MEASURES[(MEASURES.index(self._measure) + 1) % len(MEASURES)]
        self._draw()

    def go_to(self, place: int, direction: int = 0) -> None:
        """Go to a step; if it cannot be opened, on to the next in a direction, and nowhere at the end."""
        self.stop()
        self._ask(place, direction)

    def on_time_slider_step_chosen(self, event: TimeSlider.StepChosen) -> None:
        """Go to the step that was clicked."""
        event.stop()
        self.go_to(event.place)

    def on_time_slider_measure_chosen(self, event: TimeSlider.MeasureChosen) -> None:
        """Show the next measure when the name of this one is clicked."""
        event.stop()
        self.next_measure()

    # Going from step to step

    def _ask(self, place: int, direction: int) -> None:
        entries = self._series.entries if self._series else ()
        while 0 <= place < len(entries) and (name := entries[place].model) in self._refused:
            self._warn(name, again=not direction)
            if not direction:
                break
            place += direction
        if 0 <= place < len(entries) and entries[place].model not in self._refused:
            self._asked, self._direction = place, direction
            self._show_asked()
        self._draw()
        self._prepare_soon()

    def _warn(self, name: str, *, again: bool = False) -> None:
        """Say why a step cannot be opened, once if it is only passed over."""
        if again or name not in self._warned:
            self._warned.add(name)
            self.app.warn(self._refused[name])

    def _pass_over(self, place: int) -> None:
        """Say that the step asked for cannot be opened, and go on to the next one in the same direction."""
        assert self._series is not None
        self._warn(self._series.entries[place].model)
        direction = self._direction
        self._asked = self._shown
        if direction:
            self._ask(place + direction, direction)

    def _show_asked(self) -> None:
        """Show the step asked for, if its model is open."""
        assert self._series is not None
        name = self._series.entries[self._asked].model
        if self._series.place(self.app.view.model) == self._asked or not self._service.has_model(name):
            return
        self.app.look(replace(self.app.view, model=name))
        if self._series is not None and self.app.view.model != name:  # the application has warned why
            self._asked = self._shown

    # Playing

    def toggle_playback(self) -> None:
        """Play from the step in view, or from the first if it is the last one; if playing, stop."""
        if self.playback.is_playing:
            self.stop()
            return
        if self._series is not None and self._asked == len(self._series.entries) - 1:
            self._ask(0, 1)
        self.playback.start()
        self._draw()

    def stop(self) -> None:
        """Stop playing."""
        if self.playback.stop():
            self._draw()

    def advance(self) -> None:
        """Go on to the next step once the one before is shown, and stop playing at the last."""
        if self._series is None:
            self.stop()
        elif self._shown == self._asked:
            before = self._asked
            self._ask(before + 1, 1)
            if self._series is None or self._asked in (before, len(self._series.entries) - 1):
                self.stop()

    # Reading ahead

    @property
    def _is_preparing(self) -> bool:
        return self._loader is not None and self._loader.is_busy

    def _prepare_soon(self) -> None:
        """Prepare the step asked for at once unless it is open, and the others once nothing else is going on."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._series is None:
            return
        if self.read_ahead_delay and self._series.entries[self._asked].model in self._service.models:
            self._timer = self.set_timer(self.read_ahead_delay, self._prepare)
        else:
            self._prepare()

    def _prepare(self) -> None:
        """Open, read and measure what is needed next in a worker."""
        self._timer = None
        reading = self._reading
        if self._is_preparing or reading is None or (entry := self._next_to_prepare(reading.view)) is None:
            return
        if self._loader is None:
            self._loader = ReadingLoader(self, self._service)
        view = replace(reading.view, model=entry.model)
        self._read_ahead.add((self._asked, _measured_by(view)))
        self._loader.run(self._service.step_task(view, reading))

    def _next_to_prepare(self, view: View) -> Entry | None:
        """Return the step to prepare next: the one asked for, then those around it, the later ones first."""
        if self._series is None or self._before is None:
            return None
        service = self._service
        service.has_model(self._before.model)  # mark it as used, so that it stays open
        near = self._near
        for place in self._outwards:
            entry = self._series.entries[place]
            if entry.model in self._refused:
                continue
            if place in near and not service.has_model(entry.model):
                return entry
            there = replace(view, model=entry.model)
            if (key := _measured_by(there)) not in self._measured:
                return entry
            beside = abs(place - self._asked) == 1 and self._measured[key] is not None
            if beside and (self._asked, key) not in self._read_ahead and service.find(there) is None:
                return entry
        return None

    @property
    def _outwards(self) -> list[int]:
        """The places of the series by their distance from the step asked for."""
        count = len(self._series.entries) if self._series else 0
        return sorted(range(count), key=lambda i: (abs(i - self._asked), i < self._asked))

    @property
    def _near(self) -> frozenset[int]:
        """The steps that stay open."""
        room = max(1, min(AHEAD, self._service.room(self.app.view.model) - _SPARE))
        return frozenset(self._outwards[:room])

    def on_reading_loader_busy(self, message: ReadingLoader.Busy) -> None:
        """Ignore the progress of reading ahead: the slider already marks the step that is awaited."""
        message.stop()

    def on_reading_loader_task_done(self, message: ReadingLoader.TaskDone) -> None:
        """Cache the result, show it if it was asked for, and prepare the next step."""
        message.stop()
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
                self._show_asked()
        self._draw()
        if self._timer is None:
            self._prepare()

    def _take_in(self, place: int, view: View, found: "StepRead") -> None:
        service = self._service
        if place in self._near and view.model not in service.models:
            service.add_model(view.model, found.model)
        if len(self._measured) > _MOST_MEASURED:
            self._measured.clear()
            self._read_ahead.clear()
        self._measured[_measured_by(view)] = found.measures
        if found.reading is not None and abs(place - self._asked) <= 1 and view.model in service.models:
            service.accept(found.reading)


def _measured_by(view: View) -> Hashable:
    """Return a key for what the measures of all heads depend on."""
    return view.model, view.text, view.settings
