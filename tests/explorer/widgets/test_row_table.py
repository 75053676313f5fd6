"""The table of the row, by position and by weight."""

from collections.abc import Callable

from explorer.app import ExplorerApp
from explorer.core.formatting import label
from explorer.widgets.panels.row_table import RowTable
from tests.explorer.conftest import SENTENCES, Ready


async def test_sorted_by_weight_the_largest_are_in_view(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app(text=SENTENCES[2], query=14)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        table = app.explore.query_one(RowTable)

        def lines() -> list[str]:
            return [table.render_line(y).text for y in range(1, table.size.height)]

        def in_order() -> list[str]:
            assert app.reading is not None
            weights = app.reading.stages.weights[app.view.query]
            names = [label(token) for token in app.reading.encoding.tokens]
            return [names[key] for key in weights.argsort(descending=True, stable=True).tolist()]

        by_position = lines()
        assert by_position[0].startswith("▸ ")
        assert app.reading is not None
        assert len(by_position) < len(app.reading.encoding)
        await pilot.press("S")
        assert [line[2:].split()[0] for line in lines()] == in_order()[: len(lines())]
        await pilot.press("left")  # another row: again the largest are in view, and not the key
        assert [line[2:].split()[0] for line in lines()] == in_order()[: len(lines())]
        await pilot.click(table, offset=(4, 3))
        await ready(pilot)
        assert lines()[1].startswith("▸ ")
        assert app.reading.encoding.tokens[app.view.key].strip() == in_order()[1]
        await pilot.press("S", "home", *["right"] * 14, *["up"] * 20)
        assert lines() == by_position
