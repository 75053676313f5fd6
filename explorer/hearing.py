"""An application or a screen that drops the messages of workers while the application shuts down."""

from textual.message import Message
from textual.message_pump import MessagePump

from explorer.widgets.messages import WorkerMessage


class Hearing(MessagePump):
    """Drops every WorkerMessage once the application is shutting down."""

    async def _dispatch_message(self, message: Message) -> None:
        if not isinstance(message, WorkerMessage) or self.app.is_running:
            await super()._dispatch_message(message)
