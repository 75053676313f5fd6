"""Signals, and terminals that go away, at any moment: the application ends and leaves the terminal as it was."""

import random
import signal
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from model.checkpoint import Checkpoint
from tests.campaigns.tries import tries
from tests.explorer.terminal import Terminal

SECONDS_OF_A_START = 3.0
# Without c: an interrupt while Compare draws can still raise NoMatches from a widget that is gone already.
KEYS = (b"m", b"]", b"\x1b[D", b"?", b"e", b"\r", b"\x1b", b"f", b"\x1b[6~", b"6", b"w", b"c", b"i")


def until(terminal: Terminal, moment: float, dice: random.Random) -> None:
    """Read what is written until then, and press a few keys."""
    end = time.monotonic() + moment
    while time.monotonic() < end and terminal.process.poll() is None:
        terminal.read(0.05)
        if b"weights" in terminal.written and dice.random() < 0.3:
            terminal.press(dice.choice(KEYS))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_whenever_a_signal_comes_the_terminal_is_restored(char_model: Checkpoint, tmp_path: Path) -> None:
    ends = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, None)
    for dice in tries(10):
        number = dice.choice(ends)
        arguments = ["--model", str(char_model.path), "--text", "a bad fed cab"]
        with closing(Terminal(arguments, tmp_path)) as terminal:
            if dice.random() < 0.5:
                terminal.wait_for(dice.choice(["bad fed", "weights"]))
            until(terminal, dice.uniform(0, SECONDS_OF_A_START), dice)
            if number is None:
                terminal.hang_up()
                assert terminal.process.wait(60) != 0
                continue
            for _ in range(dice.choice([1, 1, 2, 5])):
                with suppress(ProcessLookupError):
                    terminal.process.send_signal(number)
            code = terminal.end()
            if b"init_import_site" in terminal.written:
                continue  # Python itself had not started yet
            expected = {-number, 128 + number} | ({0} if number is signal.SIGINT else set())  # it quits, as by a key
            assert code in expected, (number, terminal.text()[-2000:])
            assert "Traceback" not in terminal.text()
            if b"\x1b[?1049h" in terminal.written:
                terminal.check_restored()
