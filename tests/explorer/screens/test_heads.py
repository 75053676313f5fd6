"""The Heads screen: pictures, orders and numbers against independent computations; keys, mouse, sizes, terminals."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from textual.geometry import Offset, Region
from textual.pilot import Pilot
from textual.screen import Screen

from explorer.app import ExplorerApp
from explorer.core import head_costs, head_scores
from explorer.core.formatting import significant, weight
from explorer.core.gallery import Gallery, Sort
from explorer.core.head_kinds import HEAD_KINDS, PATTERNS
from explorer.screens.dialogs.help import HelpScreen
from explorer.screens.explore import ExploreScreen
from explorer.screens.heads import HeadsScreen
from explorer.widgets.heads.detail import HeadDetail
from explorer.widgets.heads.grid import HeadGrid
from explorer.widgets.heads.map import HeadMap
from explorer.widgets.key_line import KeyLine
from explorer.widgets.palette import HATCH
from model.checkpoint import Checkpoint
from model.head_costs import HeadCost
from model.head_scores import HeadScores
from model.settings import Scope
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.helpers import app_of, messages, screen_text, until
from tests.model.test_head_pictures import plain_blocks, plain_means

MakeApp = Callable[..., ExplorerApp]
HEADS = [(layer, head) for layer in range(2) for head in range(4)]


async def opened(pilot: Pilot[None], ready: Ready) -> HeadsScreen:
    """The screen with all its pictures and scores."""
    await ready(pilot)
    await pilot.press("g")
    await settled(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, HeadsScreen)
    return screen


async def settled(pilot: Pilot[None]) -> None:
    """Wait for what is computed in the background."""
    app = app_of(pilot)
    await until(
        pilot, lambda: app.scoring_is_over and (not isinstance(app.screen, HeadsScreen) or app.screen.is_settled)
    )


def cells(screen: HeadsScreen, widget: HeadGrid | HeadMap, region: Region) -> list[list[tuple[str, Any]]]:
    """What is drawn in a region of the whole: characters with their styles."""
    found = []
    for y in range(region.y, region.bottom):
        strip = widget.render_line(y - widget.scroll_offset.y).crop(region.x, region.right)
        found.append([(character, segment.style) for segment in strip for character in segment.text])
    return found


def weights_of(app: ExplorerApp, head: tuple[int, int]) -> list[list[float]]:
    assert app.reading is not None
    found: list[list[float]] = app.reading.as_set.head(*head).weights.tolist()
    return found


@pytest.mark.parametrize(("text", "causal"), [("Ivan is", None), (SENTENCES[2], None), (SENTENCES[2], False)])
async def test_pictures_are_the_weights(make_app: MakeApp, ready: Ready, text: str, causal: bool | None) -> None:
    app = make_app(text=text, causal=causal, scope=Scope.MODEL)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        grid = screen.grid
        layout = grid.layout_in_use
        assert layout is not None
        size = layout.picture
        ramp, hidden = grid.palette.sequential, grid.palette.hidden_pixel
        for head in HEADS:
            expected = plain_blocks(weights_of(app, head), size.block, causal is None)
            tile = grid.places(head)[0]
            drawn = cells(screen, grid, Region(tile.x, tile.y + 1, size.width, size.height))
            for i, row in enumerate(expected):
                for j, share in enumerate(row):
                    half = size.rows.index(i)
                    character, style = drawn[half // 2][size.columns.index(j)]
                    if character == HATCH:
                        assert share < 0
                        continue
                    colour = style.bgcolor if half % 2 else style.color
                    assert colour == (hidden if share < 0 else ramp.levels[ramp.level(share, 1.0)].pixel), (head, i, j)


async def test_without_colours_shades_say_the_same(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        grid = screen.grid
        assert not grid.palette.has_pixels
        layout = grid.layout_in_use
        assert layout is not None
        size = layout.picture
        ramp = grid.palette.sequential
        for head in HEADS:
            expected = plain_blocks(weights_of(app, head), size.block, True)
            tile = grid.places(head)[0]
            drawn = cells(screen, grid, Region(tile.x, tile.y + 1, size.width, size.height))
            for i, row in enumerate(expected):
                shown = [drawn[size.rows[::2].index(i)][size.columns.index(j)][0] for j in range(len(row))]
                assert shown == [HATCH if x < 0 else ramp.levels[ramp.level(x, 1.0)].glyph for x in row]
        await pilot.press("tab")
        await settled(pilot)
        region = screen.map.places((1, 2))[0]
        assert "".join(text for text, _ in cells(screen, screen.map, region)[0]).strip()[:1].isdigit()


async def test_orders(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        scores = app.scores_in_view
        assert scores is not None

        def shown() -> list[tuple[int, int]]:
            return [head for row in screen.grid.rows for head in row]

        assert shown() == HEADS
        keys = {head: plain_means(weights_of(app, head))[0] for head in HEADS}
        expected = {
            Sort.COST: sorted(HEADS, key=lambda head: -app.costs_in_view[head].text),
            Sort.PEAKEDNESS: sorted(HEADS, key=lambda head: keys[head]),
        }
        for name, values in scores.values.items():
            if name in PATTERNS:
                continue
            places = (values - scores.baselines[name]).flatten().argsort(descending=True, stable=True).tolist()
            expected[Sort(HEAD_KINDS[name])] = [HEADS[place] for place in places]
        assert len(set(map(tuple, expected.values()))) > 2
        await pilot.press("down", "right", "s")
        chosen = screen.chosen
        assert screen.sort is Sort.KIND
        for sort, order in expected.items():
            await pilot.press("s")
            assert screen.sort is sort
            assert shown() == order
            assert screen.chosen == chosen
            label = cells(screen, screen.grid, screen.grid.places(order[0])[0])[0]
            title = "".join(text for text, _ in label)
            assert f"L{order[0][0]} H{order[0][1]}" in title
            if sort is Sort.PEAKEDNESS:
                assert significant(keys[order[0]], 2) in title
            elif sort is Sort.COST:
                shown_cost = float(title.split()[-1].replace("−", "-"))
                assert shown_cost == pytest.approx(app.costs_in_view[order[0]].text, abs=0.05)
            else:
                assert sort.score is not None
                assert weight(scores.of(*order[0])[sort.score].value) in title
            assert ("on other text, pictures of this sentence" in screen_text(app)) == (sort is not Sort.PEAKEDNESS)
        await pilot.press("s")
        assert screen.sort is Sort.POSITION
        await pilot.press("S")
        last = list(expected)[-1]
        assert screen.sort is last
        await pilot.press("escape", "g")
        await settled(pilot)
        assert isinstance(app.screen, HeadsScreen)
        assert app.screen.sort is last  # as it was left


@pytest.mark.parametrize(("size", "text"), [((60, 18), SENTENCES[0]), ((80, 24), "a b"), ((240, 70), SENTENCES[2])])
async def test_every_tile_has_the_number_it_is_sorted_by(
    make_app: MakeApp, ready: Ready, size: tuple[int, int], text: str
) -> None:
    app = make_app(text=text)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, ready)
        scores = app.scores_in_view
        assert scores is not None
        await pilot.press("s", "s", "s", "s")
        for head in screen.grid.heads_in_view[:4]:
            title = "".join(text for text, _ in cells(screen, screen.grid, screen.grid.places(head)[0])[0])
            assert title.split()[-1] == weight(scores.of(*head)["previous_token"].value)


async def test_the_chosen_head_is_written(
    make_app: MakeApp, ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        await pilot.press("right", "right", "w", "enter")
        layer, head = screen.chosen
        name = f"tiny-bpe-L{layer}H{head}.json"
        await until(pilot, lambda: any(name in message for message in messages(app)))
        written = json.loads((tmp_path / name).read_text())
        assert (written["layer"], written["head"]) == (layer, head) != (0, 0)
        assert app.screen is screen


KEYS = [
    ("right", (0, 2)),
    ("l", (0, 2)),
    ("left", (0, 0)),
    ("h", (0, 0)),
    ("left_square_bracket", (0, 0)),
    ("right_square_bracket", (0, 2)),
    ("home", (0, 0)),
    ("end", (1, 3)),
    ("G", (1, 3)),
]


async def test_keys_choose_and_enter_opens(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(layer=0, head=1)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        for shows_map in (False, True):
            assert screen.shows_map is shows_map
            for key, head in KEYS:
                screen.choose((0, 1))
                await pilot.press(key)
                assert screen.chosen == head, key
            screen.choose((0, 1))
            await pilot.press("tab")
        assert not screen.shows_map
        await pilot.press("p")  # the map has a layer on a row
        await pilot.press("j", "k", "full_stop")
        assert screen.chosen == (1, 1)
        await pilot.press("pageup")
        assert screen.chosen == (0, 1)
        await pilot.press("pagedown", "right", "enter")
        await ready(pilot)
        assert isinstance(app.screen, ExploreScreen)
        assert (app.view.layer, app.view.head) == (1, 2)
        assert app.reading is not None
        assert app.reading.stages.weights.equal(app.reading.as_trained.head(1, 2).weights)
        for leaving in ("escape", "g"):
            await pilot.press("g", "left", leaving)
            assert isinstance(app.screen, ExploreScreen)
            assert (app.view.layer, app.view.head) == (1, 2)


async def test_the_mouse_chooses_and_opens(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        place = screen.grid.places((1, 1))[0].offset - screen.grid.scroll_offset + Offset(2, 1)
        await pilot.hover(HeadGrid, offset=place)
        await pilot.pause()
        assert screen.query_one(HeadDetail).border_title.startswith("L1 H1")  # type: ignore[union-attr]
        assert screen.chosen == (0, 0)
        await pilot.click(HeadGrid, offset=place)
        await pilot.pause()
        assert screen.chosen == (1, 1)
        await pilot.press("tab")
        place = screen.map.places((1, 3))[-1].offset + Offset(1, 0)  # in the second table
        assert await pilot.click(HeadMap, offset=place, times=2)
        await pilot.pause()
        assert (app.view.layer, app.view.head) == (1, 3)
        await pilot.press("g")
        line = app.screen.query_one(KeyLine).render().plain
        await pilot.click(KeyLine, offset=(line.index("tab map"), 0))
        await pilot.pause()
        assert app.screen.shows_map  # type: ignore[attr-defined]


async def test_the_map_says_how_peaked_each_head_is(make_app: MakeApp, ready: Ready, bpe_model: Checkpoint) -> None:
    app = make_app(scale=0.6)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        await pilot.press("p")
        trace = app.reading.as_set  # type: ignore[union-attr]
        for measure in (0, 2, 1):  # effective keys, largest weight, entropy
            for head in HEADS[1:]:
                stages = trace.head(*head)
                set_scale = float(stages.inputs.scale)
                regions = screen.map.places(head)
                for region, scale in zip(regions, (1.0, bpe_model.config.scale(head[0]), set_scale), strict=True):
                    x = plain_means(stages.rescaled(scale).weights.tolist())[measure]
                    said = "".join(text for text, _ in cells(screen, screen.map, region)[0]).strip()
                    assert float(said) == pytest.approx(x, abs=0.051 if measure != 2 else 0.0051)
                    peaked = {0: 1 - math.log2(x) / math.log2(len(trace.token_ids)), 1: None, 2: x}[measure]
                    if peaked is not None:
                        level = screen.map.palette.sequential.levels[round(peaked * 31)]
                        assert cells(screen, screen.map, region)[0][0][1].bgcolor == level.style.bgcolor
            await pilot.press("v")
        said = "\n".join(line.plain for line in screen.query_one(HeadDetail).lines(app.reading, 119))  # type: ignore[arg-type]
        expected = plain_means(trace.head(0, 0).weights.tolist())
        assert f"{expected[1]:.2f} bits" in said
        assert "scaled ×0.6" in said


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])
async def test_other_themes(make_app: MakeApp, ready: Ready, theme: str) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        before = [screen.grid.render_line(y) for y in range(8)]
        app.theme = theme
        await settled(pilot)
        assert [screen.grid.render_line(y) for y in range(8)] != before


async def test_every_size_and_the_chosen_head_stays_in_view(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text=SENTENCES[2])
    async with app.run_test(size=(60, 18)) as pilot:
        screen = await opened(pilot, ready)
        for width, height in ((240, 70), (80, 24), (60, 18)):
            await pilot.resize_terminal(width, height)
            await settled(pilot)
            for key in ("end", "home", "tab", "tab", "s", "plus", "end", "minus", "minus"):
                await pilot.press(key)
                await settled(pilot)
                await pilot.pause()
                tiles = screen.tiles
                place = tiles.places(screen.chosen)[0]
                y = place.y - tiles.scroll_offset.y
                assert 0 <= y < tiles.size.height, (width, height, key)
                assert place.right <= tiles.size.width
                assert y + place.height <= tiles.size.height or place.height > tiles.size.height
                if not screen.shows_map:
                    assert tiles.scroll_offset.y % place.height == 0  # the titles of the first row are not cut
                legend = screen.query_one(HeadDetail)
                assert all(
                    len(legend.render_line(y).text.rstrip()) <= legend.size.width for y in range(legend.size.height)
                )
        await pilot.resize_terminal(50, 10)
        await pilot.pause()
        assert screen.query_one("#too-small").display


async def test_the_loss_without_a_head_and_what_it_reads_from(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    ablated: list[tuple[int, int]] = []
    left: list[Screen[Any]] = []

    def measure(model: Any, heads: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], HeadCost]]:
        for head in heads:
            if head == (1, 0) and not left:
                left.append(app.screen)
                app.call_from_thread(app.screen.action_back)
                while True:
                    model.trace([1])  # ends the worker once it is cancelled
            ablated.append(head)
            falls = torch.zeros(2, 4)
            falls[1, 3] = 0.5 if head == (0, 2) else 0.0
            yield head, HeadCost(0.25, -1.5, 0.0, falls)

    app = make_app(layer=1, head=3)
    values = {"induction": torch.full((2, 4), 0.75)}
    scores = HeadScores(values, {"induction": torch.full((2, 4), 0.01)})
    monkeypatch.setattr(head_scores, "measure_heads", lambda model, **_: scores)
    monkeypatch.setattr(head_costs, "measure_affordable_costs", measure)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: app.scoring_is_over)
        await pilot.press("g")
        await until(pilot, lambda: len(app.costs_in_view) == 4)
        assert isinstance(app.screen, ExploreScreen)
        await pilot.press("g")
        await settled(pilot)
        assert ablated == HEADS  # those before the screen was left are not ablated again
        detail = app.screen.query_one(HeadDetail)
        said = [line.plain for line in detail.lines(app.reading, 110)]  # type: ignore[arg-type]
        assert said[1] == (
            "loss without it +0.250, on repeats −1.500 · reads from L0 H2 (induction .75): induction −.50 without that"
        )
        assert detail.lines(app.reading, 50)[1].plain == "loss without it +0.250, on repeats −1.500"  # type: ignore[arg-type]


async def test_a_model_that_is_too_large_is_not_ablated(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_costs, "OPERATIONS", 1.0)
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        assert app.costs_in_view == {}
        said = [line.plain for line in screen.query_one(HeadDetail).lines(app.reading, 119)]  # type: ignore[arg-type]
        assert "`explorer heads` measures the loss without this head" in said[1]


async def test_what_is_changed_is_marked(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(layer=1, head=2, scale=0.9, ablated=frozenset({(0, 3)}))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready)
        for head, mark in (((1, 2), "*"), ((0, 3), "×"), ((1, 3), "")):
            label = "".join(text for text, _ in cells(screen, screen.grid, screen.grid.places(head)[0])[0])
            assert label.strip(" ▶") == f"L{head[0]} H{head[1]}{mark}"
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        assert app.screen is screen
        assert screen.check_action("measure", ()) is None
        assert screen.check_action("sort", ()) is True


async def test_nothing_is_computed_twice(make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    job = Gallery.job

    def counting(self: Gallery, heads: Any, size: int) -> Any:
        computed.append(len(heads))
        return job(self, heads, size)

    monkeypatch.setattr(Gallery, "job", counting)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, ready)
        await pilot.press("s", "tab", "v", "tab", "right", "enter")
        await ready(pilot)
        await pilot.press("left", "g")
        await settled(pilot)
        assert sum(computed) == len(HEADS)
        await pilot.press("escape", "m", "g")  # other weights
        await settled(pilot)
        assert sum(computed) == 2 * len(HEADS)
