"""HeadMap: how peaked every head is, layers down and heads across, unscaled beside scaled."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from explorer.core.formatting import fit, significant, weight
from explorer.core.gallery import Gallery
from explorer.widgets.heads.layout import rows_of
from explorer.widgets.heads.tiles import HeadTiles
from model.settings import Head

if TYPE_CHECKING:
    from model.head_pictures import HeadPeakedness, MeanPeakedness


class Measure(Enum):
    """A measure of the map, a mean over the queries of a head; the value is its name on the screen."""

    EFFECTIVE_KEYS = "effective keys"
    MAX_WEIGHT = "largest weight"
    ENTROPY_BITS = "entropy in bits"

    def of(self, measures: "MeanPeakedness") -> float:
        """Return the number of this measure."""
        return {
            Measure.EFFECTIVE_KEYS: measures.effective_keys,
            Measure.MAX_WEIGHT: measures.max_weight,
            Measure.ENTROPY_BITS: measures.entropy_bits,
        }[self]

    def written(self, x: float) -> str:
        """Format a number in at most four cells, usually three."""
        if self is Measure.MAX_WEIGHT:
            return weight(x)
        return f"{x:.1f}" if x < 9.95 else f"{x:.0f}"

    def peaked(self, x: float, positions: int) -> float:
        """Return how peaked a value is, from 0 for uniform weights to 1 for a single key, by the logarithm of keys."""
        if self is Measure.MAX_WEIGHT:
            return x
        bits = x if self is Measure.ENTROPY_BITS else math.log2(max(1.0, x))
        return 1.0 - bits / math.log2(positions) if positions > 1 else 1.0

    def ends(self, positions: int) -> tuple[str, str]:
        """Return what the ends of the palette stand for, the least peaked first."""
        least, most = {
            Measure.EFFECTIVE_KEYS: (f"{positions:,} keys", "1 key"),
            Measure.MAX_WEIGHT: ("0", "1"),
            Measure.ENTROPY_BITS: (f"{math.log2(positions):.1f} bits", "0 bits"),
        }[self]
        return least, most


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    pick: "Callable[[HeadPeakedness], MeanPeakedness]"


@dataclass(frozen=True, slots=True)
class MapLayout:
    """The layout of the tables: widths of cells and row labels, cells on a line, and tables side by side."""

    label: int
    cell: int
    columns: int
    abreast: int

    @property
    def width(self) -> int:
        """The width of a table."""
        return self.label + self.cell * self.columns


_GAP = 3
_ABOVE = 2
"""Lines above the cells: the title and the numbers of heads."""


def map_layout(n_layer: int, n_head: int, tables: int, width: int) -> MapLayout:
    """Place tables side by side if they fit; if not even one does, let a layer take several lines."""
    plain = len(f"L{n_layer - 1}") + 1
    for abreast in range(tables, 0, -1):
        for cell in (6, 5, 4):
            if abreast * (plain + n_head * cell + _GAP) - _GAP <= width:
                return MapLayout(plain, cell, n_head, abreast)
    label = len(f"L{n_layer - 1} H{n_head - 1}") + 1
    room = max(1, (width - label) // 4)
    return MapLayout(label, 4, -(-n_head // -(-n_head // room)), 1)


class HeadMap(HeadTiles, can_focus=False, inherit_bindings=False):
    """Shows numbers on the colours of the sequential palette; the further from the background, the more peaked."""

    DEFAULT_CSS = """
    HeadMap { overflow-x: hidden; }
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.measure = Measure.EFFECTIVE_KEYS
        self._layout = MapLayout(0, 1, 1, 1)
        self._tables: list[_Table] = []

    def show(self, gallery: Gallery, measure: Measure) -> None:
        """Draw a gallery."""
        self.gallery, self.measure = gallery, measure
        self.redraw()

    def lay_out(self) -> Size:
        """Choose the width of cells, and how many tables stand side by side."""
        gallery = self.gallery
        assert gallery is not None  # see redraw
        shape = gallery.reading.shape
        self._tables = _tables(gallery)
        width = self.scrollable_content_region.width
        self._layout = map_layout(shape.n_layer, shape.n_head, len(self._tables), width)
        self.set_rows(rows_of(gallery.heads, self._layout.columns, True))
        bands = -(-len(self._tables) // self._layout.abreast)
        return Size(width, bands * self._band - 1)

    def update(self, heads: list[Head]) -> None:
        """Redraw heads whose peakedness has been computed."""
        self.refresh()

    @property
    def _band(self) -> int:
        """The number of lines of a table, with an empty one below it."""
        return _ABOVE + len(self.rows) + 1

    def places(self, head: Head) -> list[Region]:
        """Return the cell of a head in each table."""
        layout = self._layout
        row, column = self.row_of(head)
        regions = []
        for i in range(len(self._tables)):
            band, beside = divmod(i, layout.abreast)
            x = beside * (layout.width + _GAP) + layout.label + column * layout.cell
            regions.append(Region(x, band * self._band + _ABOVE + row, layout.cell, 1))
        return regions

    # Painting

    def render_line(self, y: int) -> Strip:
        """Draw a line of titles, head numbers, or cells."""
        base, layout = self.base, self._layout
        band, line = divmod(y + self.scroll_offset.y, self._band)
        segments: list[Segment] = []
        for table in self._tables[band * layout.abreast : (band + 1) * layout.abreast]:
            if line == 0:
                segments.append(Segment(fit(table.title, layout.width), self.style_of("label")))
            elif line == 1:
                segments.append(Segment(self._head_numbers(), self.style_of("faint")))
            elif line < _ABOVE + len(self.rows):
                segments += self._cells(table, line - _ABOVE)
            segments.append(Segment(" " * _GAP, base))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _head_numbers(self) -> str:
        layout = self._layout
        names = (f"H{i}" if self._whole_layers else f"+{i}" for i in range(layout.columns))
        return " " * layout.label + "".join(name.rjust(layout.cell - 1) + " " for name in names)

    @property
    def _whole_layers(self) -> bool:
        """True if every row is a layer."""
        assert self.gallery is not None  # there are tables
        return self._layout.columns == self.gallery.reading.shape.n_head

    def _cells(self, table: _Table, row: int) -> list[Segment]:
        heads, layout = self.rows[row], self._layout
        layer, first = heads[0]
        name = f"L{layer}" if self._whole_layers else f"L{layer} H{first}"
        segments = [Segment(fit(name, layout.label), self.style_of("faint"))]
        segments += [self._cell(table, head) for head in heads]
        return [*segments, Segment(" " * (layout.width - layout.label - layout.cell * len(heads)), self.base)]

    def _cell(self, table: _Table, head: Head) -> Segment:
        gallery, width = self.gallery, self._layout.cell
        assert gallery is not None  # there are tables
        measures = gallery.peakedness(head)
        chosen = head == self.chosen
        if measures is None:
            text, style = fit("·", width - 1, "right") + " ", self.style_of("faint")
        else:
            x = self.measure.of(table.pick(measures))
            text, style = self.written(x, width, len(gallery.reading.encoding))
        if chosen:
            # The mark never replaces a digit: a cell has room on at least one side.
            text = "▸" + text[1:] if text.startswith(" ") else text[:-1] + "◂"
            style = self.style_of("cursor")
        return Segment(text, style)

    def written(self, x: float, width: int, positions: int) -> tuple[str, Style]:
        """Draw a number on its colour, or beside a shade if there are no colours."""
        ramp = self.palette.sequential
        share = max(0.0, min(1.0, self.measure.peaked(x, positions)))
        level = ramp.levels[round(share * (len(ramp.levels) - 1))]
        digits = self.measure.written(x)
        if level.pixel is not None:
            return digits.rjust(width - 1) + " " if len(digits) < width else digits, level.style
        return digits.rjust(width - 1) + level.glyph if len(digits) < width else digits, self.base + level.style

    def legend(self, cells: int) -> list[tuple[str, Style]]:
        """Return the palette with what its ends stand for, with at most `cells` cells of colour."""
        assert self.gallery is not None  # what has a legend is shown
        least, most = self.measure.ends(len(self.gallery.reading.encoding))
        return [(f"{least} ", self.base), *self.ramp(0.0, 1.0, cells), (f" {most}", self.base)]


def _tables(gallery: Gallery) -> list[_Table]:
    """Return the tables: unscaled, scaled as trained, and as set if a scale is changed."""
    reading = gallery.reading
    scales = {reading.shape.scale(layer) for layer in range(reading.shape.n_layer)}
    trained = f" ×{significant(scales.pop(), 4)}" if len(scales) == 1 else ""
    tables = [
        _Table("unscaled ×1", lambda measures: measures.unscaled),
        _Table(f"scaled{trained} as trained", lambda measures: measures.scaled),
    ]
    if reading.view.scale is not None:
        tables.append(_Table("as set now", lambda measures: measures.as_set))
    return tables
