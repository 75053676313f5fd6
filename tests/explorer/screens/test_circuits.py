"""Inside a head: OV and QK of the key and the query in view, of a token that is typed, and of another head."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.core.circuits import CircuitReader, CircuitReading
from explorer.screens.dialogs.circuits import CircuitsScreen
from explorer.view import View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from tests.explorer.conftest import Ready
from tests.explorer.formula import SENTENCE, FormulaModel
from tests.explorer.helpers import messages, screen_text, strips, until

MakeApp = Callable[..., ExplorerApp]


async def shown(pilot: Pilot[None], app: ExplorerApp) -> CircuitReading:
    screen = app.screen
    assert isinstance(screen, CircuitsScreen)
    await until(pilot, lambda: screen.is_settled)
    await pilot.pause()
    assert screen.found is not None
    return screen.found


def sentences(app: ExplorerApp) -> str:
    return str(app.screen.query_one("#sentences", Static).render())


@pytest.mark.parametrize("size", [(120, 36), (60, 18)])
async def test_a_key_shows_what_the_head_writes_and_looks_for(
    make_app: MakeApp, ready: Ready, size: tuple[int, int]
) -> None:
    app = make_app(query=9, key=4, layer=1, head=2)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("i")
        found = await shown(pilot, app)
        assert app.reading is not None
        ids = app.reading.encoding.ids
        for token in found.written_at(ids[4]).highest(4):
            assert f"{token.value:.2f}" in screen_text(app)
        assert found.writing_sentence(found.written_at(ids[4])) in sentences(app)
        await pilot.press("j", "left")  # the view behind follows
        assert (app.view.query, app.view.key) == (8, 5)
        assert found.looking_sentence(found.looked_for_by(ids[8]), ids[5]) in sentences(app)
        await pilot.press("left_square_bracket", "comma")
        other = await shown(pilot, app)
        assert (other.layer, other.head) == (0, 1)
        assert other.copying_sentence in sentences(app)
        await pilot.press("question_mark")
        assert "Why look inside a head?" in screen_text(app)
        await pilot.press("escape", "i")
        assert app.screen is app.explore
        assert (app.view.layer, app.view.head) == (0, 1)


async def test_another_token_is_typed(make_app: MakeApp, ready: Ready, bpe_model: Checkpoint) -> None:
    app = make_app(query=9, key=4, layer=1, head=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        found = await shown(pilot, app)
        await pilot.press("e", *"dog", "enter")
        dog = CircuitReader(bpe_model).token_id("dog")
        assert found.writing_sentence(found.written_at(dog)) in sentences(app)
        assert found.looking_sentence(found.looked_for_by(dog)) in sentences(app)
        await pilot.press("e", *"zq[r", "enter")
        assert messages(app) == ["‘zq[r’ is 4 tokens here, type one of them: ‘z’ ‘q’ ‘[’ ‘r’"]
        await pilot.press("escape")  # gives up typing, and only that
        assert found.writing_sentence(found.written_at(dog)) in sentences(app)
        await pilot.press("j", "escape")
        assert app.screen is app.explore
        assert app.view.key == 5


async def test_tokens_that_mean_harm_are_only_text(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text="[red]\x1b[2J\u202ex[/]", query=9, layer=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        for _ in range(app.view.query + 1):
            await shown(pilot, app)
            text = screen_text(app)
            assert not {c for c in text if ord(c) < 32 or 0x7F <= ord(c) < 0xA0} - {"\n"}
            assert "\u202e" not in text
            assert all(strip.cell_length == 80 for strip in strips(app))
            await pilot.press("j")


async def test_a_model_of_another_kind_and_a_failure_say_so(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ExplorerApp(View("formula", SENTENCE, query=5), FormulaModel)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("i")
        assert app.screen is app.explore
        assert "GPT-2's layout only" in messages(app)[0]

    def fail(*_: object) -> None:
        raise ModelError("the numbers overflow")

    app = make_app(query=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        monkeypatch.setattr(CircuitReader, "read", fail)
        await pilot.press("i")
        await until(pilot, lambda: "the numbers overflow" in sentences(app))
        await pilot.press("escape")
        assert app.screen is app.explore
