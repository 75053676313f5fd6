"""While the application is drawn, nothing else is written to its terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

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
