"""`kill -9` at single calls of the system by which a run changes its directory. A try is a kill.

The process counts its own calls, by an audit hook and by wrapped functions, and kills itself before the one that was
drawn. Whatever is on the disk then opens, and a run that gets to its end is the same as one that was never killed.
"""

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import pytest

from model.training.run_log import METRICS
from tests.campaigns.tries import tries
from tests.explorer.cli.test_train_killed import KILLED, STEPS, arguments, check, check_finished, command_line, train
from tests.model.trainers import TEXT, processes

AUDITED = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink")
WRAPPED = ("write", "fsync", "ftruncate")


def train_until_call(given: list[str], limit: int, counted: "Synchronized[int]") -> None:
    """Train in this process, which is killed before the call of the number `limit`; 0 only counts."""

    def count() -> None:
        counted.value += 1
        if counted.value == limit:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, details: tuple[Any, ...]) -> None:
        if event in AUDITED or (event == "open" and isinstance(details[2], int) and details[2] & os.O_CREAT):
            count()

    def counting(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted_call(*values: Any, **named: Any) -> Any:
            count()
            return call(*values, **named)

        return counted_call

    for name in WRAPPED:
        setattr(os, name, counting(getattr(os, name)))
    sys.addaudithook(audit)
    command_line(given)


def run(given: list[str], limit: int = 0) -> tuple[int | None, int]:
    """Train until the call of this number; the exit code, and how many calls there were."""
    counted: Synchronized[int] = processes().Value("q", 0)
    process = processes().Process(target=train_until_call, args=(["train", *given], limit, counted))
    process.start()
    process.join(300)
    process.kill()
    process.join()
    return process.exitcode, counted.value


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_whatever_call_it_is_killed_at_a_run_opens_and_goes_on(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    reference = tmp_path / "reference"
    code, calls = run(arguments(text, reference))
    assert code == 0
    assert calls > STEPS
    finished = step = 0
    for dice in tries(50):
        out = tmp_path / f"run-{finished}"
        if dice.random() < 0.75:
            code, _ = run(arguments(text, out), dice.randint(1, calls))
        else:
            code = train(arguments(text, out), dice.uniform(0, 0.1), out / METRICS, dice.randint(step, STEPS))
        step = check(out, step) if out.is_dir() else 0
        assert code in (0, KILLED)
        if code == 0:
            check_finished(out, reference)
            finished, step = finished + 1, 0
    out = tmp_path / f"run-{finished}"
    assert run(arguments(text, out))[0] == 0
    check_finished(out, reference)
