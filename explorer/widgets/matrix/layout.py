"""The layout of a matrix: zoom levels, the widths of cells and labels, and which cells are in view."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from rich.cells import cell_len

from explorer.core.formatting import crop, fit


class Zoom(Enum):
    """How large each cell of a matrix is drawn, from the largest to the smallest."""

    NUMBERS = "numbers"
    BLOCKS = "blocks"
    HALF_BLOCKS = "half blocks"


LONGEST_LABEL = 12
SHORTEST_LABEL = 4
NARROW_LABEL = 2
"""The width in cells of a row label when blocks would not fit beside a longer one."""

MARKER = 2
"""The width in cells of the marker before a row label: ▶ at the current query."""

LEGEND_FROM = 5
"""The least height in lines at which the last line is a legend."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to draw `rows` × `columns` cells in a width and height given in terminal cells.

    The first line holds the column labels, the last one the legend. `label` is the width of a row label including its
    marker and a gap, `cell` the width of a column; each line of the terminal shows `per_line` rows.
    """

    zoom: Zoom
    width: int
    height: int
    rows: int
    columns: int
    label: int
    cell: int
    beside: int = 0  # the width to the right that is reserved for a minimap

    @property
    def per_line(self) -> int:
        """The number of matrix rows on one line of the terminal."""
        return 2 if self.zoom is Zoom.HALF_BLOCKS else 1

    @property
    def legend(self) -> int:
        """The number of lines of the legend: 1, or 0 if there is little room or the last row of numbers needs it."""
        taken = self.zoom is Zoom.NUMBERS and self.lines == self.height - 1
        return 1 if self.height >= LEGEND_FROM and not taken else 0

    @property
    def body_width(self) -> int:
        """The width in cells that is left for the columns."""
        return max(0, self.width - self.label)

    @property
    def body_height(self) -> int:
        """The height in lines that is left for the rows."""
        return max(0, self.height - 1 - self.legend)

    @property
    def lines(self) -> int:
        """The number of lines that all rows take."""
        return -(-self.rows // self.per_line)

    @property
    def virtual_size(self) -> tuple[int, int]:
        """The width and height of everything, including what is scrolled out of view."""
        return self.label + self.columns * self.cell + self.beside, 1 + self.lines + self.legend

    @property
    def fits(self) -> bool:
        """True if everything is in view at once."""
        return self.across and self.lines <= self.body_height

    @property
    def across(self) -> bool:
        """True if all columns are in view at once."""
        return self.columns * self.cell <= self.body_width

    @property
    def readable(self) -> bool:
        """True if all columns and at least half of the rows are in view."""
        return self.across and self.lines <= 2 * self.body_height

    def columns_in_view(self, scroll_x: int) -> range:
        """Return the columns that are completely in view."""
        first = min(-(-scroll_x // self.cell), max(0, self.columns - 1))
        return range(first, min(self.columns, first + max(1, self.body_width // self.cell)))

    def scroll_for(self, row: int, column: int, scroll_x: int, scroll_y: int) -> tuple[int, int]:
        """Return the scroll position nearest to the given one at which the cell is in view."""
        shown = self.columns_in_view(scroll_x)
        if column < shown.start:
            scroll_x = column * self.cell
        elif column >= shown.stop:
            scroll_x = max(0, column + 1 - max(1, self.body_width // self.cell)) * self.cell
        line = row // self.per_line
        if line < scroll_y:
            scroll_y = line
        elif line >= scroll_y + self.body_height:
            scroll_y = max(0, line + 1 - max(1, self.body_height))
        return scroll_x, scroll_y


@dataclass(frozen=True, slots=True)
class Content:
    """The sizes that a layout has to make room for."""

    rows: int
    columns: int
    label: int  # the widest row label, in cells
    number: int  # the widest number, in cells
    padding: int = 2  # the most cells before a number; more than 2 only if no label is cut for them
    least: int | None = None  # the widest number with one decimal fewer, which is better than none

    def at(self, zoom: Zoom, cell: int, width: int, height: int) -> Layout:
        """Return the layout with columns of `cell` cells and row labels as wide as the remaining room."""
        longest = min(self.label, LONGEST_LABEL)
        room = width - self.columns * cell - MARKER - 1
        shortest = NARROW_LABEL if (zoom, cell) == (Zoom.BLOCKS, 2) else SHORTEST_LABEL
        label = min(longest, max(room, min(longest, shortest)))
        if room < label:
            # Half blocks drop their labels to avoid scrolling; at the other zooms the matrix has to scroll anyway.
            bare = zoom is Zoom.HALF_BLOCKS and self.columns * cell < width
            label = 0 if bare else min(longest, max(0, width // 4 - MARKER - 1))
        label += MARKER + 1 if label else 1
        return Layout(zoom, width, height, self.rows, self.columns, min(label, max(0, width - 1)), cell)

    def automatic(self, width: int, height: int) -> Zoom:
        """Return the largest zoom at which the whole matrix, or else at least half of its rows, is in view.

        Numbers give up a decimal only for the whole matrix. Half blocks are left for matrices that are too large to
        read: they have no numbers, and one label for two rows.
        """
        numbers, blocks = self._widths(Zoom.NUMBERS), self._widths(Zoom.BLOCKS)
        large = [*numbers, *self._brief_widths, *blocks]
        whole = (zoom for zoom, cell in large if self.at(zoom, cell, width, height).fits)
        large = [*numbers, *blocks]
        beside_bar = (z for z, cell in large if cell > 1 and self.at(z, cell, width - 1, height).readable)
        return next(whole, None) or next(beside_bar, Zoom.HALF_BLOCKS)

    @lru_cache(maxsize=64)  # noqa: B019  (self is a few numbers)
    def in_room(
        self,
        zoom: Zoom | None,
        size: tuple[int, int],
        beside_bars: tuple[int, int],
        has_pixels: bool,
        gutter: Callable[[int, int], int],
    ) -> Layout:
        """Return the layout for a zoom, or for the automatic zoom if it is None.

        The zoom is chosen for the whole `size`, as scrollbars appear and disappear with the layout; `beside_bars` is
        the size without the present scrollbars. A matrix that does not fit gets a minimap from `gutter`, unless its
        columns are all in view only without one.
        """
        zoom = zoom or self.automatic(*size)
        layout = self.layout(zoom, *size, has_pixels)
        if layout.fits:
            return layout
        width = min(beside_bars[0], size[0] - (layout.lines > layout.body_height))
        height = min(beside_bars[1], size[1] - (not layout.across))
        layout = self.layout(zoom, width, height, has_pixels)
        beside = gutter(width, height)
        beside_map = self.layout(zoom, width - beside, height, has_pixels)
        return replace(beside_map, beside=beside) if beside_map.across or not layout.across else layout

    def layout(self, zoom: Zoom, width: int, height: int, has_pixels: bool) -> Layout:
        """Return the layout for a zoom with the widest cells at which all columns are in view."""
        layouts = [self.at(each, cell, width, height) for each, cell in self._widths(zoom, has_pixels)]
        otherwise = layouts[1] if zoom is Zoom.BLOCKS else layouts[-1]  # wide enough to see, even if it scrolls
        if zoom is Zoom.NUMBERS:
            layouts += [self.at(each, cell, width, height) for each, cell in self._brief_widths]
        return next((layout for layout in layouts if layout.across and not self._is_wasteful(layout)), otherwise)

    def _is_wasteful(self, layout: Layout) -> bool:
        """Return True if numbers have more room than they need while labels are cut."""
        whole = min(self.label, LONGEST_LABEL) + MARKER + 1
        return layout.zoom is Zoom.NUMBERS and layout.cell > self.number + 2 and layout.label < whole

    def _widths(self, zoom: Zoom, has_pixels: bool = True) -> list[tuple[Zoom, int]]:
        """Return the zoom and cell widths to try, widest first; without colours, half blocks become whole blocks."""
        if zoom is Zoom.NUMBERS:
            return [(zoom, cell) for cell in range(self.number + self.padding, self.number, -1)]
        if zoom is Zoom.BLOCKS:
            return [(zoom, 3), (zoom, 2), (zoom, 1)]
        return [(zoom if has_pixels else Zoom.BLOCKS, 1)]

    @property
    def _brief_widths(self) -> list[tuple[Zoom, int]]:
        """The cell widths for numbers with one decimal fewer, widest first; none if that saves no room."""
        least = self.number if self.least is None else self.least
        return [(Zoom.NUMBERS, cell) for cell in range(self.number, least, -1)]


def row_label(layout: Layout, name: str) -> str:
    """Return the label of a row, padded or cut to its width; only a label wider than two cells ends in … when cut."""
    room = layout.label - MARKER - 1
    return fit(name, room) if room > NARROW_LABEL else crop(name, room)


def column_label(layout: Layout, name: str, column: int, chosen: bool, shown: range) -> str:
    """Return the label of a column, padded or cut to its width; half blocks have a ruler of positions instead.

    Of the ruler, positions are left out whose digits are not all in the columns that are `shown`: 200 is not 00.
    """
    if layout.zoom is Zoom.HALF_BLOCKS:
        start = column - column % 10
        position = str(start)
        is_whole = start in shown and start + len(position) - 1 in shown
        return "▼" if chosen else position.ljust(10)[column - start] if is_whole else " "
    if layout.zoom is Zoom.NUMBERS:
        width = layout.cell - 1
        if width > 5:
            return " " + fit(name, width, "right")
        cropped = crop(name, width)
        bare = cropped.rstrip()
        return " " * (1 + cell_len(cropped) - cell_len(bare)) + bare
    if layout.cell == 1:
        return crop(name, 1)
    return crop(name, layout.cell - 1) + " "
