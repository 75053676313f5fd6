"""Painting of a matrix: its numbers become rows of segments, which are built once and cached."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from explorer.core.formatting import INFINITY, MINUS, fixed, number, weight
from explorer.core.stages import stage_matrix
from explorer.view import Stage
from explorer.widgets.matrix.layout import Layout, Zoom
from explorer.widgets.palette import HATCH, Level, Palette, Ramp

if TYPE_CHECKING:
    from torch import Tensor

    from model.attention import AttentionStages

HIDDEN_STAGES = (Stage.MASKED, Stage.WEIGHTS)
"""The stages in which a key that the query may not see has no number."""

HIDDEN = -1
"""In place of the level of a cell without a number."""

NOTHING = -2
"""In place of the level of a cell below the last row."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """One stage of one head, and the range of its finite numbers, hidden keys left out."""

    stage: Stage
    matrix: "Tensor"  # (T, T), or (T, head_size) for mixed
    visible: "Tensor | None"  # bool (T, T); None when every cell has a number
    low: float
    high: float
    sink: "Tensor | None" = None  # (T,), at the weights: the weight of the attention sink in each row
    window: int | None = None  # at HIDDEN_STAGES: the number of keys in the window

    @classmethod
    def of(cls, stages: "AttentionStages", stage: Stage, without_first: bool = False) -> "Numbers":
        """Return the numbers of a stage and their range, found once in torch.

        `without_first` leaves the first key out of the range: in many models it takes most of the weight.
        """
        matrix = stage_matrix(stages, stage)
        inputs = stages.inputs
        visible = stages.visible.expand_as(matrix) if stage in HIDDEN_STAGES else None
        window = inputs.window if stage in HIDDEN_STAGES and inputs.causal else None
        leave_out = without_first and stage is not Stage.MIXED and matrix.shape[1] > 1
        ranged = matrix[:, 1:] if leave_out else matrix
        seen = visible if visible is None or not leave_out else visible[:, 1:]
        if stage is Stage.WEIGHTS:
            high = (ranged.max().item() or 1.0) if leave_out else 1.0
            return cls(stage, matrix, visible, 0.0, high, stages.sink_weights, window)
        return cls(stage, matrix, visible, *_range(ranged, seen), None, window)

    def is_drawn_like(self, other: "Numbers") -> bool:
        """Return True if all cells have the same numbers and the same colours, and the same ones are hidden."""
        mine, others = ((each.stage, each.low, each.high, each.window) for each in (self, other))
        pairs = (self.visible, other.visible), (self.sink, other.sink), (self.matrix, other.matrix)
        return mine == others and all(_equal(a, b) for a, b in pairs)

    @property
    def hidden_label(self) -> str:
        """The legend of the hatched cells."""
        return "hidden" if self.window is None else f"hidden, window {self.window}"

    @property
    def sequential(self) -> bool:
        """True if the numbers are shares from 0 to 1, False if they may be negative."""
        return self.stage is Stage.WEIGHTS

    @property
    def limit(self) -> float:
        """The magnitude at which the palette ends."""
        return max(abs(self.low), abs(self.high))

    @property
    def digits(self) -> int:
        """The number of decimals that shows about three digits of the largest number."""
        if self.stage is Stage.WEIGHTS or self.limit < 10:
            return 2
        return 1 if self.limit < 100 else 0

    @property
    def width(self) -> int:
        """The width in cells of the widest number."""
        return self._widest(self.digits)

    @property
    def least_width(self) -> int:
        """The width in cells of the widest number with one decimal fewer, if it has decimals that it can spare."""
        return self._widest(max(0, self.digits - 1))

    def _widest(self, digits: int) -> int:
        if self.stage is Stage.WEIGHTS:
            return 3
        if self.limit >= 1e5:
            return 7  # −2×10³⁸
        return max(len(fixed(x, digits)) for x in (self.low, self.high))

    def written(self, x: float, width: int) -> str:
        """Return a number of this stage, right-aligned in `width` cells; all have one decimal fewer if they must."""
        if self.stage is Stage.WEIGHTS:
            return weight(x).rjust(width)
        return number(x, width, self.digits if width >= self.width else max(0, self.digits - 1))

    @property
    def written_hidden(self) -> str:
        """The text of a hidden cell."""
        return "0" if self.stage is Stage.WEIGHTS else MINUS + INFINITY


def _range(matrix: "Tensor", visible: "Tensor | None") -> tuple[float, float]:
    """Return the smallest and the largest finite number among the visible ones."""
    if visible is None:
        low, high = (x.item() for x in matrix.aminmax())
    else:
        low, high = matrix.masked_fill(~visible, math.inf).min().item(), matrix.max().item()
    if math.isfinite(low) and math.isfinite(high):  # nearly always, at half the cost
        return low, high
    finite = matrix.isfinite() if visible is None else visible & matrix.isfinite()
    low = matrix.masked_fill(~finite, math.inf).min().item()
    high = matrix.masked_fill(~finite, -math.inf).max().item()
    return (low, high) if low <= high else (0.0, 0.0)


def _equal(a: "Tensor | None", b: "Tensor | None") -> bool:
    """Return True if both are None or have the same elements; of one type, as `Tensor.equal` raises for others."""
    if a is None or b is None:
        return a is b
    return a is b or ((a.dtype, a.device) == (b.dtype, b.device) and a.equal(b))


class Cells:
    """How the levels of one ramp are drawn; `cells_of` shares them between painters.

    Styles and segments are made once and not for each head, as Rich keeps the escape sequence of a style in the style.
    """

    def __init__(self, ramp: Ramp, palette: Palette, base: Style) -> None:
        self.ramp, self._palette, self._base = ramp, palette, base
        self._pairs: dict[tuple[int, int, bool, bool], Segment] = {}

    def style(self, level: int, dim: bool) -> Style:
        """Return the style of a cell."""
        if level == HIDDEN:
            return self._base + (self._palette.dim_hidden if dim else self._palette.hidden)
        found = self.ramp.levels[level]
        style = found.dim_style if dim else found.style
        return style if found.pixel is not None else self._base + style

    def pixel(self, level: int, dim: bool) -> Color | None:
        """Return the colour of a cell that takes half a character; that of the background below the last row."""
        if level == NOTHING:
            return self._base.bgcolor
        if level == HIDDEN:
            return self._palette.hidden_pixel
        found = self.ramp.levels[level]
        return found.dim_pixel if dim else found.pixel

    def pair(self, upper: int, lower: int, dim: bool, dim_below: bool) -> Segment:
        """Return two cells, one above the other, as one character."""
        key = upper, lower, dim, dim_below
        segment = self._pairs.get(key)
        if segment is None:
            if upper == HIDDEN and lower <= HIDDEN:
                segment = Segment(HATCH, self.style(HIDDEN, dim))
            else:
                style = Style(color=self.pixel(upper, dim), bgcolor=self.pixel(lower, dim_below))
                segment = Segment("▀", style)
            self._pairs[key] = segment
        return segment


@lru_cache(maxsize=8)
def cells_of(palette: Palette, sequential: bool, base: Style) -> Cells:
    """Return the cells of a palette's sequential or diverging ramp on the background of `base`."""
    return Cells(palette.sequential if sequential else palette.diverging, palette, base)


