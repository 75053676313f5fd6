"""Playback: takes one step after another automatically, at one of several speeds."""

from collections.abc import Callable

from textual.message_pump import MessagePump
from textual.timer import Timer

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class Playback:
    """Calls `step` every `seconds` at speed ×1, on a timer of its owner."""

    def __init__(self, owner: MessagePump, seconds: float, step: Callable[[], None]) -> None:
        self.seconds = seconds
        self._owner = owner
        self._step = step
        self._timer: Timer | None = None
        self._speed = SPEEDS.index(1.0)

    @property
    def is_playing(self) -> bool:
        """True between `start` and `stop`."""
        return self._timer is not None

    @property
    def speed(self) -> float:
        """How many times as fast as ×1."""
        return SPEEDS[self._speed]

    @property
    def interval(self) -> float:
        """Seconds between two steps."""
        return self.seconds / self.speed

    @property
    def can_be_slower(self) -> bool:
        """True unless the speed is the lowest."""
        return self._speed > 0

    @property
    def can_be_faster(self) -> bool:
        """True unless the speed is the highest."""
        return self._speed < len(SPEEDS) - 1

    def start(self) -> None:
        """Play; the first step follows after one interval."""
        self.stop()
        self._timer = self._owner.set_interval(self.interval, self._step)

    def stop(self) -> bool:
        """Stop playing. Return True if it was."""
        if self._timer is None:
            return False
        self._timer.stop()
        self._timer = None
        return True

    def slower(self) -> None:
        """Halve the speed, unless it is the lowest."""
        if self.can_be_slower:
            self._change_speed(-1)

    def faster(self) -> None:
        """Double the speed, unless it is the highest."""
        if self.can_be_faster:
            self._change_speed(+1)

    def _change_speed(self, by: int) -> None:
        self._speed += by
        if self.is_playing:
            self.start()
