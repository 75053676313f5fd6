"""Pictures of the screens as they were accepted by eye; `pytest --snapshot-update` accepts those of now.

What could differ from one machine to another is fixed: the weights are a closed formula, head scores and costs are
given, the terminal has the colours that a test names, and nothing moves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual import constants
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core import head_costs, head_scores
from explorer.screens.compare import CompareScreen
from explorer.screens.dialogs.circuits import CircuitsScreen
from explorer.screens.heads import HeadsScreen
from explorer.view import Stage, View
from explorer.widgets import themes
from model.interface import TracedModel
from model.settings import Scope
from tests.explorer.conftest import Ready
from tests.explorer.formula import OTHER, SENTENCE, FormulaModel, formula_checkpoint, formula_costs, formula_scores
from tests.explorer.helpers import app_of, compared_settled, until

Compare = Callable[..., bool]
Steps = Callable[[Pilot[None]], Awaitable[None]]

SMALL, MIDDLE, LARGE = (80, 24), (120, 36), (200, 50)
VIEW = View("formula", SENTENCE, query=5, key=2, layer=1, head=2)
CHANGED = replace(
    VIEW, scale=0.5, scope=Scope.LAYER, ablated=frozenset({(0, 1)}), stage=Stage.MASKED, stepping=True, text=OTHER
)

COLOURS = {"dark": "truecolor", "light": "truecolor", "no-color": "truecolor", "ansi": "standard"}
"""What Textual calls the colours of the terminal."""


def size_name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTUAL_THEME", "COLORTERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr(constants, "DEFAULT_THEME", "textual-dark")
    monkeypatch.setattr(head_scores, "measure_heads", lambda model, **_: formula_scores())
    monkeypatch.setattr(head_costs, "measure_affordable_costs", lambda model, heads: formula_costs(heads))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ExplorerApp]:
    """The application on a model of formulas, in a terminal with some colours."""

    def make(
        view: View = VIEW, colours: str = "dark", open_model: Callable[[str], TracedModel] = FormulaModel
    ) -> ExplorerApp:
        monkeypatch.setattr(constants, "COLOR_SYSTEM", COLOURS[colours])
        if colours == "no-color":
            monkeypatch.setenv("NO_COLOR", "1")
        app = ExplorerApp(view, open_model)
        themes.suit_terminal(app)
        if colours == "light":
            app.theme = "textual-light"
        return app

    return make


def after(ready: Ready, *keys: str, then: Callable[[Pilot[None]], Awaitable[Any]] | None = None) -> Steps:
    """Wait for what is shown first and for the head scores, press keys, and wait again, for `then` if it is given."""

    async def steps(pilot: Pilot[None]) -> None:
        await ready(pilot)
        app = app_of(pilot)
        await until(pilot, lambda: app.scoring_is_over)
        assert app.scores_in_view is not None
        await pilot.press(*keys)
        await (then or ready)(pilot)
        await pilot.pause()

    return steps


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=size_name)
@pytest.mark.parametrize("colours", COLOURS)
def test_explore(
    colours: str, size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare
) -> None:
    assert snap_compare(opened(colours=colours), terminal_size=size, run_before=after(ready))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=size_name)
def test_explore_stepping_with_changed_heads(
    size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare
) -> None:
    assert snap_compare(opened(CHANGED), terminal_size=size, run_before=after(ready))


@pytest.mark.parametrize("size", [(60, 18), MIDDLE], ids=size_name)
def test_lecture(
    size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare
) -> None:
    assert snap_compare(opened(), terminal_size=size, run_before=after(ready, "f5", "s"))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=size_name)
def test_tour(size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare) -> None:
    assert snap_compare(opened(), terminal_size=size, run_before=after(ready, "f4", "right", "r"))


async def pictured(pilot: Pilot[None]) -> None:
    """Wait until every head has its picture."""
    screen = pilot.app.screen
    assert isinstance(screen, HeadsScreen)
    await until(pilot, lambda: screen.is_settled)


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=size_name)
def test_heads(size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare) -> None:
    assert snap_compare(opened(), terminal_size=size, run_before=after(ready, "g", then=pictured))


def test_inside_a_head(opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare) -> None:
    async def read(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, CircuitsScreen)
        await until(pilot, lambda: screen.is_settled)

    app = opened(replace(VIEW, head=1), open_model=formula_checkpoint)
    assert snap_compare(app, terminal_size=SMALL, run_before=after(ready, "i", then=read))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=size_name)
def test_compare(
    size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare
) -> None:
    async def compared(pilot: Pilot[None]) -> None:
        assert isinstance(await compared_settled(pilot), CompareScreen)

    assert snap_compare(opened(), terminal_size=size, run_before=after(ready, "c", then=compared))


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=size_name)
def test_labs(size: tuple[int, int], opened: Callable[..., ExplorerApp], ready: Ready, snap_compare: Compare) -> None:
    async def computed(pilot: Pilot[None]) -> None:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter", *("n" for _ in range(9)), "right", "right")

    steps = after(ready, "f2", "1", then=computed)
    assert snap_compare(opened(), terminal_size=size, run_before=steps)
