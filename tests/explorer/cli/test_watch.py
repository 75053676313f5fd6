"""`explorer train --watch`: the application opened on a run, and how it says that it ended."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from explorer import app as application
from explorer.app import ExplorerApp
from explorer.cli.main import cli
from explorer.screens.train import TrainScreen
from explorer.training.request import TrainRequest, read_request
from explorer.training.run_state import RunState, RunStatus
from tests.explorer import fake_training as fake
from tests.explorer.fake_training import FakeProcess
from tests.explorer.helpers import messages, past_first_frame
from tests.explorer.watched import MakeApp
from tests.explorer.watched import app as app
from tests.explorer.watched import made as made


def watch(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["train", "--watch", *arguments], catch_exceptions=False)


@pytest.fixture
def in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.cli.watch.is_terminal", lambda stream: True)


def test_it_needs_a_terminal() -> None:
    result = watch("--out", "run")
    assert result.exit_code == 2
    assert result.stderr == "explorer: --watch needs a terminal: leave it out to train without one\n"


def test_it_is_no_run_of_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = watch("--out", "run")
    assert result.exit_code == 2
    assert "leave it out under torchrun" in result.stderr


@pytest.mark.usefixtures("in_a_terminal")
@pytest.mark.parametrize(
    ("code", "says"),
    [
        (130, "a␛[31mb: stopped and saved at step 7\n"),
        (0, "a␛[31mb: done at step 7\n"),
        (None, "a␛[31mb: ended at once; what was saved before is there, at step 7\n"),
    ],
)
def test_at_the_end_it_says_how_it_went(monkeypatch: pytest.MonkeyPatch, code: int | None, says: str) -> None:
    asked: list[TrainRequest] = []

    def run(view: Any = None, train: TrainRequest | None = None) -> RunState:
        assert train is not None
        asked.append(train)
        found = RunState(train)
        found.apply(fake.started())
        found.apply(fake.steps(fake.metrics(7, 1.0)))
        if code is not None:
            found.end(code, "")
        return found

    monkeypatch.setattr(application, "run", run)
    result = watch("--out", "a\x1b[31mb", "--steps", "9", "--", "--x.txt")
    assert result.exit_code == 0
    assert result.stdout == says
    assert asked == [read_request(["--out", "a\x1b[31mb", "--steps", "9", "--", "--x.txt"])]


@pytest.mark.usefixtures("in_a_terminal")
def test_a_run_that_failed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(view: Any = None, train: TrainRequest | None = None) -> RunState:
        assert train is not None
        found = RunState(train)
        found.end(2, "the disk is full")
        return found

    monkeypatch.setattr(application, "run", run)
    result = watch("--out", "run")
    assert (result.exit_code, result.stderr) == (2, "explorer: the disk is full\n")


async def test_the_application_begins_with_the_run(app: ExplorerApp, made: list[FakeProcess]) -> None:
    app.open_with_training(fake.request())
    async with app.run_test(size=(80, 24)) as pilot:
        await past_first_frame(pilot)
        await pilot.pause()
        assert isinstance(app.screen, TrainScreen)
        assert made[0].request == fake.request()
        assert app.screen.run.status is RunStatus.STARTING
        made[0].end(2, "'x.txt' does not exist")
        await pilot.pause()
        await pilot.press("q")
    assert app.training.run is not None
    assert app.training.run.failure == "'x.txt' does not exist"


async def test_a_process_that_cannot_be_started_is_reported(make_app: MakeApp) -> None:
    app = make_app()
    app.open_with_training(TrainRequest(("--out", "a\0b"), Path("a\0b")))
    async with app.run_test(size=(80, 24)) as pilot:
        await past_first_frame(pilot)
        await pilot.pause()
        assert not isinstance(app.screen, TrainScreen)
        assert "cannot be started" in messages(app)[-1]
        assert app.training.run is None
