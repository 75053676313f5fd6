"""The panels of a run: curve, histograms and ratios are where their numbers say, at every width."""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App

from explorer.training.messages import Event, SampleWritten, StatisticsMeasured
from explorer.training.run_state import RunState
from explorer.widgets.training.histograms import HistogramPanel, RatioPanel, compact, resampled
from explorer.widgets.training.loss_curve import LossCurve
from explorer.widgets.training.run_panel import RunFigures, RunPanel, SamplePanel, duration
from model.training.run_log import StepMetrics
from model.training.step_statistics import StepStatistics
from tests.explorer import fake_training as fake


def known(*events: Event) -> RunState:
    run = RunState(fake.request())
    for event in events:
        run.apply(event)
    return run


def after(*done: StepMetrics, left: float | None = None) -> RunState:
    return known(fake.started(), fake.steps(*done, left=left))


def observed(*each: StepStatistics) -> RunState:
    return known(fake.started(), *(StatisticsMeasured(statistics) for statistics in each))


@asynccontextmanager
async def panel(made: Callable[[], RunPanel], width: int, height: int) -> AsyncIterator[RunPanel]:
    class OnePanel(App[None]):
        CSS = f"RunPanel {{ width: {width}; height: {height}; }}"

        def compose(self) -> Any:
            yield made()

    app = OnePanel()
    async with app.run_test(size=(160, 50)):
        yield app.query_one(RunPanel)


def rows(shown: RunPanel, run: RunState) -> list[str]:
    shown.show_run(run)
    return [line.plain for line in shown.content_lines]


@pytest.mark.parametrize(("width", "height"), [(40, 8), (60, 12), (120, 30)])
async def test_the_curve_stays_in_its_panel_and_has_the_line_of_a_uniform_guess(width: int, height: int) -> None:
    run = after(*(fake.metrics(s, 1 + 2 / s, validation_loss=2.0 if s % 50 == 0 else None) for s in range(1, 301)))
    async with panel(LossCurve, width, height) as shown:
        for shown.log_loss, shown.log_steps in ((False, False), (True, False), (True, True)):  # type: ignore[attr-defined]
            drawn = rows(shown, run)
            assert len(drawn) == height
            assert {cell_len(row) for row in drawn} <= {width, width - 1}
            assert any("╌" in row for row in drawn)
            assert any("V" in row for row in drawn)


@pytest.mark.parametrize("log", [False, True])
async def test_marks_of_the_curve_are_where_their_numbers_say(log: bool) -> None:
    """Four validation losses on a falling line: further right and lower each time, the last one at the edge."""
    places = {1: 3.0, 10: 2.5, 100: 2.0, 1000: 1.5}
    run = after(*(fake.metrics(step, loss, validation_loss=loss) for step, loss in places.items()))
    async with panel(LossCurve, 100, 24) as shown:
        shown.log_steps = log  # type: ignore[attr-defined]
        drawn = rows(shown, run)
        marks = sorted((row.index("V"), line) for line, row in enumerate(drawn) if "V" in row)
        columns, lines = zip(*marks, strict=True)
        assert list(lines) == sorted(lines)
        assert columns[-1] == 99
        if log:
            gaps = [b - a for a, b in pairwise(columns)]
            assert len(columns) == 4
            assert max(gaps) - min(gaps) <= 1, "powers of ten are equally far apart"
        else:
            assert columns[0] - 9 < 10, "the first hundred of a thousand steps lie at the left"


async def test_before_there_is_anything_each_panel_says_so() -> None:
    for make in (LossCurve, SamplePanel, RatioPanel, lambda: HistogramPanel("activations"), RunFigures):
        async with panel(make, 50, 5) as shown:
            for run in (RunState(fake.request()), known(fake.started())):
                drawn = rows(shown, run)
                assert len(drawn) == 1
                assert drawn[0].strip()


@given(counts=st.lists(st.integers(0, 1000), min_size=1, max_size=60), columns=st.integers(1, 200))
def test_resampled_counts_are_as_many(counts: Sequence[int], columns: int) -> None:
    found = resampled(counts, columns)
    assert len(found) == columns
    assert sum(found) == pytest.approx(sum(counts))
    assert min(found) >= 0


