"""The part of the Compare screen that gets its two readings, in a worker where that takes long."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.screen import Screen

from explorer.core.comparison import Comparison, Pair
from explorer.core.formatting import visible
from explorer.core.reading import Reading
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

Keep = Callable[[], None]
"""Hands what a worker has got to the engine."""


class ReadingPairs(Screen[None]):
    """`look` asks for a pair; `comparison` is what is shown, and `wanted` what is asked for now.

    One worker at a time opens a model or computes a reading; what was asked for meanwhile follows, the last of it only.
    """

    app: "ExplorerApp"
    wanted: Pair
    comparison: Comparison | None = None
    _shown: Pair | None = None
    _quiet = False
    _working = False

    class Got(WorkerMessage):
        """A worker has got something that `asked` needs, or says why it could not."""

        def __init__(self, asked: Pair, keep: Keep | None, reason: str = "") -> None:
            super().__init__()
            self.asked = asked
            self.keep = keep
            self.reason = reason

    if TYPE_CHECKING:

        def show(self, comparison: Comparison) -> None: ...  # noqa: D102
        def show_state(self, line: str) -> None: ...  # noqa: D102

    def look(self, pair: Pair, *, quiet: bool = False) -> None:
        """Show a pair, at once where that is quick.

        What cannot be shown is said in a notification and the earlier pair stays; nothing is said when `quiet`.
        """
        self.wanted, self._quiet = pair, quiet
        if not self._working:
            self._go_on()

    def _go_on(self) -> None:
        engine = self.app.engine
        readings: list[Reading] = []
        for view in self.wanted.sides:
            if not engine.has_model(view.model):
                self._work(f"loading {visible(view.model)}…", partial(self._opened, view.model))
                return
            reading = engine.find(view)
            if reading is None and engine.is_quick(view):
                try:
                    reading = engine.read(view)
                except ModelError as error:
                    self._refuse(str(error))
                    return
            if reading is None:
                self._work("computing…", partial(self._computed, engine.job(view)))
                return
            readings.append(reading)
        left, right = readings
        self.comparison = Comparison(left, right)
        self.wanted = self._shown = Pair(left.view, right.view, self.wanted.active)
        self.show(self.comparison)

    def _refuse(self, reason: str) -> None:
        """Return to what is shown; there is nothing to compare when that is nothing."""
        if not self._quiet:
            self.app.warn(reason)
        if self._shown is None:
            self.dismiss()
        else:
            self.wanted = self._shown

    # In workers

    def _opened(self, name: str) -> Keep:
        return partial(self.app.engine.add_model, name, self.app.engine.open_model(name))

    def _computed(self, job: Callable[[], Reading]) -> Keep:
        return partial(self.app.engine.add, job())

    def _work(self, what: str, job: Callable[[], Keep]) -> None:
        self._working = True
        self.show_state(what)
        asked = self.wanted

        def work() -> None:
            try:
                self.post_message(self.Got(asked, job()))
            except ModelError as error:
                self.post_message(self.Got(asked, None, str(error)))
            except Exception as error:
                self.post_message(self.Got(asked, None, f"this cannot be done: {type(error).__name__}: {error}"))

        self.run_worker(work, group="compare", thread=True, exit_on_error=False)

    def on_reading_pairs_got(self, message: Got) -> None:
        """Go on with what is asked for now."""
        self._working = False
        self.show_state("")
        if message.keep is not None:
            message.keep()
        elif message.asked == self.wanted:
            self._refuse(message.reason)
            return
        self._go_on()
