"""Dialog: the base class of the small screens that lie over another one."""

from typing import TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import ModalScreen

from explorer.widgets.messages import is_too_late

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """A modal screen that a click beside it closes, and that never dismisses another screen."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close the dialog; a second key that does so before it is gone must not close the screen below."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_click(self, event: events.Click) -> None:
        """Close the dialog if the click is beside it."""
        if event.widget is self:
            self.dismiss(None)

    async def _dispatch_message(self, message: Message) -> None:
        if not is_too_late(message, self.app):
            await super()._dispatch_message(message)
