"""What workers tell: heard as long as the application is there, dropped once it is being left."""

from textual.message import Message
from textual.message_pump import MessagePump


class Told(Message):
    """What a worker posts; nobody may be there any more when it comes."""


class Hearing(MessagePump):
    """An application or a screen that hears nothing of workers once the application is being left.

    Then widgets are taken from the screens one by one, and handlers would look for them in vain.
    """

    async def _dispatch_message(self, message: Message) -> None:
        if not isinstance(message, Told) or self.app.is_running:
            await super()._dispatch_message(message)
