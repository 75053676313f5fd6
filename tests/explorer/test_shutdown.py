"""Messages of workers are dropped once the application is shutting down."""

from collections.abc import Callable

import pytest

from explorer.app import ExplorerApp, TorchMissing
from explorer.screens.exporter import Exporter
from explorer.widgets.reading_loader import ReadingLoader, Request
from tests.explorer.conftest import Ready
from tests.explorer.helpers import before_closing, dispatch

MakeApp = Callable[..., ExplorerApp]


async def test_no_handler_runs_once_widgets_are_removed(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        reading, loader = app.reading, ReadingLoader(app, app.readings)
        assert reading is not None

        async def post_all() -> None:
            await app.explore.query("*").remove()
            await dispatch(app, TorchMissing("torch is missing"))
            await dispatch(app, ReadingLoader.Busy(loader, "computing…"))
            await dispatch(app, ReadingLoader.Ready(loader, Request((reading.view,), found={reading.view: reading})))
            await dispatch(app, ReadingLoader.Failed(loader, Request((reading.view,)), "no"))
            await dispatch(app.explore, Exporter.Written("file", 1))

        before_closing(app, monkeypatch, post_all)
    # Whatever a handler raised has been raised here.
