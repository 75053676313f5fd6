"""HeadRanking: all heads in a ranked list, one line for each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from explorer.core.formatting import bar, fit, fixed, rise, weight
from explorer.core.head_kinds import head_kind
from explorer.core.head_search import Order, RankedHead
from explorer.widgets.panels.lines import Drawn
from model.settings import Head

if TYPE_CHECKING:
    from model.head_scores import HeadScores

_NUMBER = 9
_BAR = 12
_LARGEST = " ★"


class HeadRanking(Drawn, can_focus=False, inherit_bindings=False):
    """A line for each head: its weight with a bar, and either what ablating it does or what kind of head it is.

    The header stays; ★ marks the heads in which the weight is the largest of its row. Keys belong to the screen.
    """

    DEFAULT_CSS = """
    HeadRanking { overflow-x: hidden; }
    """

    class Chosen(Message):
        """Posted when a head is clicked; `opened` is True for the second click of a double click."""

        def __init__(self, head: Head, opened: bool) -> None:
            super().__init__()
            self.head = head
            self.opened = opened

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._ranking: Sequence[RankedHead] = ()
        self._order = Order.WEIGHT
        self._scores: HeadScores | None = None
        self._place = 0
        self._head_in_view: Head = (0, 0)

    def show(
        self, ranking: Sequence[RankedHead], order: Order, scores: "HeadScores | None", place: int, in_view: Head
    ) -> None:
        """Draw a ranking with the line `place` chosen; `in_view` is the head that is looked at."""
        self._ranking, self._order, self._scores = ranking, order, scores
        self._place, self._head_in_view = place, in_view
        self.redraw()

    @property
    def chosen(self) -> Head | None:
        """The head that enter opens; None before there is a ranking."""
        return self._ranking[self._place].head if self._place < len(self._ranking) else None

    @property
    def page(self) -> int:
        """Heads in view at once."""
        return max(1, self.size.height - 1)

    def place_of(self, head: Head) -> int:
        """The line of a head."""
        return next(place for place, ranked in enumerate(self._ranking) if ranked.head == head)

    def choose(self, place: int) -> int:
        """Choose a line, the nearest one that exists, and return it."""
        before, self._place = self._place, max(0, min(place, len(self._ranking) - 1))
        if not self._keep_in_view():
            for each in (before, self._place):
                self.refresh(Region(0, 1 + each - self.scroll_offset.y, self.size.width, 1))
        return self._place

    def redraw(self) -> None:
        """Draw everything again."""
        if not self.is_attached:
            return
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._ranking) + 1)
        self._keep_in_view()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the columns to the new width."""
        self.redraw()

    def _keep_in_view(self) -> bool:
        """Scroll until the chosen line is in view. Return True if that was necessary."""
        top, room = self.scroll_offset.y, self.size.height - 1
        if room < 1 or top <= self._place < top + room:
            return False
        self.scroll_to(y=self._place if self._place < top else self._place - room + 1, animate=False, force=True)
        return True

    # Painting

    def render_line(self, y: int) -> Strip:
        """Draw the header, or a head."""
        width, base = self.size.width, self.base
        place = y - 1 + self.scroll_offset.y
        if y > 0 and place >= len(self._ranking):
            return Strip.blank(width, base)
        return Strip(self._header() if y == 0 else self._line(place)).adjust_cell_length(width, base)

    def _header(self) -> list[Segment]:
        texts = [fit("  head", self._name_cells), fit("weight", 6, "right"), " " * (2 + _BAR + len(_LARGEST))]
        if self._order.needs_ablation:
            texts += [fit("loss", _NUMBER, "right"), fit("KL", _NUMBER, "right")]
        elif self._scores is not None:
            texts.append("  kind, by other text")
        return [Segment("".join(texts), self.style_of("faint"))]

    @property
    def _name_cells(self) -> int:
        last = max((ranked.head for ranked in self._ranking), default=(0, 0))
        return len(f"  L{last[0]} H{last[1]}") + 2

    def _line(self, place: int) -> list[Segment]:
        ranked = self._ranking[place]
        layer, head = ranked.head
        mark = "▸ " if place == self._place else "● " if ranked.head == self._head_in_view else "  "
        segments = [
            Segment(fit(f"{mark}L{layer} H{head}", self._name_cells), self._name_style(place)),
            Segment(fit(weight(ranked.weight, 3), 6, "right"), self.base + Style(bold=self._order is Order.WEIGHT)),
            Segment("  " + bar(ranked.weight, _BAR), self.bar_style(ranked.weight)),
            Segment(_LARGEST if ranked.is_largest else "  ", self.base),
        ]
        if self._order.needs_ablation:
            segments += self._effect(ranked)
        else:
            kind = head_kind(self._scores, layer, head)
            segments.append(Segment(f"  {kind}", self.style_of("faint")))
        return segments

    def _name_style(self, place: int) -> Style:
        return self.style_of("cursor") if place == self._place else self.base

    def _effect(self, ranked: RankedHead) -> list[Segment]:
        """What ablating the head does: the loss it adds, and KL; dots while that is not known."""
        effect = ranked.effect
        loss = kl = "·"
        if effect is not None:
            loss = "–" if effect.loss is None else rise(effect.loss)
            kl = fixed(effect.kl, 3)
        return [
            Segment(fit(text, _NUMBER, "right"), self.base + Style(bold=self._order is order))
            for text, order in ((loss, Order.LOSS), (kl, Order.KL))
        ]

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Choose a head; a double click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        place = offset.y - 1 + self.scroll_offset.y
        if place < len(self._ranking):
            self.post_message(self.Chosen(self._ranking[place].head, event.chain > 1))
