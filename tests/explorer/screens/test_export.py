"""Copying, writing and the link, by key and by mouse."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from explorer.app import ExplorerApp
from explorer.core import export
from explorer.core.link import link_line
from explorer.screens.dialogs.export import WriteScreen
from explorer.screens.dialogs.link import LinkScreen
from explorer.screens.explore import ExploreScreen
from explorer.view import Stage
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from tests.explorer.conftest import Ready
from tests.explorer.helpers import messages, screen_text, until

MakeApp = Callable[..., ExplorerApp]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_y_copies_the_part_that_has_the_focus(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3, key=1)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        reading = app.reading
        assert reading is not None
        await pilot.press("y")
        assert app.clipboard == export.row_table(reading).tsv()
        wanted = (
            (app.explore.query_one("#matrix-masked"), export.matrix_table(reading, Stage.MASKED)),
            (app.explore.query_one(PredictionsPanel), export.predictions_table(reading)),
            (app.explore.query_one(CellPanel), export.cell_table(reading)),
        )
        for widget, table in wanted:
            app.explore.set_focus(widget)
            await pilot.press("y")
            assert app.clipboard == table.tsv()
            assert messages(app)[-1] == f"copied: {table.what}"


async def test_a_matrix_too_large_for_a_clipboard_is_refused(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explorer.screens.exporter.MOST_COPIED", 100)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("y")
        assert app.clipboard == ""
        assert messages(app)[0].endswith("too much for a clipboard, write a file with w")


async def test_w_writes_json_and_asks_before_it_overwrites(make_app: MakeApp, ready: Ready, here: Path) -> None:
    app = make_app(layer=1, head=2)
    path = here / "tiny-bpe-L1H2.json"
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        await pilot.press("w", "enter")
        await ready(pilot)
        await pilot.pause()
        assert messages(app)[-1].startswith(f"wrote {path.name}, ")
        assert app.reading is not None
        assert json.loads(path.read_text()) == json.loads(json.dumps(export.head_as_object(app.reading)))
        path.write_text("mine")
        await pilot.press("w")
        app.screen.query_one(Input).value = path.name
        await pilot.press("enter")
        assert isinstance(app.screen, WriteScreen)
        assert "enter again overwrites it" in screen_text(app)
        assert path.read_text() == "mine"
        await pilot.press("x", "backspace", "enter")  # another name in between: it asks anew
        assert path.read_text() == "mine"
        await pilot.press("enter")
        await ready(pilot)
        await pilot.pause()
        assert isinstance(app.screen, ExploreScreen)
        assert path.read_text() != "mine"
        assert [child.name for child in here.iterdir()] == [path.name]


async def test_a_picture_is_of_the_screen_and_not_of_what_lies_over_it(
    make_app: MakeApp, ready: Ready, here: Path
) -> None:
    app = make_app()
    path = here / "tiny-bpe-L0H0.svg"
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        app.warn("thisliesovereverything")
        await until(pilot, lambda: "thisliesovereverything" in app.export_screenshot())
        await pilot.press("w", "down", "down", "down", "enter")
        await until(pilot, path.exists)
        picture = path.read_text()
        assert "tiny-bpe" in picture
        assert "thisliesovereverything" not in picture
        assert "enter&#160;writes" not in picture


async def test_every_format_by_arrows_and_by_mouse(make_app: MakeApp, ready: Ready, here: Path) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        app.explore.set_focus(app.explore.query_one("#matrix-scaled", Matrix))
        for place, chosen in enumerate(export.FORMATS):
            await pilot.press("w", *["down"] * place)
            assert app.screen.query_one(Input).value.endswith(chosen.suffix)
            await pilot.press("enter")
            await ready(pilot)
            await pilot.pause()
        stem = "tiny-bpe-L0H0"
        names = {f"{stem}.json", f"{stem}-scaled.csv", f"{stem}.npz", f"{stem}.svg", f"{stem}.txt"}
        assert {child.name for child in here.iterdir()} == names
        assert app.reading is not None
        assert (here / f"{stem}-scaled.csv").read_text() == export.matrix_table(app.reading, Stage.SCALED).csv()
        assert (here / f"{stem}.txt").read_text() == link_line(app.view) + "\n"
        picture = (here / f"{stem}.svg").read_text()
        assert "weights" in picture
        assert picture.count("<text ") == picture.count('<text xml:space="preserve" ') > 20
        assert "enter&#160;writes" not in picture  # the dialog is not in the picture
        await pilot.press("w")
        await pilot.click(OptionList, offset=(3, 2))
        assert app.screen.query_one(Input).value == f"{stem}-2.npz"
        await pilot.click(offset=(0, 0))
        assert isinstance(app.screen, ExploreScreen)


@pytest.mark.parametrize("name", ["", "nowhere/x", ".", "a\0b", "x" * 300])
async def test_an_impossible_name_is_reported_in_the_dialog(
    name: str, make_app: MakeApp, ready: Ready, here: Path
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("w")
        app.screen.query_one(Input).value = name
        await pilot.press("enter")
        assert isinstance(app.screen, WriteScreen)
        assert str(app.screen.query_one("#message", Static).render())
        await pilot.press("escape")
        assert list(here.iterdir()) == []


async def test_a_file_that_cannot_be_written_is_one_line(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("explorer.core.export.produce", full)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("w", "enter")
        await ready(pilot)
        await pilot.pause()
        assert messages(app) == ["'tiny-bpe-L0H0.json' cannot be written: No space left on device"]


async def test_the_link_is_shown_and_copied(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text="two\nlines \x1b[31m", head=1)
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        await pilot.press("m", "L")
        assert isinstance(app.screen, LinkScreen)
        assert app.clipboard == link_line(app.view)
        assert "--no-mask" in screen_text(app)
        await pilot.press("escape")
        assert isinstance(app.screen, ExploreScreen)
