"""TokenStrip: the tokens of the sentence, each coloured by its weight for the current query."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset, Size
from textual.message import Message
from textual.strip import Strip

from explorer.core.formatting import fit, height, visible
from explorer.view import Stage
from explorer.widgets.panels.lines import Drawn, strip_of

if TYPE_CHECKING:
    from explorer.core.reading import Reading


@dataclass(frozen=True, slots=True)
class Item:
    """A token, or characters between tokens that the tokenizer does not know (`position` is None)."""

    text: str
    position: int | None
    unknown: bool


@dataclass(frozen=True, slots=True)
class Place:
    """An item on a line; it takes `width` cells from `x` on and is followed by one cell between items."""

    item: Item
    x: int
    width: int


_MARKS = {
    (query, key): Style(bold=query or None, underline=key or None) for query in (False, True) for key in (False, True)
}
"""The styles added for the query and the key; they are made once, as Rich caches sums of the same style objects."""


class TokenStrip(Drawn, can_focus=False, inherit_bindings=False):
    """The tokens, wrapped over lines, with the current query in view.

    The query stands between bars and the current key is underlined; what the query may not see is faint. `↑17` and
    `↓9` count the tokens above and below those in view: a scrollbar of two lines would look like a stray block.
    """

    DEFAULT_CSS = """
    TokenStrip { height: auto; overflow-x: hidden; scrollbar-size: 0 0; }
    """

    class TokenSelected(Message):
        """Posted when a token is clicked."""

        def __init__(self, strip: "TokenStrip", position: int) -> None:
            super().__init__()
            self.strip = strip
            self.position = position

        @property
        def control(self) -> "TokenStrip":
            """The strip."""
            return self.strip

    class TokenHovered(Message):
        """Posted when the mouse moves onto a token, or off the tokens: then `position` is None."""

        def __init__(self, strip: "TokenStrip", position: int | None) -> None:
            super().__init__()
            self.strip = strip
            self.position = position

        @property
        def control(self) -> "TokenStrip":
            """The strip."""
            return self.strip

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._weights: list[float] = []
        self._seen: list[bool] = []
        self._is_pending = False  # the weights are not computed yet
        self._items: list[Item] = []
        self._wrapped: tuple[tuple[int, int], list[list[Place]]] = ((0, 0), [])
        self._line_of: list[int] = []
        self._hovered: int | None = None

    def show(self, reading: "Reading") -> None:
        """Draw a reading."""
        before = self.reading
        self.reading = reading
        row = reading.row
        self._weights = row.weights[0].tolist()
        self._seen = row.visible[0].tolist()
        self._is_pending = reading.view.is_pending(Stage.WEIGHTS)
        if before is None or before.encoding is not reading.encoding:
            self._items = _items(reading)
            self._wrapped = ((0, 0), [])
            self.redraw()
        else:
            self._keep_in_view()
            self.refresh()

    def redraw(self) -> None:
        """Wrap the tokens again, and redraw them."""
        width = self._width
        if not self.is_attached or width < 1:
            return
        lines = self._lines(width)
        size = Size(width, len(lines))
        if size != self.virtual_size:
            self.virtual_size = size
            self.call_after_refresh(self._keep_in_view)
        self._keep_in_view()
        self.refresh(layout=self.styles.is_auto_height)

    def on_mount(self) -> None:
        """Draw what was shown before the widget had a size."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the tokens to the new width."""
        self.redraw()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    def _lines(self, width: int) -> list[list[Place]]:
        room = width, self.size.height
        if self._wrapped[0] != room:
            lines = _wrap(self._items, width)
            if len(lines) > self.size.height:
                lines = _wrap(self._items, max(1, width - self._room_for_counts))
            self._wrapped = room, lines
            self._line_of = [n for n, places in enumerate(lines) for p in places if p.item.position is not None]
        return self._wrapped[1]

    @property
    def _room_for_counts(self) -> int:
        """The most cells that the counts of tokens out of view take up on a line."""
        both = 2 if self.size.height < 2 else 1
        return both * (len(" ↑") + len(str(len(self._items))))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines that the tokens take."""
        return max(1, len(_wrap(self._items, width))) if width > 0 else 1

    def _keep_in_view(self) -> None:
        if self.reading is None or not self.size or self._width < 1:
            return
        self._lines(self._width)
        if not self._line_of:
            return
        number = self._line_of[min(self.reading.view.query, len(self._line_of) - 1)]
        top, room = self.scroll_offset.y, max(1, self.size.height)
        if not top <= number < top + room:
            self.scroll_to(y=number if number < top else number - room + 1, animate=False, force=True)

    # Painting

    @cached_property
    def _strike(self) -> Style:
        return Style(strike=True)

    def render_line(self, y: int) -> Strip:
        """Draw one line of tokens."""
        size, (width, _), scrolled = self.room
        base = self.base
        lines = self._lines(width) if self.reading is not None and width > 0 else []
        number = y + scrolled.y
        if number >= len(lines):
            return Strip.blank(size.width, base)
        places = lines[number]
        segments: list[Segment] = []
        for place in places:
            segments.append(self._between(place.item))
            segments.append(Segment(fit(place.item.text, place.width), self._style(place.item)))
        segments.append(self._end(places[-1].item if places else None))
        cells = places[-1].x + places[-1].width + 1 if places else None
        counts = self._counts(y)
        strip = strip_of(segments, size.width - len(counts), base, cells)
        return Strip([*strip, Segment(counts, self.style_of("faint"))], size.width) if counts else strip

    def _counts(self, y: int) -> str:
        """Return the count of the tokens above the view for its first line, and below it for its last line."""
        size, _, (_, top) = self.room
        lines = self._line_of
        above = bisect_left(lines, top)
        below = len(lines) - bisect_left(lines, top + size.height)
        counts = f" ↑{above}" if above and y == 0 else ""
        return counts + (f" ↓{below}" if below and y == size.height - 1 else "")

    def _style(self, item: Item) -> Style:
        position = item.position
        if position is None or item.unknown:
            return self.style_of("warning") + self._strike
        assert self.reading is not None
        if not self._seen[position]:
            style = self.style_of("faint")
        elif self._is_pending:
            style = self.base
        else:
            ramp = self.palette.sequential
            level = ramp.levels[ramp.level(self._weights[position], 1.0)]
            style = level.style if level.pixel is not None else self.base
        view = self.reading.view
        if position in (view.query, view.key):
            style += _MARKS[position == view.query, position == view.key]
        return style

    def _between(self, item: Item) -> Segment:
        """Return the cell before an item."""
        assert self.reading is not None
        if item.position is not None and item.position == self.reading.view.query:
            return Segment("▐", self.style_of("current"))
        return self._after(item.position - 1 if item.position else None)

    def _end(self, item: Item | None) -> Segment:
        return self._after(item.position if item else None)

    def _after(self, position: int | None) -> Segment:
        """Return the cell after a token: the bar of the query, a thin line, or without colours the weight as a bar."""
        assert self.reading is not None
        if position is not None and position == self.reading.view.query:
            return Segment("▌", self.style_of("current"))
        if position is None or self.palette.has_pixels or not self._seen[position] or self._is_pending:
            return Segment("▏", self.style_of("faint"))
        weight = self._weights[position]
        return Segment(height(weight) if weight >= 0.005 else " ", self.style_of("label"))

    def on_click(self, event: events.Click) -> None:
        """Choose the token."""
        offset = event.get_content_offset(self)
        position = None if offset is None else self.token_at(offset)
        if position is not None:
            self.post_message(self.TokenSelected(self, position))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Post a message if the mouse is over another token than before."""
        offset = event.get_content_offset(self)
        self._hover(None if offset is None else self.token_at(offset))

    def on_leave(self, event: events.Leave) -> None:
        """Post a message that the mouse is no longer over a token."""
        self._hover(None)

    def _hover(self, position: int | None) -> None:
        if position != self._hovered:
            self._hovered = position
            self.post_message(self.TokenHovered(self, position))

    def token_at(self, offset: Offset) -> int | None:
        """Return the position of the token at an offset; None if there is none."""
        lines = self._lines(self._width) if self.reading is not None and self._width > 0 else []
        number = offset.y + self.scroll_offset.y
        if not 0 <= number < len(lines):
            return None
        places = lines[number]
        found = bisect_right([place.x for place in places], offset.x) - 1
        if found < 0 or offset.x >= places[found].x + places[found].width:
            return None
        return places[found].item.position


