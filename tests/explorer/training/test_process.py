"""A real training process, end to end: it is watched, steered, stopped, resumed, and ends when nobody watches."""

import queue
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from explorer.training.messages import Event, Pause, Resume, Stop, WatchTokens, WriteSample
from explorer.training.process import TrainingProcess, describe_exit
from explorer.training.request import TrainRequest, read_request
from explorer.training.run_state import RunState, RunStatus, earlier_curves
from model.checkpoint import load
from model.errors import ModelError
from model.training.run_log import read_metrics
from model.training.runs import latest, read_state
from tests.explorer.training_runs import SMALL
from tests.model.trainers import TEXT, make_tokenizer

PATIENCE = 300.0
"""Seconds after which a silent process is given up; no test waits for so long."""

LONG = ("--steps", "1000000", "--evaluate-every", "1000000", "--checkpoint-every", "1000000", "--no-snapshots")


class Watcher:
    """A process and the state of its run, which changes in this thread."""

    def __init__(self, run: RunState) -> None:
        self.run = run
        self.events: list[Event] = []
        self._calls: queue.Queue[Callable[[], None]] = queue.Queue()
        self.process = TrainingProcess(
            run.request,
            lambda event: self._calls.put(lambda: self._apply(event)),
            lambda code, failure: self._calls.put(lambda: self.run.end(code, failure)),
        )

    def _apply(self, event: Event) -> None:
        self.events.append(event)
        self.run.apply(event, earlier_curves(self.run.request.out, event))

    def until(self, fulfilled: Callable[[], bool]) -> None:
        while not fulfilled():
            assert self.run.status.is_alive, (self.run.status, self.run.failure)
            self._calls.get(timeout=PATIENCE)()

    def end(self) -> None:
        self.until(lambda: not self.run.status.is_alive)
        assert self.process.wait(PATIENCE)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a [red] text.txt"
    path.write_text(TEXT)
    return path


Start = Callable[[RunState], Watcher]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Watcher] = []

    def begin(run: RunState) -> Watcher:
        made.append(Watcher(run))
        return made[-1]

    yield begin
    for watcher in made:
        watcher.process.kill()
        watcher.process.wait(PATIENCE)


def test_a_run_is_watched_stopped_resumed_and_saved_when_the_watcher_is_gone(
    text: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "run"
    watcher = start(RunState(read_request([*SMALL, *LONG, "--sample-every", "1", "--out", str(out), str(text)])))
    watcher.until(lambda: watcher.run.step > 0)
    ids = make_tokenizer().encode("the cat").ids
    watcher.process.send(WatchTokens(tuple(ids)))
    watcher.process.send(Pause())
    watcher.until(lambda: watcher.run.status is RunStatus.PAUSED)
    watcher.until(lambda: watcher.run.heads is not None)
    paused_at = watcher.run.step
    watcher.process.send(WriteSample())
    watcher.until(lambda: watcher.run.sample is not None and watcher.run.sample.step == paused_at)
    assert watcher.run.step == paused_at
    assert watcher.run.heads is not None
    assert watcher.run.heads.step == paused_at
    assert watcher.run.heads.ids == tuple(ids)
    watcher.process.send(Resume())
    watcher.until(lambda: watcher.run.step > paused_at)
    watcher.process.send(Stop())
    watcher.end()
    assert (watcher.run.status, watcher.run.failure) == (RunStatus.STOPPED, "")
    stopped_at = watcher.run.step
    assert load(out / f"step-{stopped_at:06d}").gpt.config.n_layer == 2
    assert watcher.run.curves.losses.points == [(m.step, m.loss) for m in read_metrics(out)]

    watcher = start(watcher.run.resumed())
    watcher.until(lambda: watcher.run.has_started and watcher.run.step > stopped_at)
    assert [step for step, _ in watcher.run.curves.losses.points] == list(range(1, watcher.run.step + 1))
    watcher.process.close()
    watcher.end()
    assert watcher.run.status is RunStatus.STOPPED
    assert read_metrics(out)[-1].step == watcher.run.step
    load(out / f"step-{watcher.run.step:06d}")


@pytest.mark.slow
def test_a_run_to_its_end_has_a_model_to_open(text: Path, tmp_path: Path, start: Start) -> None:
    out = tmp_path / "run"
    watcher = start(RunState(read_request([*SMALL, "--steps", "6", "--out", str(out), "--", str(text)])))
    watcher.end()
    assert watcher.run.status is RunStatus.DONE
    assert watcher.run.step == 6
    assert len(watcher.run.curves.validation_losses) == 2
    assert watcher.run.openable == out / "final"
    assert watcher.run.sample is not None
    assert watcher.run.sample.step == 6  # of the finished model
    load(out / "final")
    threads = read_state(latest(out))["notes"]["options"]["threads"]
    assert threads == 1, "what helps so small a model, noted so that the run is resumed with it"


def test_what_goes_wrong_is_one_line(tmp_path: Path, start: Start) -> None:
    out = tmp_path / "run"
    watcher = start(RunState(TrainRequest(("--out", str(out), "--steps", "[red]"), out)))
    watcher.end()
    assert watcher.run.status is RunStatus.FAILED
    assert watcher.run.failure.startswith("Invalid value for '--steps': '[red]' is not a valid integer")
    assert "\n" not in watcher.run.failure
    assert watcher.events == []


@pytest.mark.slow
def test_a_killed_run_reports_that_its_checkpoint_is_kept(
    text: Path, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started in a directory of the person, in which there may be a random.py that is not Python's."""
    (tmp_path / "random.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    out = Path("run")
    watcher = start(RunState(read_request([*SMALL, *LONG, "--out", str(out), text.name])))
    watcher.until(lambda: watcher.run.step > 0)
    watcher.process.kill()
    watcher.end()
    assert watcher.run.status is RunStatus.FAILED
    assert watcher.run.failure == "the training process was ended by SIGKILL: what it had saved can be resumed"
    watcher.process.send(Pause())  # nothing happens
    load(out / "step-000000")


def test_a_name_that_no_process_can_be_given_is_refused() -> None:
    request = TrainRequest(("--out", "a\0b"), Path("a\0b"))
    with pytest.raises(ModelError, match="cannot be started: embedded null byte"):
        TrainingProcess(request, lambda event: None, lambda code, failure: None)


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
def test_a_failure_is_described_by_the_last_line_of_its_output(code: int, lines: list[str], says: str) -> None:
    line = describe_exit(code, lines)
    assert says in line
    assert "\n" not in line
