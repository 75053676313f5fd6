"""HistogramPanel and RatioPanel: the statistics of a step, by layer and by tensor.

The three pictures are those of Karpathy's "Building makemore, part 3" (2022).
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.style import Style

from explorer.core.formatting import fit, scientific, significant, visible
from explorer.widgets.panels.entropy_curve import area
from explorer.widgets.panels.lines import Line, line
from explorer.widgets.training.run_panel import RunPanel

if TYPE_CHECKING:
    from explorer.training.run_state import RunState
    from model.training.step_statistics import Histogram

_COMPACT = 8
_FIGURES = (_COMPACT + 1, _COMPACT + 8)
_ROOM = 50
"""The least width in cells at which the share beyond the axis is shown beside each histogram."""
_TALLEST = 6
_LOW, _HIGH, GUIDE = -6.0, 0.0, -3.0
"""The ends of the axis of the ratios, and the guide on it, as log10; see `model.training.step_statistics`."""


class HistogramPanel(RunPanel, can_focus=True):
    """A histogram for each site: `h.0.attn` and `h.0.mlp` are what the parts of layer 0 add, `h.0` is the sum."""

    def __init__(self, kind: Literal["activations", "gradients"], *, id: str | None = None) -> None:
        """Show the activations, or the gradients of the loss with respect to them."""
        super().__init__(id=id)
        self.kind = kind

    def run_title(self, run: "RunState") -> str:
        """Return the title, with the step."""
        step = _at_step(run)
        return f"{self.kind}{', log₁₀' if self.kind == 'gradients' else ''}{step}"

    def run_lines(self, run: "RunState", width: int, height: int) -> Sequence[Line]:
        """Return the axis, then the histograms, each as high as the panel allows."""
        statistics = run.latest_statistics
        if statistics is None:
            return self.placeholder("measured every few seconds", width)
        found = statistics.activations if self.kind == "activations" else statistics.gradients
        if not found:
            return self.placeholder("none", width)
        label = max(map(cell_len, found)) + 1
        figures = _FIGURES[width >= _ROOM]
        columns = max(8, width - label - figures)
        tall = max(1, min(_TALLEST, (height - 1) // len(found)))
        first = next(iter(found.values()))
        faint = self.style_of("faint")
        axis = _axis(first.low, first.high, columns)
        head = " std      beyond" if figures > _FIGURES[0] else " std"
        made = [line((" " * label + axis + fit(head, figures), faint))]
        for site, histogram in found.items():
            made += self._drawn(site, histogram, label, columns, tall, figures)
        return made

    def _drawn(
        self, site: str, histogram: "Histogram", label: int, columns: int, tall: int, figures: int
    ) -> list[Line]:
        heights = resampled(histogram.counts, columns)
        most = max(heights) or 1.0
        rows = area([count / most for count in heights], tall)
        rows[-1] = "".join(" " if count == 0 else cell for cell, count in zip(rows[-1], heights, strict=True))
        style = self.bar_style(0.5)
        made = []
        for row, text in enumerate(rows):
            is_last = row == tall - 1
            name = fit(site, label) if is_last else " " * label
            numbers = f" {compact(histogram.std)}" if is_last else ""
            if is_last and figures > _FIGURES[0]:
                numbers = f"{numbers:<{_COMPACT + 2}}{_share_beyond(histogram)}"
            made.append(line((name, self.base), (text, style), (fit(numbers, figures), self.style_of("faint"))))
        return made


def _at_step(run: "RunState") -> str:
    return f" at step {run.latest_statistics.step:,}" if run.latest_statistics else ""


def resampled(counts: Sequence[int], columns: int) -> list[float]:
    """Return counts of equal bins as columns over the same range; a bin on a boundary is split between two columns."""
    found = [0.0] * columns
    wide = len(counts) / columns
    for column in range(columns):
        low, high = column * wide, (column + 1) * wide
        for place in range(int(low), min(len(counts), math.ceil(high))):
            found[column] += counts[place] * (min(high, place + 1) - max(low, place))
    return found


def _share_beyond(histogram: "Histogram") -> str:
    """Return the share of numbers beyond the ends of the axis as text; empty if it is negligible."""
    beyond = histogram.below + histogram.above
    total = sum(histogram.counts) + beyond
    return f"{beyond / total:.0%}" if total and beyond / total >= 0.005 else ""


def compact(x: float) -> str:
    """Return a number in at most eight cells if its exponent has two digits at most: 0.26, 14, 6.5×10⁻⁴."""
    if x == 0 or not math.isfinite(x) or 0.01 <= abs(x) < 10_000:
        return significant(x, 2)
    text = scientific(x, 1)
    return text if len(text) <= _COMPACT else scientific(x, 0)


def _axis(low: float, high: float, columns: int) -> str:
    left, middle, right = (significant(x, 2) for x in (low, (low + high) / 2, high))
    rest = columns - len(left) - len(right)
    return left + middle.center(max(0, rest)) + right if rest > len(middle) + 2 else fit(left, columns)


class RatioPanel(RunPanel, can_focus=True):
    """std(update) / std(data) of every tensor on a logarithmic axis, with a guide at 10⁻³; dots are earlier ratios."""

    def run_title(self, run: "RunState") -> str:
        """Return the title, with the step."""
        step = _at_step(run)
        return f"update/data{step}, ┊ 10⁻³"

    def run_lines(self, run: "RunState", width: int, height: int) -> Sequence[Line]:
        """Return the axis, then the tensors in the order of the model."""
        statistics = run.latest_statistics
        if statistics is None:
            return self.placeholder("measured every few seconds", width)
        ratios = statistics.update_ratios
        names = _short(tuple(ratios), width * 2 // 5)
        label = max(map(cell_len, names.values()), default=0) + 1
        columns = max(5, width - label - 9)
        faint = self.style_of("faint")
        head = _marks({GUIDE: "10⁻³", _HIGH: "1", _LOW: "10⁻⁶"}, columns)
        made = [line((fit("", label) + head, faint))]
        for name, ratio in ratios.items():
            earlier = [seen for each in run.statistics[:-1] if (seen := each.update_ratios.get(name)) is not None]
            figure = "–" if ratio is None else compact(10**ratio)
            parts = self._plotted(ratio, earlier, columns)
            made.append(line((fit(names[name], label), self.base), *parts, (f" {figure:<{_COMPACT}}", faint)))
        return made

    def _plotted(self, ratio: float | None, earlier: Sequence[float], columns: int) -> list[tuple[str, Style]]:
        cells = [(" ", self.style_of("faint"))] * columns
        for seen in earlier:
            cells[_place(seen, columns)] = ("·", self.style_of("faint"))
        cells[_place(GUIDE, columns)] = ("┊", self.style_of("label"))
        if ratio is not None:
            cells[_place(ratio, columns)] = ("●", self.bar_style(0.7))
        return cells


def _place(ratio: float, columns: int) -> int:
    share = (ratio - _LOW) / (_HIGH - _LOW)
    return max(0, min(columns - 1, round(share * (columns - 1))))


def _marks(marks: Mapping[float, str], columns: int) -> str:
    """Return a line with marks; a mark that would touch an earlier one in the mapping is left out."""
    cells = [" "] * columns
    for ratio, text in marks.items():
        start = max(0, min(columns - len(text), _place(ratio, columns) - len(text) // 2))
        if not "".join(cells[max(0, start - 1) : start + len(text) + 1]).strip():
            cells[start : start + len(text)] = text
    return "".join(cells)


def _short(names: Sequence[str], cells: int) -> dict[str, str]:
    """Shorten tensor names to `cells` cells: first weight and bias to w and b, then the middle to …."""
    shown = {name: visible(name) for name in names}
    if max(map(cell_len, shown.values()), default=0) > cells:
        shown = {n: s.removesuffix("eight").removesuffix("ias") for n, s in shown.items()}
    begin = 4  # the length of `h.0.`
    end = max(4, cells - begin - 1)
    return {n: s if len(s) <= cells else f"{s[:begin]}…{s[-end:]}" for n, s in shown.items()}
