"""The driver of an application that `explorer serve` runs behind pipes."""

import os
from typing import Any

from textual import messages
from textual.app import App
from textual.drivers.web_driver import WebDriver

_MOST_COLUMNS, _MOST_ROWS = 1000, 500


class ServedDriver(WebDriver):
    """Ends the application when its input ends, as the server is gone then.

    A page reports its size; a size far beyond that of any screen would fill the memory of the host.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        columns, rows = size or (os.environ.get("COLUMNS"), os.environ.get("ROWS"))
        super().__init__(
            app, debug=debug, mouse=mouse, size=(_within(columns, _MOST_COLUMNS), _within(rows, _MOST_ROWS))
        )

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Handle what the server sends besides keys."""
        if packet_type == "resize":
            width, height = payload.get("width"), payload.get("height")
            payload = {"width": _within(width, _MOST_COLUMNS), "height": _within(height, _MOST_ROWS)}
        super().on_meta(packet_type, payload)

    def run_input_thread(self) -> None:
        """Read keys until the input ends."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())


def _within(said: object, most: int) -> int:
    """Return a size in cells as reported by a page, from 1 to `most`; 80 for anything that is not a number."""
    try:
        return max(1, min(most, int(str(said))))
    except ValueError:
        return 80
