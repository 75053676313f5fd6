"""An event loop that knows when it has nothing to do, so that tests wait for that instead of for time.

Textual's `Pilot` sleeps for 20 ms at a time until the process uses little CPU, at least twice for each key. The loop
made here resolves `until_idle()` at once when no callback is ready and no timer is about to expire. It does not wait
for threads: tests that depend on a worker wait for what the worker does, see `ready` and `settled`.
"""

import asyncio
import selectors
from asyncio import AbstractEventLoop, Future
from typing import Any
from weakref import WeakKeyDictionary

from textual._wait import wait_for_idle

SOON = 0.02
"""Seconds: a timer that expires within this time counts as something to do, such as the repaint of a screen."""
MAX_TIMERS = 100
"""Timers after which the loop counts as idle all the same: one of them repeats itself, as during playback."""


class IdleSelector(selectors.DefaultSelector):
    """A selector that is told by the loop's timeout whether the loop has anything to do."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[Future[None]] = []
        self._timers = 0

    def wait(self, future: "Future[None]") -> None:
        """Resolve `future` once the loop is idle."""
        self._waiting.append(future)
        self._timers = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Resolve the futures that wait, in place of a wait, if nothing is ready."""
        if not self._waiting or (timeout is not None and timeout <= 0):
            return super().select(timeout)
        if timeout is not None and timeout <= SOON and self._timers < MAX_TIMERS:
            self._timers += 1
            return super().select(timeout)
        events = super().select(0)
        if not events:
            for future in self._waiting:
                if not future.done():
                    future.set_result(None)
            self._waiting.clear()
        return events


_selectors: WeakKeyDictionary[AbstractEventLoop, IdleSelector] = WeakKeyDictionary()


def new_event_loop() -> AbstractEventLoop:
    """A loop for `until_idle`."""
    selector = IdleSelector()
    loop = asyncio.SelectorEventLoop(selector)
    _selectors[loop] = selector
    return loop


async def until_idle(*seconds: Any) -> None:
    """Wait until the running loop has nothing to do; takes the place of Textual's `wait_for_idle`.

    In a loop that was made elsewhere, such as the one of a snapshot test, it waits as Textual does.
    """
    loop = asyncio.get_running_loop()
    selector = _selectors.get(loop)
    if selector is None:
        await wait_for_idle(*seconds)
    else:
        future = loop.create_future()
        selector.wait(future)
        await future
