"""The application on models of other families: what is on screen stays what a fresh trace says, at every size."""

import random
from collections.abc import Callable

import pytest
from textual.content import Content

from explorer.app import ExplorerApp
from explorer.screens.heads import HeadsScreen
from explorer.view import Stage, View
from explorer.widgets.header import HeaderLine
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.narration import NarrationLine
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.row_table import RowTable
from model.families.model import FamilyModel
from tests.explorer.conftest import Ready
from tests.explorer.fresh_trace import check_against_fresh_trace
from tests.explorer.helpers import screen_text, until
from tests.explorer.test_app import KEYS, SIZES
from tests.model.families.making import family, open_tiny
from tests.parameters import slow

TEXT = "Ivan is the guy who ate"
NAMES = ("llama", "gemma2", "gpt_oss", "deepseek_v3", "mistral")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FamilyModel]:
    return {name: open_tiny(family(name), tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.fixture
def make_app(opened: dict[str, FamilyModel]) -> Callable[..., ExplorerApp]:
    def make(name: str, **fields: object) -> ExplorerApp:
        return ExplorerApp(View(name, TEXT, **fields), opened.__getitem__)  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize("name", [NAMES[0], *map(slow, NAMES[1:])])
async def test_random_keys_never_leave_the_numbers_behind(
    name: str, make_app: Callable[..., ExplorerApp], ready: Ready, opened: dict[str, FamilyModel]
) -> None:
    keys = [key for key, _ in KEYS] + ["comma", "4", "tab", "escape", "pagedown", "a"]
    rng = random.Random(name)
    app = make_app(name, query=5)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        for _ in range(3):
            await pilot.press(*rng.choices(keys, k=10))
            await pilot.resize_terminal(*rng.choice(SIZES))
            await ready(pilot)
            check_against_fresh_trace(app, opened[name])


async def test_the_header_and_the_row_table_say_what_is_special(
    make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app("gpt_oss", query=9, head=3, layer=0)
    async with app.run_test(size=(130, 40)) as pilot:
        await ready(pilot)
        header = "".join(segment.text for segment in app.explore.query_one(HeaderLine).render_line(0))
        assert "L0 H3 · kv 1" in header
        assert "mask causal, window 4" in header
        table = app.explore.query_one(RowTable)
        table.scroll_end(animate=False)
        await ready(pilot)
        last = "".join(segment.text for segment in table.render_line(table.size.height - 1))
        assert "⌂" in last


@pytest.mark.parametrize("name", ["gpt_oss", "deepseek_v3"])
async def test_the_heads_of_a_model_are_measured_and_shown(
    name: str, make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app(name, query=5)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("g")
        screen = app.screen
        assert isinstance(screen, HeadsScreen)
        await until(pilot, lambda: app.scoring_is_over and screen.is_settled)
        assert app.scores_in_view is not None
        assert "baseline" in screen_text(app)
        await pilot.press("right", "enter")
        await ready(pilot)
        assert (app.view.layer, app.view.head) == (0, 1)


async def test_the_first_token_of_the_model_stands_before_the_text(
    tmp_path_factory: pytest.TempPathFactory, ready: Ready
) -> None:
    model = open_tiny(family("llama"), tmp_path_factory.mktemp("bos"), bos=True)
    app = ExplorerApp(View("llama", TEXT, query=5), lambda name: model)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        assert app.reading.encoding.ids[0] == model.config.bos_token_id
        assert len(app.reading.encoding) == len(TEXT) + 1
        for keys in ("home", "end", "g", "escape", "c", "escape", "a", "enter"):
            await pilot.press(keys)
            await ready(pilot)
        assert app.reading.encoding.ids[0] == model.config.bos_token_id


async def test_a_layer_says_which_of_all_layers_it_is(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> None:
    model = open_tiny(family("lfm2"), tmp_path_factory.mktemp("lfm2"))
    app = ExplorerApp(View("lfm2", TEXT, query=5, layer=1), lambda name: model)
    async with app.run_test(size=(160, 40)) as pilot:
        await ready(pilot)
        header = app.explore.query_one(HeaderLine).render_line(0).text
        assert "layer 3 of 4" in header
        await pilot.press("g")
        await ready(pilot)
        assert isinstance(app.screen, HeadsScreen)


async def test_q_and_k_before_their_rotation_by_key(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app("llama", query=9, key=4)
    async with app.run_test(size=(130, 40)) as pilot:
        await ready(pilot)

        def cell_text() -> str:
            panel = app.explore.query_one(CellPanel)
            return "\n".join(panel.render_line(y).text for y in range(panel.size.height))

        assert "before rotation" not in cell_text()
        await pilot.press("u")
        await ready(pilot)
        assert app.reading is not None
        found = app.reading.as_set.before_rotation(0, 0)
        assert found is not None
        score = (found[0][9] @ found[1][4]).item()
        assert f"before rotation, Σ = {score:.2f}".replace("-", "−")[:-1] in cell_text()
        await pilot.press("u")
        await ready(pilot)
        assert "before rotation" not in cell_text()


async def test_the_sink_has_a_column_and_the_colours_can_leave_out_the_first_key(
    make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app("gpt_oss", query=9, layer=1)
    async with app.run_test(size=(130, 40)) as pilot:
        await ready(pilot)
        weights, masked = (app.explore.query_one(f"#matrix-{name}", Matrix) for name in ("weights", "masked"))
        assert "⌂" in weights.render_line(0).text
        assert "⌂" not in masked.render_line(0).text
        assert weights.painter is not None
        assert app.reading is not None
        before = weights.painter.numbers
        assert (before.low, before.high) == (0, 1)
        await pilot.press("0")
        await ready(pilot)
        after = weights.painter.numbers
        assert after.high == app.reading.stages.weights[:, 1:].max().item()
        assert masked.painter is not None
        seen = app.reading.stages.inputs.visible[:, 1:]
        assert masked.painter.numbers.high == app.reading.stages.masked[:, 1:][seen].max().item()
        await pilot.press("0")
        await ready(pilot)
        assert weights.painter.numbers.high == 1


async def test_a_soft_cap_is_a_stage_of_its_own(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app("gemma2", query=9, layer=1, stage=Stage.SCORES)
    async with app.run_test(size=(130, 40)) as pilot:
        await ready(pilot)

        def displayed() -> list[Stage]:
            return [matrix.stage for matrix in app.explore.query(Matrix) if matrix.display]

        narration, table = app.explore.query_one(NarrationLine), app.explore.query_one(RowTable)
        assert displayed() == [Stage.SCORES, Stage.SCALED, Stage.CAPPED, Stage.MASKED]
        await pilot.press("n", "n")
        await ready(pilot)
        assert app.view.stage is Stage.CAPPED
        assert narration.render_line(0).text.startswith("3/7 The soft cap keeps")
        assert table.render_line(0).text.split()[:5] == ["key", "q·k", "×0.2887", "capped", "mask"]
        await pilot.press("4", "6")
        await ready(pilot)
        assert app.view.stage is Stage.CAPPED
        await pilot.press("5")
        await ready(pilot)
        assert displayed() == [Stage.CAPPED, Stage.MASKED, Stage.WEIGHTS, Stage.MIXED]
        await pilot.press("6")
        await pilot.resize_terminal(60, 18)
        await ready(pilot)
        title = Content.from_markup(app.explore.query_one("#matrix-capped", Matrix).border_title or "").plain
        assert title == "1  2  6 soft cap ±50  3  4  5"
