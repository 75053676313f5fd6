"""Which zoom a matrix is drawn at when nobody has chosen one."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from textual.widgets import Tooltip

from explorer.app import ExplorerApp
from explorer.view import Stage
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.layout import Content, Zoom, column_label
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.matrix.minimap import Minimap
from explorer.widgets.matrix.paint import Numbers
from explorer.widgets.panels.row_table import RowTable
from tests.explorer.conftest import SENTENCES, Ready
from tests.parameters import slow

PANELS = {(60, 18): (60, 8), (80, 24): (80, 11), (120, 36): (29, 14), (200, 50): (49, 20)}
"""The room for the matrix of scores of twelve tokens or more, by the size of the terminal."""

N, B, H = Zoom.NUMBERS, Zoom.BLOCKS, Zoom.HALF_BLOCKS


@pytest.mark.parametrize(
    ("panel", "zooms"),
    [
        (PANELS[60, 18], {6: N, 8: N, 10: B, 12: B, 16: H, 24: H, 40: H, 100: H}),
        (PANELS[80, 24], {6: N, 8: N, 10: N, 12: N, 16: B, 24: H, 40: H, 100: H}),
        (PANELS[120, 36], {6: B, 8: B, 10: B, 12: B, 16: H, 24: H, 40: H, 100: H}),
        (PANELS[200, 50], {6: N, 8: B, 10: B, 12: B, 16: B, 24: H, 40: H, 100: H}),
    ],
)
def test_a_longer_sentence_becomes_smaller_step_by_step(panel: tuple[int, int], zooms: dict[int, Zoom]) -> None:
    for tokens, zoom in zooms.items():
        content = Content(tokens, tokens, 7, 5)
        assert content.automatic(*panel) is zoom, tokens
        layout = content.layout(zoom, panel[0], panel[1], has_pixels=True)
        assert layout.across or tokens > 24
        assert zoom is H or layout.lines <= 2 * layout.body_height


def test_numbers_spare_a_decimal_where_the_whole_matrix_is_in_view_then() -> None:
    scores = Content(9, 9, 8, 5, least=3)  # −43.1 or −43
    for width, cell in ((61, 6), (60, 5), (52, 5), (51, 4), (43, 4)):
        made = scores.layout(scores.automatic(width, 20), width, 20, has_pixels=True)
        assert (made.zoom, made.cell, made.fits) == (N, cell, True), width
    assert scores.automatic(42, 20) is B
    assert scores.automatic(45, 8) is B, "not for a part of the matrix"
    assert replace(scores, least=None).automatic(60, 20) is B


def test_numbers_with_less_room_have_one_decimal_fewer_all_of_them() -> None:
    numbers = Numbers(Stage.SCORES, torch.tensor([[-43.15, 8.42], [-2.64, 33.8]]), None, -43.15, 33.8)
    assert (numbers.width, numbers.least_width) == (5, 3)
    assert [numbers.written(x, 5) for x in (-43.15, 8.42, -2.64)] == ["−43.1", "  8.4", " −2.6"]
    assert [numbers.written(x, 4) for x in (-43.15, 8.42, -2.64)] == [" −43", "   8", "  −3"]


def test_the_legend_gives_its_line_to_the_last_row_of_numbers_and_of_nothing_else() -> None:
    content = Content(10, 10, 4, 5)
    numbers = content.layout(N, 80, 11, has_pixels=True)
    assert numbers.fits
    assert not numbers.legend
    assert content.layout(N, 80, 12, has_pixels=True).legend
    blocks = content.layout(B, 80, 11, has_pixels=True)
    assert blocks.legend
    assert not blocks.fits


def test_the_ruler_of_half_blocks_has_no_parts_of_numbers() -> None:
    layout = Content(300, 300, 4, 4).layout(H, 40, 12, has_pixels=True)
    for shown, ruler in (
        (range(200, 223), "200       210       220"),
        (range(201, 222), "         210         "),
        (range(11), "0          "),
    ):
        assert "".join(column_label(layout, "", column, False, shown) for column in shown) == ruler
    assert column_label(layout, "", 201, True, range(201, 222)) == "▼"


def test_without_colours_half_blocks_are_a_line_high() -> None:
    assert Content(100, 100, 7, 5).layout(H, 80, 11, has_pixels=False).per_line == 1


@pytest.mark.parametrize("size", [(60, 18), slow((80, 24)), slow((120, 36))])
async def test_the_cursor_stays_in_view_and_the_zoom_settles(
    make_app: Callable[..., ExplorerApp], ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(text="the cat saw the dog and the dog saw", query=0, stage=Stage.SCORES)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for _ in range(len(app.reading.encoding) if app.reading else 0):
            await pilot.press("right")
            await ready(pilot)
            matrix = app.explore.query_one("#matrix-scores", Matrix)
            assert matrix.painter
            layout = matrix.painter.layout
            assert layout.zoom is not H
            assert app.view.query in range(matrix.scroll_offset.y, matrix.scroll_offset.y + layout.body_height)
            drawn = [matrix.render_line(y).text for y in range(matrix.size.height)]
            assert any(text.startswith("▶") for text in drawn)


@pytest.mark.parametrize("size", [(60, 18), slow((80, 24)), slow((120, 36))])
async def test_no_scrollbar_is_there_for_nothing(
    make_app: Callable[..., ExplorerApp], ready: Ready, size: tuple[int, int]
) -> None:
    """A bar that comes takes room: what then fits must not keep the other bar, nor what fits without bars this one."""
    app = make_app(text="a", stage=Stage.SCORES)
    words = f"{SENTENCES[1]} {SENTENCES[2]}".split()
    counts = list(range(2, 20))
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for count in (*counts, *reversed(counts)):
            app.look(replace(app.view, text=" ".join(words[:count]), query=count % 3, key=count % 2))
            await ready(pilot)
            for _ in range(3):
                await pilot.pause(0)
            for matrix in app.explore.query(Matrix):
                if not matrix.display:
                    continue
                assert matrix.painter
                layout = matrix.painter.layout
                assert matrix.show_horizontal_scrollbar == (not layout.across), (count, layout)
                assert matrix.show_vertical_scrollbar == (layout.lines > layout.body_height), (count, layout)
                assert layout.width + layout.beside <= matrix.scrollable_content_region.width
                assert layout.height == matrix.scrollable_content_region.height


def test_what_scrolls_leaves_room_for_its_bar_before_that_is_there() -> None:
    content = Content(12, 12, 7, 5)  # twelve numbers of 5 and a label of 5 are as wide as all of it
    assert content.layout(N, 80, 20, has_pixels=True).virtual_size[0] == 80
    for beside_bars in ((80, 11), (79, 11), (79, 10), (80, 10)):  # whichever bars are still there
        layout = content.in_room(None, (80, 11), beside_bars, True, Minimap.gutter)
        assert layout.zoom is N
        assert layout.virtual_size[0] == 79  # no horizontal bar besides
    for beside_bars in ((80, 14), (79, 13)):
        assert content.in_room(None, (80, 14), beside_bars, True, Minimap.gutter).fits  # then bars go
    assert content.in_room(None, (78, 11), (78, 11), True, Minimap.gutter).zoom is B


@pytest.mark.parametrize("size", [(120, 36), (200, 50)])
async def test_half_blocks_leave_the_lines_that_they_do_not_need_to_the_panels(
    make_app: Callable[..., ExplorerApp], ready: Ready, size: tuple[int, int]
) -> None:
    words = f"{SENTENCES[0]} {SENTENCES[0]}"[: 38 if size[0] == 120 else 80]
    app = make_app(text=words, stage=Stage.SCORES)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        tokens = len(app.reading.encoding) if app.reading else 0
        matrix = app.explore.query_one("#matrix-scores", Matrix)
        panels = app.explore.query_one(RowTable)
        heights: dict[Zoom, tuple[int, int]] = {}

        async def laid_out() -> None:
            """Wait until the heights stay: the matrices are sized again once they and the body have their size."""
            stayed, before = 0, (-1, -1)
            while stayed < 4:
                await pilot.pause()
                now = matrix.size.height, panels.outer_size.height
                stayed, before = (stayed + 1 if now == before else 0), now

        for _ in range(8):
            await laid_out()
            zoom = matrix.zoom_in_use
            heights[zoom] = matrix.size.height, panels.outer_size.height
            if zoom is H:
                assert matrix.size.height <= 1 + -(-tokens // 2) + 1
            await pilot.press("z")
        assert heights[N][0] > heights[H][0]  # numbers by hand have the room that there is
        assert heights[N][1] < heights[H][1]
        await pilot.resize_terminal(80, 24)
        await pilot.resize_terminal(*size)
        while matrix.zoom is not None:
            await pilot.press("z")
        await laid_out()
        assert (matrix.size.height, panels.outer_size.height) == heights[H]


async def test_a_tooltip_takes_no_room_from_the_matrices(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36), tooltips=True) as pilot:
        await ready(pilot)
        explore = app.explore
        above, below = explore.query_one("#matrix-weights"), explore.query_one(KeyLine)
        await pilot.hover(KeyLine, offset=(1, 0))
        while not explore.query_one(Tooltip).display:
            await pilot.pause()
        assert explore.body_height == below.region.y - above.region.y
