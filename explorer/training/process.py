"""TrainingProcess: starts a training run in a process of its own, receives its events and sends it commands."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import explorer
from explorer.core import exit_codes
from explorer.training.messages import Command, Event, decode_event, encode
from explorer.training.request import TrainRequest
from model.errors import ModelError

OnEvent = Callable[[Event], None]
OnExit = Callable[[int, str], None]
"""Called with the exit code and, if the run has failed, one line that says why."""

_ROOT = Path(explorer.__file__).parents[1]
_LAST_LINES = 20


class ProcessHandle(Protocol):
    """A training process, or a test's substitute for one."""

    def send(self, command: Command) -> None:
        """Send a command; does nothing once the process has ended."""

    def close(self) -> None:
        """Close the command stream: the process saves and ends."""

    def kill(self) -> None:
        """End the process at once; what it saved before stays."""

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end; return True if it has."""
        ...


ProcessStarter = Callable[[TrainRequest, OnEvent, OnExit], ProcessHandle]
"""Starts the process of a request. Both callbacks are called in other threads. Raises ModelError."""


class TrainingProcess:
    """`explorer train` in a process: calls `on_event` with every event and, once, `on_exit`, in threads of its own."""

    def __init__(self, request: TrainRequest, on_event: OnEvent, on_exit: OnExit) -> None:
        self._on_event = on_event
        self._on_exit = on_exit
        self._lock = threading.Lock()
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        # -P: a file of the user's own called random.py must not be imported in place of Python's.
        command = [sys.executable, "-P", "-m", "explorer", "train", "--stream", *request.arguments]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,  # a terminal that is closed ends us, and through us the run, which saves first
            )
        except (OSError, ValueError) as error:  # ValueError: a null character in a name
            raise ModelError(f"the training process cannot be started: {error}") from error
        self._error_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self._error_reader.start()
        threading.Thread(target=self._read_events, daemon=True).start()

    def send(self, command: Command) -> None:
        """Send a command; does nothing once the process has ended."""
        stream = self._process.stdin
        assert stream is not None  # a pipe
        with self._lock, suppress(OSError, ValueError):
            stream.write((encode(command) + "\n").encode())
            stream.flush()

    def close(self) -> None:
        """Close the command stream: the process saves and ends."""
        stream = self._process.stdin
        assert stream is not None  # a pipe
        with self._lock, suppress(OSError, ValueError):
            stream.close()

    def kill(self) -> None:
        """End the process at once; what it saved before stays."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end; return True if it has."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _read_events(self) -> None:
        assert self._process.stdout is not None  # a pipe
        for line in self._process.stdout:
            if (event := decode_event(line)) is not None:
                self._on_event(event)
        code = self._process.wait()
        self._error_reader.join(1.0)  # a grandchild may hold the pipe open
        self._on_exit(code, describe_exit(code, list(self._error_lines)))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None  # a pipe
        for line in self._process.stderr:
            self._error_lines.append(line.decode("utf-8", "replace").rstrip())


def describe_exit(code: int, lines: list[str]) -> str:
    """Return one line about the end of a process: its own error message if it has one, else how it ended."""
    last = next((line for line in reversed(lines) if line.strip()), "")
    if code == exit_codes.ERROR and last.startswith("explorer: "):
        return last.removeprefix("explorer: ")
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"the training process was ended by {name}: what it had saved can be resumed"
    return f"the training process failed with exit code {code}" + (f": {last.strip()}" if last else "")
