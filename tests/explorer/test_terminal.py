"""A smoke test through a real pseudo-terminal: what a terminal receives, and the state it is left in."""

import signal
from pathlib import Path

import pytest

from model.checkpoint import Checkpoint
from tests.explorer.terminal import COLOUR, PATIENCE, Terminal
from tests.parameters import slow


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


@pytest.mark.slow
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


@pytest.mark.parametrize("environment", [{"TERM": "xterm-16color"}, slow({}), slow({"NO_COLOR": "1"})])
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
    terminal.check_plain()
    if "NO_COLOR" in environment:
        assert not COLOUR.search(terminal.written)


def test_ctrl_c_does_not_end_it(char_model: Checkpoint, tmp_path: Path, started: list[Terminal]) -> None:
    terminal = Terminal(["--model", str(char_model.path), "--text", "a bad fed cab"], tmp_path)
    started.append(terminal)
    terminal.wait_for("weights")
    start = len(terminal.written)
    terminal.press(b"\x03")
    terminal.press(b"m")
    terminal.wait_for("mask off", start)


@pytest.mark.parametrize(
    ("number", "shown"), [(signal.SIGTERM, "weights"), (signal.SIGHUP, "bad fed"), slow(signal.SIGQUIT, "weights")]
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


@pytest.mark.slow
@pytest.mark.parametrize("with_signal", [True, False])
def test_a_lost_terminal_ends_it(
    char_model: Checkpoint, tmp_path: Path, started: list[Terminal], *, with_signal: bool
) -> None:
    terminal = Terminal(["--model", str(char_model.path), "--text", "a bad fed cab"], tmp_path)
    started.append(terminal)
    terminal.wait_for("weights")
    terminal.hang_up(with_signal=with_signal)
    assert terminal.process.wait(PATIENCE) != 0
