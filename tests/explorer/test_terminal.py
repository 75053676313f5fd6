"""A smoke test through a real pseudo-terminal: what a terminal receives, and the state it is left in."""

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
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from model.checkpoint import Checkpoint

ROOT = Path(__file__).parents[2]
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
        environment = {name: value for name, value in os.environ.items() if name not in own}
        environment |= {"TERM": "xterm-256color", "XDG_STATE_HOME": str(state), "OMP_NUM_THREADS": "1", **env}
        environment["PYTHONPATH"] = str(ROOT)
        errors = theirs if log is None else os.open(log, os.O_WRONLY | os.O_CREAT)
        state.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "explorer", *arguments],
            stdin=theirs, stdout=theirs, stderr=errors, cwd=cwd or state, env=environment, start_new_session=True,
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

    def hang_up(self) -> None:
        """Close both ends of the terminal, as when a connection breaks off, and send what the kernel sends then."""
        os.close(self.ours)
        os.close(self._theirs)
        self.ours = self._theirs = -1
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


@pytest.fixture
def started(tmp_path: Path) -> Iterator["list[Terminal]"]:
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


def test_a_session(char_model: Checkpoint, tmp_path: Path, started: list[Terminal]) -> None:
    view = ["--text", "a bad fed cab", "--layer", "0", "--head", "0"]
    terminal = Terminal(["--model", str(char_model.path), *view], tmp_path)
    started.append(terminal)
    terminal.wait_for("a bad fed cab")  # the first frame
    terminal.wait_for("weights")  # and the matrix
    for key, shows in (
        (b"m", "mask off"),
        (b"]", "L0 H1"),
        (b"\x1b[D", "query 11"),
        (b"?", "Walking through the sentence"),
        (b"q", "bad fed"),
    ):
        start = len(terminal.written)
        terminal.press(key)
        terminal.wait_for(shows, start)
    start = len(terminal.written)
    terminal.resize(59, 20)
    terminal.wait_for("59×20", start)
    terminal.resize(70, 20)
    terminal.wait_for("unscaled", start)
    terminal.press(b"e deaf\r")  # all at once, as a fast typist's keys come over a slow line
    terminal.wait_for("cab deaf")
    terminal.press(b"y")
    terminal.wait_for("copied: row of query")
    assert b"\x1b]52;c;" in terminal.written
    terminal.press(b"q")
    assert terminal.end() == 0
    terminal.check_restored()
    assert (tmp_path / "attention-explorer" / "sentences.json").is_file()


def test_nothing_is_drawn_into_a_log_of_errors(char_model: Checkpoint, tmp_path: Path, started: list[Terminal]) -> None:
    log = tmp_path / "log"
    terminal = Terminal(["--model", str(char_model.path), "--text", "a bad fed cab"], tmp_path, log=log)
    started.append(terminal)
    terminal.wait_for("weights")
    terminal.press(b"q")
    assert terminal.end() == 0
    terminal.check_restored()
    assert log.read_bytes() == b""


HOSTILE = "a\x1b[31mb\x1b]0;pwned\x07c\x1b[2J\x9b31md\x08e\x7f\u202ef"


ENVIRONMENTS = ({}, {"NO_COLOR": "1"}, {"TERM": "xterm-16color"})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_escape_sequences_in_the_text_never_reach_the_terminal(
    environment: dict[str, str], char_model: Checkpoint, tmp_path: Path, started: list[Terminal]
) -> None:
    terminal = Terminal(["--model", str(char_model.path), "--text", HOSTILE], tmp_path, **environment)
    started.append(terminal)
    terminal.wait_for("weights")
    terminal.press(b"e")
    terminal.wait_for("discard")
    start = len(terminal.written)
    terminal.press(b"\x1b")
    terminal.wait_for("−+ amount", start)
    terminal.press(b"q")
    assert terminal.end() == 0
    terminal.check_restored()
    assert b"\x1b]0;pwned" not in terminal.written
    assert "pwned" in terminal.text()  # it is shown, as text
    shown = terminal.text()
    assert not [c for c in shown if (ord(c) < 32 and c not in "\r\n") or 0x7F <= ord(c) < 0xA0 or c == "\u202e"]
    if "NO_COLOR" in environment:
        assert not re.search(
            rb"\x1b\[(?:[0-9;]*;)?(?:[349][0-7]|10[0-7]|[34]8;[0-9;]*)(?:;[0-9;]*)?m", terminal.written
        )


def test_ctrl_c_does_not_end_it(char_model: Checkpoint, tmp_path: Path, started: list[Terminal]) -> None:
    terminal = Terminal(["--model", str(char_model.path), "--text", "a bad fed cab"], tmp_path)
    started.append(terminal)
    terminal.wait_for("weights")
    start = len(terminal.written)
    terminal.press(b"\x03")
    terminal.press(b"m")
    terminal.wait_for("mask off", start)


@pytest.mark.parametrize(
    ("number", "shown"), [(signal.SIGTERM, "weights"), (signal.SIGHUP, "bad fed"), (signal.SIGQUIT, "weights")]
)
def test_a_signal_ends_it_and_restores_the_terminal(
    number: signal.Signals, shown: str, char_model: Checkpoint, tmp_path: Path, started: list[Terminal]
) -> None:
    """Once with the matrix on the screen, once while torch is still being imported."""
    terminal = Terminal(["--model", str(char_model.path), "--text", "a bad fed cab"], tmp_path)
    started.append(terminal)
    terminal.wait_for(shown)
    terminal.process.send_signal(number)
    terminal.process.send_signal(number)
    assert terminal.end() == -number
    terminal.check_restored()


def test_a_lost_terminal_ends_it(char_model: Checkpoint, tmp_path: Path, started: list[Terminal]) -> None:
    terminal = Terminal(["--model", str(char_model.path), "--text", "a bad fed cab"], tmp_path)
    started.append(terminal)
    terminal.wait_for("weights")
    terminal.hang_up()
    assert terminal.process.wait(PATIENCE) != 0
