"""Which messages are dropped while the application shuts down: a handler would look in vain for its widgets by then."""

from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.messages import CloseMessages, Prune


class WorkerMessage(Message, bubble=False):
    """Posted by a worker to the object that owns it; dropped once the application is shutting down."""


_STILL_HANDLED = (events.Unmount, Prune, CloseMessages, events.Callback)
"""Messages that end a screen, and calls that somebody may wait for."""


def is_too_late(message: Message, app: App[Any]) -> bool:
    """Return True if the application is shutting down and a message is neither part of that nor a call to be made.

    The base classes of our screens drop such a message. That of a screen that was just opened may be its Mount, and
    its widgets will never be there.
    """
    return not app.is_running and not isinstance(message, _STILL_HANDLED)
