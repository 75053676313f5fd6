"""A model of another family through a real pseudo-terminal."""

from pathlib import Path

import pytest

from tests.explorer.terminal import Terminal
from tests.model.families.making import family, write


@pytest.mark.slow
def test_a_model_of_another_family(tmp_path: Path, started: list[Terminal]) -> None:
    write(family("gpt_oss"), tmp_path / "oss")
    arguments = ["--model", str(tmp_path / "oss"), "--text", "Ivan is the guy", "--layer", "0", "--head", "2"]
    terminal = Terminal(arguments, tmp_path, size=(130, 40))
    started.append(terminal)
    terminal.wait_for("L0 H2 · kv 1")
    terminal.wait_for("window 4")
    start = len(terminal.written)
    terminal.press(b"m")
    terminal.wait_for("mask off", start)
    terminal.press(b"q")
    assert terminal.end() == 0
    terminal.check_restored()
    assert "%|" not in terminal.text()  # no progress bar of transformers
