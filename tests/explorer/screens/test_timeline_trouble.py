"""The slider over snapshots that are damaged, gone, of another model or not in order: it says so and goes on."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core import loading
from explorer.widgets.timeline.slider import TimeSlider
from explorer.widgets.timeline.timeline import Timeline
from model.errors import ModelError
from tests.explorer.helpers import lines, messages, notifications
from tests.explorer.series import LAST, STEPS, app_on, save_series, settled
from tests.explorer.small import save_small
from tests.parameters import slow


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(save_series(tmp_path / "grown"))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timeline, "read_ahead_delay", 0.0)
    monkeypatch.setattr(Timeline, "seconds_per_step", 3600.0)


async def press(pilot: Pilot[None], *keys: str) -> str:
    """Press keys; what the slider says of the steps."""
    for key in keys:
        await settled(pilot)
        await pilot.press(key)
    await settled(pilot)
    assert isinstance(pilot.app, ExplorerApp)
    slider = pilot.app.explore.query_one(TimeSlider)
    return lines(slider)[0] if pilot.app.explore.timeline.is_open else ""


def truncated(path: Path) -> None:
    weights = path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def not_finite(path: Path) -> None:
    weights = load_file(path / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] = torch.nan
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})


def of_another_model(path: Path) -> None:
    shutil.rmtree(path)
    save_small(path)


def without_tokenizer(path: Path) -> None:
    (path / "tokenizer.json").unlink()


def without_config(path: Path) -> None:
    (path / "config.json").write_text("{")


TROUBLE: dict[Callable[[Path], None], str] = {
    truncated: "is truncated",
    not_finite: "NaN or infinite",
    of_another_model: "of another model, with 3 × 4 heads of size 6",
    without_tokenizer: "tokenizer.json",
    without_config: "config.json",
}


@pytest.mark.parametrize(
    "spoil",
    [spoil if number < 2 else slow(spoil) for number, spoil in enumerate(TROUBLE)],
    ids=lambda spoil: spoil.__name__,
)
async def test_a_step_that_cannot_be_opened_is_passed_over(model: str, spoil: Callable[[Path], None]) -> None:
    spoil(Path(model, "snapshots", "step-000030"))
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        start = app.view
        steps = await press(pilot, "t")
        assert "×30 " in steps
        assert f"▶{LAST}" in steps
        assert messages(app) == []  # nothing was asked of it yet
        await press(pilot, "left", "left")
        assert app.view.model == f"{model}@10"
        (message,) = messages(app)
        assert message.startswith("step 30: ")
        assert TROUBLE[spoil] in message
        assert "\n" not in message
        await press(pilot, "right", "left", "right")
        assert app.view.model == f"{model}@100"
        assert len(messages(app)) == 1  # once is enough
        (told,) = notifications(app)
        at = (await press(pilot)).index("×30")
        await pilot.click(TimeSlider, offset=(at + 1, 0))
        await settled(pilot)
        assert app.view.model == f"{model}@100"  # nowhere else
        (told_again,) = notifications(app)  # in the place of the first
        assert told_again.message == told.message
        assert told_again is not told
        await press(pilot, "home", "space")
        for step in (10, 100):
            app.explore.timeline.advance()
            await settled(pilot)
            assert app.view.model == f"{model}@{step}"
        await press(pilot, "escape")
        assert app.view == start


@pytest.mark.parametrize("steps", [(0, 10), tuple(STEPS), slow((0,)), slow((100,))])
async def test_at_the_ends_nothing_is_left_to_go_to(model: str, steps: tuple[int, ...]) -> None:
    for step in steps:
        truncated(Path(model, "snapshots", f"step-{step:06d}"))
    good = [step for step in (*STEPS, LAST) if step not in steps]
    app = app_on(model)
    async with app.run_test(size=(60, 18)) as pilot:
        await press(pilot, "t")
        for keys, step in ((["home"], good[0]), (["left"] * 3, good[0]), (["end"], LAST), (["right"], LAST)):
            assert f"▶{step} " in await press(pilot, *keys) + " "
        await press(pilot, "space")
        for _ in range(6):
            app.explore.timeline.advance()
            await settled(pilot)
        assert not app.explore.timeline.playback.is_playing


async def test_a_series_that_goes_away_while_it_is_open(model: str) -> None:
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "t", "left")
        shutil.rmtree(Path(model, "snapshots"))
        assert "▶0 " in await press(pilot, "home")  # it was opened before
        await press(pilot, "escape", "t")
        assert not app.explore.timeline.is_open
        assert "no snapshots" in messages(app)[-1]


async def test_settings_that_overflow_at_a_step_leave_it_alone(model: str) -> None:
    path = Path(model, "snapshots", "step-000100")
    weights = load_file(path / "model.safetensors")
    name = next(name for name in weights if name.endswith("h.1.mlp.c_proj.weight"))
    weights[name] = torch.full_like(weights[name].float(), 3e38)
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        steps = await press(pilot, "t", "left")
        assert app.view.model == model
        assert f"▶{LAST}" in steps
        assert "overflow" in messages(app)[-1]
        assert "▶30 " in await press(pilot, "home", "right", "right")


async def test_a_step_that_takes_long_is_waited_for(model: str) -> None:
    """The slider says which step it is opening; what is asked for meanwhile counts."""
    held: list[str] = []
    gate = threading.Event()

    def open_model(name: str) -> Any:
        if name != model:
            held.append(name)
            assert gate.wait(60)
        if name.endswith("@0"):
            raise ModelError("of no use")
        return loading.open_model(name)

    app = app_on(model, open_model)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("t", "left", "left")
        slider = app.explore.query_one(TimeSlider)
        await pilot.pause(0)
        steps = lines(slider)[0]
        assert "…30 " in steps
        assert f"▶{LAST}" in steps
        assert app.view.model == model
        await pilot.press("m")  # keys of the view work on what is shown
        assert app.view.causal is False
        await pilot.press("space")
        app.explore.timeline.advance()  # not before the step is there
        await pilot.press("home")
        gate.set()
        await settled(pilot)
        # The first step cannot be opened: the next one instead.
        assert app.view.model == f"{model}@10"
        assert app.view.causal is False
        assert messages(app) == ["step 0: of no use"]
        assert held[0] == f"{model}@100"


async def test_leaving_while_a_step_is_opened(model: str) -> None:
    gate = threading.Event()

    def open_model(name: str) -> Any:
        if name != model:
            assert gate.wait(60)
        return loading.open_model(name)

    app = app_on(model, open_model)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        start = app.view
        await pilot.press("t", "home", "escape")
        assert app.view == start
        gate.set()
        await settled(pilot)
        assert app.view == start
        assert not app.explore.timeline.is_open
        await press(pilot, "t", "home")
        assert app.view.model == f"{model}@0"


async def test_large_models_are_not_kept_open_all_at_once(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.core.readings.MODEL_PARAMETERS", 1.0)  # room for two
    app = app_on(model)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "t")
        for step in reversed(STEPS):
            await press(pilot, "left")
            assert app.view.model == f"{model}@{step}"
            assert len(app.readings.models) <= 2
            assert model in app.readings.models  # esc waits for nothing
        assert "·" not in "".join(lines(app.explore.query_one(TimeSlider)))  # all measured even so
        await press(pilot, "escape")
        assert app.view.model == model
