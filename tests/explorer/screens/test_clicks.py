"""Clicks on titles and on the header do what the keys do."""

from collections.abc import Callable

from explorer.app import ExplorerApp
from explorer.screens.heads import HeadsScreen
from explorer.view import Stage
from explorer.widgets.header import HeaderLine
from explorer.widgets.matrix.matrix import Matrix
from tests.explorer.conftest import Ready


async def test_a_click_on_the_title_of_a_matrix_shows_its_stage(
    make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        for matrix in app.explore.query(Matrix):
            if matrix.display and matrix.stage is not Stage.MIXED:
                await pilot.click(matrix, offset=(4, 0))
                await ready(pilot)
                assert app.view.stage is matrix.stage


async def test_a_click_on_a_part_of_the_header_changes_it(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)

        async def click(words: str) -> None:
            header = app.explore.query_one(HeaderLine)
            await pilot.click(header, offset=(header.content_lines[0].plain.index(words) + 1, 0))
            await ready(pilot)

        scope = app.view.scope
        await click("acts on")
        assert app.view.scope is not scope
        await click("mask")
        assert app.view.causal is False
        await click("scale")
        assert app.view.scale is not None
        await click(f"L{app.view.layer} H{app.view.head}")
        assert isinstance(app.screen, HeadsScreen)
