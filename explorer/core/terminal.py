"""Whether the terminal of the process is gone, as a process that gets no SIGHUP has to find out by itself."""

import select
import sys


def has_terminal() -> bool:
    """Return True if the process reads its keys from a terminal."""
    return sys.__stdin__ is not None and not sys.__stdin__.closed and sys.__stdin__.isatty()


def terminal_is_lost() -> bool:
    """Return True if the terminal on standard input has been closed; reading it would only say that it has ended."""
    if sys.__stdin__ is None or not hasattr(select, "poll"):  # Windows has no poll
        return False
    poll = select.poll()
    poll.register(sys.__stdin__, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))
