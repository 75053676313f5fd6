"""Help on the Explore screen begins with the part that has the focus."""

from collections.abc import Callable

from explorer.app import ExplorerApp
from explorer.screens.dialogs.help import HelpScreen
from tests.explorer.conftest import Ready
from tests.explorer.helpers import screen_text


async def test_help_begins_with_the_part_in_focus(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        seen = set()
        for _ in range(12):
            part = app.explore.help_part()
            assert part is not None
            assert part.text.endswith(".")
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            assert part.title in screen_text(app)
            assert part.title == "Why attention?" or "What it shows" in screen_text(app)
            seen.add(part.title)
            await pilot.press("escape", "tab")
        assert {"The matrix", "The row table", "The cell", "The next token", "How peaked?"} <= seen
        await pilot.press("e", "f1")
        assert "earlier sentences" in screen_text(app)
