"""HeadTiles: what the pictures of heads and the map of heads share: a chosen head, the mouse, and scrolling to it."""

from abc import abstractmethod

from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message

from explorer.core.gallery import Gallery, Head
from explorer.widgets.panels.lines import Drawn


class HeadTiles(Drawn, can_focus=False, inherit_bindings=False):
    """All heads in rows. Keys belong to the screen, which calls `move`; the mouse chooses and opens."""

    class Chosen(Message):
        """A head was clicked; `opened` on the second click of a double click."""

        def __init__(self, head: Head, opened: bool) -> None:
            super().__init__()
            self.head = head
            self.opened = opened

    class Hovered(Message):
        """The mouse is over a head, or over none any more."""

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
        """Put the heads in rows for the present size and say how large the whole is."""

    @abstractmethod
    def places(self, head: Head) -> list[Region]:
        """Where a head is drawn, the first place being the one to keep in view; scrolling does not count."""

    def head_at(self, place: Offset) -> Head | None:
        """The head drawn at a place of the whole, scrolling not counted."""
        heads = (head for row in self.rows for head in row)
        return next((head for head in heads if any(region.contains_point(place) for region in self.places(head))), None)

    def row_of(self, head: Head) -> tuple[int, int]:
        """Row and column of a head."""
        return self._row_of[head]

    def set_rows(self, rows: list[list[Head]]) -> None:
        """Put the heads in these rows."""
        self.rows = rows
        self._row_of = {head: (i, j) for i, row in enumerate(rows) for j, head in enumerate(row)}

    def redraw(self) -> None:
        """Arrange and draw everything again."""
        if self.gallery is None or not self.is_attached or not self.size:
            return
        size = self.lay_out()
        if size != self.virtual_size:
            self.virtual_size = size
            self.call_after_refresh(self._keep_in_view)  # once scrollbars are where they will be
        else:
            self._keep_in_view()
        self.refresh()

    def on_mount(self) -> None:
        """Show what was given before there was a size."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Arrange for the new size."""
        self.redraw()

    def on_show(self, event: events.Show) -> None:
        """Show what was given while this was not displayed."""
        self.redraw()

    # The chosen head

    def choose(self, head: Head) -> None:
        """Mark a head and bring it into view."""
        before, self.chosen = self.chosen, head
        if not self.rows or not self.size or self._keep_in_view():
            return  # scrolling draws everything in view
        for region in (*self.places(before), *self.places(head)):
            self.refresh(region.translate(-self.scroll_offset))

    def moved(self, across: int, down: int) -> Head:
        """The head so many places on, or so many rows below in about the same column, from the chosen one."""
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
        """Rows in view."""
        if not self.rows:
            return 1
        return max(1, self.size.height // max(1, self.places(self.rows[0][0])[0].height))

    def _keep_in_view(self) -> bool:
        """Scroll until the chosen head is in view; whether that was needed."""
        if not self.rows:
            return False
        region = self.places(self.chosen)[0]
        x, y = self.scroll_offset
        height = self.scrollable_content_region.height
        if region.y < y or region.height > height:
            wanted = region.y
        elif region.bottom > y + height:
            wanted = region.bottom - height
        else:
            return False
        # The first row takes what stands above it into view.
        wanted = 0 if self.row_of(self.chosen)[0] == 0 else wanted
        if wanted == y:
            return False
        self.scroll_to(x, wanted, animate=False)
        return True

    def ramp(self, first: float, last: float, cells: int) -> list[tuple[str, Style]]:
        """So many cells of the sequential palette, from a share of its levels to another, for a legend."""
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
        """Tell which head the mouse is over."""
        offset = event.get_content_offset(self)
        self._hover(None if offset is None else self.head_at(offset + self.scroll_offset))

    def on_leave(self, event: events.Leave) -> None:
        """Tell that the mouse is over no head."""
        self._hover(None)

    def _hover(self, head: Head | None) -> None:
        if head != self._hovered:
            self._hovered = head
            self.post_message(self.Hovered(head))
