"""Whether a stream is a terminal, and whether the terminal of the process is still there."""

import select
import sys
from typing import TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Return True if a standard stream is open and connected to a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def terminal_is_lost() -> bool:
    """Return True if the terminal on standard input has been closed, of which a process without SIGHUP is not told.

    Reading it would only say that it has ended.
    """
    if sys.__stdin__ is None or not hasattr(select, "poll"):  # Windows has no poll
        return False
    poll = select.poll()
    poll.register(sys.__stdin__, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))
