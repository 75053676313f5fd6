"""`kill -9` at random moments of a run: what is on the disk opens, resuming is exact and loses at most the interval.

Dozens of kills, also at single calls of the system, by `tests/campaigns/test_kills.py`.
"""

import os
import random
import sys
import time
from pathlib import Path

import pytest

from model.checkpoint import load
from model.layout import parse_step_directory
from model.training import runs
from model.training.run_log import METRICS, read_metrics
from model.training.snapshots import FOLDER, find_snapshots
from tests.model.trainers import TEXT, processes

INTERVAL = 7
STEPS = 40
KILLED = -9


def command_line(arguments: list[str]) -> None:
    """A process that is the command `explorer` with these arguments, and says nothing."""
    import torch

    from explorer.cli.main import main

    torch.set_num_threads(1)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    main(arguments)


def train(arguments: list[str], most: float, log: Path | None = None, lines: int = 0) -> int | None:
    """Train in a process of its own, killed `most` seconds after it starts or after `log` has so many lines.

    Returns its exit code. Half of the kills wait for lines: the start of a process takes most of the time.
    """
    process = processes().Process(target=command_line, args=(["train", *arguments],))
    process.start()
    while log and process.is_alive() and (not log.exists() or log.read_bytes().count(b"\n") < lines):
        process.join(0.002)
    process.join(most)
    process.kill()
    process.join()
    return process.exitcode


def arguments(text: Path, out: Path) -> list[str]:
    if runs.is_run(out):
        return ["--out", str(out), "--resume"]
    return [
        *(str(text), "--out", str(out), "--tokenizer", "char", "--layers", "2", "--heads", "2", "--width", "16"),
        *("--context", "16", "--steps", str(STEPS), "--batch-size", "4", "--evaluate-every", "20"),
        *("--checkpoint-every", str(INTERVAL), "--sample-every", "0", "--precision", "float32", "--threads", "1"),
    ]


def check(out: Path, before: int) -> int:
    """Everything in a run that was just killed is whole; returns the step that it can go on from."""
    for folder in (out, out / FOLDER):
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.is_dir() and (path.name == "final" or parse_step_directory(path.name) is not None):
                load(path)
    for _, path in find_snapshots(out):
        load(path)
    if not runs.is_run(out):
        return before
    load(out)
    step = int(runs.latest(out).name.removeprefix("step-"))
    assert step >= before
    if (out / METRICS).exists():
        done = [metrics.step for metrics in read_metrics(out)]
        assert done == list(range(1, len(done) + 1))
        assert step <= len(done) <= step + INTERVAL or len(done) == 0 == step
    return step


def curve(out: Path) -> list[tuple[float, ...]]:
    return [(m.step, m.loss, m.validation_loss or 0.0, m.learning_rate, m.gradient_norm) for m in read_metrics(out)]


def check_finished(out: Path, reference: Path) -> None:
    """A run that was killed and resumed is the same as one that was not."""
    assert curve(out) == curve(reference)
    final = Path("final") / "model.safetensors"
    assert (out / final).read_bytes() == (reference / final).read_bytes()
    assert [step for step, _ in find_snapshots(out)] == [0, 10, 30, STEPS]
    assert not [path for path in (*out.iterdir(), *(out / FOLDER).iterdir()) if path.name.endswith(".tmp")]


def survive(directory: Path, kills: int) -> tuple[int, int]:
    """Kill runs until `kills` have hit; each that gets to its end must be as if nothing had happened."""
    text = directory / "text.txt"
    text.write_text(TEXT)
    reference = directory / "reference"
    began = time.perf_counter()
    assert train(arguments(text, reference), 300) == 0
    whole = time.perf_counter() - began
    draw = random.Random(kills)
    hits = finished = 0
    while hits < kills or not finished:
        out = directory / f"run-{finished}"
        step = 0
        while True:
            if hits >= kills:
                code = train(arguments(text, out), 300)
            elif hits % 2:
                code = train(arguments(text, out), draw.uniform(0, whole))
            else:
                code = train(arguments(text, out), draw.uniform(0, 0.05), out / METRICS, draw.randint(step, STEPS))
            step = check(out, step) if out.is_dir() else 0
            if code == 0:
                break
            assert code == KILLED
            hits += 1
        finished += 1
        check_finished(out, reference)
    return hits, finished


@pytest.mark.slow
def test_a_kill_of_each_kind(tmp_path: Path) -> None:
    assert survive(tmp_path, 2)[0] >= 2
