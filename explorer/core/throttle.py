"""Throttle: so that a worker does not report more often than a person can see."""

from time import monotonic


class Throttle:
    """Says when a report is due: at most once in `seconds`, the first time that long after the beginning."""

    def __init__(self, seconds: float = 0.25) -> None:
        self._seconds = seconds
        self._last = monotonic()

    def is_due(self) -> bool:
        """Return True if a report is due; the next is due `seconds` later."""
        now = monotonic()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True
