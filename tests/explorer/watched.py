"""What the tests of the Train screen share: the screen on a process that the test steers, and what it shows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.screens.train import PARTS, TrainScreen
from explorer.widgets.panels.lines import Lines
from tests.explorer import fake_training as fake
from tests.explorer.fake_training import FakeProcess
from tests.explorer.helpers import past_first_frame

MakeApp = Callable[..., ExplorerApp]
TEXT = "the cat sat"


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeProcess]]:
    """The processes that were started, none of them a real one."""
    monkeypatch.setattr(FakeProcess, "made", [])
    yield FakeProcess.made
    for process in FakeProcess.made:
        assert not process.killed


@pytest.fixture
def app(make_app: MakeApp) -> ExplorerApp:
    return make_app(text=TEXT, start_process=FakeProcess)


async def opened(pilot: Pilot[None], out: Path | str = "run-x", **start: Any) -> tuple[TrainScreen, FakeProcess]:
    """The screen on a run that has begun."""
    app = pilot.app
    assert isinstance(app, ExplorerApp)
    await past_first_frame(pilot)
    app.training.start(fake.request(out))
    app.explore.action_train()
    await pilot.pause()
    process = FakeProcess.made[-1]
    process.start(**start)
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, TrainScreen)
    return screen, process


def send_all(process: FakeProcess, step: int = 30) -> None:
    losses = [fake.metrics(s, 4.0 - s / 100) for s in range(1, step)]
    process.step(*losses, fake.metrics(step, 2.345, validation_loss=2.468, learning_rate=0.0025))
    process.observe(step)
    process.sample(step, "so it was")
    process.show_heads(step)


def part(screen: TrainScreen, name: str) -> Lines:
    return screen.query_one(f"#{name}", Lines)


def plain(screen: TrainScreen, name: str) -> str:
    return "\n".join(line.plain for line in part(screen, name).content_lines)


def figures(screen: TrainScreen) -> str:
    return " · ".join(line.plain for line in screen.query_one("RunFigures", Lines).content_lines)


def title(screen: TrainScreen) -> str:
    return str(screen.query_one("#run-title", Static).content).strip()


def attention(screen: TrainScreen) -> str:
    return Content.from_markup(screen.attention.border_title or "").plain


def seen(screen: TrainScreen) -> list[str]:
    return [name for name in PARTS if screen.query_one(f"#{name}").region.area]
