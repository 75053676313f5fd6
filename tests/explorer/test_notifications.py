"""Notifications do not pile up over the panels."""

from collections.abc import Callable

from textual.widgets._toast import Toast

from explorer.app import MOST_NOTIFICATIONS, ExplorerApp
from tests.explorer.conftest import Ready
from tests.explorer.helpers import messages, until

MakeApp = Callable[..., ExplorerApp]


async def test_a_message_that_comes_again_replaces_itself(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        for _ in range(3):
            app.warn("there is nothing there")
            app.warn("this is [b]something[/] else")
            await pilot.pause(0)
        assert messages(app) == ["there is nothing there", "this is [b]something[/] else"]
        await until(pilot, lambda: [str(toast.render()) for toast in app.screen.query(Toast)] == messages(app))


async def test_only_the_last_result_of_a_key_stands(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=7)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        app.notify("the run stops and saves", markup=False, timeout=60)  # waits for something: it stays
        app.warn("a warning stays")
        await pilot.press("y", "left", "1", "y")
        await pilot.pause(0)
        first, second, copied = messages(app)
        assert (first, second) == ("the run stops and saves", "a warning stays")
        assert copied.startswith("copied: row of query 6")


async def test_of_too_many_the_oldest_go(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for number in range(9):
            app.warn(f"warning {number}")
        await pilot.pause(0)
        assert messages(app) == [f"warning {number}" for number in range(9 - MOST_NOTIFICATIONS, 9)]
