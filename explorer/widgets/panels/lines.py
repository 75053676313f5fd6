"""Lines: a panel drawn line by line that scrolls if its content does not fit."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, overload

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Offset, Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from explorer.core.colour import RGB
from explorer.widgets.palette import Palette, palette_of

if TYPE_CHECKING:
    from explorer.core.reading import Reading

SCROLL_BINDINGS: list[BindingType] = [
    Binding("pageup", "page_up", "Page up", show=False),
    Binding("pagedown", "page_down", "Page down", show=False),
    Binding("ctrl+pageup", "page_left", "Page left", show=False),
    Binding("ctrl+pagedown", "page_right", "Page right", show=False),
]
"""The keys that scroll a panel; the arrow keys are left to the screen, where they move the query and the key."""


class Room(NamedTuple):
    """The room for the content of a widget, in cells."""

    size: Size
    beside_bars: Size  # without scrollbars
    scrolled: Offset  # the part of the content in the upper left corner


class Drawn(ScrollView, can_focus=True, inherit_bindings=False):
    """The base class of the widgets drawn with the line API: their palette, their styles, and when to redraw them."""

    BINDINGS: ClassVar[list[BindingType]] = SCROLL_BINDINGS
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "drawn--label",
        "drawn--faint",
        "drawn--current",
        "drawn--cursor",
        "drawn--warning",
    }
    DEFAULT_CSS = """
    Drawn {
        background: $surface;
        color: $foreground;
        scrollbar-size: 1 1;
        scrollbar-background: $surface;
        scrollbar-background-hover: $surface;
        scrollbar-background-active: $surface;
        scrollbar-corner-color: $surface;
        & > .drawn--label { color: $foreground; text-style: bold; }
        & > .drawn--faint { color: $text-muted; }
        & > .drawn--current { color: $foreground; text-style: bold; }
        & > .drawn--cursor { color: $surface; background: $foreground; text-style: bold; }
        & > .drawn--warning { color: $text-warning; text-style: bold; }
    }
    Drawn:ansi {
        & > .drawn--faint { color: ansi_default; text-style: dim; }
        & > .drawn--current { color: ansi_default; text-style: bold; }
        & > .drawn--cursor { color: ansi_default; text-style: bold reverse; }
    }
    """

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.reading: Reading | None = None
        self._look: tuple[object, ...] = ()
        self._title: str | Content = ""
        self._room: Room | None = None  # set only while it cannot change
        self._style_cache: dict[str, Style] = {}
        self._palette: Palette | None = None

    @property
    def palette(self) -> Palette:
        """The palette of the theme and terminal in use."""
        if self._palette is None:
            background = self.background_colors[1]
            rgb: RGB | None = None if background.ansi is not None else background.rgb
            self._palette = palette_of(self.app, rgb)
        return self._palette

    @property
    def base(self) -> Style:
        """The style of plain text on the background of the widget."""
        return self.style_of("name")

    def style_of(self, name: str) -> Style:
        """Return the style of a component class by the last part of its name; "name" is plain text."""
        style = self._style_cache.get(name)
        if style is None:
            style = self.rich_style if name == "name" else self.get_component_rich_style(f"drawn--{name}")
            self._style_cache[name] = style
        return style

    def bar_style(self, share: float) -> Style:
        """Return the style of a bar, in the colour of a weight that is never too close to the background to be seen."""
        ramp = self.palette.sequential
        number = max(len(ramp.levels) // 2, ramp.level(share, 1.0))
        style = self._style_cache.get(f"bar {number}")
        if style is None:
            level = ramp.levels[number]
            style = self.base + (Style(color=level.pixel) if level.pixel else level.style)
            self._style_cache[f"bar {number}"] = style
        return style

    def set_title(self, title: str | Content) -> None:
        """Set the title of the border; a string is not parsed as markup."""
        if title != self._title:
            self._title = title
            self.border_title = Content(title) if isinstance(title, str) else title

    @property
    def room(self) -> Room:
        """The room for the content."""
        return self._room or Room(self.size, self.scrollable_content_region.size, self.scroll_offset)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render lines. All of them are drawn in the same room."""
        with self.cached_room():
            return super().render_lines(crop)

    @contextmanager
    def cached_room(self) -> Iterator[None]:
        """Look the room up once: Textual searches the screen for it each time. It must not change meanwhile."""
        known, self._room = self._room, self.room
        try:
            yield
        finally:
            self._room = known

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of the application.

        The one that converts ANSI colours and dim text copies every segment of every line, so it is left out if this
        widget has neither. With a palette of colours only a title has dim text.
        """
        filters = super().get_line_filters()
        if not self.palette.has_pixels or "dim" in (self.border_title or ""):
            return filters
        return [each for each in filters if not isinstance(each, ANSIToTruecolor)]

    def notify_style_update(self) -> None:
        """Redraw the widget if the theme has changed, but not if only the focus has."""
        super().notify_style_update()
        self._clear_styles()
        # Component styles follow only after the widget's own.
        self.call_later(self._redraw_if_changed)

    def _clear_styles(self) -> None:
        self._style_cache.clear()
        self._palette = None

    def _redraw_if_changed(self) -> None:
        self._clear_styles()
        if self.is_mounted and (look := self._current_look()) != self._look:
            self._look = look
            self.redraw()

    def _current_look(self) -> tuple[object, ...]:
        parts = (self.style_of(name.partition("--")[2]) for name in sorted(Drawn.COMPONENT_CLASSES))
        return (self.base, self.palette.depth, self.app.current_theme.name, *parts)

    @abstractmethod
    def redraw(self) -> None:
        """Discard everything drawn and draw it again."""


def strip_of(segments: list[Segment], width: int, style: Style, cells: int | None = None) -> Strip:
    """Return a strip of exactly `width` cells, padded in a style; `cells` is the length of the segments, if known.

    `Strip.adjust_cell_length` would make a second strip, and making strips is much of the work of a keypress.
    """
    taken = sum(cell_len(text) for text, _, _ in segments) if cells is None else cells
    if taken > width:
        return Strip(segments, taken).adjust_cell_length(width, style)
    if taken < width:
        segments = [*segments, Segment(" " * (width - taken), style)]
    return Strip(segments, width)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of plain strings, each with a style of its own or in the style of the panel."""

    parts: tuple[tuple[str, Style | None], ...]

    @property
    def plain(self) -> str:
        """The text of the line."""
        return "".join(text for text, _ in self.parts)

    @property
    def cell_len(self) -> int:
        """The width in cells."""
        return cell_len(self.plain)


