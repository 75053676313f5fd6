"""`explorer train` whose output goes nowhere, or whose terminal is gone: nothing trained is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model.training import runs
from model.training.run_log import read_metrics
from tests.explorer.cli.test_main import ROOT
from tests.explorer.training_runs import SMALL
from tests.explorer.training_runs import alone as alone


def popen(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "explorer", "train", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        **options,
    )


LONG = ("text.txt", *SMALL, "--steps", "1000000", "--evaluate-every", "20", "--checkpoint-every", "1000000")


@pytest.mark.slow
def test_a_reader_that_goes_away_stops_the_run_and_it_is_saved() -> None:
    process = popen(*LONG, "--out", "run", stdout=subprocess.PIPE)
    assert process.stdout is not None
    while "step 20:" not in process.stdout.readline():
        pass
    process.stdout.close()
    assert process.stderr is not None
    message = process.stderr.read()
    assert process.wait() == 130
    assert "standard output cannot be written (Broken pipe): stopped and saved at step" in message
    assert len(message.splitlines()) == 1
    done = read_metrics(Path("run"))[-1].step
    assert runs.latest(Path("run")).name == f"step-{done:06d}"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_log_without_room_stops_the_run_and_it_is_saved() -> None:
    with Path("/dev/full").open("w") as full:
        process = popen(*LONG, "--out", "run", stdout=full)
        assert process.stderr is not None
        message = process.stderr.read()
    assert process.wait() == 130
    assert "(No space left on device): stopped and saved at step 0; go on with: explorer train --out run" in message


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signal")
@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_goes_away_saves_unless_the_run_is_to_outlive_it(nohup: bool) -> None:
    handler = signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
    try:
        process = popen(*LONG, "--out", "run", stdout=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGHUP, handler)
    assert process.stdout is not None
    while "step 20:" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGHUP)
    if nohup:
        while "step 400:" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait() == 130
    done = read_metrics(Path("run"))[-1].step
    assert runs.latest(Path("run")).name == f"step-{done:06d}"
    assert done >= (400 if nohup else 20)
