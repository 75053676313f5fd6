"""The Compare screen: every key, the mouse, every size, and that what it shows is what fresh traces say."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from textual.command import CommandPalette
from textual.geometry import Offset
from textual.pilot import Pilot

from explorer.actions import COMPARE, actions_of, footer
from explorer.app import ExplorerApp
from explorer.core.comparison import Comparison, Side
from explorer.screens.compare import CompareScreen
from explorer.screens.dialogs.help import HelpScreen
from explorer.screens.dialogs.models import ModelsScreen
from explorer.screens.explore import ExploreScreen
from explorer.view import Stage, View
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.difference import DifferenceMatrix
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.comparison_panel import ComparisonPanel
from explorer.widgets.side_line import SideLine
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.settings import Scope
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.core.test_comparison import stage_of
from tests.explorer.helpers import compared_settled, messages, screen_text
from tests.parameters import slow

MakeApp = Callable[..., ExplorerApp]
START = View("bpe", SENTENCES[0], query=3, key=2, layer=0, head=1, stage=Stage.WEIGHTS)


async def opened(pilot: Pilot[None], ready: Ready) -> CompareScreen:
    await ready(pilot)
    await pilot.press("c")
    return await compared_settled(pilot)


def compared(screen: CompareScreen) -> Comparison:
    assert screen.comparison is not None
    return screen.comparison


def check(screen: CompareScreen, models: dict[str, Checkpoint]) -> None:
    """The numbers that are drawn are the difference of stages computed in plain torch."""
    comparison = compared(screen)
    stage = comparison.stage
    one, other = (stage_of(models[side.view.model], side.view, stage) for side in comparison.sides)
    rows, columns = min(len(one), len(other)), min(one.shape[1], other.shape[1])
    matrix = screen.query_one(DifferenceMatrix)
    if matrix.display and matrix.size:
        painter = matrix.painter
        assert painter is not None
        expected = other[:rows, :columns] - one[:rows, :columns]
        torch.testing.assert_close(painter.numbers.matrix, expected, rtol=1e-4, atol=1e-4, equal_nan=True)
        assert len(matrix.labels) == comparison.positions
    assert comparison.left.view.stage == comparison.right.view.stage
    for view, side in zip(screen.wanted.sides, comparison.sides, strict=True):
        assert side.view == view


@pytest.fixture
def models(bpe_model: Checkpoint, char_model: Checkpoint) -> dict[str, Checkpoint]:
    return {"bpe": bpe_model, "char": char_model}


BOTH: list[tuple[str, dict[str, Any]]] = [
    ("left", {"query": 2}),
    ("h", {"query": 2}),
    ("right", {"query": 4}),
    ("up", {"key": 1}),
    ("j", {"key": 3}),
    ("home", {"query": 0}),
    ("1", {"stage": Stage.SCORES}),
    ("3", {"stage": Stage.MASKED}),
    ("5", {"stage": Stage.MIXED}),
    ("n", {"stage": Stage.MIXED}),
    ("N", {"stage": Stage.MASKED}),
]
ONE: list[tuple[str, dict[str, Any]]] = [
    ("left_square_bracket", {"head": 1}),
    ("right_square_bracket", {"head": 3}),
    ("full_stop", {"layer": 1}),
    ("m", {"causal": False}),
    ("s", {"scale": 1.0}),
    ("minus", {"scale": pytest.approx(0.25 / 2**0.5)}),
    ("plus", {"scale": pytest.approx(0.25 * 2**0.5)}),
    ("o", {"scope": Scope.LAYER}),
]


async def test_keys_move_both_sides_or_change_the_active_one(
    make_app: MakeApp, ready: Ready, models: dict[str, Checkpoint]
) -> None:
    app = make_app(START)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        start = screen.wanted
        assert start.sides == (START, replace(START, head=2))
        for key, change in BOTH:
            screen.look(start)
            await pilot.press(key)
            await compared_settled(pilot)
            assert screen.wanted.sides == tuple(replace(view, **change) for view in start.sides), key
            check(screen, models)
        for key, change in ONE:
            screen.look(start)
            await pilot.press(key)
            await compared_settled(pilot)
            for name, value in change.items():
                assert getattr(screen.wanted.right, name) == value, key
            assert screen.wanted.left == start.left
            check(screen, models)
        await pilot.press("z")
        assert len({matrix.zoom for matrix in screen.query(Matrix)} - {None}) == 1
        await pilot.press("r", "tab", "s")
        await compared_settled(pilot)
        assert screen.wanted.left.scale == 1.0
        assert screen.wanted.active is Side.LEFT
        check(screen, models)
        await pilot.press("shift+tab")
        assert screen.wanted.active is Side.RIGHT
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, ExploreScreen)
        assert app.view == START


async def test_switches_that_are_moved_are_compared_with_as_trained(
    make_app: MakeApp, ready: Ready, models: dict[str, Checkpoint]
) -> None:
    changed = replace(START, causal=False, scale=1.0, scope=Scope.LAYER, stage=Stage.MASKED)
    app = make_app(changed)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        assert screen.wanted.sides == (changed.as_trained(), changed)
        assert compared(screen).left.as_set is compared(screen).right.as_trained
        check(screen, models)
        await pilot.press("tab", "enter")
        assert isinstance(app.screen, ExploreScreen)
        assert app.view == changed.as_trained()
        assert app.reading is not None
        assert app.reading.view == app.view


async def test_two_sentences_of_different_length(
    make_app: MakeApp, ready: Ready, models: dict[str, Checkpoint]
) -> None:
    app = make_app(START)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        await pilot.press("end", "e")
        assert screen.editor.is_editing
        await pilot.press("ctrl+u", *"the c")
        await compared_settled(pilot)
        assert compared(screen).right.view.text == "the c"  # shown as it is typed
        await pilot.press(*"at", "enter")
        await compared_settled(pilot)
        comparison = compared(screen)
        assert (comparison.left.view.text, comparison.right.view.text) == (SENTENCES[0], "the cat")
        for side in comparison.sides:
            assert side.view.query == len(side.encoding) - 1
        assert screen.query_one("#tokens").display
        check(screen, models)
        await pilot.press("home")
        assert [side.view.query for side in compared(screen).sides] == [0, 0]
        await pilot.press("e", *" sat", "escape")
        await compared_settled(pilot)
        assert screen.wanted.right.text == "the cat"
        assert not screen.query_one("#sentence-line").display
        await pilot.press("e", "ctrl+u", "enter")
        await compared_settled(pilot)
        assert screen.wanted.right.text == "the cat"
        assert "the sentence is empty" in messages(app)[-1]


async def test_a_space_alone_is_shown_as_a_difference(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(replace(START, text="the dog"))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        await pilot.press("e", "home", "space", "enter")
        await compared_settled(pilot)
        assert screen.query_one(DifferenceMatrix).labels == ("the/␣the", "dog")
        assert "0 ‘the’ ≠ ‘␣the’" in screen_text(app)


async def test_two_models(make_app: MakeApp, ready: Ready, models: dict[str, Checkpoint]) -> None:
    app = make_app(replace(START, text="a dog. face"))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        await pilot.press("M")
        assert isinstance(app.screen, ModelsScreen)
        app.screen.dismiss("char")
        await pilot.pause(0)
        await compared_settled(pilot)
        assert [side.model_name for side in compared(screen).sides] == ["tiny-bpe", "tiny-char"]
        check(screen, models)
        panel = screen.query_one(ComparisonPanel)
        assert "other vocabulary" in "".join(line.plain for line in panel.content_lines)
        for stage in "12345":
            await pilot.press(stage)
            check(screen, models)
        before = screen.wanted
        await pilot.press("M")
        app.screen.dismiss("nowhere")
        await pilot.pause(0)
        await compared_settled(pilot)
        assert "no model is called 'nowhere'" in messages(app)[-1]
        assert screen.wanted == before
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.model == "char"
        assert isinstance(app.screen, ExploreScreen)


async def test_the_mouse(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(START)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)

        async def click(matrix: Matrix, query: int, key: int) -> None:
            offsets = (Offset(x, y) for y in range(20) for x in range(40))
            at = next(offset for offset in offsets if matrix.cell_at(offset) == (query, key))
            assert await pilot.click(matrix, offset=(at.x, at.y + 1))  # the title is the first line
            await pilot.pause()

        await click(screen.query_one("#matrix-left", Matrix), 5, 1)
        assert screen.wanted.active is Side.LEFT
        assert [(view.query, view.key) for view in screen.wanted.sides] == [(5, 1)] * 2
        await click(screen.query_one(DifferenceMatrix), 2, 2)
        assert screen.wanted.active is Side.LEFT
        assert [(view.query, view.key) for view in screen.wanted.sides] == [(2, 2)] * 2
        await pilot.click("#side-right")
        assert screen.wanted.active is Side.RIGHT
        line = screen.query_one(KeyLine).render().plain
        await pilot.click(KeyLine, offset=(line.index("m mask"), 0))
        await pilot.pause()
        assert screen.wanted.right.causal is False


def rows_of(widget: Any) -> list[str]:
    return ["".join(segment.text for segment in widget.render_line(y)) for y in range(widget.size.height)]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((60, 18), 1),
        slow((80, 24), 1),
        ((80, 60), 3),
        ((120, 36), 3),
        slow((200, 50), 3),
        slow((240, 70), 3),
        ((59, 40), 0),
    ],
)
async def test_every_size(make_app: MakeApp, ready: Ready, size: tuple[int, int], shown: int) -> None:
    app = make_app(START)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, ready)
        matrices = [matrix for matrix in screen.query(Matrix) if matrix.display and matrix.region.area]
        assert len(matrices) == shown
        if not shown:
            assert screen.query_one("#too-small").region.area
            return
        for matrix in matrices:
            assert matrix.region.height >= 5
            assert screen.region.contains_region(matrix.region)
        panel = screen.query_one(ComparisonPanel)
        assert "largest weight" in "\n".join(rows_of(panel))
        assert panel.max_scroll_x == 0
        for side in screen.query(SideLine):
            line = rows_of(side)[0]
            assert f"L0 H{1 + side.side}" in line
            assert ("▶" in line) == (side.side is Side.RIGHT)
        if shown == 1:
            assert matrices[0].id == "matrix-difference"
            await pilot.press("d")
            assert [matrix.id for matrix in screen.query(Matrix) if matrix.display] == ["matrix-right"]
            await pilot.press("tab")
            assert [matrix.id for matrix in screen.query(Matrix) if matrix.display] == ["matrix-left"]
            screen.action_show_part("difference")
            assert screen.query_one(DifferenceMatrix).display
        else:
            assert not screen.is_possible("difference")
        key_line = screen.query_one(KeyLine)
        await pilot.resize_terminal(*((150, 50) if shown == 1 else (60, 18)))
        assert screen.is_possible("difference") == (shown != 1)
        drawn = key_line.render_line(0)
        key_line.update()
        assert key_line.render_line(0) == drawn  # it was up to date


@pytest.mark.parametrize("colour", ["dark", "light", "none"])
async def test_a_difference_is_legible_without_colour(
    colour: str, make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    if colour == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    app = make_app(replace(START, stage=Stage.SCORES))
    async with app.run_test(size=(240, 70)) as pilot:
        if colour == "light":
            app.theme = "textual-light"
        screen = await opened(pilot, ready)
        await pilot.pause()
        matrix = screen.query_one(DifferenceMatrix)
        painter = matrix.painter
        assert painter is not None
        assert not painter.numbers.sequential
        levels = painter.levels(3)
        values = painter.numbers.matrix[3].tolist()
        zero = painter.ramp.zero
        assert all((level > zero) == (x > 0) for level, x in zip(levels, values, strict=True) if level != zero)
        drawn = [(painter.cells.style(level, False), painter.ramp.levels[level].block) for level in (0, zero, 30)]
        assert len({(str(style), block) for style, block in drawn}) == 3


def test_the_footer_and_the_help_name_all_keys() -> None:
    keys = [key for action in actions_of(COMPARE) for key in action.keys]
    assert len(keys) == len(set(keys))
    wanted = "left right up down h j k l 1 2 3 4 5 n N m s minus plus o r e tab d enter escape c M home end"
    assert set(wanted.split()) <= set(keys)
    assert {"left_square_bracket", "right_square_bracket", "comma", "full_stop", "x"} <= set(keys)
    assert all(place.actions for place in footer(COMPARE))


async def test_long_sentences_are_computed_in_a_worker(
    make_app: MakeApp, ready: Ready, models: dict[str, Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(START)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        monkeypatch.setattr("explorer.core.readings.QUICK_OPERATIONS", 0.0)
        await pilot.press("m", "left", "s")
        await compared_settled(pilot)
        assert (screen.wanted.right.causal, screen.wanted.right.scale, screen.wanted.left.query) == (False, 1.0, 2)
        check(screen, models)

        def refuse(*arguments: object) -> None:
            raise ModelError("the numbers overflow")

        monkeypatch.setattr("explorer.core.readings.compute", refuse)
        before = screen.wanted
        await pilot.press("minus")
        await compared_settled(pilot)
        assert screen.wanted == before
        assert messages(app)[-1] == "the numbers overflow"


async def test_random_keys_never_leave_the_numbers_behind(
    make_app: MakeApp, ready: Ready, models: dict[str, Checkpoint]
) -> None:
    keys = [key for key, _ in BOTH + ONE] + ["comma", "2", "4", "tab", "d", "x", "r", "end", "pagedown", "pageup", "z"]
    rng = random.Random(4)
    app = make_app(START)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        for _ in range(4):
            await pilot.press(*rng.choices(keys, k=10))
            await pilot.resize_terminal(*rng.choice([(80, 24), (60, 18), (120, 36), (40, 10), (90, 60)]))
            await compared_settled(pilot)
            if not any(view.ablated for view in screen.wanted.sides):
                check(screen, models)
