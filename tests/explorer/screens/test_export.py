"""Copying, writing, the link, samples, help for the part in focus, and colours: by key and by mouse."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from data.samples import SAMPLES, SHAKESPEARE_SAMPLES, Sample
from explorer.app import ExplorerApp
from explorer.core import export
from explorer.core.link import link_line
from explorer.screens.dialogs.export import WriteScreen
from explorer.screens.dialogs.help import HelpScreen
from explorer.screens.dialogs.link import LinkScreen
from explorer.screens.dialogs.samples import SamplesScreen, suitable
from explorer.screens.explore import ExploreScreen
from explorer.view import Stage
from explorer.widgets import themes
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from model import tokenizer
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.helpers import drawn, messages, screen_text, until

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


@pytest.mark.parametrize("way", ["keys", "mouse"])
async def test_a_sample_is_opened(way: str, make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text="something else", query=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("p")
        assert isinstance(app.screen, SamplesScreen)
        assert app.reading is not None
        sample = suitable(app.reading)[0]
        assert sample.shows in screen_text(app)
        if way == "keys":
            await pilot.press("down", "up", "enter")
        else:
            await pilot.click(OptionList, offset=(4, 1))
        await ready(pilot)
        assert app.view.text == sample.text
        assert app.view.query == len(app.reading.encoding) - 1
        await pilot.press("e", "up")
        assert app.explore.editor.text == "something else"
        await pilot.press("escape", "p", "escape")
        assert app.view.text == sample.text


class Stand:
    """As much of a reading as `suitable` asks for."""

    def __init__(self, alphabet: str, positions: int) -> None:
        self.tokenizer = tokenizer.train_char(alphabet)
        self.shape = type("Shape", (), {"n_positions": positions})()


def test_samples_suit_the_model() -> None:
    letters = "".join(sample.text for sample in SHAKESPEARE_SAMPLES)
    everything = letters + "".join(sample.text for sample in SAMPLES)

    def offered(alphabet: str, positions: int) -> tuple[Sample, ...]:
        return suitable(Stand(alphabet, positions))  # type: ignore[arg-type]

    assert offered(letters, 64) == SHAKESPEARE_SAMPLES
    assert offered(everything, 1000) == SAMPLES
    assert offered(letters, 40) == tuple(sample for sample in SHAKESPEARE_SAMPLES if len(sample.text) <= 40)
    assert offered("xyz", 16) == SAMPLES


async def test_help_begins_with_the_part_in_focus(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        seen = set()
        for _ in range(12):
            part = app.explore.help_part()
            assert part is not None
            assert part.text.endswith(".")
            await pilot.press("question_mark")
            assert isinstance(app.screen, HelpScreen)
            assert part.title in screen_text(app)
            assert part.title == "Why attention?" or "What it shows" in screen_text(app)
            seen.add(part.title)
            await pilot.press("escape", "tab")
        assert {"The matrix", "The row table", "The cell", "The next token", "How peaked?"} <= seen
        await pilot.press("e", "f1")
        assert "earlier sentences" in screen_text(app)


async def test_colours_go_round(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        seen = [app.theme]
        for _ in themes.CYCLE:
            await pilot.press("T")
            await pilot.pause()
            seen.append(app.theme)
            assert SENTENCES[0] in screen_text(app)
        assert sorted(seen[1:]) == sorted(themes.CYCLE)
        assert seen[0] == seen[-1]


async def test_without_colours_only_those_themes_that_need_none(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for _ in range(3):
            await pilot.press("T")
            assert app.theme in themes.WITHOUT_COLOURS
        styles = [part.style for strip in drawn(app) for part in strip if part.style]
        assert not any(style.color and not style.color.is_default for style in styles)
