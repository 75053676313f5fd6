"""`explorer train --watch` in a real terminal: it trains, is quit at once, leaves no process, and obeys no text."""

import json
from pathlib import Path

import pytest

from model.checkpoint import load
from model.training.run_log import read_metrics
from tests.explorer.terminal import COLOUR, Terminal
from tests.explorer.training_runs import SMALL
from tests.model.trainers import TEXT

HOSTILE = "[red]\x1b]0;pwned\x07\u202e"


@pytest.mark.slow
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_a_session(tmp_path: Path, started: list[Terminal], environment: dict[str, str]) -> None:
    """The characters that a terminal would obey are in the text, so that samples have them, and in both names."""
    text, out = tmp_path / f"{HOSTILE}.txt", tmp_path / f"run {HOSTILE}"
    text.write_text(TEXT + HOSTILE * 40)
    many = ("--steps", "1000000", "--evaluate-every", "1000000", "--no-snapshots", "--sample-every", "1")
    arguments = ["train", "--watch", *SMALL, *many, "--prompt", HOSTILE, "--out", str(out), "--", str(text)]
    terminal = Terminal(arguments, tmp_path / "state", **environment)
    started.append(terminal)
    terminal.wait_for("run␣[red]")
    terminal.wait_for("loss in nats")
    terminal.wait_for("tokens/s")
    start = len(terminal.written)
    terminal.press(b"\t")
    terminal.wait_for("sample after step", start)
    terminal.press(b"q")
    assert terminal.end() == 0
    terminal.check_restored()
    last_line = terminal.text().rstrip().splitlines()[-1]
    steps = read_metrics(out)
    assert last_line.endswith(f": stopped and saved at step {steps[-1].step}")
    load(out / f"step-{steps[-1].step:06d}")
    assert json.loads((out / "run.json").read_text())["settings"]["steps"] == 1_000_000
    assert b"\x1b]0;pwned" not in terminal.written
    assert "pwned" in terminal.text()
    terminal.check_plain()
    if "NO_COLOR" in environment:
        assert not COLOUR.search(terminal.written)
