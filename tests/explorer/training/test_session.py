"""TrainingSession in an application that has nothing else: one run at a time, steered, left and closed."""

import pytest
from textual.app import App
from textual.screen import Screen

from explorer.training.messages import Pause, PauseChanged, Stop
from explorer.training.run_state import RunStatus
from explorer.training.session import RunChange, TrainingSession
from explorer.view import View
from model.errors import ModelError
from tests.explorer import fake_training as fake
from tests.explorer.fake_training import FakeProcess


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.session = TrainingSession(self, FakeProcess)
        self.changes: list[RunChange] = []

    def on_mount(self) -> None:
        self.session.changed.subscribe(self, self.changes.append)

    def notifications(self) -> list[str]:
        return [notification.message for notification in self._notifications]


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeProcess]:
    monkeypatch.setattr(FakeProcess, "made", [])
    return FakeProcess.made


async def test_events_change_the_run_and_are_published(made: list[FakeProcess]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        run = app.session.start(fake.request())
        assert app.session.run is run
        assert app.session.is_training
        made[0].start()
        made[0].step(fake.metrics(1, 2.0))
        await pilot.pause()
        assert run.step == 1
        assert [change.run for change in app.changes] == [run] * 3
        assert [change.event for change in app.changes] == [
            None,
            fake.started(),
            fake.steps(fake.metrics(1, 2.0), left=61.0),
        ]


async def test_one_run_at_a_time(made: list[FakeProcess]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        first = app.session.start(fake.request())
        app.session.display.view = View("run-x", "kept")
        with pytest.raises(ModelError, match="another run is being trained: stop it first"):
            app.session.start(fake.request("run-y"))
        assert len(made) == 1
        made[0].start()
        made[0].end(130)
        await pilot.pause()
        app.session.resume(first)
        assert app.session.run is not first
        assert made[1].request == first.request.resumed()
        assert app.session.display.view == View("run-x", "kept"), "a resumed run is watched as before"
        made[0].step(fake.metrics(9, 1.0))
        await pilot.pause()
        assert app.session.run is not None
        assert app.session.run.step == 0, "a late event of the process before is not of this run"
        made[1].end(2, "why")
        await pilot.pause()
        app.session.start(fake.request("run-y"))
        assert app.session.display.view is None


async def test_commands_go_to_the_process_of_a_run_only(made: list[FakeProcess]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.session.send(Pause())
        app.session.stop()
        run = app.session.start(fake.request())
        app.session.send(Pause())
        app.session.stop()
        assert made[0].commands == [Pause(), Stop()]
        assert run.status is RunStatus.STOPPING
        made[0].emit(PauseChanged(True))
        made[0].end(130)
        await pilot.pause()
        app.session.send(Pause())
        assert len(made[0].commands) == 2


async def test_a_run_that_never_began_is_discarded_once_it_has_ended(made: list[FakeProcess]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        run = app.session.start(fake.request())
        app.session.discard(run)
        assert app.session.run is run
        made[0].end(2, "no such file")
        await pilot.pause()
        assert app.notifications() == [], "whoever started it is told there"
        app.session.discard(run)
        assert app.session.run is None


@pytest.mark.parametrize("is_shown", [False, True])
async def test_the_end_is_notified_unless_it_is_shown(made: list[FakeProcess], is_shown: bool) -> None:
    app = Host()
    async with app.run_test() as pilot:
        shown = Screen[None]()
        await app.push_screen(shown)
        app.session.shown_on = shown if is_shown else None
        app.session.start(fake.request())
        made[0].start()
        made[0].end(2, "the [red]disk\nis full")
        await pilot.pause()
        assert app.notifications() == ([] if is_shown else ["run-x: the [red]disk is full · F3 shows the run"])


async def test_leaving_waits_for_the_run_and_twice_kills_it(made: list[FakeProcess]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        assert app.session.leave(), "there is nothing to wait for"
        app.session.start(fake.request())
        assert not app.session.leave()
        assert made[0].commands == [Stop()]
        assert not made[0].killed
        assert app.session.leave()
        assert made[0].killed
        made[0].end(-9, "killed")
        await pilot.pause()
        assert not app.is_running
    app.session.close()
    assert made[0].closed


async def test_attention_that_is_enabled_later_draws_everything_again(made: list[FakeProcess]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.session.enable_attention(lambda run, encoding, view: None)
        assert app.changes == []
        run = app.session.start(fake.request())
        app.session.enable_attention(lambda run, encoding, view: None)
        await pilot.pause()
        assert app.changes == [RunChange(run), RunChange(run)]
