"""Time on the Explore screen: going from step to step, by itself too."""

from dataclasses import replace
from typing import ClassVar

from textual.timer import Timer

from explorer.core.series import Entry
from explorer.screens.playing import SPEEDS
from explorer.screens.time_ahead import TimeAhead
from explorer.widgets.key_line import KeyLine


class TimePlaying(TimeAhead):
    """Goes to steps, passes over those that cannot be opened, and plays."""

    time_pause: ClassVar[float] = 1.0
    """Seconds that each step stays while playing at ×1."""

    _speed: float  # that of the screen's other playing
    _travel = 1  # the direction in which a step that cannot be opened is passed over; 0 for nowhere
    _time_playing: Timer | None = None

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()  # steps of which it was said that they cannot be opened

    @property
    def _entry(self) -> Entry:
        assert self._series is not None
        return self._series.entries[self._asked]

    def _ask(self, place: int, by: int) -> None:
        """Go to a step; from one that cannot be opened on in the direction `by`, and nowhere at the end."""
        entries = self._series.entries if self._series else ()
        while 0 <= place < len(entries) and (name := entries[place].model) in self._refused:
            self._tell(name, again=not by)
            if not by:
                break
            place += by
        if 0 <= place < len(entries) and entries[place].model not in self._refused:
            self._asked, self._travel = place, by
            self._look_at_asked()
        self._draw_time()
        self._prepare_soon()

    def _tell(self, name: str, *, again: bool = False) -> None:
        """Say why a step cannot be opened, once where it is only passed."""
        if again or name not in self._told:
            self._told.add(name)
            self.app.warn(self._refused[name])

    def _pass_over(self, place: int) -> None:
        """The step asked for cannot be opened: say so, and go on to the next one in the same direction."""
        assert self._series is not None
        self._tell(self._series.entries[place].model)
        travel = self._travel
        self._stay()
        if travel:
            self._ask(place + travel, travel)

    def _look_at_asked(self) -> None:
        name = self._entry.model
        shown = self._series.place(self.app.view.model) if self._series else None
        if shown == self._asked or not self.app.readings.has_model(name):
            return
        self.app.look(replace(self.app.view, model=name))
        if self.app.view.model != name:  # it was said why
            self._stay()

    def _stay(self) -> None:
        """Ask for what is shown."""
        if self._series is not None and self.app.reading is not None:
            self._asked = self._series.place(self.app.reading.view.model) or 0

    # By itself

    def _change_playing(self, what: str) -> None:
        """Play, stop, or another speed."""
        playing = self._time_playing is not None
        if what == "play":
            if playing:
                self._stop_time()
                return
            if self._series is not None and self._asked == len(self._series.entries) - 1:
                self._ask(0, 1)
            self._start_time()
        else:
            by = 1 if what == "faster" else -1
            self._speed = SPEEDS[max(0, min(SPEEDS.index(self._speed) + by, len(SPEEDS) - 1))]
            if playing:
                self._start_time()
            else:
                self.query_one(KeyLine).say(f" space plays ×{self._speed:g}")
                self.set_timer(1.5, lambda: self.query_one(KeyLine).say(""))
        self._draw_time()

    def _start_time(self) -> None:
        if self._time_playing is not None:
            self._time_playing.stop()
        self._time_playing = self.set_interval(self.time_pause / self._speed, self._time_on)

    def _time_on(self) -> None:
        """Go on to the next step, once that before is shown; a step that takes long is waited for."""
        series, reading = self._series, self.app.reading
        if series is None or reading is None:
            self._stop_time()
        elif series.place(reading.view.model) == self._asked:
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
