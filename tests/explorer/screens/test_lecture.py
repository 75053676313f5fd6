"""Lecture mode: what an audience reads is in view at every size, whatever is switched."""

from collections.abc import Callable

import pytest
from textual.widget import Widget

from explorer.app import ExplorerApp
from explorer.widgets.matrix.layout import Zoom
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.narration import NarrationLine
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.token_strip import TokenStrip
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.helpers import screen_text
from tests.parameters import slow


def seen(app: ExplorerApp) -> set[Widget]:
    """The parts of Explore that have room on the screen."""
    parts = app.explore.query("TokenStrip, NarrationLine, Matrix, #panels > *").results(Widget)
    return {part for part in parts if part.region and app.explore.region.contains_region(part.region)}


@pytest.mark.parametrize("text", [SENTENCES[2], slow(SENTENCES[0])])
@pytest.mark.parametrize("size", [(60, 18), (80, 24), slow((120, 36))])
async def test_what_an_audience_reads_is_in_view(
    make_app: Callable[..., ExplorerApp], ready: Ready, size: tuple[int, int], text: str
) -> None:
    app = make_app(text=text, query=-1, key=3)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("z", "f5")
        for key, stage in (("1", "scores"), ("s", "scores"), ("4", "weights"), ("m", "weights"), ("5", "mixed")):
            await pilot.press(key)
            await ready(pilot)
            explore = app.explore
            matrix = explore.query_one(f"#matrix-{stage}", Matrix)
            parts = {explore.query_one(each) for each in (TokenStrip, NarrationLine, PredictionsPanel)}
            assert seen(app) == {matrix, *parts}
            assert matrix.zoom_in_use is Zoom.NUMBERS
            assert explore.query_one(NarrationLine).size.height == 2
            predictions = "\n".join(line.plain for line in explore.query_one(PredictionsPanel).content_lines)
            assert "‘" in predictions
            assert "▶" in screen_text(app)  # the row of the query
        await pilot.press("f5", "4", "z", "z")
        await ready(pilot)
        assert len(seen(app)) > 4 or size == (60, 18)
        assert not app.explore.is_lecture


async def test_the_zoom_comes_back_and_escape_leaves(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        matrices = app.explore.query(Matrix)
        await pilot.press("z")
        zooms = [matrix.zoom for matrix in matrices]
        await pilot.press("f5", "n")
        assert app.explore.is_lecture
        await pilot.press("escape")  # shows all stages again
        assert app.explore.is_lecture
        await pilot.press("escape")
        await ready(pilot)
        assert not app.explore.is_lecture
        assert [matrix.zoom for matrix in matrices] == zooms


async def test_the_tour_and_lecture_mode_exclude_each_other(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        for key, is_lecture in (("f5", True), ("f4", False), ("f5", True)):
            await pilot.press(key)
            await ready(pilot)
            assert app.explore.is_lecture is is_lecture
            assert app.explore.tour.is_open is not is_lecture
