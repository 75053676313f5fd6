"""Stepping, playing and ablating on the screen, by key and by eye: what is computed and what waits."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from explorer.app import ExplorerApp
from explorer.core.explanations import explain_stage
from explorer.screens.explore import ExploreScreen
from explorer.view import LAST, STAGES, Stage
from explorer.widgets.header import HeaderLine
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.narration import NarrationLine
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.lines import Drawn
from explorer.widgets.panels.peakedness import PeakednessPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.panels.row_table import RowTable
from explorer.widgets.playback import SPEEDS
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.helpers import lines, played, press
from tests.parameters import slow

MakeApp = Callable[..., ExplorerApp]


@pytest.mark.parametrize("size", [(60, 18), (80, 24), slow((120, 36)), slow((200, 50))])
async def test_the_sentence_of_the_stage_is_never_cut_off(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=3, stage=Stage.SCORES, scale=0.5)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        narration = app.explore.query_one(NarrationLine)
        assert narration.display == (size[1] >= 24)
        await press(pilot, "n", "N")
        for number, stage in enumerate(STAGES, 1):
            assert app.view.stage is stage
            assert app.reading is not None
            await pilot.pause(0)
            words = " ".join(" ".join(lines(narration)).split())
            assert words.startswith(f"{number}/6 ")
            assert any(f" {wording} " in f"{words} " for wording in explain_stage(app.reading)), words
            await press(pilot, "n")
        assert (app.view.query, app.view.stage) == (4, Stage.SCORES)


async def test_later_stages_of_the_query_wait_while_stepping(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3, stage=Stage.SCORES, text="the cat saw a dog")
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.pause()
        table = app.explore.query_one(RowTable)
        matrices = [app.explore.query_one(f"#matrix-{stage}", Matrix) for stage in STAGES[:4]]
        assert app.reading is not None
        assert len(app.reading.encoding) < 9  # so few that no two rows share a line
        rows = [lines(matrix)[4] for matrix in matrices]
        line = lines(table)[1]
        await press(pilot, "n")
        assert app.view.stage is Stage.SCALED
        assert [matrix.has_class("-lit") for matrix in matrices] == [False, True, False, False]
        waiting = [lines(matrix)[4] for matrix in matrices]
        assert [row == before for row, before in zip(waiting, rows, strict=True)] == [True, True, False, False]
        assert all("·" in row for row in waiting[2:])
        assert lines(table)[1].split()[-2:] == ["·", "·"]
        assert lines(table)[1].split()[:-2] == line.split()[: len(lines(table)[1].split()) - 2]
        await press(pilot, "down", "escape")  # another key is looked at: it goes on waiting, until esc
        assert not app.view.stepping
        assert [lines(matrix)[4] for matrix in matrices[:1]] != rows[:1]  # the cursor is on the other key
        await press(pilot, "up")
        assert [lines(matrix)[4] for matrix in matrices] == rows
        assert lines(table)[1] == line
        await press(pilot, "n", "left")
        assert not app.view.stepping


@pytest.mark.parametrize("size", [(120, 36), slow((80, 24)), slow((200, 60))])
async def test_what_is_measured_of_weights_waits_until_there_are_weights(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=3, stage=Stage.MASKED)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "N")  # scaled
        panel = app.explore.query_one(PeakednessPanel)
        assert app.reading is not None

        def styles() -> set[str]:
            faint, cursor = panel.style_of("faint"), panel.style_of("cursor")
            made = panel.lines(app.reading, 100) if app.reading else []
            styled = {style or panel.base for each in made for text, style in each.parts if text.strip()}
            return {"faint" if style == faint else "plain" for style in styled if style != cursor}

        def numbers(name: str) -> list[str]:
            plain = [each.plain for each in panel.lines(app.reading, 100)] if app.reading else []
            return [
                text for each in plain if each.startswith(name) for text in each[len(name) :].split() if text != "│"
            ]

        assert app.view.stage is Stage.SCALED
        before = panel.lines(app.reading, 100)
        assert styles() == {"faint"}
        variance = numbers("var of scores")
        if size[1] >= 36:
            assert set(numbers("largest weight") + numbers("entropy, bits")) == {"·"}
            assert "·" not in variance
        else:
            assert before[0].plain.count("·") == 2
            assert not any(character.isdigit() for character in before[0].plain.replace("×0.25", "").replace("×1", ""))
        await press(pilot, "n", "n")
        assert app.view.stage is Stage.WEIGHTS
        assert styles() == {"faint", "plain"}
        assert len(panel.lines(app.reading, 100)) == len(before)
        assert "·" not in numbers("largest weight")
        assert numbers("var of scores") == variance


@pytest.mark.parametrize("size", [(120, 36), slow((80, 24)), (200, 60)])
async def test_the_cell_tells_no_later_stage_while_stepping(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=3, key=1, stage=Stage.NEXT_TOKEN)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        cell = app.explore.query_one(CellPanel)
        await pilot.pause()
        assert app.reading is not None
        score, scaled = (x[3, 1].item() for x in (app.reading.stages.scores, app.reading.stages.scaled))
        assert score
        assert scaled
        said = []
        await press(pilot, "left", "n")
        for _ in range(4):
            await pilot.pause(0)
            said.append(" ".join(lines(cell)[: 5 if size[1] == 60 else 1]))
            await press(pilot, "n")
        assert app.view.stage is Stage.MIXED
        assert [" × 0.25 " in line for line in said] == [False, True, True, True]
        assert ["hidden" in line or "may see" in line for line in said] == [False, False, True, size[1] == 60]
        assert ["e^" in line.replace("e^x", "") for line in said] == [False, False, False, True]


async def test_playing_says_its_speed_and_pauses(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExploreScreen, "seconds_per_stage", 1000.0)
    app = make_app(query=LAST)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        narration = app.explore.query_one(NarrationLine)
        await press(pilot, "space")
        assert app.explore.playback.is_playing
        assert (app.view.query, app.view.stage) == (0, Stage.SCORES)  # from its end, it begins at the start
        assert "▶ playing ×1" in lines(narration)[0]
        for _ in SPEEDS:
            await press(pilot, "greater_than_sign")
        assert app.explore.playback.is_playing
        assert f"▶ playing ×{SPEEDS[-1]:g}" in lines(narration)[0]
        assert not app.explore.is_possible("faster")
        assert app.explore.playback.interval == 1000.0 / SPEEDS[-1]
        for _ in SPEEDS:
            await press(pilot, "less_than_sign")
        assert f"▶ playing ×{SPEEDS[0]:g}" in lines(narration)[0]
        await press(pilot, "space")
        assert not app.explore.playback.is_playing
        assert "playing" not in lines(narration)[0]
        await press(pilot, "n", "space")
        assert app.view.stage is Stage.SCALED  # it goes on where it stands
        await press(pilot, "x")
        assert not app.explore.playback.is_playing
        assert app.view.ablated == {(0, 0)}


@pytest.mark.parametrize("size", [(60, 18), (120, 36)])
async def test_ablated_heads_are_seen(make_app: MakeApp, ready: Ready, size: tuple[int, int]) -> None:
    app = make_app(query=3, layer=1, head=2, stage=Stage.MIXED)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "x", "left_square_bracket", "x", "right_square_bracket")
        assert app.view.ablated == {(1, 1), (1, 2)}
        assert app.reading is not None
        assert not app.reading.stages.mixed.any()
        assert not app.reading.as_set.head(1, 1).mixed.any()
        assert app.reading.as_set.head(1, 0).mixed.any()
        assert "*ablated L1 H1,2" in " ".join(lines(app.explore.query_one(HeaderLine)))
        mixed = app.explore.query_one("#matrix-mixed", Matrix)
        assert "0, ablated" in str(mixed.border_title)
        unchanged = app.view
        await press(pilot, "x", "x")
        assert app.view == unchanged
        await press(pilot, "r")
        assert app.view == replace(unchanged, ablated=frozenset())
        assert app.reading.as_set is app.reading.as_trained


async def test_a_sentence_of_one_token_plays(make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExploreScreen, "seconds_per_stage", 0.001)
    app = make_app(text=SENTENCES[0][0])
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        assert len(app.reading.encoding) == 1
        await pilot.press("space")
        await played(pilot)
        assert app.view.stage is Stage.NEXT_TOKEN


def test_every_part_with_the_focus_scrolls_by_key() -> None:
    for part in (Matrix, RowTable, PeakednessPanel, PredictionsPanel, CellPanel):
        assert {"pageup", "pagedown"} <= part._merge_bindings().key_to_bindings.keys(), part


@pytest.mark.parametrize("size", [(60, 18), (120, 36), slow((80, 24)), slow((120, 30))])
async def test_every_part_on_the_screen_is_reached_by_tab_and_shows_what_it_holds(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=3, key=1)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.pause()
        parts = [part for part in app.explore.query(Drawn) if part.region.area and part.focusable]
        assert len(parts) == {18: 4, 36: 8}.get(size[1], 5)
        for key, order in (("tab", parts), ("shift+tab", [parts[0], *parts[:0:-1]])):
            app.explore.set_focus(None)
            for part in order:
                await press(pilot, key)
                await pilot.pause()
                assert app.explore.focused is part
                assert part.size.height >= 1
                assert any(lines(part)), part


async def test_the_loss_is_shown_at_the_last_stage_even_on_a_single_line(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3, stage=Stage.MIXED)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        await pilot.pause()
        assert app.view.stage is Stage.NEXT_TOKEN
        assert "loss" in "".join(lines(app.explore.query_one(PredictionsPanel)))


async def test_a_terminal_that_gets_too_small_while_stepping_says_so_alone(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3, stage=Stage.SCORES)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await press(pilot, "n")
        assert app.explore.query_one(NarrationLine).region.area
        await pilot.resize_terminal(59, 17)
        await pilot.pause()
        assert [each.id for each in app.explore.children if each.region.area] == ["too-small"]
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.explore.query_one(NarrationLine).region.area
        assert not app.explore.query_one("#too-small").region.area
