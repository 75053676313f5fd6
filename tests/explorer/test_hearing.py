"""What workers tell once the application is being left is heard by nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen

from explorer.app import ExplorerApp, ReadingsImported
from explorer.scoring import HeadScoresDone
from explorer.screens.compare import CompareScreen
from explorer.screens.dialogs.models import ModelsScreen
from explorer.screens.explore import ExploreScreen
from explorer.screens.heads import HeadsScreen
from explorer.screens.taking import Written
from explorer.screens.train import TrainScreen
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.reading_loader import ReadingLoader, Request
from tests.explorer.conftest import Ready

MakeApp = Callable[..., ExplorerApp]


async def test_nothing_is_heard_once_widgets_are_taken_away(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        reading, model, loader = app.reading, app.model_in_view, ReadingLoader(app, app.readings)
        assert reading is not None
        assert model is not None

        closes = app._close_all

        async def close_all() -> None:
            """Leave, and hear what workers have posted meanwhile after the widgets are gone."""
            await app.explore.query("*").remove()
            told: list[WorkerMessage] = [
                ReadingsImported(app.readings),
                HeadScoresDone(model, None),
                ReadingLoader.Busy(loader, "computing…"),
                ReadingLoader.Ready(loader, Request((reading.view,), found={reading.view: reading})),
                ReadingLoader.Failed(loader, Request((reading.view,)), "no"),
            ]
            for message in told:
                await app._dispatch_message(message)
            await app.explore._dispatch_message(Written("file", 1))
            await closes()

        monkeypatch.setattr(app, "_close_all", close_all)
    # Whatever a handler raised has been raised here.


def test_every_message_of_a_worker_is_one_that_is_dropped() -> None:
    screens: tuple[type[Screen[Any]], ...] = (ExploreScreen, CompareScreen, HeadsScreen, ModelsScreen, TrainScreen)
    for told in (ModelsScreen.Listed, ReadingLoader.Ready, ReadingLoader.Failed, ReadingLoader.Busy):
        assert issubclass(told, WorkerMessage)
    for each in (ExplorerApp, *screens):
        assert "Hearing" in {base.__name__ for base in each.__mro__}
