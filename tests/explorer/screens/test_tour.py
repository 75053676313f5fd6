"""The tour on the screen: its keys go on, escape leaves it, and only the very first start begins with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.app import ExplorerApp
from explorer.core.tour import STEPS
from explorer.view import View
from tests.explorer.conftest import SENTENCES, Opener, Ready
from tests.explorer.helpers import screen_text
from tests.parameters import slow

KEYS = ("right", "r", "1", "2", "3", "4", "5", "n", "m", "r", "s", "r", "left_square_bracket")


@pytest.mark.parametrize("size", [(60, 18), slow((80, 24)), slow((120, 36))])
async def test_a_tour(make_app: Callable[..., ExplorerApp], ready: Ready, size: tuple[int, int]) -> None:
    app = make_app(head=3, query=-1)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        before = app.view
        await pilot.press("f4")
        for number, key in enumerate(KEYS):
            await ready(pilot)
            assert app.explore.tour.number == number
            assert app.reading is not None
            if number < 2:  # what the first steps say of the largest weight is said of the cell in view
                assert app.view.key == app.reading.without_changes().row.weights[0].argmax()
            part = app.explore.query_one(".-toured")
            assert part.display
            assert part.size.height >= 1
            shown = screen_text(app)
            assert f"tour {number + 1}/{len(STEPS)}" in shown
            assert "▶ press" in shown
            await pilot.press("up", "down", key)  # another key is a key like always
        await ready(pilot)
        assert app.explore.tour.number == len(STEPS) - 1
        await pilot.press("left", "down", "escape")
        await ready(pilot)
        assert not app.explore.tour.is_open
        assert not app.explore.query(".-toured")
        assert app.view == before


async def test_only_the_first_start_begins_with_it(opener: Opener, ready: Ready, tmp_path: Path) -> None:
    for invited in (True, False):
        app = ExplorerApp(View("bpe", SENTENCES[0]), opener, offer_tour=tmp_path / "shown")
        async with app.run_test() as pilot:
            await ready(pilot)
            assert app.explore.tour.is_open is invited
            await pilot.press("f4")
            await ready(pilot)
            assert app.explore.tour.is_open is not invited


async def test_a_served_page_begins_with_it_and_leaves_no_trace(
    opener: Opener, ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExplorerApp, "is_web", True)
    shown = tmp_path / "shown"
    app = ExplorerApp(View("bpe", SENTENCES[0]), opener, offer_tour=shown)
    async with app.run_test() as pilot:
        await ready(pilot)
        assert app.explore.tour.is_open
        assert not shown.exists()


async def test_escape_closes_what_is_open_before_it(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press("f4", "f")
        await ready(pilot)
        for is_open in (True, False):
            await pilot.press("escape")
            await ready(pilot)
            assert app.explore.tour.is_open is is_open
