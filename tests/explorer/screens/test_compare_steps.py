"""Compare takes two steps of one training, and goes through them on either side."""

import shutil
from pathlib import Path

import pytest
import torch
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core.comparison import Side
from explorer.core.formatting import weight
from explorer.screens.compare import CompareScreen
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.difference import DifferenceMatrix
from explorer.widgets.panels.comparison_panel import ComparisonPanel
from explorer.widgets.side_line import SideLine
from explorer.widgets.timeline.timeline import Timeline
from tests.explorer import series
from tests.explorer.helpers import compared_settled, lines, messages
from tests.explorer.screens.test_timeline_trouble import truncated
from tests.explorer.series import LAST, STEPS, app_on, save_series, traced
from tests.explorer.small import save_small

SIZES = [(60, 18), (120, 36)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_series(tmp_path_factory.mktemp("compared") / "grown"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timeline, "read_ahead_delay", 0.0)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Keys in Explore, each when that before is done."""
    for key in keys:
        await series.settled(pilot)
        await pilot.press(key)
    await series.settled(pilot)


async def compare(pilot: Pilot[None], *keys: str) -> CompareScreen:
    """Open Compare, and press keys there."""
    await series.settled(pilot)
    await pilot.press("c")
    return await then(pilot, *keys)


async def then(pilot: Pilot[None], *keys: str) -> CompareScreen:
    screen = await compared_settled(pilot)
    for key in keys:
        await pilot.press(key)
        screen = await compared_settled(pilot)
    return screen


def sides(screen: CompareScreen) -> list[str]:
    return [view.model for view in screen.wanted.sides]


def check(screen: CompareScreen, model: str) -> None:
    """The difference that is drawn, and two measures, are those of the snapshots read by `transformers`."""
    views = screen.wanted.sides
    theirs = []
    for view in views:
        _, _, step = view.model.partition("@")
        theirs.append(traced(Path(model, "snapshots", f"step-{int(step):06d}") if step else Path(model)))
    one, other = (torch.tensor(each.weights[view.layer][view.head]) for each, view in zip(theirs, views, strict=True))
    painter = screen.query_one(DifferenceMatrix).painter
    assert painter is not None
    torch.testing.assert_close(painter.numbers.matrix, other - one, rtol=0, atol=3e-5, equal_nan=True)
    said = [line.plain for line in screen.query_one(ComparisonPanel).content_lines]
    largest = next(line for line in said if line.startswith("largest weight")).split()[2:4]
    assert largest == [weight(rows[view.query].max().item()) for rows, view in zip((one, other), views, strict=True)]
    losses = next(line.split("mean loss")[1] for line in said if "mean loss" in line).split()[:2]
    assert [float(loss) for loss in losses] == pytest.approx([each.loss for each in theirs], abs=6e-3)


@pytest.mark.parametrize("size", SIZES)
async def test_a_step_is_compared_with_the_finished_model(model: str, size: tuple[int, int]) -> None:
    app = app_on(model)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "t", "left", "left", "m", "m")
        before = app.view
        screen = await compare(pilot)
        assert sides(screen) == [f"{model}@30", model]
        assert screen.wanted.active is Side.LEFT
        for side, step in zip(screen.query(SideLine), (30, LAST), strict=True):
            assert f"step {step} " in lines(side)[0] + " "
        assert ("<> step" in screen.query_one(KeyLine).render().plain) == (size[0] >= 80)
        check(screen, model)
        for key, step in (
            ("less_than_sign", 10),
            ("less_than_sign", 0),
            ("less_than_sign", 0),
            ("greater_than_sign", 10),
        ):
            await then(pilot, key)
            assert sides(screen) == [f"{model}@{step}", model]
            assert f"step {step} " in lines(screen.query_one("#side-left", SideLine))[0] + " "
            check(screen, model)
        await then(pilot, "tab", "less_than_sign", "greater_than_sign", "less_than_sign")
        assert sides(screen) == [f"{model}@10", f"{model}@100"]
        check(screen, model)
        await then(pilot, "right_square_bracket", "tab", "right_square_bracket", "greater_than_sign")
        assert [(view.model, view.head) for view in screen.wanted.sides] == [(f"{model}@30", 1), (f"{model}@100", 1)]
        check(screen, model)
        await pilot.press("escape")
        await series.settled(pilot)
        assert app.view == before
        assert app.explore.timeline.is_open


async def test_from_the_model_itself_the_first_step_is_compared(model: str) -> None:
    app = app_on(model, causal=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await press(pilot, "t")
        screen = await compare(pilot)
        assert sides(screen) == [f"{model}@0", model]
        assert [view.causal for view in screen.wanted.sides] == [False, False]
        await then(pilot, "greater_than_sign")
        await pilot.press("enter")  # opens the active side
        await series.settled(pilot)
        assert app.view.model == f"{model}@10"
        assert app.explore.timeline.is_open


async def test_a_step_that_was_kept_is_compared_too(model: str) -> None:
    app = app_on(f"{model}@100")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await compare(pilot)
        assert sides(screen) == [f"{model}@100", model]
        await pilot.press("escape")
        await press(pilot, "m")
        screen = await compare(pilot)  # a switch is moved: with the same step as trained
        assert sides(screen) == [f"{model}@100"] * 2
        assert [view.causal for view in screen.wanted.sides] == [None, False]


async def test_no_step_is_shown_without_the_slider(model: str, tmp_path: Path) -> None:
    for name in (model, str(save_small(tmp_path / "alone"))):
        app = app_on(name)
        async with app.run_test(size=(120, 36)) as pilot:
            screen = await compare(pilot)
            assert sides(screen) == [name, name]
            assert not any("step" in lines(side)[0] for side in screen.query(SideLine))
            assert ("<> step" in screen.query_one(KeyLine).render().plain) == (name == model)
            assert screen.is_possible("step_previous") == (name == model)
            await then(pilot, "less_than_sign")
            assert sides(screen) == [name, f"{model}@100" if name == model else name]


async def test_a_step_that_cannot_be_opened_is_passed_over(model: str, tmp_path: Path) -> None:
    copy = str(tmp_path / "grown")
    shutil.copytree(model, copy)
    truncated(Path(copy, "snapshots", "step-000010"))
    truncated(Path(copy, "snapshots", "step-000000"))
    app: ExplorerApp = app_on(copy)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "t")
        screen = await compare(pilot)
        assert sides(screen) == [f"{copy}@30", copy]  # the first that opens
        await pilot.press("escape")
        await press(pilot, "left", "escape")
        app.look(app.view)
        await press(pilot, "t", "left", "enter")
        screen = await compare(pilot, "less_than_sign", "less_than_sign")
        assert sides(screen) == [f"{copy}@30", copy]  # said why, and stayed
        assert "is truncated" in messages(app)[-1]
        await then(pilot, "less_than_sign")
        assert sides(screen) == [f"{copy}@30", copy]
        assert not screen.is_possible("step_previous")
        count = len(messages(app))
        await then(pilot, "less_than_sign", "greater_than_sign")
        assert sides(screen) == [f"{copy}@{max(STEPS)}", copy]
        assert len(messages(app)) == count
