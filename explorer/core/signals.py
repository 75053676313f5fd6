"""The signals that end a process, for a program that has to put its terminal back first."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS_TO_LEAVE = 10.0
"""How many seconds the program may take to end after a signal, as it may hang if its terminal is gone."""

_NAMES = ("SIGTERM", "SIGHUP", "SIGQUIT")


@contextmanager
def handled_like_interrupts() -> Iterator[None]:
    """In the block, let SIGTERM, SIGHUP and SIGQUIT raise SIGINT, which leaves it in an orderly way.

    After the block the first of them has its usual effect, so that the exit status is the same as without this. A
    signal that is ignored, like SIGHUP under nohup, stays so. The block must be left within `SECONDS_TO_LEAVE`.
    """
    received: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if received:  # a second signal must not interrupt the handling of the first
            return
        received.append(number)
        watchdog = threading.Timer(SECONDS_TO_LEAVE, os._exit, (128 + number,))
        watchdog.daemon = True
        watchdog.start()
        signal.raise_signal(signal.SIGINT)

    numbers = [signal.Signals[name] for name in _NAMES if name in signal.Signals.__members__]
    handled = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, on_signal)
    interrupt = signal.getsignal(signal.SIGINT)
    if callable(interrupt):  # asyncio replaces Python's own handler only, to cancel its main task
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupt)
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
        if received:
            os.kill(os.getpid(), received[0])