def _items(reading: "Reading") -> list[Item]:
    """Return the tokens in order, with unknown characters in their places."""
    encoding = reading.encoding
    starts = {unknown.start for unknown in encoding.unknown}
    covered = {i for start, end in encoding.spans for i in range(start, end) if i in starts}
    lost = [unknown for unknown in encoding.unknown if unknown.start not in covered]
    items: list[Item] = []
    for position, (token, (start, end)) in enumerate(zip(encoding.tokens, encoding.spans, strict=True)):
        before = []
        while lost and lost[0].start < max(end, start + 1) and lost[0].start <= start:
            before.append(lost.pop(0).text)
        if before:
            items.append(Item(visible("".join(before)) + "?", None, True))
        if any(i in starts for i in range(start, end)):
            items.append(Item(visible(encoding.text[start:end]) + "?", position, True))
        else:
            items.append(Item(_shown(token), position, False))
    if lost:
        items.append(Item(visible("".join(unknown.text for unknown in lost)) + "?", None, True))
    return items


def _shown(token: str) -> str:
    """Return a token for the screen; a space before a word is kept, and every other space becomes a visible mark."""
    if len(token) > 1 and token[0] == " " and token[1] != " ":
        return " " + visible(token[1:])
    return visible(token) or "‹empty›"


def _wrap(items: list[Item], width: int) -> list[list[Place]]:
    """Wrap the items to lines of `width` cells, with a cell before each item and one at the end of a line."""
    lines: list[list[Place]] = [[]] if items else []
    x = 0
    for item in items:
        cells = min(cell_len(item.text), max(1, width - 2))
        if x + 1 + cells + 1 > width and lines[-1]:
            lines.append([])
            x = 0
        lines[-1].append(Place(item, x + 1, cells))
        x += 1 + cells
    return lines
