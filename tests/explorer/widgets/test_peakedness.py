"""The panel that asks how peaked: which lines it has at which size."""

from collections.abc import Callable

import pytest

from explorer.app import ExplorerApp
from explorer.core.formatting import weight
from explorer.view import LAST
from explorer.widgets.panels.peakedness import TOP_KEYS, PeakednessPanel, _shares
from tests.explorer.conftest import Ready
from tests.explorer.helpers import lines

MakeApp = Callable[..., ExplorerApp]
CURVE = set("▁▂▃▄▅▆▇█│ ")


@pytest.mark.parametrize("curves", [1, 2])
@pytest.mark.parametrize("seen", [1, 3, 40])
def test_keys_and_curves_share_the_room(curves: int, seen: int) -> None:
    before = (1, 1)
    for spare in range(1, 40):
        keys, tall = _shares(spare, seen, curves)
        assert keys + (tall - 1) * curves <= spare
        assert keys <= min(seen, TOP_KEYS)
        assert tall >= before[1]
        before = keys, tall
    assert before == (min(seen, TOP_KEYS), 10)
    assert _shares(0, seen, curves) == (1, 1)


@pytest.mark.parametrize(
    ("size", "tall"), [((120, 36), 1), ((160, 46), 1), ((200, 52), 2), ((240, 70), 5)], ids=lambda x: str(x)
)
async def test_curves_are_as_tall_as_there_is_room(
    make_app: MakeApp, ready: Ready, size: tuple[int, int], tall: int
) -> None:
    app = make_app(query=LAST)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.pause(0)
        panel = app.explore.query_one(PeakednessPanel)
        drawn = [panel.render_line(y).text for y in range(panel.size.height)]
        first = next(y for y, text in enumerate(drawn) if text.startswith("entropy, query") or "entropy over" in text)
        last = next(y for y, text in enumerate(drawn) if "▲" in text)
        curves = 2 if any(text.startswith("entropy, head") for text in drawn) else 1
        assert (last - first) % curves == 0
        assert (last - first) // curves >= tall
        assert all(" 0 " in text or set(text[20:]) <= CURVE for text in drawn[first:last])
        assert drawn[first].split()[:2] in (["entropy,", "query"], ["entropy", "over"])  # nothing runs into it


async def test_the_line_of_the_smallest_screen_ends_with_the_scale_in_use(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=LAST, scale=0.0625)
    async with app.run_test(size=(60, 18)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        row = app.reading.row_peakedness(app.reading.row)
        (drawn,) = lines(app.explore.query_one(PeakednessPanel))
        assert drawn.endswith(f"●×0.0625 {weight(row.max_weight)} {row.entropy_bits:.2f}b")
