"""HeadDetail: the measures of one head, and a legend for the pictures or the map above it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.style import Style

from explorer.core.formatting import bar, fixed, fullest, rise, significant, weight
from explorer.core.gallery import Gallery
from explorer.core.head_kinds import HEAD_KINDS, head_kind, main_score, stands_out
from explorer.core.head_paths import induction_source
from explorer.widgets.panels.lines import Line, Lines, line
from model.settings import Head

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.head_costs import HeadCost
    from model.head_pictures import MeanPeakedness
    from model.head_scores import HeadScores

_BAR = 8
JOINED = 110
"""The width from which peakedness as set and unscaled share a line."""


class Notes(NamedTuple):
    """The texts to show in place of scores and costs that are not known."""

    scores: str
    costs: str


class HeadDetail(Lines, can_focus=False, inherit_bindings=False):
    """Shows the scores, what the model loses without the head, how peaked it is on one line or two, and a legend."""

    DEFAULT_CSS = """
    HeadDetail { overflow: hidden hidden; }
    """

    def __init__(self) -> None:
        super().__init__(compact=False)
        self._head: Head = (0, 0)
        self._gallery: Gallery | None = None
        self._scores: HeadScores | None = None
        self._costs: Mapping[Head, HeadCost] = {}
        self._notes = Notes("", "")
        self._legend: Sequence[Sequence[tuple[str, Style]]] = ()

    def show_head(
        self,
        gallery: Gallery,
        head: Head,
        scores: "HeadScores | None",
        costs: "Mapping[Head, HeadCost]",
        notes: Notes,
        legend: Sequence[Sequence[tuple[str, Style]]],
    ) -> None:
        """Draw one head; `legend` has wordings of the last line, the longest first."""
        self._gallery, self._head, self._legend = gallery, head, legend
        self._scores, self._costs, self._notes = scores, costs, notes
        self.show(gallery.reading)

    def title(self, reading: "Reading") -> str:
        """Return the head, and what is changed about it."""
        if self._gallery is None:
            return ""
        name = f"L{self._head[0]} H{self._head[1]}"
        if self._head in reading.view.ablated:
            return f"{name} × ablated"
        return f"{name} * changed" if self._head in self._gallery.changed else name

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the lines with the longest wordings that fit."""
        fitting = (parts for parts in self._legend if _width(parts) <= width)
        legend = next(fitting, self._legend[-1] if self._legend else ())
        return [self._score_line(width), self._cost_line(width), *self._peakedness_lines(reading, width), line(*legend)]

    def _score_line(self, width: int) -> Line:
        if self._scores is None:
            return line((self._notes.scores, self.style_of("faint")))
        best, score = main_score(self._scores, *self._head)
        is_named = stands_out(score)
        parts = [
            (f"{HEAD_KINDS[best]} {weight(score.value)}", self.style_of("current" if is_named else "name")),
            (f" {bar(score.value, _BAR)}", self.bar_style(score.value)),
            (f" baseline {weight(score.baseline)}", self.style_of("faint")),
        ]
        others = sorted(self._scores.of(*self._head).items(), key=lambda item: -item[1].excess)
        for kind, other in others:
            part = f"   {HEAD_KINDS[kind]} {weight(other.value)} ({weight(other.baseline)})"
            if kind != best and _width(parts) + cell_len(part) <= width:
                parts.append((part, self.style_of("name")))
        return line(*parts)

    def _cost_line(self, width: int) -> Line:
        """Return the change of the loss without the head and, for an induction head, which head it reads from."""
        cost = self._costs.get(self._head)
        if cost is None or self._scores is None:
            return line((self._notes.costs, self.style_of("faint")))
        on_stories, on_repeats = rise(cost.text), rise(cost.repeated)
        long = f"loss without it {on_stories} on stories, {on_repeats} on repeated random tokens"
        short = f"loss without it {on_stories}, on repeats {on_repeats}"
        wordings = [long, short]
        if (source := induction_source(self._scores, self._costs, self._head)) is not None:
            (layer, head), fall = source
            name, kind = f"L{layer} H{head}", head_kind(self._scores, layer, head)
            named = f"{name} ({kind})" if kind else name
            wordings = [
                f"{long} · reads from {named}: induction −{weight(fall)} without that",
                f"{short} · reads from {named}: induction −{weight(fall)} without that",
                f"{short} · reads from {name}",
                short,
            ]
        return line((fullest(wordings, width), self.base))

    def _peakedness_lines(self, reading: "Reading", width: int) -> list[Line]:
        found = self._gallery.peakedness(self._head) if self._gallery else None
        if found is None:
            waiting = [line(("…", self.style_of("faint"))), line("")]
            return waiting[:1] if width >= JOINED else waiting
        layer = self._head[0]
        inputs = reading.as_set.inputs[layer].head(self._head[1])
        now, trained = float(inputs.scale), reading.shape.scale(layer)
        rows = [(f"scaled ×{significant(now, 4)}", found.as_set), ("unscaled ×1", found.unscaled)]
        if now == 1.0:
            rows = [("unscaled ×1", found.unscaled), (f"as trained ×{significant(trained, 4)}", found.scaled)]
        joined = width >= JOINED
        label = 0 if joined else max(len(name) for name, _ in rows)
        room = (width - 40) // 2 if joined else width - label - 2
        mean = f"   means over {len(reading.encoding):,} queries" if len(reading.encoding) > 1 else ""
        (first, as_set), (second, other) = rows
        measures = _measures(as_set, room, mean)
        top = [(f"{first.ljust(label)}  ", self.style_of("faint")), (measures, self.base)]
        gap = "   " if joined else ""
        below = [(f"{gap}{second.ljust(label)}  ", self.style_of("faint")), (_measures(other, room), self.base)]
        return [line(*top, *below)] if joined else [line(*top), line(*below)]


def _measures(found: "MeanPeakedness", room: int, mean: str = "") -> str:
    """Return the three measures in words."""
    keys, bits, largest = significant(found.effective_keys), fixed(found.entropy_bits, 2), weight(found.max_weight)
    long = f"effective keys {keys}   entropy {bits} bits   largest weight {largest}"
    wordings = (
        long + mean,
        long,
        f"effective keys {keys}, {bits} bits, largest {largest}",
        f"keys {keys}   {bits} bits   largest {largest}",
    )
    return fullest(wordings, room)


def _width(parts: Sequence[tuple[str, Style]]) -> int:
    return sum(cell_len(text) for text, _ in parts)
