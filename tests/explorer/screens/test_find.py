"""Finding a head: a ranking that follows query and key, heads ranked by ablation, and the head that enter opens."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core.head_search import HeadSearch, Order, RankedHead
from explorer.core.readings import ReadingService
from explorer.screens.dialogs.find import FindScreen
from explorer.widgets.heads.ranking import HeadRanking
from model.errors import ModelError
from tests.explorer.conftest import Ready
from tests.explorer.helpers import messages, screen_text, until

MakeApp = Callable[..., ExplorerApp]


async def opened(pilot: Pilot[None], app: ExplorerApp, ready: Ready) -> FindScreen:
    await ready(pilot)
    await pilot.press("slash")
    assert isinstance(app.screen, FindScreen)
    return app.screen


def ranked(app: ExplorerApp, order: Order = Order.WEIGHT) -> list[RankedHead]:
    """What a fresh search says of the view of the application."""
    assert app.reading is not None
    search = HeadSearch(app.reading)
    if order.needs_ablation:
        search.add(dict(app.readings.ablate(app.reading, search.heads)))
    return search.ranking(app.reading, order)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 18)])
async def test_two_keys_open_the_head_that_looks_from_the_query_to_the_key(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=9, key=4)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, app, ready)
        assert screen.ranking.chosen == ranked(app)[0].head
        await pilot.press("left", "left", "k", "down", "down")  # live: the list follows, and begins with the best again
        assert (app.view.query, app.view.key) == (7, 3)
        assert screen.ranking.chosen == ranked(app)[2].head
        await pilot.press("j")
        assert screen.ranking.chosen == ranked(app)[0].head
        assert "7 ‘" in str(screen.query_one("#find").border_title)
        best = ranked(app)[0].head
        await pilot.press("enter")
        assert app.screen is app.explore
        assert (app.view.layer, app.view.head, app.view.query, app.view.key) == (*best, 7, 4)


async def test_what_ablating_each_head_does_is_computed_in_the_background_and_kept(
    make_app: MakeApp, ready: Ready
) -> None:
    app = make_app(query=9, key=4, causal=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, app, ready)
        assert "loss" not in screen_text(app).split("weight")[-1]
        for order in (Order.LOSS, Order.KL):
            await pilot.press("tab")
            await until(pilot, lambda: "of 8…" not in screen_text(app))
            assert screen.order is order
            assert screen.ranking.chosen == ranked(app, order)[0].head
        best = ranked(app, Order.KL)[0]
        assert best.effect is not None
        assert f"{best.effect.kl:.3f}" in screen_text(app)
        await pilot.press("escape", "slash", "tab", "enter")  # known from before: no wait
        assert (app.view.layer, app.view.head) == ranked(app, Order.LOSS)[0].head


async def test_a_click_chooses_and_a_double_click_opens(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=9, key=9)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, app, ready)
        await pilot.click(HeadRanking, offset=(5, 3))
        third = ranked(app)[2].head
        assert screen.ranking.chosen == third
        await pilot.click(HeadRanking, offset=(5, 3), times=2)
        assert (app.view.layer, app.view.head) == third


async def test_a_hidden_key_and_a_failure_are_explained(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(query=2, key=5)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, app, ready)
        assert "the mask hides this key" in screen_text(app)

        def fail(*_: object) -> None:
            raise ModelError("the numbers overflow")

        monkeypatch.setattr(ReadingService, "ablate", fail)
        await pilot.press("tab")
        await pilot.pause()
        assert messages(app) == ["the numbers overflow"]
        assert isinstance(screen, FindScreen)
        await pilot.press("escape")
        assert app.screen is app.explore
