"""Where the cells of a matrix stand: zoom levels, the widths of cells and labels, what is in view."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from rich.cells import cell_len

from explorer.core.formatting import crop, fit


class Zoom(Enum):
    """How large a cell is drawn; the order is from large to small."""

    NUMBERS = "numbers"
    BLOCKS = "blocks"
    HALF_BLOCKS = "half blocks"


LONGEST_LABEL = 12
SHORTEST_LABEL = 4
NARROW_LABEL = 2
"""Cells of a label beside the narrowest blocks: two letters there rather than no blocks."""

MARKER = 2
"""Cells before a row's label, for ▶ at the current query."""

LEGEND_FROM = 5
"""Lines from which on the last one is a legend."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to draw `rows` × `columns` cells in a width and height given in terminal cells.

    The first line holds the labels of columns, the last one the legend. `label` is the width of row labels with marker
    and gap, `cell` that of a column; a line holds `per_line` rows.
    """

    zoom: Zoom
    width: int
    height: int
    rows: int
    columns: int
    label: int
    cell: int
    beside: int = 0  # to its right, for a minimap

    @property
    def per_line(self) -> int:
        """Rows on one line."""
        return 2 if self.zoom is Zoom.HALF_BLOCKS else 1

    @property
    def legend(self) -> int:
        """Lines of the legend; where numbers are written, the last of them needs its line more."""
        taken = self.zoom is Zoom.NUMBERS and self.lines == self.height - 1
        return 1 if self.height >= LEGEND_FROM and not taken else 0

    @property
    def body_width(self) -> int:
        """Cells for the columns."""
        return max(0, self.width - self.label)

    @property
    def body_height(self) -> int:
        """Lines for the rows."""
        return max(0, self.height - 1 - self.legend)

    @property
    def lines(self) -> int:
        """Lines that all rows take."""
        return -(-self.rows // self.per_line)

    @property
    def virtual_size(self) -> tuple[int, int]:
        """Width and height without scrolling."""
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
        """The columns that are wholly in view."""
        first = min(-(-scroll_x // self.cell), max(0, self.columns - 1))
        return range(first, min(self.columns, first + max(1, self.body_width // self.cell)))

    def scroll_for(self, row: int, column: int, scroll_x: int, scroll_y: int) -> tuple[int, int]:
        """The scroll position nearest to the one given at which the cell is in view."""
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
    """What a layout has to make room for."""

    rows: int
    columns: int
    label: int  # the widest row label, in cells
    number: int  # the widest number, in cells
    padding: int = 2  # the most cells before it; more than 2 only where no label is cut for them

    def at(self, zoom: Zoom, cell: int, width: int, height: int) -> Layout:
        """A layout with cells of one width, its labels as wide as there is room beside them."""
        longest = min(self.label, LONGEST_LABEL)
        room = width - self.columns * cell - MARKER - 1
        shortest = NARROW_LABEL if (zoom, cell) == (Zoom.BLOCKS, 2) else SHORTEST_LABEL
        label = min(longest, max(room, min(longest, shortest)))
        if room < label:
            # Half blocks rather go without labels than scroll; the others have to scroll anyway.
            bare = zoom is Zoom.HALF_BLOCKS and self.columns * cell < width
            label = 0 if bare else min(longest, max(0, width // 4 - MARKER - 1))
        label += MARKER + 1 if label else 1
        return Layout(zoom, width, height, self.rows, self.columns, min(label, max(0, width - 1)), cell)

    def automatic(self, width: int, height: int) -> Zoom:
        """The largest zoom at which the whole matrix is in view, or else at least half of its rows.

        Half blocks are for a shape too large to be read: they have neither numbers nor a label a row.
        """
        large = [*self._widths(Zoom.NUMBERS), *self._widths(Zoom.BLOCKS)]
        whole = (zoom for zoom, cell in large if self.at(zoom, cell, width, height).fits)
        beside_bar = (z for z, cell in large if cell > 1 and self.at(z, cell, width - 1, height).readable)
        return next(whole, None) or next(beside_bar, Zoom.HALF_BLOCKS)

    def in_room(
        self,
        zoom: Zoom | None,
        size: tuple[int, int],
        beside_bars: tuple[int, int],
        has_pixels: bool,
        gutter: Callable[[int, int], int],
    ) -> Layout:
        """The layout of a zoom, None for the automatic one, in a size and what scrollbars leave of it now.

        It is chosen as if there were no scrollbars, since they come and go with it. What does not fit leaves room for
        a minimap, unless only that would cut columns off.
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
        """The layout of a zoom, its cells as wide as all columns have room for."""
        layouts = [self.at(each, cell, width, height) for each, cell in self._widths(zoom, has_pixels)]
        otherwise = layouts[1] if zoom is Zoom.BLOCKS else layouts[-1]  # wide enough to see, even if that scrolls
        return next((layout for layout in layouts if layout.across and not self._is_wasteful(layout)), otherwise)

    def _is_wasteful(self, layout: Layout) -> bool:
        """Return True if numbers have more room than they need, and labels less."""
        whole = min(self.label, LONGEST_LABEL) + MARKER + 1
        return layout.zoom is Zoom.NUMBERS and layout.cell > self.number + 2 and layout.label < whole

    def _widths(self, zoom: Zoom, has_pixels: bool = True) -> list[tuple[Zoom, int]]:
        """The widths of a cell, the widest first. Half blocks need colours: without them cells are a line high."""
        if zoom is Zoom.NUMBERS:
            return [(zoom, cell) for cell in range(self.number + self.padding, self.number, -1)]
        if zoom is Zoom.BLOCKS:
            return [(zoom, 3), (zoom, 2), (zoom, 1)]
        return [(zoom if has_pixels else Zoom.BLOCKS, 1)]


def row_label(layout: Layout, name: str) -> str:
    """The label of a row in exactly its cells; of two no part is given to the mark of what is cut."""
    room = layout.label - MARKER - 1
    return fit(name, room) if room > NARROW_LABEL else crop(name, room)


def column_label(layout: Layout, name: str, column: int, chosen: bool) -> str:
    """The label of a column in exactly its cells; a ruler of positions where a column is too narrow for one."""
    if layout.zoom is Zoom.HALF_BLOCKS:
        start = column - column % 10
        return "▼" if chosen else str(start).ljust(10)[column - start]
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
