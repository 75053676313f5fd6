"""Messages of workers are dropped once the application is shutting down."""

from collections.abc import Callable

import pytest

from explorer.app import ExplorerApp, TorchImported
from explorer.core.head_scores import measure_heads
from explorer.screens.taking import Written
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
                TorchImported(app.readings, measure_heads),
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
