"""What is done with a run on the Train screen: paused, stopped, resumed, left, opened, and quit."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.core.opening import EVERYTHING, Undecided
from explorer.screens.explore import ExploreScreen
from explorer.screens.train import TrainScreen
from explorer.screens.train_form import TrainForm
from explorer.training.messages import Pause, Resume, Stop, WatchTokens, WriteSample
from explorer.training.run_state import RunStatus
from explorer.view import LAST, View
from explorer.widgets.training.training_line import TrainingLine
from tests.explorer import fake_training as fake
from tests.explorer.conftest import Ready
from tests.explorer.fake_training import FakeProcess
from tests.explorer.helpers import messages
from tests.explorer.small import save_small
from tests.explorer.watched import TEXT, attention, figures, opened, send_all, title
from tests.explorer.watched import app as app
from tests.explorer.watched import made as made


async def test_a_run_is_paused_and_goes_on(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen, process = await opened(pilot)
        await pilot.press("space")
        assert process.commands[-1] == Pause()
        process.pause(True)
        await pilot.pause()
        assert "· paused, space goes on" in title(screen)
        await pilot.press("r")
        assert process.commands[-1] == WriteSample()
        await pilot.press("space")
        assert process.commands[-1] == Resume()
        process.pause(False)
        await pilot.pause()
        assert "· training" in title(screen)


async def test_a_run_is_stopped_and_resumed(app: ExplorerApp, made: list[FakeProcess]) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen, process = await opened(pilot)
        send_all(process)
        await pilot.pause()
        await pilot.press("S")
        assert process.commands[-1] == Stop()
        assert "· stopping" in title(screen)
        count = len(process.commands)
        await pilot.press("S", "space", "r", "N")
        assert len(process.commands) == count, "nothing more is asked of a run that stops"
        process.end(130)
        await pilot.pause()
        assert "· stopped and saved, space goes on" in title(screen)
        await pilot.press("e", "r")
        assert not screen.editor.is_editing, "of another sentence nothing would come"
        await pilot.press("space")
        assert len(made) == 2
        assert made[1].request == process.request.resumed()
        assert "· starting" in title(screen)
        assert "step 30 of 400" in figures(screen), "what is known stays until it has started"
        made[1].start(done=30)
        made[1].step(fake.metrics(31, 2.0))
        await pilot.pause()
        assert "step 31 of 400" in figures(screen)
        made[1].show_heads(31)
        await pilot.pause()
        assert "after step 31" in attention(screen)


async def test_a_run_that_fails_says_why_in_plain_text_and_can_be_resumed(
    app: ExplorerApp, made: list[FakeProcess]
) -> None:
    async with app.run_test(size=(60, 18)) as pilot:
        screen, process = await opened(pilot)
        process.step(fake.metrics(1, 4.0))
        process.end(2, "the [red]disk\x1b[31m is full")
        await pilot.pause()
        assert str(screen.query_one("#message", Static).content) == "the [red]disk␛[31m is full"
        assert screen.query_one("#message").region.height == 1
        assert "· failed, space goes on" in title(screen)
        assert messages(app) == []
        await pilot.press("space")
        assert len(made) == 2
        assert not screen.query_one("#message").display


async def test_the_end_of_a_run_is_notified_on_other_screens(app: ExplorerApp, ready: Ready) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        _, process = await opened(pilot)
        await pilot.press("escape")
        assert isinstance(app.screen, ExploreScreen)
        line = app.screen.query_one(TrainingLine)
        assert line.display
        assert str(line.content) == "● 0%"
        process.step(fake.metrics(100, 2.0))
        await pilot.pause()
        assert str(line.content) == "● 25%"
        process.end(0)
        await pilot.pause()
        assert not line.display
        assert messages(app)[-1] == "run-x: done · F3 shows the run"
        await pilot.press("f3")
        assert isinstance(app.screen, TrainScreen)
        assert "· done, enter opens it" in title(app.screen)


async def test_the_line_in_the_header_opens_the_screen(app: ExplorerApp, ready: Ready) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        _, process = await opened(pilot, "a [red]run\x1b")
        process.step(fake.metrics(100, 2.0))
        await pilot.press("f3")
        await pilot.pause()
        line = app.screen.query_one(TrainingLine)
        assert str(line.content) == "● a␣[red]run␛ 100/400 loss 2.00"
        await pilot.click(TrainingLine)
        await pilot.pause()
        assert isinstance(app.screen, TrainScreen)


async def test_left_and_opened_again_it_is_as_it_was(app: ExplorerApp, ready: Ready) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        screen, process = await opened(pilot)
        process.show_heads(1)
        await pilot.press("e", "ctrl+u", *"the dog", "enter")
        process.show_heads(2)
        await pilot.pause()
        await pilot.press("right_square_bracket", "full_stop", "tab", "a", "escape")
        assert app.view.text == TEXT, "Explore looks at what it looked at"
        sent = len(process.commands)
        await pilot.press("f3")
        again = app.screen
        assert isinstance(again, TrainScreen)
        assert again is not screen
        assert (again.attention.view.text, again.attention.view.layer, again.attention.view.head) == ("the dog", 1, 1)
        assert (again.part, again.query_one("LossCurve").log_loss) == ("sample", True)  # type: ignore[attr-defined]
        assert attention(again).endswith("after step 2 · ‘the dog’")
        assert process.commands[sent:] == [WatchTokens(process.ids)]


async def test_a_sentence_of_ones_own_is_watched(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen, process = await opened(pilot)
        process.show_heads(1)
        app.post_message(events.Paste("[red]\x1bthe mat"))
        await pilot.pause()
        assert screen.query_one("#sentence-line").display
        await pilot.press("enter")
        assert screen.attention.view.text == "[red]\x1bthe mat"
        assert not screen.query_one("#sentence-line").display
        assert process.ids == tuple(fake.TOKENIZER.encode("redthe mat").ids)
        assert attention(screen) == "attention comes with the next step · ‘[red]␛the mat’"
        process.show_heads(2)
        await pilot.pause()
        assert attention(screen) == "weights L0 H0 after step 2 · ‘[red]␛the mat’"
        assert messages(app)[-1] == "run-x does not know ‘[’ ‘]’ U+001B: left out of the tokens"
        await pilot.press("e", "ctrl+u", *"ÄÖ", "enter")
        assert screen.attention.view.text == "[red]\x1bthe mat", "of which nothing is known changes nothing"
        assert "no character of the sentence is known" in messages(app)[-1]
        await pilot.press("e", *" on", "escape")
        assert screen.attention.view.text == "[red]\x1bthe mat"
        assert process.ids == tuple(fake.TOKENIZER.encode("redthe mat").ids)


async def test_the_model_of_now_is_opened_in_explore(app: ExplorerApp, ready: Ready, tmp_path: Path) -> None:
    out = tmp_path / "run"
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        screen, process = await opened(pilot, out)
        assert not screen.is_possible("open")
        save_small(out / "step-000010")
        (out / "latest").write_text("step-000010\n")
        process.show_heads(1)
        await pilot.press("e", *" on", "enter", "enter")
        assert isinstance(app.screen, ExploreScreen)
        assert app.training.is_training
        await app.workers.wait_for_complete()
        assert messages(app)[-1] == f"no model is called '{out}/step-000010': there are char and bpe"
        # the application of these tests opens no other model, but it was asked to


async def test_a_model_opens_on_the_cell_that_was_chosen_or_on_one_worth_looking_at(
    app: ExplorerApp, ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        screen, process = await opened(pilot, tmp_path)
        save_small(tmp_path / "final")
        process.show_heads(1)
        process.end(0)
        await pilot.pause()
        asked: list[tuple[View, Undecided | None]] = []
        monkeypatch.setattr(app, "look", lambda view, undecided=None: asked.append((view, undecided)))
        watched = replace(screen.attention.view, model=str(tmp_path / "final"))
        await pilot.press("enter", "f3", "right_square_bracket", "enter")
        assert asked == [
            (replace(watched, query=LAST), EVERYTHING),
            (replace(watched, head=watched.head + 1), None),
        ]


async def test_quitting_waits_until_the_run_is_saved(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        _, process = await opened(pilot)
        await pilot.press("q")
        assert process.commands[-1] == Stop()
        assert messages(app)[-1] == "the run stops and saves; q again leaves at once"
        assert app.is_running
        process.end(130)
        await pilot.pause()
    assert app.return_code == 0
    assert app.training.run is not None
    assert app.training.run.status is RunStatus.STOPPED


async def test_asked_twice_it_quits_at_once(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        _, process = await opened(pilot)
        await pilot.press("q")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert process.killed
        process.killed = False  # as every other test demands
    assert app.return_code == 0


async def test_after_the_application_no_process_is_left(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        _, process = await opened(pilot)
    app.training.close()
    assert process.closed


async def test_another_run_only_when_none_is_trained(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen, process = await opened(pilot)
        await pilot.press("N")
        assert app.screen is screen
        process.end(130)
        await pilot.pause()
        await pilot.press("N")
        assert isinstance(app.screen, TrainForm)
        assert screen not in app.screen_stack
