"""The base class of screens alone: actions by key, by mouse and from the palette, help, size, and leaving once."""

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from explorer.actions import HEADS, footer
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.dialogs.help import HelpScreen, help_for
from explorer.widgets import themes
from explorer.widgets.key_line import KeyLine
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.too_small import TooSmall
from tests.explorer.helpers import lines


class Explained(Widget, can_focus=True):
    HELP = """# A part

    What it shows.
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("up,k", "choose", "The one above")]


class Small(ActionScreen[str]):
    """Has some of the actions of Heads, and counts them."""

    SCREEN = HEADS
    BINDINGS: ClassVar[list[BindingType]] = bindings(HEADS)

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.impossible: set[str] = set()

    def compose(self) -> ComposeResult:
        yield Explained()
        yield KeyLine(footer(HEADS), self.is_possible)
        yield TooSmall()

    def is_possible(self, name: str) -> bool:
        return name not in self.impossible

    def action_sort(self) -> None:
        self.done.append("sort")

    def action_back(self) -> None:
        self.dismiss("left")


class Told(WorkerMessage):
    """Something from a worker."""


class SmallApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.results: list[str | None] = []

    def get_css_variables(self) -> dict[str, str]:
        return themes.legible(super().get_css_variables())

    def on_mount(self) -> None:
        self.push_screen(Small(), self.results.append)


@pytest.fixture
def app() -> SmallApp:
    return SmallApp()


async def test_keys_and_clicks_run_what_is_possible(app: SmallApp) -> None:
    async with app.run_test(size=(80, 20)) as pilot:
        screen = app.screen
        assert isinstance(screen, Small)
        line = screen.query_one(KeyLine)
        await pilot.press("s")
        await pilot.click(KeyLine, offset=(line.render().plain.index("s sort"), 0))
        assert screen.done == ["sort", "sort"]
        screen.impossible.add("sort")
        await pilot.press("s")
        await pilot.click(KeyLine, offset=(line.render().plain.index("s sort"), 0))
        await screen.run_command("sort")
        assert screen.done == ["sort", "sort"]
        assert screen.check_action("sort", ()) is None
        assert screen.check_action("back", ()) is True


async def test_nothing_is_done_below_another_screen(app: SmallApp) -> None:
    async with app.run_test(size=(80, 20)) as pilot:
        screen = app.screen
        assert isinstance(screen, Small)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await screen.run_command("sort")
        assert screen.done == []
        screen.dismiss("not yet")
        await pilot.press("escape")
        assert app.screen is screen
        assert app.results == []


async def test_it_is_left_once(app: SmallApp) -> None:
    async with app.run_test(size=(80, 20)) as pilot:
        screen = app.screen
        assert isinstance(screen, Small)
        screen.action_back()
        screen.action_back()
        await pilot.pause()
        assert app.results == ["left"]
        assert screen.is_gone


async def test_help_begins_with_the_part_in_focus(app: SmallApp) -> None:
    async with app.run_test(size=(80, 20)) as pilot:
        screen = app.screen
        assert isinstance(screen, Small)
        assert screen.help_part() is None
        part = screen.query_one(Explained)
        screen.set_focus(part)
        assert screen.help_part() == help_for(part)
        found = help_for(part)
        assert found is not None
        assert (found.title, found.text) == ("A part", "What it shows.")
        assert help_for(screen.query_one(KeyLine)) is None
        await pilot.press("question_mark")
        assert "↑  k" in "".join(lines(app.screen.query_one(Static)))  # two keys, as in the list of all actions


async def test_the_palette_lists_what_is_possible(app: SmallApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, Small)
        await pilot.press("ctrl+p", *"next measure")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert screen.done == ["sort"]


async def test_the_terminal_may_be_too_small(app: SmallApp) -> None:
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.resize_terminal(50, 10)
        assert "60×18 or more: this terminal has 50×10" in str(app.screen.query_one(TooSmall).content)
