"""Minimap: an overview of a matrix that does not fit, with a frame around the part in view."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from explorer.widgets.matrix.layout import Layout
from explorer.widgets.matrix.paint import HIDDEN, Numbers
from explorer.widgets.palette import HATCH, Palette, Ramp

if TYPE_CHECKING:
    from torch import Tensor

FROM_WIDTH, FROM_HEIGHT = 56, 9
"""The smallest matrix, in cells, that has room for a minimap."""

LARGEST = 24
_GAP = 2
_WORDS = 2
"""The number of lines of text below the map."""

_CAPTION = 11


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle in pixels of the map; the first and last rows and columns are inside it."""

    top: int
    bottom: int
    left: int
    right: int

    def edge(self, row: int, column: int) -> bool:
        """Return True if a pixel is on the edge of the rectangle."""
        inside = self.top <= row <= self.bottom and self.left <= column <= self.right
        return inside and (row in (self.top, self.bottom) or column in (self.left, self.right))


class Minimap:
    """The map to the right of one matrix; each line of the terminal shows two rows of pixels.

    A pixel shows the number with the largest magnitude among the cells that it stands for. The part in view is a frame,
    the cursor one pixel. Without colours only the frame is drawn, with glyphs.
    """

    def __init__(self, numbers: Numbers, layout: Layout, palette: Palette, base: Style, cursor: Color) -> None:
        self._layout, self._palette, self._base, self._cursor_pixel = layout, palette, base, cursor
        self.width = min(LARGEST, max(_CAPTION, layout.width // 6), max(1, layout.columns))
        rows = max(2, round(self.width * layout.rows / layout.columns))
        self._rows = min(layout.rows, 2 * max(1, layout.body_height - _WORDS), rows)
        self._ramp = palette.sequential if numbers.sequential else palette.diverging
        self._levels = _pooled(numbers, self._ramp, self._rows, self.width)

    @staticmethod
    def gutter(width: int, height: int) -> int:
        """Return the width in cells of a map and its gap beside a matrix of this size; 0 if there is no room."""
        if width < FROM_WIDTH or height < FROM_HEIGHT:
            return 0
        return min(LARGEST, max(_CAPTION, width // 6)) + _GAP

    @property
    def lines(self) -> int:
        """The number of lines of the map and of the text below it."""
        return -(-self._rows // 2) + _WORDS

    def pixel_of(self, row: int, column: int) -> tuple[int, int]:
        """Return the row and column of the pixel that stands for a cell of the matrix."""
        layout = self._layout
        return row * self._rows // layout.rows, column * self.width // layout.columns

    def frame(self, columns: range, first_row: int) -> Frame:
        """Return the frame around the part in view."""
        layout = self._layout
        last_row = min(layout.rows, first_row + max(1, layout.body_height) * layout.per_line) - 1
        top, left = self.pixel_of(min(first_row, layout.rows - 1), columns.start)
        bottom, right = self.pixel_of(last_row, max(columns.start, columns.stop - 1))
        return Frame(top, bottom, left, right)

    def line(self, number: int, columns: range, first_row: int, cursor: tuple[int, int]) -> list[Segment]:
        """Return one line of the map or of the text below it, after the gap."""
        gap = Segment(" " * _GAP, self._base)
        words = number - -(-self._rows // 2)
        if words >= 0:
            return [gap, Segment(self._words(words, columns, first_row), self._base)] if words < _WORDS else []
        frame = self.frame(columns, first_row)
        draw = self._pixels if self._palette.has_pixels else self._glyph
        return [gap, *(draw(2 * number, column, frame, self.pixel_of(*cursor)) for column in range(self.width))]

    def _words(self, number: int, columns: range, first_row: int) -> str:
        """Return the positions in view, such as `→ 12–38/256` or `↓ 0–40/256`."""
        layout = self._layout
        if number == 0:
            return f"→{columns.start}–{columns.stop - 1}"
        last = min(layout.rows, first_row + max(1, layout.body_height) * layout.per_line) - 1
        return f"↓{first_row}–{last}"

    def _pixels(self, row: int, column: int, frame: Frame, cursor: tuple[int, int]) -> Segment:
        upper, lower = (self._pixel(each, column, frame, cursor) for each in (row, row + 1))
        return Segment("▀", Style(color=upper, bgcolor=lower))

    def _pixel(self, row: int, column: int, frame: Frame, cursor: tuple[int, int]) -> Color | None:
        if row >= self._rows:
            return self._base.bgcolor
        if (row, column) == cursor:
            return self._cursor_pixel
        if frame.edge(row, column):
            return self._base.color
        level = self._levels[row][column]
        return self._palette.hidden_pixel if level == HIDDEN else self._ramp.levels[level].pixel

    def _glyph(self, row: int, column: int, frame: Frame, cursor: tuple[int, int]) -> Segment:
        rows = [each for each in (row, row + 1) if each < self._rows]
        if any((each, column) == cursor for each in rows):
            return Segment("◆", self._base)
        if any(frame.edge(each, column) for each in rows):
            return Segment("█", self._base)
        return Segment(HATCH if self._levels[rows[0]][column] == HIDDEN else "·", self._base)


def _pooled(numbers: Numbers, ramp: Ramp, rows: int, columns: int) -> list[list[int]]:
    """Return the palette level of each block's number with the largest magnitude; HIDDEN if it has no number."""
    seen = numbers.visible
    known = numbers.matrix if seen is None else numbers.matrix.masked_fill(~seen, 0.0)
    high, low = block_maxima(known, rows, columns), -block_maxima(-known, rows, columns)
    values = high.where(high >= -low, low).tolist()
    there = high.new_ones(rows, columns) if seen is None else block_maxima(seen.to(known.dtype), rows, columns)
    return [
        [ramp.level(x, numbers.limit) if s else HIDDEN for x, s in zip(line, known_line, strict=True)]
        for line, known_line in zip(values, there.tolist(), strict=True)
    ]


def block_maxima(matrix: "Tensor", rows: int, columns: int) -> "Tensor":
    """Return the largest number of each block, with the blocks of `torch.nn.functional.adaptive_max_pool2d`."""
    lines = matrix.new_empty(rows, matrix.shape[1])
    for i, block in enumerate(_blocks(matrix.shape[0], rows)):
        lines[i] = matrix[block].amax(0)
    maxima = matrix.new_empty(rows, columns)
    for j, block in enumerate(_blocks(matrix.shape[1], columns)):
        maxima[:, j] = lines[:, block].amax(1)
    return maxima


def _blocks(length: int, count: int) -> list[slice]:
    return [slice(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
