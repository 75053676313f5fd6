"""Screens over the Explore screen are left once, whatever comes before they are gone, and do nothing afterwards."""

import asyncio
from collections.abc import Callable

import pytest
from textual import events
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.screens.base import ActionScreen
from explorer.screens.dialogs.base import Dialog
from explorer.screens.heads import HeadsScreen
from tests.explorer.conftest import Ready
from tests.parameters import slow


@pytest.mark.parametrize("key", ["p", "g", "c", *map(slow, ("M", "w", "L", "question_mark", "f3"))])
async def test_leaving_twice_at_once_leaves_the_explore_screen(
    make_app: Callable[..., ExplorerApp], ready: Ready, key: str
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press(key)
        screen = app.screen
        assert isinstance(screen, ActionScreen | Dialog)
        assert screen.is_active
        screen.dismiss(None)
        screen.dismiss(None)
        assert screen not in app.screen_stack
        await pilot.pause()
        assert app.screen_stack == [app.explore]
        await press_at_once(pilot, "right", "left")  # it still answers
        assert app.screen is app.explore


async def test_a_delayed_callback_does_nothing_once_the_screen_is_gone(
    make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("g")
        screen = app.screen
        assert isinstance(screen, HeadsScreen)
        screen.dismiss(None)
        await pilot.pause()
        assert not screen.query("*")
        screen.show()
        await pilot.pause()


@pytest.mark.parametrize(
    "name", ["compare", "heads", "circuits", "train", "samples", "find", "models", "write", "help"]
)
@pytest.mark.parametrize("turns", [1, slow(0), slow(2)])
async def test_the_application_can_end_while_a_screen_opens(
    make_app: Callable[..., ExplorerApp], ready: Ready, name: str, turns: int
) -> None:
    app = make_app()
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await app.explore.run_action(name)
        for _ in range(turns):
            await asyncio.sleep(0)
        # As SIGINT does it: asyncio cancels the task in which the application runs.
        next(task for task in asyncio.all_tasks() if task.get_name().startswith("run_test")).cancel()
        await asyncio.sleep(0)
    assert app.return_code in (None, 0)


async def press_at_once(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        pilot.app.post_message(events.Key(key, None))
    await pilot.pause()


async def test_keys_before_heads_have_places(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app(layer=1, head=2)
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        for key in ("home", "end", "left", "down", "pagedown", "plus", "s", "v", "tab"):
            await pilot.press("g")
            await app.workers.wait_for_complete()
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, HeadsScreen)
            screen.grid.set_rows([])  # as before the first layout, or at a size of nothing
            await pilot.press(key)
            assert screen.chosen == (1, 2), key
            screen.dismiss(None)
            await pilot.pause()
