"""The model picker: what it lists, and that what is chosen by key, mouse or path is opened; errors keep the model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from explorer.app import ExplorerApp
from explorer.cli.main import cli
from explorer.core import catalog, model_list, readings
from explorer.core.model_list import complete_path, expand_path, is_path, list_models
from explorer.core.opening import EVERYTHING
from explorer.screens.dialogs.models import ModelsScreen
from explorer.screens.explore import ExploreScreen
from explorer.view import View
from model import layout
from model.checkpoint import Checkpoint
from tests.explorer.conftest import Ready
from tests.explorer.helpers import messages, screen_text, until
from tests.explorer.small import save_small

HOSTILE = "a\x1b[31mb [bold]"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with models: `one`, `two`, a hostile name and a damaged one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "models_directory", lambda: tmp_path / "none")
    for name in ("one", "two", HOSTILE):
        save_small(tmp_path / name)
    save_small(tmp_path / "worn")
    (tmp_path / "worn" / layout.WEIGHTS).write_bytes(b"no")
    (tmp_path / "other").mkdir()
    return tmp_path


async def picker(pilot: Pilot[None], ready: Ready) -> ModelsScreen:
    await ready(pilot)
    await pilot.press("M")
    return await listed(pilot)


async def listed(pilot: Pilot[None]) -> ModelsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ModelsScreen)
    await until(pilot, lambda: screen.listed_for == screen.query_one(Input).value.strip())
    return screen


def prompts(screen: ModelsScreen) -> list[str]:
    options = screen.query_one(OptionList)
    return [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]


@pytest.fixture
def app(here: Path) -> ExplorerApp:
    """An application that opens real checkpoints."""
    return ExplorerApp(View("one", "a dog. face", query=2))


@pytest.mark.parametrize("size", [(120, 36), (60, 18)])
async def test_models_are_listed_with_their_sizes(app: ExplorerApp, ready: Ready, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        screen = await picker(pilot, ready)
        lines = prompts(screen)
        assert [name for name in ("one", "two") if not any(name in line for line in lines)] == []
        mine = next(line for line in lines if "▶ one" in line)
        assert "3 layers × 4 heads of 6" in mine
        assert "char" in mine
        assert sum("▶" in line for line in lines) == 1
        assert screen.query_one(OptionList).highlighted == lines.index(mine)
        assert [line for line in lines if line.startswith("❯")] == [mine]
        await pilot.press("down")
        await pilot.pause()
        assert [line.startswith("❯") for line in prompts(screen)].index(True) == screen.query_one(
            OptionList
        ).highlighted
        assert sum(line.startswith("❯") for line in prompts(screen)) == 1
        damaged = next(line for line in lines if "worn" in line)
        assert "cannot be opened" in damaged
        assert not any("\x1b" in line for line in lines)
        assert any("[bold]" in line for line in lines)
        assert screen.region.contains_region(screen.query_one("#models").region)
        await pilot.press("escape")
        assert isinstance(app.screen, ExploreScreen)
        assert app.view.model == "one"


async def test_choosing_by_arrow_name_click_and_path(app: ExplorerApp, ready: Ready, here: Path) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await picker(pilot, ready)
        names = [entry.name for entry in screen.entries]
        steps = names.index("two") - names.index("one")
        await pilot.press(*["down" if steps > 0 else "up"] * abs(steps), "enter")
        await ready(pilot)
        assert app.reading is not None
        assert app.view == app.reading.decide(View("two", "a dog. face", query=2), EVERYTHING)
        assert app.reading.model_name == "two"

        screen = await picker(pilot, ready)
        await pilot.press("o", "n", "e")
        assert [entry.name for entry in screen.entries] == ["one"]
        assert "●" in prompts(screen)[0]  # opened before
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.model == "one"

        screen = await picker(pilot, ready)
        options = screen.query_one(OptionList)
        options.highlighted = place = [entry.name for entry in screen.entries].index("two")
        await pilot.pause()
        row = options._index_to_line[place] - int(options.scroll_offset.y)
        await pilot.click(OptionList, offset=(5, row))
        await ready(pilot)
        assert app.view.model == "two"

        save_small(here / "other" / "deep")
        screen = await picker(pilot, ready)
        await pilot.press(*"./other/")
        await listed(pilot)
        assert [entry.name for entry in screen.entries] == ["other/deep"]
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.model == "other/deep"
        screen = await picker(pilot, ready)
        assert "other/deep" in [entry.name for entry in screen.entries]  # it was opened before


async def test_what_cannot_be_opened_leaves_the_model(app: ExplorerApp, ready: Ready, here: Path) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await picker(pilot, ready)
        place = [entry.name for entry in screen.entries].index("worn")
        screen.query_one(OptionList).highlighted = place
        await pilot.press("enter")
        assert app.screen is screen
        assert "worn cannot be opened" in messages(app)[-1]
        for typed, said in (("./nowhere", "no model is called 'nowhere'"), ("nothing", "no model is called 'nothing'")):
            screen.query_one(Input).value = typed
            await listed(pilot)
            assert not screen.entries
            await pilot.press("enter")
            assert app.screen is screen, "what was typed can be corrected"
            assert said in str(screen.query_one("#hint", Static).render())
            assert app.view.model == "one"
        assert "or give a checkpoint directory" in screen_text(app), "the end of the message is not cut off"
        screen.query_one(Input).post_message(events.Paste("./other\x1b[31m"))
        await pilot.pause()
        assert "\x1b" not in screen.query_one(Input).value


def test_a_run_is_listed_once_also_if_its_finished_model_is_open(here: Path) -> None:
    for name in ("step-000010", "final"):
        save_small(here / "run" / name)
    (here / "run" / layout.LATEST).write_text("step-000010")
    names = {entry.name: entry.finished for entry in list_models(["run/final", "run/step-000010", "two"])}
    assert names["run"] == "run/final"
    assert "run/final" not in names
    assert "run/step-000010" in names  # another model


async def test_a_run_is_marked_while_its_finished_model_is_in_view(here: Path, ready: Ready) -> None:
    for name in ("step-000010", "final"):
        save_small(here / "run" / name)
    (here / "run" / layout.LATEST).write_text("step-000010")
    app = ExplorerApp(View("run/final", "a dog. face", query=2))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await picker(pilot, ready)
        assert ["run" in line for line in prompts(screen) if "▶" in line] == [True]
        names = [entry.name for entry in screen.entries]
        await pilot.press("down", "enter")
        await ready(pilot)
        assert app.view.model == names[names.index("run") + 1] == "two"


async def test_a_model_that_knows_nothing_of_the_sentence_is_not_shown(
    make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app(text="XYZ")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.look(replace(app.view, model="char"))
        await app.workers.wait_for_complete()
        await ready(pilot)
        assert app.view.model == "bpe"
        assert "no character of the sentence is known" in messages(app)[-1]


async def test_a_model_that_is_no_longer_kept_is_opened_again(
    make_app: Callable[..., ExplorerApp], ready: Ready, bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "MODEL_PARAMETERS", 1.0)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for name in ("other", "another"):
            app.readings.add_model(name, bpe_model)
        assert "bpe" not in app.readings.models
        await pilot.press("m")
        await ready(pilot)
        assert app.view.causal is False
        assert app.readings.has_model("bpe")


async def test_a_visitor_of_a_served_page_is_shown_no_directories(
    app: ExplorerApp, ready: Ready, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExplorerApp, "is_web", True)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await picker(pilot, ready)
        for typed in (f"{here}/", "./nowhere", "nowhere"):
            app.clear_notifications()
            screen.query_one(Input).value = typed
            await listed(pilot)
            assert screen.entries == []
            await pilot.press("enter")
            assert messages(app) == ["only the models in the list can be opened here"]
            assert app.screen is screen


def test_a_model_that_fails_in_an_unforeseen_way_hides_no_other(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = model_list.read_details

    def fail_on_two(model: catalog.ModelLocation) -> model_list.ModelDetails:
        if model.name == "two":
            raise OverflowError("int too large\nto convert")
        return read(model)

    monkeypatch.setattr(model_list, "read_details", fail_on_two)
    entries = {entry.name: entry for entry in list_models()}
    assert entries["two"].problem == "OverflowError: int too large to convert"
    assert entries["one"].details is not None
    output = CliRunner().invoke(cli, ["models"]).output
    assert "two cannot be opened: OverflowError: int too large to convert" in output
    assert any(line.startswith("one ") for line in output.splitlines())


def test_typed_paths(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert is_path("~/x")
    assert is_path("./x")
    assert not is_path("one")
    assert expand_path("~/one/") == str(here / "one")
    assert [entry.name for entry in complete_path("~/")] == sorted(
        str(here / name) for name in ("one", "two", "worn", HOSTILE)
    )
    assert [entry.name for entry in complete_path("~/on")] == [str(here / "one")]
    assert [entry.name for entry in complete_path("~/one")] == [str(here / "one")]
    assert complete_path("~/nowhere/x") == ()
    assert complete_path("/" + "x" * 5000) == ()
    assert complete_path("a\0/") == ()


def test_what_was_opened_before_is_listed_once(here: Path) -> None:
    names = [entry.name for entry in list_models(["one", str(here / "two"), str(here / "gone"), "char"])]
    assert names.count("one") == 1
    assert str(here / "two") not in names  # it is there as `two`
    assert str(here / "gone") not in names
