"""The base class of messages posted by workers."""

from textual.message import Message


class WorkerMessage(Message, bubble=False):
    """Posted by a worker to the object that owns it; dropped once the application is shutting down.

    By then widgets are being removed from their screens, and a handler would look for them in vain. The application
    and the base class of our screens drop it.
    """
