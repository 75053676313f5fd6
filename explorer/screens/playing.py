"""Going stage by stage on the Explore screen: playing, its speed, and what is said of the stage in view."""

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.screen import Screen
from textual.timer import Timer

from explorer.actions import EXPLORE, action_named
from explorer.view import next_stage, start_stepping, stop_stepping
from explorer.widgets.narration import NarrationLine

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""How many times as fast as `play_pause` it plays."""

PLAYING = ("play", "slower", "faster")
"""Actions that do not pause."""

_PLAYING_KEYS = {key for name in PLAYING if (action := action_named(EXPLORE, name)) for key in action.keys}


class Playing(Screen[None]):
    """The part of the Explore screen that plays."""

    play_pause: ClassVar[float] = 1.6
    """Seconds that each stage stays while playing at ×1: enough to read its sentence."""

    app: "ExplorerApp"
    _playing: Timer | None = None
    _speed: float = 1.0

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._playing is not None

    def can_play(self, name: str) -> bool:
        """Whether an action of `PLAYING` makes sense now."""
        if name == "slower":
            return self._speed > SPEEDS[0]
        if name == "faster":
            return self._speed < SPEEDS[-1]
        return self.app.reading is not None

    def _pause(self) -> bool:
        """Stop playing; whether it was."""
        was = self._playing is not None
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
        self._say("")
        return was

    def stop_stepping(self) -> bool:
        """Show all stages of the query as computed; whether they were not."""
        stepping = self.app.view.stepping
        self.app.change(stop_stepping)
        return stepping

    def on_key(self, event: events.Key) -> None:
        """Any key pauses, apart from those that play."""
        if event.key not in _PLAYING_KEYS:
            self._pause()

    def action_play(self) -> None:
        """Play, or pause."""
        if not self._pause():
            self.app.change(start_stepping)
            self._start()

    def _start(self) -> None:
        if self._playing is not None:
            self._playing.stop()
        self._playing = self.set_interval(self.play_pause / self._speed, self._play_on)
        self._say(f"▶ playing ×{self._speed:g}")

    def _play_on(self) -> None:
        before = self.app.view
        self.app.change(next_stage)
        reading = self.app.reading
        if self.app.view == before or reading is None or next_stage(self.app.view, reading.bounds) == self.app.view:
            self._pause()

    def action_slower(self) -> None:
        """Play half as fast."""
        self._change_speed(-1)

    def action_faster(self) -> None:
        """Play twice as fast."""
        self._change_speed(+1)

    def _change_speed(self, by: int) -> None:
        self._speed = SPEEDS[SPEEDS.index(self._speed) + by]
        if self.playing:
            self._start()
        else:
            self._say(f"space plays ×{self._speed:g}")

    def _say(self, state: str) -> None:
        self.query_one(NarrationLine).show_state(state)