@dataclass(eq=False)
class Painter:
    """Paints rows of `numbers` for the columns of `layout` in view, and caches them."""

    numbers: Numbers
    layout: Layout
    columns: range
    palette: Palette
    base: Style
    cursor: Style
    cursor_pixel: Color
    _values: dict[int, list[float]] = field(default_factory=dict)
    _levels: dict[int, list[int]] = field(default_factory=dict)
    _rows: dict[tuple[int, bool, bool], list[Segment]] = field(default_factory=dict)
    _legends: dict[int, list[Segment]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> Cells:
        """The cells of the ramp that suits this stage."""
        return cells_of(self.palette, self.numbers.sequential, self.base)

    @property
    def ramp(self) -> Ramp:
        """The colour ramp of the palette that suits this stage."""
        return self.cells.ramp

    def values(self, row: int) -> list[float]:
        """Return the numbers of a row in the columns in view."""
        if row not in self._values:
            self._values[row] = self.numbers.matrix[row, self.columns.start : self.columns.stop].tolist()
        return self._values[row]

    def levels(self, row: int) -> list[int]:
        """Return the palette levels of a row in the columns in view; HIDDEN for a cell without a number."""
        if row not in self._levels:  # with the rows below it in view, as a block costs little more than a row
            rows = max(1, self.layout.body_height * self.layout.per_line)
            block = slice(row, row + rows), slice(self.columns.start, self.columns.stop)
            levels = self.ramp.levels_of(self.numbers.matrix[block], self.numbers.limit)
            if self.numbers.visible is not None:
                levels = levels.masked_fill(~self.numbers.visible[block], HIDDEN)
            self._levels.update(enumerate(levels.tolist(), row))
        return self._levels[row]

    def line(self, row: int, query: int, pending: bool = False) -> list[Segment]:
        """Return the line whose first row is `row`: dim after the query, and dots at the query if it is `pending`."""
        below = row + 1 if self.layout.per_line == 2 else row
        if pending and query in (row, below):
            return self._pending_line(row, query)
        key = (row, row > query, below > query)
        if key not in self._rows:
            if self.layout.zoom is Zoom.NUMBERS:
                self._rows[key] = self._numbers(row, key[1])
            elif self.layout.zoom is Zoom.BLOCKS:
                self._rows[key] = self._blocks(row, key[1])
            else:
                self._rows[key] = self._half_blocks(row, below, key[1], key[2])
        return self._rows[key]

    def _cell_text(self, x: float, level: int) -> str:
        width = self.layout.cell
        if self.layout.zoom is Zoom.NUMBERS:
            if level == HIDDEN:
                return (" " + self.numbers.written_hidden).rjust(width, HATCH)
            return " " + self.numbers.written(x, width - 1)
        if level == HIDDEN:
            return HATCH * width
        found = self.ramp.levels[level]
        return _filled(found, width)

    def _numbers(self, row: int, dim: bool) -> list[Segment]:
        values, levels = self.values(row), self.levels(row)
        texts = [self._cell_text(x, level) for x, level in zip(values, levels, strict=True)]
        return self._merged(texts, levels, dim)

    def _blocks(self, row: int, dim: bool) -> list[Segment]:
        levels = self.levels(row)
        return self._merged([self._cell_text(0.0, level) for level in levels], levels, dim)

    def _merged(self, texts: Sequence[str], levels: Sequence[int], dim: bool) -> list[Segment]:
        """Return the cells of a row, with neighbours of the same level in one segment."""
        segments: list[Segment] = []
        start = 0
        for end in range(1, len(levels) + 1):
            if end == len(levels) or levels[end] != levels[start]:
                segments.append(Segment("".join(texts[start:end]), self.cells.style(levels[start], dim)))
                start = end
        return segments

    def _half_blocks(self, row: int, below: int, dim: bool, dim_below: bool) -> list[Segment]:
        upper = self.levels(row)
        lower = self.levels(below) if below < self.layout.rows else [NOTHING] * len(upper)
        pair = self.cells.pair
        segments: list[Segment] = []
        for levels, run in groupby(zip(upper, lower, strict=True)):
            segment, count = pair(*levels, dim, dim_below), len(list(run))
            segments.append(segment if count == 1 else Segment(segment.text * count, segment.style))
        return segments

    def _pending_line(self, row: int, query: int) -> list[Segment]:
        """Return the line of a query that is not computed yet; a row above it on the same line is drawn as usual."""
        count, cell = len(self.columns), self.layout.cell
        style = self.base + self.palette.hidden
        if self.layout.zoom is not Zoom.HALF_BLOCKS:
            return [Segment((" " * (cell - 1) + "·") * count, style)]
        if query == row:  # the row below is after the query
            return [Segment("·" * count, style)]
        return [self.cells.pair(level, NOTHING, False, False) for level in self.levels(row)]

    def cursor_cell(self, query: int, key: int) -> Segment:
        """Return the cell of the cursor, which has a glyph of its own unless cells are half blocks."""
        level = self.levels(query)[key - self.columns.start]
        style = self.cells.style(level, False)
        if self.layout.zoom is Zoom.NUMBERS:
            text = self._cell_text(self.values(query)[key - self.columns.start], level)
            return Segment("▸" + text[1:], self.cursor)
        if self.layout.zoom is Zoom.BLOCKS:
            width = self.layout.cell
            text = "◆" if width == 1 else "[" + _filled_or_hatch(self.ramp, level, width - 2) + "]"
            return Segment(text, style + Style(bold=True, reverse=not self.palette.has_pixels))
        other = query ^ 1
        known = self.levels(other)[key - self.columns.start] if other < self.layout.rows else NOTHING
        beside = self.cells.pixel(known, other > query)
        if query % 2:
            return Segment("▄", Style(color=self.cursor_pixel, bgcolor=beside))
        return Segment("▀", Style(color=self.cursor_pixel, bgcolor=beside))

    def sink_cell(self, row: int, query: int) -> Segment:
        """Return a cell coloured by the sink's weight in a row, or in the two rows of a line."""
        assert self.numbers.sink is not None
        last = min(row + self.layout.per_line, self.layout.rows)
        upper, *rest = (self.ramp.level(x, 1.0) for x in self.numbers.sink[row:last].tolist())
        if self.layout.zoom is Zoom.HALF_BLOCKS:
            return self.cells.pair(upper, rest[0] if rest else NOTHING, row > query, row + 1 > query)
        return Segment(_filled(self.ramp.levels[upper], 1), self.cells.style(upper, row > query))

    def legend(self, width: int) -> list[Segment]:
        """Return the range in the palette's colours, min … 0 … max, in at most `width` cells.

        Numbers have no shades on a terminal without enough colours, and neither has their legend.
        """
        if width not in self._legends:
            self._legends[width] = self._make_legend(width)
        return self._legends[width]

    def _make_legend(self, width: int) -> list[Segment]:
        numbers = self.numbers
        if numbers.sequential:
            high = numbers.high
            marks = [(0.0, "0"), *((x, weight(x)) for x in (high / 4, high))]
            marks = [(0.0, "0"), (0.25, ".25"), (1.0, "1")] if high == 1.0 else marks
        else:
            low, high = min(0.0, numbers.low), max(0.0, numbers.high)
            marks = [(x, number(x, 7, numbers.digits).strip() if x else "0") for x in sorted({low, 0.0, high})]
        some_hidden = numbers.visible is not None and not numbers.visible.all()
        hidden = f" {HATCH * 2} {numbers.hidden_label}" if some_hidden else ""
        taken = sum(len(text) for _, text in marks) + 2 * len(marks) - 2
        if taken + len(hidden) + 12 > width:
            hidden = ""
        if taken + 2 * (len(marks) - 1) > width:  # too narrow for more than both ends
            marks = [marks[0], marks[-1]]
            taken = sum(len(text) for _, text in marks) + 2
        room = min(40, width - taken - len(hidden))
        segments = [Segment(marks[0][1], self.base)]
        whole = self._place(marks[-1][0]) - self._place(marks[0][0])
        for (a, _), (b, text) in pairwise(marks):
            share = (self._place(b) - self._place(a)) / whole if whole > 0 else 0.0
            cells = round(room * share)
            segments += [Segment(" ", self.base), *self._ramp_cells(a, b, cells), Segment(f" {text}", self.base)]
        if hidden:
            segments += [
                Segment(" ", self.base),
                Segment(HATCH * 2, self.cells.style(HIDDEN, False)),
                Segment(f" {numbers.hidden_label}", self.base),
            ]
        return segments

    def _place(self, x: float) -> float:
        """Return the palette level of a number, as a float."""
        return float(self.ramp.level(x, self.numbers.limit))

    def _ramp_cells(self, a: float, b: float, cells: int) -> list[Segment]:
        first, last = self._place(a), self._place(b)
        is_shaded = self.layout.zoom is not Zoom.NUMBERS or self.numbers.sink is not None
        if not is_shaded and not self.palette.has_pixels:  # the ink of numbers has the colour of their sign, if any
            end = first if b == 0.0 else last
            return [Segment("…", self.cells.style(round(end), False))]
        # Without colours a wide cell has a sign before its shade; the legend shows levels as the cells are drawn.
        wide = self.layout.zoom is Zoom.BLOCKS and self.layout.cell > 1 and not self.palette.has_pixels
        width = 2 if wide else 1
        count = max(0, cells) // width
        segments = []
        for i in range(count):
            level = round(first + (last - first) * (i / (count - 1) if count > 1 else 1.0))
            segments.append(Segment(_filled(self.ramp.levels[level], width), self.cells.style(level, False)))
        return segments


def _filled(level: Level, width: int) -> str:
    if width == 1:
        return level.glyph
    return level.block + level.block[-1] * (width - 2)


def _filled_or_hatch(ramp: Ramp, level: int, width: int) -> str:
    if width < 1:
        return ""
    return HATCH * width if level == HIDDEN else ramp.levels[level].glyph * width
