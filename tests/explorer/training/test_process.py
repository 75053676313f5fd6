"""A real training process, end to end: it is watched, steered, stopped, resumed, and ends when nobody watches."""

import queue
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.training.live_run import LiveRun, Status, read_told
from explorer.training.process import TrainingProcess, ending
from explorer.training.request import TrainRequest, read_request
from model.checkpoint import load
from model.errors import ModelError
from model.training.run_log import read_metrics
from tests.explorer.training_runs import SMALL
from tests.model.trainers import TEXT, make_tokenizer

PATIENCE = 300.0
"""Seconds after which a process that tells nothing is given up; it is never waited for so long."""

LONG = ("--steps", "1000000", "--evaluate-every", "1000000", "--checkpoint-every", "1000000", "--no-snapshots")


class Watcher:
    """A process with all that it told, in this thread."""

    def __init__(self, request: TrainRequest, run: LiveRun | None = None) -> None:
        self.run = run or LiveRun(request)
        self.events: list[str] = []
        self._news: queue.Queue[Callable[[], Any]] = queue.Queue()
        self.process = TrainingProcess(
            request,
            lambda line: self._news.put(lambda: self._told(line)),
            lambda code, message: self._news.put(lambda: self.run.end(code, message)),
        )

    def _told(self, line: dict[str, Any]) -> None:
        update = read_told(line, self.run.request.out)
        assert update is not None, line
        self.events.append(line["event"])
        self.run.take(update)

    def until(self, fulfilled: Callable[[], bool]) -> None:
        while not fulfilled():
            assert self.run.status.alive, (self.run.status, self.run.message)
            self._news.get(timeout=PATIENCE)()

    def end(self) -> None:
        self.until(lambda: not self.run.status.alive)
        assert self.process.wait(PATIENCE)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a [red] text.txt"
    path.write_text(TEXT)
    return path


Start = Callable[..., Watcher]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Watcher] = []

    def begin(request: TrainRequest, run: LiveRun | None = None) -> Watcher:
        made.append(Watcher(request, run))
        return made[-1]

    yield begin
    for watcher in made:
        watcher.process.kill()
        watcher.process.wait(PATIENCE)


def test_a_run_is_watched_stopped_resumed_and_saved_when_the_watcher_is_gone(
    text: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "run"
    request = read_request([*SMALL, *LONG, "--sample-every", "1", "--out", str(out), str(text)])
    watcher = start(request)
    watcher.until(lambda: watcher.run.step > 0)
    ids = make_tokenizer().encode("the cat").ids
    watcher.process.send("look", ids=ids)
    watcher.process.send("pause")
    watcher.until(lambda: watcher.run.status is Status.PAUSED)
    watcher.until(lambda: watcher.run.heads is not None)
    paused_at = watcher.run.step
    watcher.process.send("sample")
    watcher.until(lambda: watcher.run.sample is not None and watcher.run.sample[0] == paused_at)
    assert watcher.run.step == paused_at
    assert watcher.run.heads is not None
    assert watcher.run.heads.step == paused_at
    assert watcher.run.heads.ids == tuple(ids)
    watcher.process.send("go on")
    watcher.until(lambda: watcher.run.step > paused_at)
    watcher.process.send("stop")
    watcher.end()
    assert (watcher.run.status, watcher.run.message) == (Status.STOPPED, "")
    stopped_at = watcher.run.step
    assert load(out / f"step-{stopped_at:06d}").gpt.config.n_layer == 2
    assert [(step, loss) for step, loss in watcher.run.losses.points] == [(m.step, m.loss) for m in read_metrics(out)]

    request = request.resumed()
    watcher = start(request, watcher.run.again(request))
    watcher.until(lambda: watcher.run.started and watcher.run.step > stopped_at)
    assert [step for step, _ in watcher.run.losses.points] == list(range(1, watcher.run.step + 1))
    watcher.process.close()
    watcher.end()
    assert watcher.run.status is Status.STOPPED
    assert read_metrics(out)[-1].step == watcher.run.step
    load(out / f"step-{watcher.run.step:06d}")


def test_a_run_to_its_end_has_a_model_to_open(text: Path, tmp_path: Path, start: Start) -> None:
    out = tmp_path / "run"
    watcher = start(read_request([*SMALL, "--steps", "6", "--out", str(out), "--", str(text)]))
    watcher.end()
    assert watcher.run.status is Status.DONE
    assert watcher.run.step == 6
    assert len(watcher.run.validation) == 2
    assert watcher.run.openable == out / "final"
    load(out / "final")


def test_what_goes_wrong_is_one_line(tmp_path: Path, start: Start) -> None:
    out = tmp_path / "run"
    watcher = start(TrainRequest(("--out", str(out), "--steps", "[red]"), out))
    watcher.end()
    assert watcher.run.status is Status.FAILED
    assert watcher.run.message.startswith("Invalid value for '--steps': '[red]' is not a valid integer")
    assert "\n" not in watcher.run.message
    assert watcher.events == []


def test_killed_it_is_said_that_what_was_saved_is_there(
    text: Path, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started in a directory of the person, in which there may be a random.py that is not Python's."""
    (tmp_path / "random.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    out = Path("run")
    watcher = start(read_request([*SMALL, *LONG, "--out", str(out), text.name]))
    watcher.until(lambda: watcher.run.step > 0)
    watcher.process.kill()
    watcher.end()
    assert watcher.run.status is Status.FAILED
    assert watcher.run.message == "the training process was ended by SIGKILL: what it had saved can be resumed"
    watcher.process.send("pause")  # nothing happens
    load(out / "step-000000")


def test_a_name_that_no_process_can_be_given_is_refused() -> None:
    request = TrainRequest(("--out", "a\0b"), Path("a\0b"))
    with pytest.raises(ModelError, match="cannot be started: embedded null byte"):
        TrainingProcess(request, lambda line: None, lambda code, message: None)


@pytest.mark.parametrize(
    ("code", "lines", "says"),
    [
        (2, ["a warning", "explorer: the disk is full", ""], "the disk is full"),
        (1, ["Traceback", "ValueError: x"], "failed with exit code 1: ValueError: x"),
        (3, [], "failed with exit code 3"),
        (-signal.SIGTERM, ["x"], "ended by SIGTERM"),
        (-99, [], "ended by signal 99"),
    ],
)
def test_the_end_is_told_in_its_own_last_words(code: int, lines: list[str], says: str) -> None:
    told = ending(code, lines)
    assert told.endswith(says) or says in told
    assert "\n" not in told
