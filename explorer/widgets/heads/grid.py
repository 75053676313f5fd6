"""HeadGrid: every head as a small picture of its weights, all drawn by one widget."""

from itertools import groupby

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from explorer.core.formatting import fit, fixed, significant, weight
from explorer.core.gallery import Gallery, Measured, Sort
from explorer.core.head_kinds import HEAD_KINDS, SHORT_KINDS, named_score
from explorer.widgets.heads.layout import GridLayout, grid_layout, rows_of
from explorer.widgets.heads.tiles import HeadTiles
from explorer.widgets.matrix.paint import HIDDEN, NOTHING, Cells, cells_of
from explorer.widgets.palette import HATCH
from model.settings import Head

_VALUE = 4
"""Cells of a score, of an effective number of keys, or of a name, beside the position of a head."""


class HeadGrid(HeadTiles, can_focus=False, inherit_bindings=False):
    """Pictures of queries (down) by keys (across), as large as the terminal and the number of heads allow.

    A pixel is the weight of one query on one key, or if that is too fine, the total weight on a block of keys, averaged
    over a block of queries. Pictures that are not computed yet are left empty; `block` says which are needed.
    """

    DEFAULT_CSS = """
    HeadGrid { overflow-x: hidden; }
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.sort = Sort.POSITION
        self._larger = 0
        self._measured = Measured(None, {}, False)
        self._layout: GridLayout | None = None
        self._drawn: dict[Head, list[list[Segment]]] = {}

    def show(self, gallery: Gallery, sort: Sort, measured: Measured, larger: int = 0) -> None:
        """Draw a gallery in an order, with pictures `larger` sizes above the one that suits the terminal."""
        self.gallery, self.sort, self._measured, self._larger = gallery, sort, measured, larger
        self.redraw()

    @property
    def layout_in_use(self) -> GridLayout | None:
        """The current layout; None before the widget has a size."""
        return self._layout

    @property
    def block(self) -> int | None:
        """The number of queries, and of keys, that a pixel stands for; None before the widget has a size."""
        return self._layout.picture.block if self._layout else None

    @property
    def heads_in_view(self) -> list[Head]:
        """The heads in view."""
        view = Region(0, self.scroll_offset.y, self.size.width, self.size.height)
        return [head for row in self.rows for head in row if self.places(head)[0].overlaps(view)]

    def lay_out(self) -> Size:
        """Choose the size of the pictures, and arrange the heads in order."""
        gallery = self.gallery
        assert gallery is not None  # see redraw
        self._drawn.clear()
        shape = gallery.reading.shape
        size = self.scrollable_content_region.size
        sizes = (len(gallery.reading.encoding), shape.n_layer, shape.n_head, size.width, size.height)
        has_pixels = self.palette.has_pixels
        by_layer = self.sort is Sort.POSITION
        layout = grid_layout(
            *sizes, has_pixels=has_pixels, by_layer=by_layer, larger=self._larger, value=0 if by_layer else _VALUE
        )
        self._layout = layout
        self.set_rows(rows_of(gallery.order(self.sort, self._measured), layout.columns, layout.by_layer))
        lines = len(self.rows) * layout.lines
        # Where it scrolls, the last row may stand above empty lines, so that the row at the top is not cut.
        return Size(size.width, lines + (size.height % layout.lines if lines > size.height else 0))

    def update(self, heads: list[Head]) -> None:
        """Redraw heads whose pictures have been computed."""
        if self._layout is None or not self.rows:
            return
        for head in heads:
            self._drawn.pop(head, None)
            self.refresh(self.places(head)[0].translate(-self.scroll_offset))

    def places(self, head: Head) -> list[Region]:
        """Return the region of the tile, label included."""
        layout = self._layout
        assert layout is not None  # made with the rows
        row, column = self.row_of(head)
        return [Region(column * layout.step, row * layout.lines, layout.tile, layout.lines)]

    def legend(self, cells: int) -> list[tuple[str, Style]]:
        """Return the palette from 0 to 1 in about `cells` cells; half of its levels are below .25."""
        half = cells // 2
        parts = [("0 ", self.base), *self.ramp(0.0, 0.5, half), (" .25 ", self.base), *self.ramp(0.5, 1.0, half)]
        return [*parts, (" 1", self.base)]

    # Painting

    def render_line(self, y: int) -> Strip:
        """Draw a line of labels or of pictures."""
        layout, base = self._layout, self.base
        row, line = divmod(y + self.scroll_offset.y, layout.lines) if layout else (0, 0)
        if layout is None or row >= len(self.rows):
            return Strip.blank(self.size.width, base)
        segments: list[Segment] = []
        for head in self.rows[row]:
            segments += [self._label(head, layout)] if line == 0 else self._picture(head, layout)[line - 1]
            segments.append(Segment(" ", base))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _label(self, head: Head, layout: GridLayout) -> Segment:
        gallery = self.gallery
        assert gallery is not None  # there is a layout
        chosen = head == self.chosen
        ablated, changed = head in gallery.reading.view.ablated, head in gallery.changed
        last = gallery.heads[-1]
        mark = "×" if ablated else "*" if changed else ""
        room = 0 if self.sort is Sort.POSITION else _VALUE + 1
        longest = len(f"▶L{last[0]} H{last[1]}") + bool(gallery.changed) + room
        name = f"L{head[0]} H{head[1]}" if longest <= layout.tile else f"{head[0]}.{head[1]}"
        text = ("▶" if chosen else " ") + name + mark
        value = next((each for each in self._values(head) if len(text) + 1 + len(each) <= layout.tile), "")
        text += value.rjust(layout.tile - len(text))
        part = "cursor" if chosen else "warning" if changed else "label"
        return Segment(fit(text, layout.tile), self.style_of(part))

    def _values(self, head: Head) -> tuple[str, ...]:
        """Return the number by which a head is sorted, otherwise what it is called: the long wording first."""
        if self.sort is Sort.PEAKEDNESS:
            found = self.gallery.peakedness(head) if self.gallery is not None else None
            return (significant(found.as_set.effective_keys, 2),) if found is not None else ()
        scores = self._measured.scores
        if self.sort is Sort.COST:
            cost = self._measured.costs.get(head)
            return (_short_rise(cost.text),) if cost is not None else ()
        if self.sort.score is not None:
            return (weight(scores.of(*head)[self.sort.score].value),) if scores is not None else ()
        named = named_score(scores, *head)
        return (HEAD_KINDS[named[0]], SHORT_KINDS[named[0]]) if named is not None else ()

    def _picture(self, head: Head, layout: GridLayout) -> list[list[Segment]]:
        """Return the lines of a picture, as wide as its tile."""
        if head not in self._drawn:
            found = self.gallery.picture(head, layout.picture.block) if self.gallery else None
            if found is None:
                blank = Segment(fit(" ·", layout.tile), self.style_of("faint"))
                self._drawn[head] = [[blank]] * layout.picture.height
            else:
                levels = self._cells.ramp.levels_of(found.blocks, 1.0).masked_fill(found.blocks < 0, HIDDEN).tolist()
                pad = Segment(" " * (layout.tile - layout.picture.width), self.base)
                paint = self._pixels if self.palette.has_pixels else self._glyphs
                self._drawn[head] = [[*line, pad] for line in paint(levels, layout)]
        return self._drawn[head]

    @property
    def _cells(self) -> Cells:
        return cells_of(self.palette, True, self.base)

    def _pixels(self, levels: list[list[int]], layout: GridLayout) -> list[list[Segment]]:
        """Return the lines of a picture with two rows of pixels each, as half blocks."""
        size, pair = layout.picture, self._cells.pair
        rows = [levels[row] for row in size.rows] + [[NOTHING] * size.pixels] * (size.halves % 2)
        lines = []
        for upper, lower in zip(rows[::2], rows[1::2], strict=True):
            pixels = [pair(*both, False, False) for both in zip(upper, lower, strict=True)]
            lines.append(_merged(pixels, size.columns))
        return lines

    def _glyphs(self, levels: list[list[int]], layout: GridLayout) -> list[list[Segment]]:
        """Return the lines of a picture with one or more lines for each row of pixels, as shades."""
        size, cells = layout.picture, self._cells

        def shade(level: int) -> Segment:
            glyph = HATCH if level == HIDDEN else cells.ramp.levels[level].glyph
            return Segment(glyph, cells.style(level, False))

        lines = [_merged([shade(level) for level in row], size.columns) for row in levels]
        return [lines[row] for row in size.rows[::2]]


def _short_rise(x: float) -> str:
    """Return a change of a loss in at most _VALUE cells: `.031`, `5.32`, `−.02`, `12.3`."""
    text = next((text for digits in (3, 2, 1) if len(text := fixed(x, digits).replace("0.", ".", 1)) <= _VALUE), "")
    return text or fixed(x, 0)


def _merged(pixels: list[Segment], columns: list[int]) -> list[Segment]:
    """Return a line of cells, each in the look of the pixel of its column; equal neighbours are one segment."""
    runs = groupby(pixels[column] for column in columns)
    return [Segment(pixel.text * len(list(run)), pixel.style) for pixel, run in runs]
