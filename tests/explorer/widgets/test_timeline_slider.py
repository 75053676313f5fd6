"""What the slider draws, at every width and for series of every length."""

import re
from typing import Any

import pytest
from rich.cells import cell_len

from explorer.core.formatting import height, weight
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.core.series import Entry, Series
from explorer.core.step_measures import ENTROPY, LOSS, MEASURES
from explorer.view import View
from explorer.widgets.timeline.slider import TimeSlider, Track, _compact, _short
from model.checkpoint import Checkpoint
from tests.explorer.conftest import SENTENCES


class Plain(TimeSlider):
    """A slider without a screen: its words need no styles."""

    def style_of(self, name: str) -> Any:
        return name

    def bar_style(self, share: float) -> Any:
        return "bar"


@pytest.fixture
def reading(bpe_model: Checkpoint) -> Reading:
    engine = ReadingService()
    engine.add_model("m", bpe_model)
    return engine.read(View("m", SENTENCES[0]))


def series(*steps: int | None) -> Series:
    return Series("m", tuple(Entry(step, f"m@{step}") for step in steps))


def drawn(reading: Reading, width: int, **fields: Any) -> tuple[str, str]:
    slider = Plain()
    slider.track = Track(**fields)
    steps, values = (line.plain for line in slider.lines(reading, width))
    assert cell_len(steps) <= width
    assert cell_len(values) <= width
    return steps, values


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_every_step_and_value_at_every_width(reading: Reading, width: int) -> None:
    steps = (0, 10, 30, 100, 300, 1000, 3000, None)
    values = tuple(i / 10 for i in range(8))
    for place in range(8):
        top, bottom = drawn(reading, width, series=series(*steps), shown=place, asked=place, values=values)
        words = top.replace("▶", " ▶").split()
        assert words[0] == "step"
        assert len(words) == 9
        name = {1000: "1,000", 3000: "3,000", None: "end"}.get(steps[place], str(steps[place]))
        assert words[place + 1].startswith("▶")
        assert name in words[place + 1] or words[place + 1].endswith("k")
        assert bottom.startswith(f" {MEASURES[0]} {weight(values[place])} ")
        bars = re.findall("[▁▂▃▄▅▆▇█]+", bottom)
        assert [bar[0] for bar in bars] == [height(value) for value in values]
        assert all(set(bar) == {bar[0]} for bar in bars)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_marks(reading: Reading, width: int) -> None:
    top, bottom = drawn(
        reading,
        width,
        series=series(0, 10, 30, 100, 300),
        shown=1,
        asked=3,
        damaged=frozenset({2}),
        opened=frozenset({1}),
        values=(None, 0.5, None, None, 1.0),
        playing="▶ ×2",
    )
    assert re.fullmatch(r" step ▶ ×2 +0 +▶10 +×30 +…100 +300 *", top)
    assert re.fullmatch(r" previous token \.50 +· +▅▅ \.50 +· +██ 1 *", bottom)


def test_a_long_series_moves_below_the_step_that_is_asked_for(reading: Reading) -> None:
    steps = tuple(range(0, 40_000, 1000))
    for width in (60, 80, 120):
        seen = set()
        for place in range(len(steps)):
            top, _ = drawn(reading, width, series=series(*steps), shown=place, asked=place, values=())
            assert f" {place + 1}/40" in top
            assert top.count("▶") == 1
            seen.update(top[21:].replace("▶", " ").split())
        assert seen == {"0", *(f"{i}k" for i in range(1, 40))}


def test_bars_of_what_has_no_largest_value_are_relative(reading: Reading) -> None:
    for measure in (ENTROPY, LOSS):
        _, bottom = drawn(
            reading, 80, series=series(0, 10, 30), shown=0, asked=0, measure=measure, values=(4.0, 2.0, 0.0)
        )
        assert re.findall("[▁▂▃▄▅▆▇█]+", bottom) == ["██", "▅▅", "▁▁"]
    _, bottom = drawn(reading, 80, series=series(0, 10), shown=0, asked=0, measure=LOSS, values=(0.0, 0.0))
    assert re.findall("[▁▂▃▄▅▆▇█]+", bottom) == ["▁▁", "▁▁"]


@pytest.mark.parametrize("step", [0, 7, 30, 999, 1000, 3000, 1230, 1234, 12_345, 100_000, 1_000_000, 999_999_999_999])
@pytest.mark.parametrize("cells", [3, 5, 9])
def test_a_step_in_few_cells_is_never_another_step(step: int, cells: int) -> None:
    text = _short(step, cells)
    assert len(text) <= max(cells, len(_compact(step)))
    factor = {"k": 1000, "M": 1_000_000}.get(text[-1], 1)
    assert round(float(text.rstrip("kM").replace(",", "")) * factor, 3) == step
    assert _short(None, cells) == "end"
