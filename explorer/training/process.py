"""A training run in a process of its own: started, listened to and steered from here."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import explorer
from explorer.core import exit_codes
from explorer.training.request import TrainRequest, with_threads
from model.errors import ModelError

Told = Callable[[dict[str, Any]], None]
Ended = Callable[[int, str], None]

_ROOT = Path(explorer.__file__).parents[1]
_LAST_LINES = 20


class Trains(Protocol):
    """A training process, or what stands in for one in a test."""

    def send(self, do: str, **values: Any) -> None:
        """Ask it for something; nothing happens once it has ended."""

    def close(self) -> None:
        """Let it know that nobody watches: it saves and ends."""

    def kill(self) -> None:
        """End it at once; what it saved before stays."""

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        ...


Launch = Callable[[TrainRequest, Told, Ended], Trains]
"""Starts the process of a request. Both callbacks are called in another thread."""


class TrainingProcess:
    """`explorer train` as a process: `told` is called with every line it tells, `ended` once with code and message."""

    def __init__(self, request: TrainRequest, told: Told, ended: Ended) -> None:
        self._told = told
        self._ended = ended
        self._lock = threading.Lock()
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        # -P: a file of the person's own called random.py is not to be imported in place of Python's.
        command = [sys.executable, "-P", "-m", "explorer", "train", "--stream", *with_threads(request.arguments)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,  # a terminal that goes away ends us, and through us the run, which saves first
            )
        except (OSError, ValueError) as error:  # ValueError: a null character in a name
            raise ModelError(f"the training process cannot be started: {error}") from error
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._errors = threading.Thread(target=self._read_errors, daemon=True)
        self._errors.start()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, do: str, **values: Any) -> None:
        """Ask for something, see `explorer.training.stream`."""
        stream = self._process.stdin
        assert stream is not None  # a pipe
        with self._lock, suppress(OSError, ValueError):
            stream.write((json.dumps({"do": do, **values}) + "\n").encode())
            stream.flush()

    def close(self) -> None:
        """Close the pipe, which is a stop."""
        stream = self._process.stdin
        assert stream is not None  # a pipe
        with self._lock, suppress(OSError, ValueError):
            stream.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _read(self) -> None:
        assert self._process.stdout is not None  # a pipe
        for line in self._process.stdout:
            with suppress(ValueError, RecursionError):
                told = json.loads(line)
                if isinstance(told, dict):
                    self._told(told)
        code = self._process.wait()
        self._errors.join(1.0)  # a grandchild may hold the pipe open
        self._ended(code, ending(code, list(self._last)))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None  # a pipe
        for line in self._process.stderr:
            self._last.append(line.decode("utf-8", "replace").rstrip())


def ending(code: int, lines: list[str]) -> str:
    """One line about the end of a process: its own last words where it has any, else how it ended."""
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


def described(told: Mapping[str, Any]) -> Any:
    """The `RunDescription` in a line that tells what is trained."""
    from model.config import GPTConfig
    from model.training.run_log import RunDescription

    return RunDescription(**{**told, "config": GPTConfig.from_dict(told["config"])})
