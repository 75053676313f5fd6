"""The palette under keys that come in one burst, as over a slow line."""

import pytest
from textual import events
from textual.command import CommandInput, CommandList
from textual.pilot import Pilot
from textual.widgets import Input

from explorer.app import ExplorerApp
from explorer.screens.commands import ActionPalette
from explorer.screens.compare import CompareScreen
from explorer.screens.heads import HeadsScreen
from explorer.view import View
from tests.explorer.conftest import SENTENCES, Opener, Ready
from tests.explorer.helpers import until


@pytest.fixture
def app(opener: Opener) -> ExplorerApp:
    return ExplorerApp(View("bpe", SENTENCES[0], query=3), opener)


async def until_listed(pilot: Pilot[None], app: ExplorerApp) -> CommandList:
    def found() -> CommandList | None:
        return app.screen.query_one(CommandList) if isinstance(app.screen, ActionPalette) else None

    await until(pilot, lambda: (listed := found()) is not None and listed.option_count > 0 and listed.size.height > 0)
    listed = found()
    assert listed is not None
    return listed


async def test_a_second_enter_does_nothing(app: ExplorerApp, ready: Ready) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p", *"mask off")
        found = await until_listed(pilot, app)
        await until(pilot, lambda: found.option_count == 1)
        found.highlighted = 0
        field = app.screen.query_one(CommandInput)
        for _ in range(2):  # the mask off, and on again if both were taken
            field.post_message(Input.Submitted(field, field.value))
        await until(pilot, lambda: app.screen is app.explore and not app.view.causal)
        await pilot.pause()
        assert app.view.causal is False  # once


async def test_a_key_before_the_list_has_a_place_does_nothing(app: ExplorerApp, ready: Ready) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for key in ("pagedown", "pageup", "down", "end"):
            app.post_message(events.Key("ctrl+p", None))
            app.post_message(events.Key(key, None))
            await until_listed(pilot, app)
            await pilot.press("escape", "escape")
            await pilot.pause()
            assert app.screen is app.explore


@pytest.mark.parametrize(("key", "screen"), [("g", HeadsScreen), ("c", CompareScreen)])
async def test_colours_change_on_every_screen(
    app: ExplorerApp, ready: Ready, key: str, screen: type[HeadsScreen | CompareScreen]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, screen))
        before = app.theme
        await pilot.press("T")
        assert app.theme != before


async def test_tab_stays_in_the_sentence_that_is_typed(app: ExplorerApp, ready: Ready) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "tab", "shift+tab", "b", "enter")
        await pilot.pause()
        assert app.view.text == f"{SENTENCES[0]}b"
        assert not app.explore.editor.is_editing
