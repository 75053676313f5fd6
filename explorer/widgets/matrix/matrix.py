"""Matrix: one stage of one head as a heatmap of queries by keys, drawn line by line."""

from typing import TYPE_CHECKING, ClassVar

from rich.color import Color
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content as TextContent
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from explorer.core.formatting import fit, labels_of, widest
from explorer.view import Stage
from explorer.widgets.matrix.layout import MARKER, Content, Layout, Zoom, column_label, row_label
from explorer.widgets.matrix.minimap import Minimap
from explorer.widgets.matrix.paint import Numbers, Painter
from explorer.widgets.panels.lines import SCROLL_BINDINGS, Drawn, strip_of

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_CURSOR = {True: Color.parse("#ff5fd7"), False: Color.parse("#c2007a")}
"""The colour of the cursor in half blocks, for dark (True) and light themes; no palette has this hue."""

PADDING = 2
"""The most cells before a number, unless there is room to be more generous."""

_ZOOM_FROM = 50
"""The least width in cells at which the zoom is named beside the legend."""


class Matrix(Drawn, can_focus=True, inherit_bindings=False):
    """A heatmap of one stage, with a row for each query and a column for each key; labels do not scroll with the cells.

    Only the columns in view are built, and each row only once. Moving the query or key redraws just two rows.
    """

    HELP = """# The matrix

    All pairs at once: how much does each token (row) attend to each other one (column)? The four stages show how that
    number is made, score by score, and where scale and mask come in.

    Row i is query i, column j is key j. A click on a cell chooses both, a click on a label one of them. What a
    query may not see is hatched; rows after the current query are dim, as the model has not read them. The legend
    below gives the range of the colours. y copies the whole matrix.
    """

    TERMS: ClassVar[tuple[str, ...]] = (
        "query, key",
        "q·k, score",
        "×0.25, scale",
        "−∞, mask, ╱╱",
        "weight",
        "var",
        "entropy, bits",
        "mixed",
        "0 … 1, colours",
    )
    FOCUS_ON_CLICK = False
    is_pending: reactive[bool] = reactive(False)
    BINDINGS: ClassVar[list[BindingType]] = [
        *SCROLL_BINDINGS,
        Binding("left", "move(-1, 0)", "Previous query", show=False),
        Binding("right", "move(1, 0)", "Next query", show=False),
        Binding("up", "move(0, -1)", "Previous key", show=False),
        Binding("down", "move(0, 1)", "Next key", show=False),
    ]

    class TitleSelected(Message):
        """Posted when the title in the border is clicked."""

        def __init__(self, matrix: "Matrix") -> None:
            super().__init__()
            self.matrix = matrix

    class WidthChanged(Message):
        """Posted when the matrix has another width, on which the lines that it needs depend."""

    class CellSelected(Message):
        """Posted when a query or a key, or both, are chosen."""

        def __init__(self, matrix: "Matrix", query: int, key: int) -> None:
            super().__init__()
            self.matrix = matrix
            self.query = query
            self.key = key

        @property
        def control(self) -> "Matrix":
            """The matrix."""
            return self.matrix

    class CellHovered(Message):
        """Posted when the mouse moves to another cell, or leaves the cells: then query and key are None.

        `key` is the column, which at the mixed stage is a dimension.
        """

        def __init__(self, matrix: "Matrix", query: int | None, key: int | None) -> None:
            super().__init__()
            self.matrix = matrix
            self.query = query
            self.key = key

        @property
        def control(self) -> "Matrix":
            """The matrix."""
            return self.matrix

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._stage = Stage.WEIGHTS
        self._query = 0
        self._key = 0
        self._zoom: Zoom | None = None
        self._padding = PADDING
        self._without_first = False
        self._numbers: Numbers | None = None
        self._numbers_of: tuple[object, ...] = ()
        self.labels: tuple[str, ...] = ()
        self._label_width = 0
        self._painter: Painter | None = None
        self._map: Minimap | None = None
        self._drawn_in = Size(0, 0)
        self._width = 0
        self._measure = TextContent("")
        self._measure_shown = TextContent("")  # the measure as it is shown
        self._hovered: tuple[int | None, int | None] = (None, None)

    # What is shown

    def show(self, reading: "Reading", stage: Stage) -> None:
        """Draw a stage of a reading; if only its query or key has changed, redraw only their rows."""
        if stage is Stage.NEXT_TOKEN:
            raise ValueError("the next token is not a matrix: show scores, scaled, masked, weights or mixed")
        before = self.reading
        self.reading = reading
        self._stage = stage
        self.is_pending = reading.view.is_pending(stage)  # True while the row of the query counts as not computed yet
        if before is not None and (self._source(reading) == self._numbers_of or self._reload_unchanged()):
            self._move_cursor(reading.view.query, reading.view.key)
        else:
            self._query, self._key = reading.view.query, reading.view.key
            self.redraw()

    def _reload_unchanged(self) -> bool:
        """Load the numbers again. Return True if all cells are drawn as before, like the scores at another scale."""
        painter, labels = self._painter, self.labels
        self._numbers = None
        if painter is None or (numbers := self._load()) is None:
            return False
        if self.labels != labels or not numbers.is_drawn_like(painter.numbers):
            return False
        painter.numbers = numbers
        return True

    def _source(self, reading: "Reading") -> tuple[object, ...]:
        """Return a key that changes whenever the numbers may change; traces compare by identity."""
        return reading.as_set, reading.view.layer, reading.view.head, self._stage

    @property
    def zoom(self) -> Zoom | None:
        """The zoom chosen by the user; None for the automatic one."""
        return self._zoom

    @zoom.setter
    def zoom(self, zoom: Zoom | None) -> None:
        if zoom is not self._zoom:
            self._zoom = zoom
            self.redraw()

    @property
    def without_first(self) -> bool:
        """True if the colours leave out the first key, which takes most of the weight in many models."""
        return self._without_first

    @without_first.setter
    def without_first(self, without_first: bool) -> None:
        if without_first is not self._without_first:
            self._without_first = without_first
            self._numbers = None
            self.redraw()

    @property
    def padding(self) -> int:
        """The most cells before a number."""
        return self._padding

    @padding.setter
    def padding(self, padding: int) -> None:
        if padding != self._padding:
            self._padding = padding
            self.redraw()

    @property
    def zoom_in_use(self) -> Zoom:
        """The zoom that is drawn."""
        painter = self.painter
        return painter.layout.zoom if painter else (self._zoom or Zoom.NUMBERS)

    def next_zoom(self) -> Zoom | None:
        """Return the zoom to choose next: the other zooms from large to small, then None for the automatic one."""
        if self._numbers is None:
            return None
        automatic = self._layout(self._numbers, None).zoom
        order = [None, *(zoom for zoom in Zoom if zoom is not automatic)]
        if not self.palette.has_pixels and Zoom.HALF_BLOCKS in order:
            order.remove(Zoom.HALF_BLOCKS)  # without colours it looks the same as blocks
        place = order.index(self._zoom) if self._zoom in order else 0
        return order[(place + 1) % len(order)]

    @property
    def zoom_label(self) -> str:
        """The name of the zoom in use, as text for the screen."""
        return f"zoom {self.zoom_in_use.value}{', auto' if self._zoom is None else ''}"

    @property
    def stage(self) -> Stage:
        """The stage that is drawn."""
        return self._stage

    def set_measure(self, words: TextContent) -> None:
        """Show `words` about the whole matrix in the lower border, with the zoom if only a part is in view."""
        self._measure = words
        self._show_measure()

    def _show_measure(self) -> None:
        words, painter = self._measure, self._painter
        if painter and (self._zoom is not None or not painter.layout.fits):
            with_zoom = words + TextContent(f"{' · ' if words else ''}{painter.layout.zoom.value}")
            words = with_zoom if with_zoom.cell_length <= self.size.width - 2 else words
        if words != self._measure_shown:
            self._measure_shown = words
            self.border_subtitle = words or None

    def redraw(self) -> None:
        """Discard the painted rows and paint again; the numbers are kept."""
        self._painter = None
        if self.is_attached and self.size and (painter := self.painter):
            size = Size(*painter.layout.virtual_size)
            if self._measure:
                self._show_measure()
            if size != self.virtual_size:
                self.virtual_size = size
                self.call_after_refresh(self._keep_in_view)  # once the scrollbars are in place
            else:
                self._keep_in_view()
            self.refresh()

    def on_mount(self) -> None:
        """Draw what was given before the widget had a size."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout for the new size."""
        self.redraw()
        if event.size.width != self._width:
            self._width = event.size.width
            self.post_message(self.WidthChanged())

    def on_show(self, event: events.Show) -> None:
        """Draw what was given while the widget was hidden."""
        if self._painter is None:
            self.redraw()

    # Painting

    @property
    def painter(self) -> Painter | None:
        """The painter for the columns in view, remade if what it depends on has changed; None if nothing is shown."""
        whole, size, scrolled = self.room
        if not whole or (numbers := self._load()) is None:
            return None
        painter = self._painter
        painter = painter if self._drawn_in == size else None  # a scrollbar may have appeared or disappeared
        if painter is None or painter.columns != painter.layout.columns_in_view(scrolled.x):
            layout = painter.layout if painter else self._layout(numbers, self._zoom)
            columns = layout.columns_in_view(scrolled.x)
            pixel = _CURSOR[self.app.current_theme.dark]
            cursor = self.style_of("cursor")
            if painter is None:
                if self._drawn_in != size:
                    self.call_later(self._keep_in_view)  # there may be fewer lines now
                self._drawn_in = size
                map_of = numbers, layout, self.palette, self.base, pixel
                self._map = Minimap(*map_of) if layout.beside else None
            self._painter = Painter(numbers, layout, columns, self.palette, self.base, cursor, pixel)
        return self._painter

    def _load(self) -> Numbers | None:
        """Return the numbers of the reading, taken once along with its labels; None if there is no reading."""
        reading = self.reading
        if self._numbers is None and reading is not None:
            self._numbers = self._take_numbers(reading)
            self._numbers_of = self._source(reading)
            self.labels = self._take_labels(reading)
            self._label_width = widest(self.labels)
        return self._numbers

    def _take_numbers(self, reading: "Reading") -> Numbers:
        return Numbers.of(reading.stages, self._stage, self._without_first)

    def _take_labels(self, reading: "Reading") -> tuple[str, ...]:
        return labels_of(reading.encoding.tokens)

    def lines_in(self, height: int) -> int:
        """Return how many lines the rows would take at a height of `height` lines; before layout, one for each row."""
        if self._numbers is None or not self.size:
            return len(self.reading.encoding) if self.reading else 0
        room, content = (self.size.width, height), self._content(self._numbers)
        return content.in_room(self._zoom, room, room, self.palette.has_pixels, Minimap.gutter).lines

    def _layout(self, numbers: Numbers, zoom: Zoom | None) -> Layout:
        """Return the layout for a zoom, or for the automatic zoom if it is None."""
        size, beside_bars, _ = self.room
        return self._content(numbers).in_room(zoom, size, beside_bars, self.palette.has_pixels, Minimap.gutter)

    def _content(self, numbers: Numbers) -> Content:
        rows, columns = numbers.matrix.shape
        return Content(rows, columns, self._label_width, numbers.width, self._padding, numbers.least_width)

    def render_line(self, y: int) -> Strip:
        """Return a line of the widget: the column labels, one or two rows, or the legend."""
        painter = self.painter
        (width, _), _, scrolled = self.room
        base = self.base
        if painter is None:
            return Strip.blank(width, base)
        layout = painter.layout
        if y == 0:
            segments = self._header(painter)
        elif layout.legend and y == layout.height - 1:
            return self._legend(painter, width)
        else:
            row = (y - 1 + scrolled.y) * layout.per_line
            segments = self._row(painter, row) if row < layout.rows else []
        cells = layout.label + len(painter.columns) * layout.cell if segments else 0
        if self._map is None or not 0 < y <= self._map.lines:
            return strip_of(segments, width, base, cells)
        first = scrolled.y * layout.per_line
        cursor = self._query, self._key if self._has_keys else 0
        beside = self._map.line(y - 1, painter.columns, first, cursor)
        return strip_of([*strip_of(segments, layout.width, base, cells), *beside], width, base)

    def _legend(self, painter: Painter, width: int) -> Strip:
        """Return the legend of the colours and, if there is room, the name of the zoom."""
        words = f"  {self.zoom_label} " if width >= _ZOOM_FROM else ""
        room = width - len(words)
        legend = strip_of([Segment(" ", self.base), *painter.legend(room - 2)], room, self.base)
        return Strip([*legend, Segment(words, self.style_of("faint"))], width)

    def _row(self, painter: Painter, row: int) -> list[Segment]:
        layout = painter.layout
        rows = range(row, min(row + layout.per_line, layout.rows))
        body = painter.line(row, self._last_read, self.is_pending)
        if self._query in rows and self._key in painter.columns and self._has_keys and not self.is_pending:
            x = (self._key - painter.columns.start) * layout.cell
            strip = Strip(body)
            cursor = painter.cursor_cell(self._query, self._key)
            body = [*strip.crop(0, x), cursor, *strip.crop(x + layout.cell, strip.cell_length)]
        return [*self._with_sink(painter, self._row_label(layout, rows), rows), *body]

    def _with_sink(self, painter: Painter, label: Segment, rows: range) -> list[Segment]:
        """Return a row label; if the model has an attention sink, its last cell has the colour of the sink's weight."""
        if painter.numbers.sink is None or not label.text or (self.is_pending and self._query in rows):
            return [label]
        return [Segment(label.text[:-1], label.style), painter.sink_cell(rows.start, self._last_read)]

    @property
    def _last_read(self) -> int:
        """The last row that is not drawn dim."""
        return self._query

    def _column_name(self, column: int) -> str:
        return self.labels[column] if self._has_keys else str(column)

    @property
    def _has_keys(self) -> bool:
        return self._stage is not Stage.MIXED

    def _row_label(self, layout: Layout, rows: range) -> Segment:
        name = self.labels[self._query if (current := self._query in rows) else rows.start]
        part = "cursor" if current else "faint" if rows.start > self._last_read else "name"
        style = self.base if part == "name" else self.style_of(part)
        mark = "▶" if current else " "
        if layout.label <= MARKER:
            return Segment(mark.ljust(layout.label)[: layout.label], style)
        return Segment(fit(f"{mark} ", MARKER) + row_label(layout, name) + " ", style)

    def _header(self, painter: Painter) -> list[Segment]:
        """Return the labels of the columns in view; half blocks have a ruler of positions instead."""
        layout = painter.layout
        base, faint, chosen = self.base, self.style_of("faint"), self.style_of("cursor")
        has_sink = painter.numbers.sink is not None and layout.label > 0
        segments = [Segment(" " * (layout.label - 1) + "⌂" if has_sink else " " * layout.label, base)]
        visible = painter.numbers.visible
        seen = visible[self._query].tolist() if visible is not None and self._query < len(visible) else None
        for column in painter.columns:
            here = column == self._key and self._has_keys
            hidden = seen is not None and not seen[column]
            text = column_label(layout, self._column_name(column), column, here, painter.columns)
            segments.append(Segment(text, chosen if here else faint if hidden else base))
        return segments

    # The cursor

    def _move_cursor(self, query: int, key: int) -> None:
        old_query, old_key = self._query, self._key
        if (query, key) == (old_query, old_key):
            return
        self._query, self._key = query, key
        painter = self._painter
        if painter is None or not self.size:
            return
        if self._keep_in_view():
            return  # scrolling redraws everything in view
        low, high = sorted((old_query, query))
        first, last = low // painter.layout.per_line, high // painter.layout.per_line
        self.refresh(self._lines_region(first, last))
        if key != old_key or painter.numbers.visible is not None:
            self.refresh(Region(0, 0, self.size.width, 1))
        if self._map is not None:
            x = painter.layout.width
            for number in {self._map.pixel_of(row, 0)[0] // 2 for row in (low, high)}:
                self.refresh(Region(x, 1 + number, self._drawn_in.width - x, 1))

    def _lines_region(self, first: int, last: int) -> Region:
        return Region(0, 1 + first - self.scroll_offset.y, self.size.width, last - first + 1)

    def _keep_in_view(self) -> bool:
        """Scroll the cursor into view. Return True if that was necessary."""
        painter = self.painter
        if painter is None:
            return False
        x, y = self.scroll_offset
        column = self._key if self._has_keys else painter.columns.start
        wanted = painter.layout.scroll_for(self._query, column, x, y)
        if wanted == (x, y):
            return False
        self.scroll_to(*wanted, animate=False, force=True)  # force: the scrollbars may not be there yet
        return True

    # Keys and mouse

    def action_move(self, queries: int, keys: int) -> None:
        """Ask for the query and key at a distance from the present ones."""
        if self.reading is None:
            return
        count = len(self.reading.encoding.tokens)
        query = max(0, min(count - 1, self._query + queries))
        key = max(0, min(count - 1, self._key + keys))
        if (query, key) != (self._query, self._key):
            self.post_message(self.CellSelected(self, query, key))

    def cell_at(self, offset: Offset) -> tuple[int | None, int | None]:
        """Return the query and column at an offset in the content; a part that is not there, as on a label, is None.

        A column is a key, or at the mixed stage a dimension.
        """
        painter = self.painter
        if painter is None:
            return None, None
        layout = painter.layout
        row: int | None = (offset.y - 1 + self.scroll_offset.y) * layout.per_line
        if offset.y < 1 or offset.y > layout.body_height or row is None or row >= layout.rows:
            row = None
        column: int | None = painter.columns.start + (offset.x - layout.label) // layout.cell
        if offset.x < layout.label or column not in painter.columns:
            column = None
        in_legend = offset.y > layout.body_height
        return row, None if in_legend else column

    def on_click(self, event: events.Click) -> None:
        """Choose the cell below the mouse, or only the query or key of a label."""
        offset = event.get_content_offset(self)
        if offset is None:
            if event.y == 0 and self.border_title:
                self.post_message(self.TitleSelected(self))
            return
        query, key = self.cell_at(offset)
        key = key if self._has_keys else None
        if query is not None or key is not None:
            chosen = self._query if query is None else query, self._key if key is None else key
            self.post_message(self.CellSelected(self, *chosen))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Post a message if the mouse is over another cell than before."""
        offset = event.get_content_offset(self)
        query, key = (None, None) if offset is None else self.cell_at(offset)
        self._hover(*((query, key) if query is not None and key is not None else (None, None)))

    def on_leave(self, event: events.Leave) -> None:
        """Post a message that the mouse is no longer over a cell."""
        self._hover(None, None)

    def _hover(self, query: int | None, key: int | None) -> None:
        if (query, key) != self._hovered:
            self._hovered = query, key
            self.post_message(self.CellHovered(self, query, key))
