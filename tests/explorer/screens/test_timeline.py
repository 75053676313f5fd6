"""The slider over training: every step by key and mouse, its numbers, what may change meanwhile, the way back."""

import gc
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core import loading
from explorer.core.formatting import weight
from explorer.core.link import link_line
from explorer.core.step_measures import ENTROPY, FIRST, LOSS, MEASURES, PREVIOUS
from explorer.screens.dialogs.help import HelpScreen
from explorer.view import View
from explorer.widgets.header import HeaderLine
from explorer.widgets.key_line import KeyLine
from explorer.widgets.panels.row_table import RowTable
from explorer.widgets.timeline.slider import TimeSlider
from explorer.widgets.timeline.timeline import Timeline
from model.settings import Scope
from tests.explorer.core.test_link import parsed
from tests.explorer.helpers import lines, messages, past_first_frame, screen_text
from tests.explorer.series import ALL_STEPS, LAST, OTHER, STEPS, TEXT, app_on, save_series, settled, traced
from tests.explorer.small import save_small

SIZES = [(60, 18), (120, 36)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_series(tmp_path_factory.mktemp("series") / "grown"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timeline, "read_ahead_delay", 0.0)
    monkeypatch.setattr(Timeline, "seconds_per_step", 3600.0)  # tests say when to go on


async def opened(pilot: Pilot[None]) -> list[str]:
    """Open the slider; what it says."""
    await settled(pilot)
    await pilot.press("t")
    await settled(pilot)
    return slider(pilot)


async def press(pilot: Pilot[None], *keys: str) -> list[str]:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    return slider(pilot)


def slider(pilot: Pilot[None]) -> list[str]:
    assert isinstance(pilot.app, ExplorerApp)
    widget = pilot.app.explore.query_one(TimeSlider)
    return lines(widget) if pilot.app.explore.timeline.is_open else []


def path_of(model: str, step: int) -> Path:
    return Path(model) / "snapshots" / f"step-{step:06d}" if step in STEPS else Path(model)


@pytest.mark.parametrize("size", SIZES)
async def test_the_numbers_at_a_step_are_those_of_its_snapshot(model: str, size: tuple[int, int]) -> None:
    app = app_on(model)
    async with app.run_test(size=size) as pilot:
        start = app.view
        await opened(pilot)
        for step in reversed(ALL_STEPS):
            reading = app.reading
            assert reading is not None
            theirs = traced(path_of(model, step))
            assert list(reading.encoding.ids) == theirs.ids[0].tolist()
            for layer in range(2):
                for head in range(2):
                    ours = reading.as_set.head(layer, head).weights
                    torch.testing.assert_close(ours, torch.tensor(theirs.weights[layer][head]), rtol=0, atol=2e-5)
            assert reading.as_set.loss == pytest.approx(theirs.loss, abs=1e-4)
            steps, values = slider(pilot)
            assert f"▶{step} " in f"{steps} "
            assert values.split()[:3] == ["previous", "token", weight(theirs.previous_token(0, 0))]
            header = app.explore.query_one(HeaderLine).render_line(0).text
            assert f"step {step} " in header, header
            assert app.view == replace(start, model=model if step == LAST else f"{model}@{step}")
            await press(pilot, "left")
        assert "▶0 " in slider(pilot)[0]  # nothing is before the first
        assert app.explore.query_one(RowTable).size.height >= 2  # a row has room besides


@pytest.mark.parametrize("size", SIZES)
async def test_a_previous_token_head_appears(model: str, size: tuple[int, int]) -> None:
    app = app_on(model)
    async with app.run_test(size=size) as pilot:
        await past_first_frame(pilot)
        for where, rises in ((("L0", "H0"), True), (("L0", "H1"), False)):
            layer, head = (int(name[1:]) for name in where)
            app.look(replace(app.view, layer=layer, head=head))
            _, values = await opened(pilot) if not app.explore.timeline.is_open else slider(pilot)
            expected = [traced(path_of(model, step)).previous_token(layer, head) for step in ALL_STEPS]
            drawn = [word for word in values.split()[3:] if not set(word) <= set("▁▂▃▄▅▆▇█")]
            assert drawn == [weight(value) for value in expected]
            assert (expected[0] < 0.4 and expected[-1] > 0.9) == rises
            await press(pilot, "escape")


async def test_every_measure_is_that_of_the_head_in_view(model: str) -> None:
    app = app_on(model, layer=1, head=1)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        theirs = [traced(path_of(model, step)) for step in ALL_STEPS]
        seen = []
        for _ in MEASURES:
            values = slider(pilot)[1]
            name = next(each for each in MEASURES if values.startswith(f" {each} "))
            seen.append(name)
            drawn = [float(word) for word in values.removeprefix(f" {name} ").split() if word[0] not in "▁▂▃▄▅▆▇█"]
            if name == LOSS:
                assert drawn == pytest.approx([theirs[-1].loss, *(each.loss for each in theirs)], abs=6e-3)
            elif name == FIRST:
                means = [sum(row[0] for row in each.weights[1][1][1:]) / (len(TEXT) - 1) for each in theirs]
                assert drawn == pytest.approx([means[-1], *means], abs=6e-3)
            await press(pilot, "t")
        assert sorted(seen) == sorted([PREVIOUS, FIRST, ENTROPY, LOSS])
        assert slider(pilot)[1].startswith(f" {PREVIOUS} ")


async def test_keys_walk_and_the_way_back_is_exact(model: str) -> None:
    app = app_on(model, scale=1.0, scope=Scope.LAYER, ablated=frozenset({(1, 0)}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        start, footer = app.view, app.explore.query_one(KeyLine).render().plain
        await opened(pilot)
        for key, step in (("home", 0), ("right", 10), ("right", 30), ("end", LAST), ("right", LAST), ("left", 100)):
            assert f"▶{step} " in (await press(pilot, key))[0] + " ", key
        assert app.view == replace(start, model=f"{model}@100")
        assert await press(pilot, "escape") == []
        assert app.view == start
        assert app.explore.query_one(KeyLine).render().plain == footer
        assert "step" not in app.explore.query_one(HeaderLine).render_line(0).text
        await press(pilot, "left")  # the query again
        assert app.view == replace(start, query=start.query - 1)
        await press(pilot, "t", "home", "enter")
        assert slider(pilot) == []
        assert app.view == replace(start, query=start.query - 1, model=f"{model}@0")
        await press(pilot, "t", "end", "escape")  # back to what was in view, which was that step
        assert app.view.model == f"{model}@0"


async def test_the_last_step_asked_for_by_its_name_stays_in_view(model: str) -> None:
    app = app_on(f"{model}@{LAST}")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        start = app.view
        assert "▶300" in (await opened(pilot))[0]
        assert app.view == start
        await press(pilot, "left", "right", "left", "escape")
        assert app.view == start


async def test_head_sentence_and_switches_change_at_a_step(model: str) -> None:
    app = app_on(model)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await press(pilot, "left", "left")
        at_step = app.view
        assert at_step.model == f"{model}@30"
        for key, change in (
            ("right_square_bracket", {"head": 1}),
            ("full_stop", {"layer": 1}),
            ("m", {"causal": False}),
            ("s", {"scale": 1.0}),
            ("h", {"query": 4}),
            ("k", {"key": 3}),
        ):
            before = app.view
            await press(pilot, key)
            assert app.view == replace(before, **change), key
            assert app.explore.timeline.is_open
        settings = app.view.settings
        app.explore.action_edit("")
        await pilot.press(*"bed", "space", "left", "delete", "end", *" face", "t", "backspace", "full_stop")
        assert app.explore.editor.text == OTHER  # no key went to the slider
        assert "enter keep" in app.explore.query_one(KeyLine).render().plain
        await press(pilot, "enter")
        assert (app.view.text, app.view.model, app.view.settings) == (OTHER, f"{model}@30", settings)
        assert "space play" in app.explore.query_one(KeyLine).render().plain
        assert all("·" not in line for line in slider(pilot))  # measured again, of the new sentence
        await press(pilot, "e")
        await pilot.press("x", "escape")
        await settled(pilot)
        assert (app.explore.timeline.is_open, app.view.text) == (True, OTHER)
        await press(pilot, "a")
        assert "enter append" in app.explore.query_one(KeyLine).render().plain
        await press(pilot, "escape", "escape")
        assert app.view.model == model
        assert (app.view.text, app.view.settings, app.view.head) == (OTHER, settings, 1)


async def test_one_part_in_full_is_left_before_the_slider(model: str) -> None:
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "f", "left")
        assert app.view.model == f"{model}@100"
        await press(pilot, "escape")
        assert (app.explore.whole, app.explore.timeline.is_open) == (None, True)
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        assert "slider over training" in screen_text(app)
        await press(pilot, "escape", "escape")
        assert not app.explore.timeline.is_open


@pytest.mark.parametrize("size", SIZES)
async def test_the_mouse(model: str, size: tuple[int, int]) -> None:
    app = app_on(model)
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        for step in (10, 100, 0, LAST):
            at = slider(pilot)[0].replace("▶", " ").index(f" {step}", 12) + 1
            await pilot.click(TimeSlider, offset=(at, step % 3 % 2))
            await settled(pilot)
            assert app.view.model == (model if step == LAST else f"{model}@{step}")
        await pilot.click(TimeSlider, offset=(3, 1))
        assert slider(pilot)[1].startswith(f" {MEASURES[1]} ")
        hints = app.explore.query_one(KeyLine).render().plain
        assert "? help" in hints
        assert len(hints.rstrip()) <= size[0]
        await press(pilot, "home")
        await pilot.click(KeyLine, offset=(hints.index("esc back"), 0))
        await settled(pilot)
        assert (app.explore.timeline.is_open, app.view.model) == (False, model)


async def test_a_link_line_at_a_step_brings_the_view_back(model: str) -> None:
    app = app_on(model, layer=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "home", "right", "m")
        kept, numbers = app.view, app.reading
    again = ExplorerApp(parsed(link_line(kept)))
    async with again.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        assert again.view == kept
        assert numbers is not None
        assert again.reading is not None
        assert again.reading.stages.weights.equal(numbers.stages.weights)
        assert "step 10 " in again.explore.query_one(HeaderLine).render_line(0).text
        steps, _ = await opened(pilot)
        assert "▶10 " in steps
        await press(pilot, "right", "escape")
        assert again.view == kept


async def test_steps_are_opened_ahead_and_never_by_a_key(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: len(frozen))
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setattr(gc, "set_threshold", lambda *_: None)
    threads: list[tuple[str, bool]] = []

    def open_model(name: str) -> Any:
        threads.append((name, threading.current_thread() is threading.main_thread()))
        return loading.open_model(name)

    app = app_on(model, open_model)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        names = [model, *(f"{model}@{step}" for step in reversed(STEPS))]
        assert [name for name, _ in threads] == names  # the nearest first, each once
        assert not any(main for _, main in threads)
        for step in reversed(STEPS):
            await pilot.press("left")  # nothing is waited for
            assert app.view.model == f"{model}@{step}"
            assert app.reading is not None
            assert app.reading.view == app.view
        await settled(pilot)
        assert len(threads) == len(names)
        assert frozen == [True]  # what torch brought is not looked through for garbage again and again


async def test_playing(model: str) -> None:
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        explore = app.explore
        assert "▶ ×1" in (await press(pilot, "space"))[0]  # from the last step: from the start
        assert app.view.model == f"{model}@0"
        playback = explore.timeline.playback
        assert (playback.is_playing, playback.interval) == (True, Timeline.seconds_per_step)
        assert "▶ ×2" in (await press(pilot, "greater_than_sign"))[0]
        assert (playback.is_playing, playback.interval) == (True, Timeline.seconds_per_step / 2)
        seen = []
        for _ in ALL_STEPS[1:]:
            assert playback.is_playing
            explore.timeline.advance()
            await settled(pilot)
            seen.append(app.view.model.removeprefix(model))
        assert seen == ["@10", "@30", "@100", ""]
        assert not playback.is_playing  # at the end
        assert "×" not in slider(pilot)[0]
        for stop in ("space", "left", "m", "t", "escape"):
            await press(pilot, "space")
            assert playback.is_playing, stop
            await press(pilot, stop)
            assert not playback.is_playing, stop
        assert not explore.timeline.is_open


async def test_a_model_without_a_series_says_so_in_one_line(tmp_path: Path) -> None:
    app = app_on(str(save_small(tmp_path / "alone")))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "t")
        assert not app.explore.timeline.is_open
        (message,) = messages(app)
        assert "alone' has no snapshots of its training: `explorer train` keeps them" in message
        assert "\n" not in message


async def test_another_model_closes_the_slider(model: str, tmp_path: Path) -> None:
    other = str(save_small(tmp_path / "alone"))
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await press(pilot, "home")
        app.look(View(other, TEXT))
        await settled(pilot)
        assert slider(pilot) == []
        assert "step" not in app.explore.query_one(HeaderLine).render_line(0).text
        assert "? help" in app.explore.query_one(KeyLine).render().plain
