"""Opening: the first frame before torch, models that cannot be opened, and what the command line asked for."""

import gc
import os
import pty
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from explorer.actions import EXPLORE, footer
from explorer.app import ExploreImported, ExplorerApp
from explorer.core import loading
from explorer.core.catalog import ONLY_LISTED
from explorer.screens.opening import WITHOUT_READING, OpeningScreen
from explorer.view import LAST, View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.families import OpenOptions
from model.settings import Scope
from tests.explorer.conftest import SENTENCES, Opener, Ready
from tests.explorer.helpers import messages, past_first_frame, screen_text
from tests.explorer.processes import environment

MakeApp = Callable[..., ExplorerApp]

FIRST_FRAME = """
import sys
from textual.drivers.linux_driver import LinuxDriver
from explorer import app
from explorer.view import View

notes = open(sys.argv[1], "w")
assert "torch" not in sys.modules, "importing the application imports torch"
write = LinuxDriver.write

def noted(self, data):
    write(self, data)
    if "a sentence of ours" in data and not notes.closed:
        loading = "loading" in data
        print("painted", "torch" in sys.modules, loading, file=notes, flush=True)

class Noting(app.ExplorerApp):
    def on_reading_loader_ready(self, message):
        print("opened", "torch" in sys.modules, file=notes, flush=True)
        super().on_reading_loader_ready(message)
        self.call_after_refresh(self.exit)

LinuxDriver.write = noted
Noting(View(sys.argv[2], "a sentence of ours")).run()
"""


