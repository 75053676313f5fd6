"""Every action by key and by mouse, and that what is shown is what a fresh trace says."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.geometry import Offset
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.screens.dialogs.help import HelpScreen
from explorer.screens.explore import ExploreScreen
from explorer.view import Stage, View
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.token_strip import TokenStrip
from model.checkpoint import Checkpoint
from model.settings import Scope
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.fresh_trace import check_against_fresh_trace
from tests.explorer.helpers import lines, played
from tests.parameters import slow

MakeApp = Callable[..., ExplorerApp]
SIZES = [(120, 36), (80, 24), (60, 18)]


START = View("bpe", SENTENCES[0], query=3, key=2, layer=0, head=1, scale=0.5)

KEYS: list[tuple[str, dict[str, Any]]] = [
    ("left", {"query": 2}),
    ("h", {"query": 2}),
    ("right", {"query": 4}),
    ("l", {"query": 4}),
    ("up", {"key": 1}),
    ("k", {"key": 1}),
    ("down", {"key": 3}),
    ("j", {"key": 3}),
    ("home", {"query": 0}),
    ("end", {"query": -1}),
    ("1", {"stage": Stage.SCORES}),
    ("2", {"stage": Stage.SCALED}),
    ("3", {"stage": Stage.MASKED}),
    ("n", {"stage": Stage.SCORES, "stepping": True}),
    ("N", {"stage": Stage.MASKED, "stepping": True}),
    ("left_square_bracket", {"head": 0}),
    ("right_square_bracket", {"head": 2}),
    ("full_stop", {"layer": 1}),
    ("m", {"causal": False}),
    ("s", {"scale": 1.0}),
    ("minus", {"scale": 2**-1.5}),
    ("plus", {"scale": 2**-0.5}),
    ("equals_sign", {"scale": 2**-0.5}),
    ("o", {"scope": Scope.LAYER}),
    ("x", {"ablated": frozenset({(0, 1)})}),
    ("r", {"scale": None}),
]


async def test_keys_change_the_view_and_the_numbers(make_app: MakeApp, ready: Ready, bpe_model: Checkpoint) -> None:
    app = make_app(START)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        last = len(app.reading.encoding) - 1
        for key, change in KEYS:
            expected = replace(START, **{name: last if value == -1 else value for name, value in change.items()})
            app.look(START)
            await ready(pilot)
            await pilot.press(key)
            await ready(pilot)
            assert app.view.scale == (pytest.approx(expected.scale) if expected.scale is not None else None), key
            assert replace(app.view, scale=expected.scale) == expected, key
            check_against_fresh_trace(app, bpe_model)


async def test_keys_that_lead_back(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(START)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("full_stop", "comma", "1", "4", "right_square_bracket", "left_square_bracket", "o", "o", "o")
        assert app.view == START


@pytest.mark.parametrize("size", [SIZES[0], *map(slow, SIZES[1:])])
async def test_help_opens_and_closes(make_app: MakeApp, ready: Ready, size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for opening, closing in (("question_mark", "escape"), ("f1", "q"), ("question_mark", "question_mark")):
            await pilot.press(opening)
            assert isinstance(app.screen, HelpScreen)
            keys = {word for line in lines(app.screen.query_one(Static)) for word in line.split()[:2]}
            assert {"F2", "F3", "F4", "F5"} <= keys  # as in the footer and in all texts
            await pilot.press("j", "pagedown", "k", closing)
            assert isinstance(app.screen, ExploreScreen)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_quitting(make_app: MakeApp, ready: Ready, key: str) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        await ready(pilot)
        await pilot.press(key)
        await pilot.pause()
        assert app.return_code == 0
        assert not app.is_running


async def test_tab_moves_the_focus_and_escape_leaves_it(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.focused is None
        seen = []
        for _ in range(3):
            await pilot.press("tab")
            seen.append(app.focused)
        assert None not in seen
        assert len(set(map(id, seen))) > 1
        await pilot.press("shift+tab")
        assert app.focused is seen[1]
        before = app.view
        await pilot.press("left")
        assert app.view.query == before.query - 1  # arrows keep their meaning wherever the focus is
        await pilot.press("escape")
        assert app.focused is None


async def test_actions_without_sense_are_greyed(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=0)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert app.explore.check_action("help", ()) is True
        assert app.explore.check_action("change_view", ("query_previous",)) is None
        assert app.explore.check_action("change_view", ("reset",)) is None
        assert app.explore.check_action("change_view", ("mask",)) is True
        await pilot.press("left", "r", "escape")
        assert app.view == replace(app.view, query=0)
        await pilot.press("m")
        assert app.explore.check_action("change_view", ("reset",)) is True


async def test_the_palette_finds_every_action(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"mask on or")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.view.causal is False


async def test_playing_walks_to_the_end_and_any_key_pauses(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExploreScreen, "seconds_per_stage", 0.001)
    app = make_app(query=0, text="a dog", stage=Stage.SCORES)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        last = len(app.reading.encoding) - 1
        await pilot.press("space")
        await played(pilot)
        assert (app.view.query, app.view.stage) == (last, Stage.NEXT_TOKEN)
        app.explore.playback.seconds = 1000.0
        for key in ("space", "z", "up", "escape"):
            await pilot.press("home", "1", "space")
            assert app.explore.playback.is_playing
            await pilot.press(key)
            assert not app.explore.playback.is_playing


async def test_a_click_on_a_token_chooses_the_query(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.pause()  # until all is laid out
        assert await pilot.click(TokenStrip, offset=(1, 0))
        await pilot.pause()
        assert app.view.query == 0


async def test_a_click_on_a_cell_chooses_query_and_key(make_app: MakeApp, ready: Ready, bpe_model: Checkpoint) -> None:
    app = make_app(query=5)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.pause()  # until all is laid out
        matrix = app.explore.query_one("#matrix-masked", Matrix)
        at = next(Offset(x, y) for y in range(20) for x in range(40) if matrix.cell_at(Offset(x, y)) == (4, 2))
        assert await pilot.click(matrix, offset=(at.x, at.y + 1))  # the title is the first line
        await pilot.pause()
        assert (app.view.query, app.view.key) == (4, 2)
        check_against_fresh_trace(app, bpe_model)


async def test_a_click_on_the_footer_does_what_the_key_does(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=2)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        line = app.explore.query_one(KeyLine).render().plain
        for words, change in (("←", {"query": 1}), ("→", {"query": 2}), ("m mask", {"causal": False})):
            await pilot.click(KeyLine, offset=(line.index(words), 0))
            await pilot.pause()
            assert replace(app.view, **change) == app.view
        await pilot.click(KeyLine, offset=(line.index("? help"), 0))
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)


async def test_what_a_key_says_fits_the_smallest_screen(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        for said in ("without the first key, a sink in many models", "over all keys"):
            await pilot.press("0")
            assert app.explore.query_one(KeyLine).render_line(0).text.strip() == f"0: colours {said}"


@pytest.mark.parametrize("seed", [0, slow(1)])
async def test_random_keys_never_leave_the_numbers_behind(
    seed: int, make_app: MakeApp, ready: Ready, bpe_model: Checkpoint
) -> None:
    keys = [key for key, _ in KEYS] + ["comma", "4", "tab", "escape", "pagedown", "f5", "a"]
    rng = random.Random(seed)
    app = make_app(START)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for _ in range(4):
            await pilot.press(*rng.choices(keys, k=10))
            await pilot.resize_terminal(*rng.choice([*SIZES, (40, 10), (200, 50)]))
            await ready(pilot)
            check_against_fresh_trace(app, bpe_model)


async def test_the_token_strip_counts_the_tokens_out_of_view(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text=" ".join(SENTENCES), query=0)
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        strip = app.explore.query_one(TokenStrip)
        assert app.reading is not None
        tokens = app.reading.encoding.tokens
        assert (strip.size.height, strip.scrollable_content_region.width) == (2, 60)

        def in_view() -> set[int]:
            found = (strip.token_at(Offset(x, y)) for x in range(60) for y in range(2))
            return {position for position in found if position is not None}

        for query in (0, len(tokens) // 2, len(tokens) - 1):
            app.look(replace(app.view, query=query))
            await ready(pilot)
            above, below = min(in_view()), len(tokens) - 1 - max(in_view())
            first, last = (strip.render_line(y).text.rstrip() for y in range(2))
            assert (f" ↑{above}" in first) is (above > 0)
            assert (f" ↓{below}" in last) is (below > 0)
            assert app.view.query in in_view()
