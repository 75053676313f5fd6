"""What a switch did, told on the Explore screen: at every size, until the next key, and where most changed."""

from collections.abc import Callable

import pytest
from textual.content import Content
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.view import LAST, Stage
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.narration import TRY, NarrationLine
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.peakedness import PeakednessPanel
from tests.explorer.conftest import Ready
from tests.explorer.helpers import compared_settled, press
from tests.parameters import slow

MakeApp = Callable[..., ExplorerApp]


def told(app: ExplorerApp) -> list[str]:
    """What the narration has on screen; nothing where it has no room."""
    narration = app.explore.query_one(NarrationLine)
    return [narration.render_line(y).text.strip() for y in range(narration.region.height)]


@pytest.mark.parametrize("size", [(60, 18), (120, 36), slow((80, 24)), slow((200, 50))])
async def test_every_switch_explains_itself_until_the_next_key(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=LAST, stage=Stage.SCORES)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        at_rest = told(app)
        assert len(at_rest) == (0 if size[1] < 24 else 2 if size[1] >= 36 else 1)
        assert (TRY in at_rest) == (size[1] >= 36)
        steps = (("m", "Mask off: "), ("s", "Scale off: "), ("o", "layer 0"), ("x", "Head ablated: "))
        for key, words in (*steps, ("minus", "Scale ×0.707"), ("r", "As trained again: ")):
            await press(pilot, key)
            lines = told(app)
            assert len(lines) == 2, key
            assert words in lines[0], key
            assert lines[0].startswith("▸ ")
            assert all(line.endswith(".") for line in lines), lines  # nothing is cut off
        await press(pilot, "left")
        assert told(app)[:1] == [line.replace("▸", "") for line in told(app)[:1]]
        assert len(told(app)) == len(at_rest)
        for panel in (PeakednessPanel, CellPanel):
            assert not app.explore.query_one(panel).has_class("-hidden")


async def test_beside_a_stage_stands_what_all_switches_do_to_the_prediction(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=LAST)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await press(pilot, "o", "o", "s", "left")
        assert told(app)[1].startswith("As set, not as trained: next token ")


@pytest.mark.parametrize("size", [(60, 18), (120, 36)])
async def test_b_goes_where_most_changed_and_tells_it_there(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=LAST)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        explore = app.explore
        last = app.view.query
        assert not explore.is_possible("most_changed")
        await press(pilot, "b", "m")
        assert "nothing changes" in told(app)[0]
        assert explore.is_possible("most_changed")
        await press(pilot, "b")
        assert app.reading is not None
        weights = app.reading.stages.weights - app.reading.without_changes().stages.weights
        assert app.view.query == int(weights.abs().sum(-1).argmax()) != last
        assert app.view.key == int(weights[app.view.query].abs().argmax())
        assert told(app)[0].startswith("▸ Mask off: ")
        assert "nothing" not in told(app)[0]
        await press(pilot, "right", "b")  # later it tells of all switches together
        assert told(app)[0].startswith("▸ Mask off: ")
        await press(pilot, "r")
        assert explore.is_possible("most_changed")  # what reset changed can be looked at
        await press(pilot, "right")
        assert not explore.is_possible("most_changed")


@pytest.mark.parametrize("size", [(60, 18), (120, 36)])
async def test_compare_says_what_a_switch_did_to_the_active_side(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=LAST)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("c")
        screen = await compared_settled(pilot)
        change = screen.query_one("#change", Static)
        assert not change.display
        await press(pilot, "m")
        screen = await compared_settled(pilot)
        assert str(change.render()).startswith("▸ Mask off: nothing changes")
        await press(pilot, "b")
        screen = await compared_settled(pilot)
        assert screen.comparison is not None
        one, other = (screen.comparison.right.stages.weights, screen.comparison.right.without_changes().stages.weights)
        assert screen.wanted.view.query == int((one - other).abs().sum(-1).argmax())
        text = str(change.render())
        assert text.startswith("▸ Mask off: ")
        assert text.endswith(".")
        await press(pilot, "left")
        screen = await compared_settled(pilot)
        assert not change.display


async def test_the_scale_reaches_0_and_comes_back(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3, scale=1 / 64)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        panel = app.explore.query_one(PeakednessPanel)
        await press(pilot, "minus")
        assert app.view.scale == 0.0
        assert not app.explore.is_possible("scale_smaller")
        assert "1/4" in told(app)[0]
        assert "lower-triangular average of the lecture" in told(app)[0]
        marks = [line.plain for line in panel.content_lines if "▲" in line.plain]
        assert marks[0].endswith("▲0") or "▲0 " in marks[0]
        await press(pilot, "m")
        assert app.reading is not None
        assert app.reading.stages.weights.isfinite().all()
        assert app.reading.as_set.logits.isfinite().all()
        await press(pilot, "plus")
        assert app.view.scale == pytest.approx(1 / 64)


async def test_the_title_of_a_switched_matrix_fits_the_smallest_screen(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=LAST)
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        for keys in (("3", "m"), ("5", "x"), ("2", *["minus"] * 12)):
            for key in keys:
                await press(pilot, key)
                matrix = app.explore.query_one(f"#matrix-{app.view.stage.value}", Matrix)
                title = Content.from_markup(matrix.border_title or "")
                assert title.cell_length <= 56, title.plain
