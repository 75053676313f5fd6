"""The part of the Compare screen that gets its two readings, in a worker where that takes long."""

from typing import TYPE_CHECKING

from textual.screen import Screen

from explorer.core.comparison import Comparison, Pair
from explorer.core.reading import Reading
from explorer.widgets.reading_loader import ReadingLoader
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp


class ReadingPairs(Screen[None]):
    """`look` asks for a pair; `comparison` is what is shown, and `wanted` what is asked for now."""

    app: "ExplorerApp"
    wanted: Pair
    comparison: Comparison | None = None
    _shown: Pair | None = None

    def __init__(self) -> None:
        super().__init__()
        self.loader = ReadingLoader(self, self.app.readings)

    if TYPE_CHECKING:

        def show(self, comparison: Comparison) -> None: ...  # noqa: D102
        def show_state(self, line: str) -> None: ...  # noqa: D102

    def look(self, pair: Pair, *, quiet: bool = False) -> None:
        """Show a pair, at once where that is quick.

        What cannot be shown is said in a notification and the earlier pair stays; nothing is said when `quiet`.
        """
        self.wanted = pair
        try:
            readings = self.loader.request(*pair.sides, quiet=quiet)
        except ModelError as error:
            self._refuse(str(error), quiet=quiet)
            return
        if readings is not None:
            self._compare(*readings)

    def _compare(self, left: Reading, right: Reading) -> None:
        self.comparison = Comparison(left, right)
        self.wanted = self._shown = Pair(left.view, right.view, self.wanted.active)
        self.show(self.comparison)

    def _refuse(self, reason: str, *, quiet: bool) -> None:
        """Return to what is shown; there is nothing to compare when that is nothing."""
        if not quiet:
            self.app.warn(reason)
        if self._shown is None:
            self.dismiss()
        else:
            self.wanted = self._shown

    def on_reading_loader_busy(self, message: ReadingLoader.Busy) -> None:
        """Say what is waited for."""
        self.show_state(message.text)

    def on_reading_loader_ready(self, message: ReadingLoader.Ready) -> None:
        """Show the pair that was asked for."""
        if message.is_current:
            self._compare(*message.readings)

    def on_reading_loader_failed(self, message: ReadingLoader.Failed) -> None:
        """Say why, and return to what is shown."""
        if message.is_current:
            self._refuse(message.reason, quiet=message.quiet)
