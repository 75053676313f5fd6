"""MessageStream: the training process's end of the pipes to the application, events out and commands in.

Imports no torch, so that a run can be stopped while torch is still being imported.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TextIO

from explorer.core import exit_codes
from explorer.training.messages import Command, Event, Stop, decode_command, encode

NICE = 5
"""How far the priority of the training process is lowered, so that the application stays responsive."""


class MessageStream:
    """Writes events to `output` and queues the commands that are read from `source`.

    A `Stop`, the end of `source`, or an `output` that cannot be written calls `on_stop`. Until `connect` has set it,
    there is nothing to save, and a stop ends the process at once.
    """

    def __init__(self, output: TextIO, source: Iterable[str]) -> None:
        self._output = output
        self._source = source
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._on_stop: Callable[[], None] | None = None

    @classmethod
    def over_standard_streams(cls) -> "MessageStream":
        """Take over standard output and input, lower this process's priority and listen in a thread."""
        sys.stdout.flush()
        output = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)  # what a library prints is no event
        with suppress(OSError, AttributeError):
            os.nice(NICE)
        stream = cls(output, os.fdopen(os.dup(0), encoding="utf-8"))
        threading.Thread(target=stream.listen, daemon=True).start()
        return stream

    def connect(self, on_stop: Callable[[], None]) -> None:
        """Set what a stop calls, in any thread."""
        with self._lock:
            self._on_stop = on_stop

    def listen(self) -> None:
        """Queue commands until the application closes the stream, which is a stop."""
        with suppress(OSError, ValueError):
            for line in self._source:
                if (command := decode_command(line)) is not None:
                    self.receive(command)
        self.receive(Stop())

    def receive(self, command: Command) -> None:
        """Queue a command; a stop takes effect now."""
        self._commands.put(command)
        if isinstance(command, Stop):
            with self._lock:
                if self._on_stop is None:
                    os._exit(exit_codes.INTERRUPTED)
                self._on_stop()

    def next_command(self, wait: float = 0.0) -> Command | None:
        """Return the next command, waiting for it at most this many seconds."""
        try:
            return self._commands.get(block=wait > 0, timeout=wait)
        except queue.Empty:
            return None

    def send(self, event: Event) -> None:
        """Write an event; if nobody reads any more, the run stops."""
        try:
            self._output.write(encode(event) + "\n")
            self._output.flush()
        except (OSError, ValueError):
            if self._on_stop is not None:
                self._on_stop()
