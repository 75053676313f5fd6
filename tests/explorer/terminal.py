"""The application in a pseudo-terminal of its own."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from tests.explorer.processes import environment

PATIENCE = 300.0
ESCAPE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|P[^\x1b]*\x1b\\"  # DCS
    rb"|[()][0-9A-B]|[=>78cM])"
)

COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[349][0-7]|10[0-7]|[34]8;[0-9;]*)(?:;[0-9;]*)?m")
"""A colour that is chosen; 39 and 49 are the terminal's own."""


class Terminal:
    """The application in a terminal of its own; what it writes is gathered and never interpreted.

    It runs in `cwd`, or where its `state` is kept: keys that a test presses may write files.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        state: Path,
        size: tuple[int, int] = (100, 30),
        log: Path | None = None,
        cwd: Path | None = None,
        **env: str,
    ) -> None:
        self.ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self._set_size(*size)
        own = ("COLUMNS", "LINES", "NO_COLOR", "COLORTERM", "TEXTUAL_THEME")
        inherited = {name: value for name, value in environment(state).items() if name not in own}
        env = inherited | {"TERM": "xterm-256color"} | env
        errors = theirs if log is None else os.open(log, os.O_WRONLY | os.O_CREAT)
        state.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "explorer", *arguments],
            stdin=theirs, stdout=theirs, stderr=errors, cwd=cwd or state, env=env, start_new_session=True,
        )  # fmt: skip
        if log is not None:
            os.close(errors)
        self.written = b""

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        self._set_size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)  # this is not the terminal of its session, which would send it

    def press(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def text(self, start: int = 0) -> str:
        """What was written since `start`, without escape sequences and without the places they moved to."""
        return ESCAPE.sub(b"", self.written[start:]).decode(errors="replace")

    def wait_for(self, wanted: str, start: int = 0) -> None:
        end = time.monotonic() + PATIENCE
        while wanted not in self.text(start):
            assert time.monotonic() < end, f"no {wanted!r} in {self.text(start)[-2000:]!r}"
            assert self.process.poll() is None, self.text()[-2000:]
            self.read(0.5)

    def read(self, seconds: float) -> bool:
        """Read what is written within so many seconds; return False if it is nothing."""
        ready, _, _ = select.select([self.ours], [], [], seconds)
        if ready:
            self.written += os.read(self.ours, 65536)
        return bool(ready)

    def end(self) -> int:
        """Wait until the program has ended and everything is read."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text()[-2000:]
            self.read(0.1)
        while self.read(0.0):
            pass
        return self.process.returncode

    def hang_up(self, *, with_signal: bool = True) -> None:
        """Close both ends of the terminal, as when a connection breaks off, and send what the kernel sends then.

        It sends nothing to a process for which this is not the terminal of its session.
        """
        os.close(self.ours)
        os.close(self._theirs)
        self.ours = self._theirs = -1
        if with_signal:
            self.process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for end in (self._theirs, self.ours):
            if end >= 0:
                os.close(end)

    def check_restored(self) -> None:
        """The screen, the cursor, the mouse, pasting and the line discipline are as they were."""
        for on, off in ((b"1049h", b"1049l"), (b"25l", b"25h"), (b"1000h", b"1000l"), (b"2004h", b"2004l")):
            last_on, last_off = (self.written.rfind(b"\x1b[?" + mode) for mode in (on, off))
            assert 0 <= last_on < last_off, (on, off)
        assert termios.tcgetattr(self._theirs) == self.before
        assert "Traceback" not in self.text()

    def check_plain(self) -> None:
        """No control character is shown but the ends of lines, and nothing that turns the direction of writing."""
        shown = self.text()
        assert not [c for c in shown if (ord(c) < 32 and c not in "\r\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
