"""What is written to the terminal: nothing else while the application is drawn, and progress that is wiped away."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.cli.terminal import with_progress
from model.errors import ModelError
from tests.explorer.cli.test_main import ROOT

PROGRAM = """
import os, sys
from explorer.cli.terminal import drawing_to_terminal

with drawing_to_terminal():
    os.write(2, b"thread panicked\\n")
    print("a frame", file=sys.__stderr__, flush=True)
    print("a traceback", file=sys.stderr)
print("afterwards", file=sys.stderr)
"""


@pytest.mark.parametrize("logged", [False, True])
def test_what_libraries_write_does_not_reach_the_screen(logged: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    ours, theirs = pty.openpty()
    with log.open("w") as file:
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            stdin=theirs, stdout=theirs, stderr=file if logged else theirs, cwd=ROOT, check=True,
        )  # fmt: skip
    shown = os.read(ours, 10_000)
    os.close(ours)
    os.close(theirs)
    assert shown == b"a frame\r\na traceback\r\n" + (b"" if logged else b"afterwards\r\n")
    assert log.read_text() == ("thread panicked\nafterwards\n" if logged else "")


def test_progress_is_wiped_away_also_where_an_item_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ModelError("no third")

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(ModelError, match="no third"):
        list(with_progress(items(), 3, "counting"))
    assert capsys.readouterr().err == "\rcounting: 1 of 3\x1b[K\rcounting: 2 of 3\x1b[K\r\x1b[K"
