"""The driver of an application that `explorer serve` runs behind pipes."""

from textual import messages
from textual.drivers.web_driver import WebDriver


class ServedDriver(WebDriver):
    """Ends the application when its input ends: then the server is gone, in whatever way."""

    def run_input_thread(self) -> None:
        """Read keys until the input ends."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
