"""Keys that are pressed while the model is being loaded are answered once it is."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.screens.compare import CompareScreen
from explorer.screens.heads import HeadsScreen
from explorer.view import Stage, View
from explorer.widgets.type_ahead import LIMIT
from model.errors import ModelError
from tests.explorer.conftest import SENTENCES, Opener, Ready
from tests.explorer.helpers import is_exploring

SIZES = [(80, 24), (120, 36)]
Waiting = Callable[..., tuple[ExplorerApp, threading.Event]]


@pytest.fixture
def waiting(opener: Opener) -> Waiting:
    """An application whose model is open only when the event is set."""

    def make(model: str = "bpe") -> tuple[ExplorerApp, threading.Event]:
        given = threading.Event()

        def open_model(name: str) -> Any:
            given.wait()
            return opener(name)

        return ExplorerApp(View(model, SENTENCES[0], query=3), open_model), given

    return make


def state(app: ExplorerApp) -> str:
    return str(app.explore.query_one("#state", Static).content)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait until `condition` is true, while a worker waits for the test."""
    while not condition():
        await pilot.pause(0)


@pytest.mark.parametrize("size", SIZES)
async def test_keys_are_queued_visibly_until_the_model_is_open(
    waiting: Waiting, ready: Ready, size: tuple[int, int]
) -> None:
    app, given = waiting()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: is_exploring(app) and state(app) == "loading bpe…")
        await pilot.press("right", "right", "m", "f6", "1")
        assert state(app) == "loading bpe… then → → m 1"
        given.set()
        await ready(pilot)
        await until(pilot, lambda: app.view.stage is Stage.SCORES)
        assert (app.view.query, app.view.causal) == (5, False)
        assert not app.explore.query_one("#state").display
        await pilot.press("left")  # nothing is left behind
        assert app.view.query == 4


@pytest.mark.parametrize(("key", "screen"), [("g", HeadsScreen), ("c", CompareScreen)])
async def test_a_screen_opens_and_the_keys_after_it_are_its_own(
    waiting: Waiting, ready: Ready, key: str, screen: type[Any]
) -> None:
    app, given = waiting()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: is_exploring(app) and bool(state(app)))
        await pilot.press(key, "right")
        given.set()
        await ready(pilot)
        await until(pilot, lambda: isinstance(app.screen, screen))
        assert app.view.query == 3


async def test_a_key_waits_for_the_screen_of_the_one_before_it(waiting: Waiting, ready: Ready) -> None:
    app, given = waiting()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: is_exploring(app) and bool(state(app)))
        await pilot.press("m", "g", "right", "right")
        given.set()
        await ready(pilot)
        await until(pilot, lambda: isinstance(app.screen, HeadsScreen) and app.screen.grid.chosen == (0, 2))
        assert (app.view.query, app.view.causal) == (3, False)


async def test_escape_clears_the_queued_keys_whose_number_is_limited(waiting: Waiting) -> None:
    app, given = waiting()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_exploring(app) and bool(state(app)))
        await pilot.press("t", "escape")
        assert state(app) == "loading bpe…"
        await pilot.press(*["right"] * (LIMIT + 5))
        assert state(app).count("→") == LIMIT
        await pilot.press("escape", "e", "a")  # what can be done at once is done at once
        assert app.explore.editor.is_editing
        assert app.explore.editor.text.endswith("a")
        given.set()
        await until(pilot, lambda: app.reading is not None)


async def test_without_a_model_nothing_waits() -> None:
    given = threading.Event()

    def refuse(name: str) -> Any:
        given.wait()
        raise ModelError("there is none")

    app = ExplorerApp(View("none", SENTENCES[0]), refuse)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: is_exploring(app) and bool(state(app)))
        await pilot.press("g")
        given.set()
        await until(pilot, lambda: state(app).startswith("no model"))
        await pilot.press("g")
        assert state(app).startswith("no model")
        assert "then" not in state(app)
