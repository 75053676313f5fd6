"""HeadTiles: the base of the widgets that draw all heads, with a chosen head, the mouse, and scrolling."""

from abc import abstractmethod

from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message

from explorer.core.gallery import Gallery
from explorer.widgets.panels.lines import Drawn
from model.settings import Head


class HeadTiles(Drawn, can_focus=False, inherit_bindings=False):
    """All heads in rows. The screen handles keys and calls `choose`; clicks are posted to it as messages."""

    class Chosen(Message):
        """Posted when a head is clicked; `opened` is True for the second click of a double click."""

        def __init__(self, head: Head, opened: bool) -> None:
            super().__init__()
            self.head = head
            self.opened = opened

    class Hovered(Message):
        """Posted when the mouse moves onto a head, or off the heads: then `head` is None."""

        def __init__(self, head: Head | None) -> None:
            super().__init__()
            self.head = head

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.gallery: Gallery | None = None
        self.chosen: Head = (0, 0)
        self.rows: list[list[Head]] = []
        self._row_of: dict[Head, tuple[int, int]] = {}
        self._hovered: Head | None = None

    # Geometry

    @abstractmethod
    def lay_out(self) -> Size:
        """Arrange the heads in rows for the current size, and return the size of the whole."""

    @abstractmethod
    def places(self, head: Head) -> list[Region]:
        """Return the regions in which a head is drawn, without scrolling; the first one is kept in view."""

    def head_at(self, place: Offset) -> Head | None:
        """Return the head that is drawn at an offset, without scrolling."""
        heads = (head for row in self.rows for head in row)
        return next((head for head in heads if any(region.contains_point(place) for region in self.places(head))), None)

    def row_of(self, head: Head) -> tuple[int, int]:
        """Return the row and column of a head."""
        return self._row_of[head]

    def set_rows(self, rows: list[list[Head]]) -> None:
        """Set the rows of heads."""
        self.rows = rows
        self._row_of = {head: (i, j) for i, row in enumerate(rows) for j, head in enumerate(row)}

    def redraw(self) -> None:
        """Arrange the heads again, and redraw everything."""
        if self.gallery is None or not self.is_attached or not self.size:
            return
        size = self.lay_out()
        if size != self.virtual_size:
            self.virtual_size = size
            self.call_after_refresh(self._keep_in_view)  # once the scrollbars are in place
        else:
            self._keep_in_view()
        self.refresh()

    def on_mount(self) -> None:
        """Draw what was shown before the widget had a size."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Arrange for the new size."""
        self.redraw()

    def on_show(self, event: events.Show) -> None:
        """Draw what was shown while the widget was hidden."""
        self.redraw()

    # The chosen head

    def choose(self, head: Head) -> None:
        """Mark a head and scroll it into view."""
        before, self.chosen = self.chosen, head
        if not self.rows or not self.size or self._keep_in_view():
            return  # scrolling draws everything in view
        for region in (*self.places(before), *self.places(head)):
            self.refresh(region.translate(-self.scroll_offset))

    def moved(self, across: int, down: int) -> Head:
        """Return the head `across` places after the chosen one, or `down` rows below it in about the same column."""
        order = [head for row in self.rows for head in row]
        if not order:
            return self.chosen
        if across:
            return order[max(0, min(len(order) - 1, order.index(self.chosen) + across))]
        row, column = self.row_of(self.chosen)
        there = self.rows[max(0, min(len(self.rows) - 1, row + down))]
        return there[min(column, len(there) - 1)]

    @property
    def page(self) -> int:
        """The number of rows in view."""
        if not self.rows:
            return 1
        return max(1, self.size.height // max(1, self.places(self.rows[0][0])[0].height))

    def _keep_in_view(self) -> bool:
        """Scroll the chosen head into view. Return True if that was necessary."""
        if not self.rows:
            return False
        region = self.places(self.chosen)[0]
        x, y = self.scroll_offset
        height = self.scrollable_content_region.height
        if region.y < y or region.height > height:
            wanted = region.y
        elif region.bottom > y + height:
            wanted = region.bottom - height // region.height * region.height  # the row at the top is not cut
        else:
            return False
        # With the first row, scroll what is above it into view as well.
        wanted = 0 if self.row_of(self.chosen)[0] == 0 else wanted
        if wanted == y:
            return False
        self.scroll_to(x, wanted, animate=False)
        return True

    def ramp(self, first: float, last: float, cells: int) -> list[tuple[str, Style]]:
        """Return the sequential palette from `first` to `last`, shares of its levels, in `cells` cells of a legend."""
        levels = self.palette.sequential.levels
        shares = (first + (last - first) * i / max(1, cells - 1) for i in range(cells))
        picked = [levels[round(share * (len(levels) - 1))] for share in shares]
        return [(level.glyph, level.style if level.pixel else self.base + level.style) for level in picked]

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Choose a head; a double click opens it."""
        offset = event.get_content_offset(self)
        head = None if offset is None else self.head_at(offset + self.scroll_offset)
        if head is not None:
            self.post_message(self.Chosen(head, event.chain > 1))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Post a message if the mouse is over another head than before."""
        offset = event.get_content_offset(self)
        self._hover(None if offset is None else self.head_at(offset + self.scroll_offset))

    def on_leave(self, event: events.Leave) -> None:
        """Post a message that the mouse is no longer over a head."""
        self._hover(None)

    def _hover(self, head: Head | None) -> None:
        if head != self._hovered:
            self._hovered = head
            self.post_message(self.Hovered(head))