def run_in_terminal(arguments: list[str], state: Path, size: tuple[int, int] = (80, 24)) -> tuple[int, bytes]:
    """Run a program in a pseudo-terminal of its own; its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    env = environment(state) | {"TERM": "xterm-256color", "COLUMNS": str(size[0]), "LINES": str(size[1])}
    process = subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, cwd=state, env=env, start_new_session=True
    )
    os.close(theirs)
    written = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 120)
        try:
            data = os.read(ours, 65536) if ready else b""
        except OSError:  # the other end is closed
            data = b""
        if not data:
            break
        written += data
    os.close(ours)
    return process.wait(120), written


def test_the_first_frame_comes_before_torch(tmp_path: Path, char_model: Checkpoint) -> None:
    directory = tmp_path / "small"
    directory.symlink_to(char_model.path)
    notes = tmp_path / "notes"
    command = [sys.executable, "-c", FIRST_FRAME, str(notes), str(directory)]
    code, written = run_in_terminal(command, tmp_path, (200, 24))  # wide enough for the name of the directory
    lines = notes.read_text().splitlines()
    assert code == 0, written.decode(errors="replace")
    assert lines[0] == "painted False True"
    assert "opened True" in lines


async def test_loading_is_shown_and_cleared_keys_do_nothing(opener: Opener, ready: Ready) -> None:
    go_on = threading.Event()

    def slow(name: str) -> Any:
        go_on.wait(60)
        return opener(name)

    app = ExplorerApp(View("bpe", SENTENCES[0]), slow)
    async with app.run_test(size=(80, 24)) as pilot:
        await past_first_frame(pilot)
        assert "loading bpe…" in screen_text(app)
        assert SENTENCES[0] in screen_text(app)
        await pilot.press("left", "m", "n", "escape", "question_mark", "escape")
        go_on.set()
        await ready(pilot)
        await pilot.pause()
        assert app.view == View("bpe", SENTENCES[0])
        assert "loading" not in screen_text(app)


@pytest.mark.parametrize("name", ["bpe", "gone"])
async def test_garbage_is_looked_for_once_the_model_is_open_or_refused(
    name: str, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.bundled.names", lambda: ())
    app = ExplorerApp(View(name, SENTENCES[0]), opener)
    gc.disable()
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(100):
                await app.workers.wait_for_complete()
                await pilot.pause(0)
                if gc.isenabled():
                    return
            raise AssertionError("garbage is still kept")
    finally:
        gc.enable()


async def test_a_model_that_cannot_be_opened_gives_way_to_the_default(
    opener: Opener, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.bundled.DEFAULT", "char")
    monkeypatch.setattr("data.bundled.names", lambda: ("char",))
    app = ExplorerApp(View("[red]none[/]", "a dog", layer=1), opener)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert messages(app)[0] == "no model is called '[red]none[/]': there are char and bpe"
        assert app.view.model == "char"
        assert app.view.layer == 1


@pytest.mark.parametrize("error", [ModelError("it is [damaged"), RuntimeError("boom\nbang"), MemoryError()])
async def test_without_any_model_the_application_still_answers(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.bundled.names", lambda: ())

    def refuse(name: str) -> Any:
        raise error

    app = ExplorerApp(View("gone", SENTENCES[0]), refuse)
    async with app.run_test(size=(80, 24)) as pilot:
        while not app.is_settled:
            await pilot.pause(0)
        await pilot.pause()
        assert len(messages(app)) == 1
        assert "\n" not in messages(app)[0]
        assert "no model is open" in screen_text(app)
        await pilot.press("m", "left", "e", *"hi", "enter", "question_mark", "escape", "space", "q")
        await pilot.pause()
        assert app.return_code == 0


async def test_an_earlier_model_stays_when_another_cannot_be_opened(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        before = app.view
        app.look(replace(before, model="gone"))
        await ready(pilot)
        assert messages(app) == ["no model is called 'gone': there are char and bpe"]
        assert app.view == before
        await pilot.press("m")
        assert app.view.causal is False


async def test_the_command_lines_view_is_shown(make_app: MakeApp, ready: Ready) -> None:
    view = View("bpe", SENTENCES[1], query=5, layer=1, head=2, causal=False, scale=0.7, scope=Scope.LAYER)
    app = make_app(view)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert app.view == view
        assert messages(app) == []


async def test_a_missing_head_or_query_is_reported_and_the_nearest_shown(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(layer=7, head=9, query=500)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        last = len(app.reading.encoding) - 1
        assert messages(app) == [
            "layer 7 does not exist, there are 0 to 1: this is layer 1",
            "head 9 does not exist, there are 0 to 3: this is head 3",
            f"query 500 does not exist, there are 0 to {last}: this is query {last}",
        ]
        assert (app.view.layer, app.view.head, app.view.query) == (1, 3, last)


@pytest.mark.parametrize("text", ["", "zzz"])
async def test_a_first_sentence_that_cannot_be_shown_gives_way_to_a_sample(
    text: str, opener: Opener, ready: Ready
) -> None:
    app = ExplorerApp(View("char", text, query=LAST), opener)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert len(messages(app)) == 2  # what was wrong, and what the sample has that this model does not know
        assert app.view.text == SENTENCES[0]


async def test_long_work_happens_in_a_worker_and_keys_are_not_lost(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.core.readings.QUICK_OPERATIONS", 0)
    app = make_app(query=5)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        await pilot.press("m", "s", "left", "right_square_bracket", "minus", "minus")
        await ready(pilot)
        assert (app.view.causal, app.view.query, app.view.head) == (False, 4, 1)
        assert app.view.scale == pytest.approx(0.5)
        assert app.reading.view == app.view
        await pilot.press("e", "ctrl+u", "enter")
        await ready(pilot)
        assert app.view.text == SENTENCES[0]
        assert messages(app) == ["the sentence is empty: type at least one character"]


async def test_explore_takes_the_place_of_the_first_frame_unseen(opener: Opener) -> None:
    go_on = threading.Event()

    def slow(name: str) -> Any:
        go_on.wait(60)
        return opener(name)

    class Held(ExplorerApp):
        """Stays with the first frame until it is told to go on."""

        imported: ExploreImported | None = None

        async def on_explore_imported(self, message: ExploreImported) -> None:
            message.prevent_default()
            self.imported = message

    app = Held(View("bpe", SENTENCES[0]), slow)
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        first = screen_text(app)
        assert "loading bpe…" in first
        assert isinstance(app.screen, OpeningScreen)
        await pilot.press("e", "x")
        while app.imported is None:
            await pilot.pause(0)
        await ExplorerApp.on_explore_imported(app, app.imported)
        await pilot.pause()
        assert app.screen is app.explore
        assert app.explore.editor.text == SENTENCES[0] + "x"
        await pilot.press("escape")
        await pilot.pause()
        assert screen_text(app) == first
        assert app.reading is None
        assert app.explore.check_action("change_view", ("mask",)) is None
        shown = [action.name for place in footer(EXPLORE) for action in place.actions]
        assert {name for name in shown if app.explore.is_possible(name)} == {*WITHOUT_READING} & {*shown}
        go_on.set()


@pytest.mark.parametrize("is_web", [True, False])
async def test_a_served_page_opens_no_path_but_that_which_it_was_given(
    char_model: Checkpoint, ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_web: bool
) -> None:
    monkeypatch.setattr(ExplorerApp, "is_web", is_web)
    other = copytree(char_model.path, tmp_path / "other")
    app = ExplorerApp(View(str(char_model.path), "a bad fed cab"))
    async with app.run_test() as pilot:
        await ready(pilot)
        assert app.view.model == str(char_model.path)
        with pytest.raises(ModelError, match=ONLY_LISTED) if is_web else nullcontext():
            app.readings.open_model(str(other))
        await pilot.press("f3")
        await pilot.pause()
        assert ("training needs a terminal: run `explorer train` there" in messages(app)) is is_web
        assert (app.screen is app.explore) is is_web


async def test_options_of_opening_reach_the_opener(
    char_model: Checkpoint, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def opened(name: str, options: OpenOptions) -> Checkpoint:
        asked.append(options)
        return char_model

    monkeypatch.setattr(loading, "open_model", opened)
    options = OpenOptions(dtype="bfloat16", bos=True)
    app = ExplorerApp(View("char", "a bad fed cab"), open_options=options)
    async with app.run_test() as pilot:
        await ready(pilot)
    assert asked == [options]
