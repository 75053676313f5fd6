"""RowTable: the score and the weight of every key for the current query, one line for each key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from explorer.core.formatting import INFINITY, MINUS, bar, fit, fullest, labels_of, number, significant, weight, widest
from explorer.view import Stage
from explorer.widgets.panels.lines import SCROLL_BINDINGS, Drawn, strip_of

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_NUMBER = 8
_MASK = 6
_WEIGHT = 8
_LONGEST = 14
_PENDING = "·"
_STAGES = (Stage.SCORES, Stage.SCALED, Stage.CAPPED, Stage.MASKED, Stage.WEIGHTS)
"""The stages that the columns show, from left to right."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The widths of the columns in cells; 0 for a column without room."""

    key: int
    score: int
    scaled: int
    capped: int
    mask: int
    weight: int
    bar: int

    @classmethod
    def fitting(cls, width: int, longest: int, has_softcap: bool = False) -> "Columns":
        """Return the columns that fit; the weight has priority, and only a soft cap has a column of its own."""
        key = 2 + min(max(longest, len("key")), _LONGEST, max(1, width // 3))
        room = width - key - _WEIGHT
        found = []
        for wanted in (_NUMBER, _NUMBER, _NUMBER if has_softcap else 0, _MASK):
            found.append(wanted if room >= wanted else 0)
            room -= found[-1]
        if room < 0:
            key = max(1, width - _WEIGHT)
        score, scaled, capped, mask = found
        return cls(key, score, scaled, capped, mask, min(_WEIGHT, max(0, width - 1)), max(0, room - 2))


class RowTable(Drawn, can_focus=True, inherit_bindings=False):
    """The row of the query as a table: key, q·k, × scale, mask, weight and its bar.

    The header does not scroll, and the current key is kept in view. If the table is sorted by weight, a new row starts
    with its largest weights in view. While the user steps through the stages, a column that is not computed yet has
    dots, and the keys are sorted by position until the weights are computed.
    """

    HELP = """# The row table

    Attention works row by row: here is everything that one query does with every key, from its score to its weight.
    A large weight has a large score behind it, and this table shows how much larger it had to be.

    The columns are the score, the score times the scale, −∞ where the mask hides the key, and the weight. S
    sorts the keys by weight, largest first, or back by position. A click chooses a key. y copies the row.
    """

    TERMS: ClassVar[tuple[str, ...]] = ("query, key", "q·k, score", "×0.25, scale", "−∞, mask, ╱╱", "weight")
    BINDINGS: ClassVar[list[BindingType]] = SCROLL_BINDINGS
    DEFAULT_CSS = """
    RowTable { overflow-x: hidden; }
    """

    class KeySelected(Message):
        """Posted when a key is clicked."""

        def __init__(self, table: "RowTable", key: int) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "RowTable":
            """The table."""
            return self.table

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._source: tuple[object, ...] = ()
        self._labels: tuple[str, ...] = ()
        self._longest = 1
        self._scores: list[float] = []
        self._scaled: list[float] = []
        self._capped: list[float] = []
        self._softcap: float | None = None
        self._weights: list[float] = []
        self._seen: list[bool] = []
        self._scale = 1.0
        self._sink: float | None = None
        self._pending: tuple[bool, ...] = (False,) * len(_STAGES)
        self._key = 0
        self.by_weight = False
        self._order: list[int] = []  # the keys from top to bottom
        self._place_of: list[int] = []

    @property
    def keys(self) -> tuple[int, ...]:
        """The positions of the keys from top to bottom."""
        return tuple(self._order)

    def sort(self, by_weight: bool) -> None:
        """Sort the keys by weight, the largest first, or by position."""
        self.by_weight = by_weight
        self._arrange()
        self.redraw()

    def _arrange(self) -> None:
        """Sort the keys; among equal weights, visible keys come first."""
        self._order = list(range(len(self._labels)))
        if not self._is_by_position:
            self._order.sort(key=lambda key: (-self._weights[key], not self._seen[key]))
            if self.is_attached:
                self.scroll_to(y=0, animate=False, force=True)
        self._place_of = sorted(self._order, key=self._order.__getitem__)

    @property
    def _is_by_position(self) -> bool:
        return not self.by_weight or self._pending[-1]

    def show(self, reading: "Reading") -> None:
        """Draw a reading; if only its key has changed, redraw only two lines."""
        self.reading = reading
        view = reading.view
        self._pending = tuple(view.is_pending(stage) for stage in _STAGES)
        source = reading.as_set, view.layer, view.head, view.query, self._pending
        if source == self._source:
            self._move(view.key)
            return
        self._source = source
        self._labels = labels_of(reading.encoding.tokens)
        self._longest = widest(self._labels)
        row = reading.row
        self._scores, self._scaled = row.scores[0].tolist(), row.scaled[0].tolist()
        self._softcap = row.inputs.softcap
        self._capped = [] if self._softcap is None else row.capped[0].tolist()
        self._weights, self._seen = row.weights[0].tolist(), row.visible[0].tolist()
        self._scale = float(row.inputs.scale)
        self._sink = None if row.sink_weights is None else float(row.sink_weights[0])
        self._key = view.key
        self._arrange()
        self.redraw()

    def redraw(self) -> None:
        """Redraw the table."""
        if not self.is_attached or self.reading is None:
            return
        size = Size(self.scrollable_content_region.width, len(self._labels) + 1 + (self._sink is not None))
        if size != self.virtual_size:
            self.virtual_size = size
            self.call_after_refresh(self._keep_in_view_by_position)
        self._keep_in_view_by_position()
        self.refresh()

    def on_mount(self) -> None:
        """Draw what was given before the widget had a size."""
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns to the new width."""
        self.redraw()

    def _move(self, key: int) -> None:
        old, self._key = self._key, key
        if key == old or self._keep_in_view():
            return
        for each in (old, key):
            self.refresh(Region(0, 1 + self._place_of[each] - self.scroll_offset.y, self.size.width, 1))

    def _keep_in_view_by_position(self) -> None:
        """Scroll the key into view, unless the table is sorted by weight."""
        if self._is_by_position:
            self._keep_in_view()

    def _keep_in_view(self) -> bool:
        """Scroll the key into view. Return True if that was necessary."""
        top, room = self.scroll_offset.y, self.size.height - 1
        place = self._place_of[self._key]
        if room < 1 or top <= place < top + room:
            return False
        self.scroll_to(y=place if place < top else place - room + 1, animate=False, force=True)
        return True

    # Painting

    def render_line(self, y: int) -> Strip:
        """Draw the header or the line of a key."""
        (width, _), _, scrolled = self.room
        base = self.base
        place = y - 1 + scrolled.y
        if self.reading is None or place > len(self._labels) or width < 1:
            return Strip.blank(width, base)
        columns = Columns.fitting(width, self._longest, self._softcap is not None)
        if y > 0 and place == len(self._labels):
            return strip_of(self._sink_line(columns), width, base)
        segments = self._header(columns) if y == 0 else self._line(self._order[place], columns)
        return strip_of(segments, width, base)

    def _header(self, columns: Columns) -> list[Segment]:
        texts = (
            fit("  key", columns.key),
            fit("q·k", columns.score, "right"),
            fit(_times(self._scale, columns.scaled - 1), columns.scaled, "right"),
            fit("capped", columns.capped, "right") if columns.capped else "",
            fit("mask", columns.mask, "right") if columns.mask else "",
            fit("weight" if self._is_by_position else "weight▾", columns.weight, "right"),
        )
        return [Segment("".join(texts), self.style_of("faint"))]

    def _line(self, key: int, columns: Columns) -> list[Segment]:
        no_score, no_scaled, no_capped, no_mask, no_weight = self._pending
        seen, here = self._seen[key] or no_mask, key == self._key
        name = self.style_of("cursor") if here else self.base if seen else self.style_of("faint")
        numbers = self.base if seen else self.style_of("faint")
        texts = []
        if columns.score:
            texts.append(_PENDING.rjust(columns.score) if no_score else number(self._scores[key], columns.score))
        if columns.scaled:
            texts.append(_PENDING.rjust(columns.scaled) if no_scaled else number(self._scaled[key], columns.scaled))
        if columns.capped:
            texts.append(_PENDING.rjust(columns.capped) if no_capped else number(self._capped[key], columns.capped))
        if columns.mask:
            texts.append((_PENDING if no_mask else "" if seen else MINUS + INFINITY).rjust(columns.mask))
        share = 0.0 if no_weight else self._weights[key]
        given = _PENDING if no_weight else weight(share, 3) if seen else "0"
        label_text = fit(("▸ " if here else "  ") + self._labels[key], columns.key)
        return [
            Segment(label_text, name),
            Segment("".join(texts), numbers),
            Segment(fit(given, columns.weight, "right"), numbers + Style(bold=seen)),
            Segment("  " + bar(share, columns.bar) if columns.bar else "", self.bar_style(share)),
        ]

    def _sink_line(self, columns: Columns) -> list[Segment]:
        """Return the line of the attention sink below the last key; nothing if the model has no sink."""
        if self._sink is None:
            return []
        share = 0.0 if self._pending[-1] else self._sink
        given = _PENDING if self._pending[-1] else weight(share, 3)
        between = " " * (columns.score + columns.scaled + columns.capped + columns.mask)
        return [
            Segment(fit("  ⌂ the sink", columns.key) + between, self.style_of("faint")),
            Segment(fit(given, columns.weight, "right"), self.base + Style(bold=True)),
            Segment("  " + bar(share, columns.bar) if columns.bar else "", self.bar_style(share)),
        ]

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Choose the key."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        place = offset.y - 1 + self.scroll_offset.y
        if place < len(self._labels):
            self.post_message(self.KeySelected(self, self._order[place]))


def _times(scale: float, cells: int) -> str:
    """Return a factor such as ×0.25 in at most `cells` cells, including a space that separates it from the score."""
    texts = [f"×{significant(scale, digits)}" for digits in (4, 3, 2, 1)]
    return fullest(texts, cells)
