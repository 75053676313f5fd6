"""Time on the Explore screen: a slider over the steps of a model's training."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.binding import Binding

from explorer.core.comparison import Pair, Side, two_steps
from explorer.core.series import Series, series_of
from explorer.core.step_measures import MEASURES
from explorer.core.steps import split_step
from explorer.screens.dialogs.help import Part
from explorer.screens.time_ahead import measured_by
from explorer.screens.time_playing import TimePlaying
from explorer.view import View
from explorer.widgets.header import HeaderLine
from explorer.widgets.key_line import KeyLine
from explorer.widgets.timeline.slider import TimeSlider, Track
from model.errors import ModelError

if TYPE_CHECKING:
    from textual.widget import Widget

    from explorer.core.reading import Reading
    from explorer.widgets.sentence import SentenceInput

_KEYS = (
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

TIME_BINDINGS = [
    # Before all others, whatever has the focus; where the slider is not open they are not there.
    Binding(key, f"timeline('{what}')", help, show=False, priority=True)
    for key, what, help in _KEYS
]

HINTS = (
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
"""What the footer says while the slider is open: keys, what they do, and what a click does."""

PART = Part(
    "The slider over training",
    "The same sentence, head and switches at each step of which a snapshot was kept. ▶ stands before the step in view, "
    "… before one that is being opened, × before one that cannot be. Below, a measure of the head in view at every "
    "step: mean weight on the previous or on the first token, mean entropy of its rows, or the loss of the sentence. "
    "A click goes to a step. Head, sentence and switches may change meanwhile; c compares the step with the model "
    "itself.",
    (*((key, help) for key, _, help in _KEYS), ("t", "Another measure; so does a click on its name.")),
)


class Time(TimePlaying):
    """The part of the Explore screen that goes through training."""

    _measure = MEASURES[0]

    if TYPE_CHECKING:

        @property
        def sentence(self) -> SentenceInput: ...  # noqa: D102
        @property
        def whole(self) -> Widget | None: ...  # noqa: D102

    @property
    def time_open(self) -> bool:
        """Whether the slider is open."""
        return self._series is not None

    # Opening and closing

    def action_time(self) -> None:
        """Open the slider; when it is open, show another measure."""
        if self._series is not None:
            self.action_timeline("measure")
            return
        if self.app.reading is None:
            return
        try:
            series = series_of(self.app.reading.view.model)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self._pause()
        self.set_focus(None)
        self._refused, self._told = {}, set()
        self._series, self._before = series, self.app.reading.view
        self._stay()
        self.add_class("-time")
        self.query_one(TimeSlider).add_class("-open")
        self._show_time_hints()
        self.show_time(self.app.reading)

    def _close_time(self, view: View | None = None) -> None:
        """Close the slider, and go on with another view where one is given."""
        self._stop_time()
        self._series = self._before = None
        self.remove_class("-time")
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

    def help_part(self) -> Part | None:
        """Help begins with the slider while it is open."""
        if self.time_open and self.focused is None:
            return PART
        part: Part | None = super().help_part()  # type: ignore[misc]
        return part

    def show_time(self, reading: "Reading") -> None:
        """Follow what is shown: the slider stands at its step, and closes where it is of another model."""
        series = self._series
        if series is None:
            return
        shown = series.place(reading.view.model)
        if shown is None:
            self._close_time()
            return
        if self.app.view.model == reading.view.model and self._entry.model in self.app.readings.models:
            self._asked = shown
        self._draw_time()
        self._prepare_soon()

    def _draw_time(self) -> None:
        series, reading = self._series, self.app.reading
        if series is None or reading is None or (shown := series.place(reading.view.model)) is None:
            return
        header = self.query_one(HeaderLine)
        if header.own_step != (own := series.entries[shown].step):
            header.own_step = own
            header.forget()
        self.query_one(TimeSlider).draw(self._track(series, shown, reading.view), reading)

    def _track(self, series: Series, shown: int, view: View) -> Track:
        opened = self.app.readings.models
        values = []
        for entry in series.entries:
            measured = self._measured.get(measured_by(replace(view, model=entry.model)))
            values.append(measured.of(self._measure, view.layer, view.head) if measured else None)
        return Track(
            series,
            shown,
            self._asked,
            frozenset(i for i, entry in enumerate(series.entries) if entry.model in opened),
            frozenset(i for i, entry in enumerate(series.entries) if entry.model in self._refused),
            self._measure,
            tuple(values),
            f"▶ ×{self._speed:g}" if self._time_playing is not None else "",
        )

    def steps_to_compare(self, view: View) -> Pair | None:
        """The step in view beside the model itself; None where the training is not gone through."""
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the slider are there while it is open, but not in the sentence or among the predictions."""
        if action == "timeline":
            busy = self.sentence.editing or self.has_class("-choosing")
            return self.time_open and not busy and (parameters != ("close",) or self.whole is None)
        return super().check_action(action, parameters)

    def action_timeline(self, what: str) -> None:
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
            # Head, sentence and switches stay as they are by now.
            self._close_time(replace(self.app.view, model=self._before.model) if self._before else None)
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
        self.action_timeline("measure")