async def test_a_histogram_is_blank_where_nothing_was_counted_and_says_what_lies_beyond() -> None:
    counts = (0, 0, 8, 4, 0)
    statistics = StepStatistics(3, {"h.0": fake.histogram(counts, below=3, above=1)}, {}, {})
    async with panel(lambda: HistogramPanel("activations"), 60, 2) as shown:
        axis, drawn = rows(shown, observed(statistics))
        assert axis == "    −5                  0                  5 std      beyond"
        assert drawn == "h.0 " + " " * 16 + "█" * 8 + "▄" * 8 + " " * 8 + " 1.2      25%   "
        assert shown.border_title == "activations at step 3"
    async with panel(lambda: HistogramPanel("activations"), 30, 2) as shown:
        assert rows(shown, observed(statistics))[1].endswith(" 1.2     ")
    async with panel(lambda: HistogramPanel("gradients"), 30, 2) as shown:
        assert rows(shown, observed(statistics)) == ["none".ljust(30)]
        assert shown.border_title == "gradients, log₁₀ at step 3"


async def test_histograms_are_as_tall_as_there_is_room_for() -> None:
    async with panel(lambda: HistogramPanel("activations"), 80, 25) as shown:
        assert len(rows(shown, observed(fake.statistics(1)))) == 1 + 6 * 4
    async with panel(lambda: HistogramPanel("activations"), 80, 3) as shown:
        assert len(rows(shown, observed(fake.statistics(1)))) == 1 + 6
        assert shown.virtual_size.height == 7, "what has no room can be scrolled to"


@pytest.mark.parametrize("width", [30, 38, 78, 120])
async def test_ratios_are_right_or_left_of_the_guide(width: int) -> None:
    async with panel(RatioPanel, width, 8) as shown:
        guide = []
        for ratio, side in ((-5.9, -1), (-3.0, 0), (-0.5, 1), (-9.0, -1), (2.0, 1)):
            head, row, unmoved, _ = rows(shown, observed(fake.statistics(1, ratio)))
            guide.append(unmoved.index("┊"))
            place = row.index("●")
            assert (place > guide[-1]) - (place < guide[-1]) == side, ratio
            assert abs(head.index("10⁻³") + 1 - guide[-1]) <= 1
            assert max(cell_len(text) for text in (head, row, unmoved)) <= width
        assert len(set(guide)) == 1
        assert row.split()[-1] == "100"
        assert unmoved.split()[-1] == "–"


async def test_earlier_ratios_are_dots() -> None:
    async with panel(RatioPanel, 80, 8) as shown:
        run = observed(*(fake.statistics(step, -0.5 - step) for step in range(1, 4)))
        row = rows(shown, run)[1]
        assert (row.count("·"), row.count("●")) == (2, 1)


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (0.0, "0"),
        (0.26, "0.26"),
        (14.2, "14"),
        (0.00065, "6.5×10⁻⁴"),
        (1.0, "1"),
        (12345.0, "1.2×10⁴"),
        (math.nan, "NaN"),
    ],
)
def test_a_figure_takes_eight_cells(x: float, told: str) -> None:
    assert compact(x) == told
    assert len(told) <= 8


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-99, max_value=1e99))
def test_every_figure_takes_eight_cells(x: float) -> None:
    assert len(compact(x)) <= 8


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-1, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (9e6, "2,500 h 00 min"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (
            140,
            [
                "step 7 of 400 · loss 1.500 · validation 2.000 at 5 · from the prefix 2.250 · learning rate 0.003 · "
                "6,400 tokens/s · 3 s left"
            ],
        ),
        (
            60,
            [
                "7/400 · loss 1.500 · validation 2.000 · prefix 2.250",
                "rate 0.003 · 6,400 tok/s · 3 s left",
            ],
        ),
        (45, ["7/400 · loss 1.500 · validation 2.000", "prefix 2.250 · rate 0.003 · 6,400 tok/s"]),
    ],
)
async def test_figures_have_the_longest_wording_that_fits(width: int, told: list[str]) -> None:
    run = after(fake.metrics(5, 1.75, validation_loss=2.0, prefix_loss=2.25), fake.metrics(7, 1.5), left=3.0)
    async with panel(RunFigures, width, 2) as shown:
        assert rows(shown, run) == told


async def test_a_sample_is_wrapped_at_words_and_long_words_are_cut() -> None:
    run = known(fake.started(), SampleWritten(1, "\n\none two three\n\n" + "x" * 25))
    async with panel(SamplePanel, 10, 8) as shown:
        assert rows(shown, run) == ["one two", "three", "", "x" * 10, "x" * 10, "x" * 5]