def line(*parts: "str | tuple[str, Style]") -> Line:
    """Return a line of strings and (string, style) pairs; they are never parsed as markup."""
    return Line(tuple((part, None) if isinstance(part, str) else part for part in parts))


class Later(Sequence[Line]):
    """A sequence of lines, some of which are made only when they come into view."""

    def __init__(self, lines: Iterable[Line | Callable[[], Line]]) -> None:
        self._lines = list(lines)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Line: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...

    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        found = self._lines[index]
        if not isinstance(found, Line):
            found = self._lines[index] = found()
        return found


class Lines(Drawn, can_focus=True, inherit_bindings=False):
    """A panel whose content is a list of lines, made anew for each reading and width."""

    BINDINGS: ClassVar[list[BindingType]] = SCROLL_BINDINGS  # inherit_bindings=False: set here again
    DEFAULT_CSS = """
    Lines { overflow-x: hidden; }
    """

    def __init__(
        self,
        *,
        compact: bool | None = None,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._compact = compact
        self._lines: Sequence[Line] | None = None
        self._strips: dict[int, Strip] = {}
        self._made_for = (0, 0)

    @property
    def compact(self) -> bool:
        """True if the panel shows everything on one line; by default if it is one line high."""
        return self._height == 1 if self._compact is None else self._compact

    @compact.setter
    def compact(self, compact: bool | None) -> None:
        if compact != self._compact:
            self._compact = compact
            self.redraw()

    def title(self, reading: "Reading") -> str:
        """Return the title of the border, if there is a border."""
        return ""

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the content for a reading and a width of at least 1 cell; by default there is none."""
        return ()

    def show(self, reading: "Reading") -> None:
        """Draw a reading."""
        self.reading = reading
        self.set_title(self.title(reading))
        self.redraw()

    def redraw(self) -> None:
        """Make the lines again."""
        self._lines = None
        if not self.is_attached:
            return
        with self.cached_room():
            if self._width < 1:
                return
            size = Size(self._width, len(self.content_lines))
        changed = size.height != self.virtual_size.height
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh(layout=changed and self.styles.is_auto_height)

    def on_mount(self) -> None:
        """Make the lines once the widget has a width."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the lines to the new width; drawing may have made them before, but has not counted them."""
        if self._made_for != (self._width, self._height) or self.virtual_size.width != self._width:
            self.redraw()

    def watch_show_vertical_scrollbar(self) -> None:
        """Make the lines again, as the scrollbar changes their width."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        if self.virtual_size.width != self._width:
            self.redraw()

    @property
    def _width(self) -> int:
        return self.room.beside_bars.width

    @property
    def _height(self) -> int:
        return 0 if self.styles.is_auto_height else self.room.beside_bars.height

    @property
    def content_lines(self) -> Sequence[Line]:
        """All lines at the present width, including those that are scrolled out of view."""
        width, _ = room = self._width, self._height
        if self._lines is None or self._made_for != room:
            self._made_for = room
            self._strips.clear()
            self._lines = self.make_lines(*room) if width > 0 else []
        return self._lines

    def make_lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the content for a width and height in cells; a panel that draws something else overrides this."""
        return self.lines(self.reading, width) if self.reading is not None else []

    def _strip(self, number: int) -> Strip:
        """Return a line as it is drawn; it is made when it first comes into view."""
        if number not in self._strips:
            base = self.base
            segments = [Segment(text, style or base) for text, style in self.content_lines[number].parts if text]
            self._strips[number] = strip_of(segments, self._made_for[0], base)
        return self._strips[number]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines."""
        return len(self.lines(self.reading, width)) if self.reading is not None and width > 0 else 0

    def render_line(self, y: int) -> Strip:
        """Draw one of the lines in view."""
        made = self.content_lines
        line = y + self.room.scrolled.y
        if line < len(made):
            return self._strip(line)
        return Strip.blank(self.room.size.width, self.base)
