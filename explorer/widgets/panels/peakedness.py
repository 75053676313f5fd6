"""PeakednessPanel: how far the weights of the query and of the head are from uniform, unscaled and scaled."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.style import Style

from explorer.core.formatting import bar, fit, label, significant, weight
from explorer.view import Stage, named_scales
from explorer.widgets.panels.entropy_curve import area, ticks
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.entropy_curve import EntropyCurve
    from explorer.core.reading import Reading
    from model.peakedness import RowPeakedness

TOP_KEYS = 8
_POINTS = 73
_NARROW = 34
"""The width in cells below which the variants are listed one below the other."""

_MEASURES = 8
"""The number of lines besides the keys, with a curve of one line and two lines of marks below it."""

_HEAD_CURVE = 1
"""The least height in lines of the second curve, which is that of the head."""

_FEWEST_KEYS = 3
"""The number of keys that must still fit for the curve of the head to be drawn."""

_PENDING = "·"
"""Replaces numbers that are not computed yet while the user steps through the stages."""

_AXIS = 4
"""The width in cells of the axis labels of a curve of several lines."""

_SHARES = ((_FEWEST_KEYS, 1), (_FEWEST_KEYS, 2), (5, 2), (5, 3), (TOP_KEYS, 3), (TOP_KEYS, 6), (TOP_KEYS, 10))
"""Numbers of keys and heights of a curve, in the order in which they get the remaining lines."""


@dataclass(frozen=True, slots=True)
class Measures:
    """How peaked one row of weights is, or the means over all rows of a head."""

    max_weight: float
    entropy_bits: float
    effective_keys: float
    variance: float  # of the scaled scores: of the visible keys of the query, or of the whole matrix


@dataclass(frozen=True, slots=True)
class Variant:
    """The weights of the current query, and the measures of query and head, at one scale."""

    name: str
    scale: float
    as_set: bool
    weights: tuple[float, ...]
    query: Measures
    head: Measures

    @property
    def heading(self) -> str:
        """The name and the scale, with a bullet if the scale is in use."""
        return self._marked(f"{self.name} ×{significant(self.scale, 3)}")

    @property
    def short_heading(self) -> str:
        """The scale alone, with a bullet if it is in use."""
        return self._marked(f"×{significant(self.scale, 3)}")

    def _marked(self, heading: str) -> str:
        return f"●{heading}" if self.as_set else heading

    def words(self, short: int) -> str:
        """Return largest weight, entropy and effective keys in words; the larger `short`, the shorter."""
        of = self.query
        if short > 1:
            return f"{weight(of.max_weight)} {of.entropy_bits:.2f}b"
        words = f"{weight(of.max_weight)} · {of.entropy_bits:.2f} bits · {of.effective_keys:.1f} keys"
        return words if short else f"max {words}"


def variants(reading: "Reading") -> list[Variant]:
    """Return the variants unscaled, scaled and, if it is neither of these, as set; each scale appears once.

    "Scaled" means the trained scale, or 1/√head_size for a model trained without a scale.
    """
    set_scale = float(reading.stages.inputs.scale)
    trained = reading.shape.scale(reading.view.layer)
    scaled = 1 / math.sqrt(reading.stages.inputs.head_size) if math.isclose(trained, 1.0) else trained
    named = [("unscaled", 1.0)]
    if not math.isclose(scaled, 1.0):
        named.append(("scaled", scaled))
    if not any(math.isclose(set_scale, scale, rel_tol=1e-9) for _, scale in named):
        named.append(("as set", set_scale))
    return [_variant(reading, name, scale, set_scale) for name, scale in named]


def _variant(reading: "Reading", name: str, scale: float, set_scale: float) -> Variant:
    as_set = math.isclose(set_scale, scale, rel_tol=1e-9)
    row = reading.row
    query = row if as_set else row.rescaled(scale)
    return Variant(
        name,
        scale,
        as_set,
        tuple(query.weights[0].tolist()),
        _of_query(reading.row_peakedness(query), scale),
        _of_head(reading, set_scale if as_set else scale),
    )


def _of_query(row: "RowPeakedness", scale: float) -> Measures:
    return Measures(row.max_weight, row.entropy_bits, 2**row.entropy_bits, row.scores_variance * scale**2)


def _of_head(reading: "Reading", scale: float) -> Measures:
    found = reading.head.measures_at(scale)
    largest, bits, keys = (x.mean().item() for x in (found.max_weight, found.entropy_bits, found.effective_keys))
    return Measures(largest, bits, keys, found.scores_variance * scale**2)


class PeakednessPanel(Lines, can_focus=True):
    """The largest weights of the query, and the peakedness of query and head at each scale of `variants`.

    While the user steps through the stages, dots replace numbers that are not computed yet.
    """

    HELP = """# How peaked?

    This is why there is a scale. Softmax of large scores gives nearly all weight to one key: then the query mixes
    nothing, and the other keys get no gradient to learn from. The panel shows how far the weights are from an even
    split without the scale and with it, for the query and for the whole head.

    Below is the entropy at every scale, with a mark at the one in use: move it with − and +.
    """

    TERMS: ClassVar[tuple[str, ...]] = (
        "query │ head",
        "largest weight",
        "entropy, bits",
        "keys of 9",
        "var of scores",
        "var",
        "entropy over scale",
        "1/√192, 1/16",
    )

    _head_curve: tuple[tuple[object, ...], "EntropyCurve"] | None = None

    def show(self, reading: "Reading") -> None:
        """Draw a reading, unless only the key has changed, which this panel does not show."""
        before = self.reading
        if before and before.as_set is reading.as_set and _place(before) == _place(reading):
            self.reading = reading
            return
        super().show(reading)

    def title(self, reading: "Reading") -> str:
        """Return the title."""
        return "how peaked?"

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the table and the curves; a compact panel has a single line."""
        found = variants(reading)
        if self.compact:
            return [self._one_line(found, width)]
        if width < _NARROW:
            return self._stacked(found, width)
        spare = (self._height or _MEASURES + 4) - _MEASURES
        both = spare >= _HEAD_CURVE + _FEWEST_KEYS  # draw the curves of both the query and the head
        spare -= _HEAD_CURVE if both else 0
        count, tall = _shares(spare, _seen(reading), 2 if both else 1)
        made = [
            self._headings(found, width),
            *self._keys(reading, found, count, width),
            *self._measures(reading, found, width),
        ]
        lead = "entropy " if width < 50 else "entropy, query " if both else "entropy over scale "
        lead += " " * _AXIS if tall > 1 else ""
        points = min(_POINTS, width - len(lead) - 1)
        if points >= 8:
            curves = [(reading.query_entropy_curve(points), lead)]
            if both:
                lead_of_head = fit("head" if width < 50 else "entropy, head", len(lead) - 1) + " "
                curves.append((self._of_head(reading, points), lead_of_head))
            made += [each for curve, name in curves for each in self._curve(curve, name, tall)]
            made += self._marks(curves[0][0], len(lead))
        return made

    def _one_line(self, found: list[Variant], width: int) -> Line:
        """Return the longest wording that fits."""
        text = line()
        for lead, short in (("how peaked? ", 0), ("", 1), ("", 2), ("", 3)):
            parts: list[str | tuple[str, Style]] = [(lead, self.style_of("faint"))]
            for i, variant in enumerate(found):
                parts.append((" │ " if i else "", self.style_of("faint")))
                heading = variant.heading if short < 3 else variant.short_heading
                parts.append((heading + " ", self._heading_style(variant)))
                parts.append((self._unless_pending(variant.words(short)), self._plain()))
            text = line(*parts)
            if text.cell_len <= width:
                break
        return text

    def _stacked(self, found: list[Variant], width: int) -> list[Line]:
        """Return the measures of each variant on lines of their own, for the query and then the head."""
        lines = []
        for variant in found:
            lines.append(line((fit(variant.heading, width), self._heading_style(variant))))
            for name, of in (("", variant.query), ("head ", variant.head)):
                words = (
                    f"max {self._unless_pending(weight(of.max_weight))}",
                    f"{self._unless_pending(f'{of.entropy_bits:.2f}')} bits",
                    f"{self._unless_pending(f'{of.effective_keys:.1f}')} keys",
                    f"var {self._variance(variant, of)}",
                )
                lines += [line((fit(f" {name}{text}", width), self._plain())) for text in words]
        return lines

    # The table

    def _columns(self, found: list[Variant], width: int) -> tuple[int, int]:
        """Return the widths in cells of the names and of each variant."""
        names = 15 if width >= 50 else 10
        return names, (width - names) // len(found)

    def _headings(self, found: list[Variant], width: int) -> Line:
        names, each = self._columns(found, width)
        lead = fit("query │ head" if names >= 15 else "query│head", names)
        return line((lead, self.style_of("faint")), *((fit(v.heading, each), self._heading_style(v)) for v in found))

    def _keys(self, reading: "Reading", found: list[Variant], count: int, width: int) -> list[Line]:
        """Return bars for the keys with the largest weights in the row of the query."""
        names, each = self._columns(found, width)
        lines = []
        for key in self._top_keys(reading, found, count):
            name = fit(label(reading.encoding.tokens[key]), names - 1) + " "
            parts: list[str | tuple[str, Style]] = [(name, self._plain())]
            for variant in found:
                bars = max(0, each - 6)
                share = 0.0 if self._is_pending else variant.weights[key]
                parts.append((bar(share, bars), self._bar(share)))
                parts.append((fit(" " + self._unless_pending(weight(share)), each - bars), self._plain()))
            lines.append(line(*parts))
        return lines

    def _measures(self, reading: "Reading", found: list[Variant], width: int) -> list[Line]:
        """Return a line for each measure: the query's, then after │ the mean over the rows of the head."""
        names, each = self._columns(found, width)
        seen = _seen(reading)
        long = names >= 15
        keys = f"keys+⌂ of {seen + 1}" if reading.stages.inputs.sink is not None else f"keys of {seen}"
        measures: tuple[tuple[str, Callable[[Variant, Measures], str]], ...] = (
            ("largest weight" if long else "largest", lambda _, of: self._unless_pending(weight(of.max_weight))),
            ("entropy, bits" if long else "bits", lambda _, of: self._unless_pending(f"{of.entropy_bits:.2f}")),
            (keys, lambda _, of: self._unless_pending(f"{of.effective_keys:.1f}")),
            ("var of scores" if long else "variance", self._variance),
        )
        rows = [(name, [(write(v, v.query), write(v, v.head)) for v in found]) for name, write in measures]
        left = 7 if each >= 16 else max(map(cell_len, (a for _, row in rows for a, _ in row)))
        lines = []
        for name, row in rows:
            texts = [fit(f"{a:<{left}}│ {b}" if each >= 16 else f"{a}│{b}", each) for a, b in row]
            lines.append(line((fit(name, names), self.style_of("faint")), *((text, self._plain()) for text in texts)))
        return lines

    @property
    def _is_pending(self) -> bool:
        return self.reading is not None and self.reading.view.is_pending(Stage.WEIGHTS)

    def _unless_pending(self, text: str) -> str:
        """Return a number, or a dot while the user has not yet stepped to the weights."""
        return _PENDING if self._is_pending else text

    def _variance(self, variant: Variant, of: Measures) -> str:
        """Return the variance as text, or a dot while the user has not yet stepped to the scaled scores."""
        is_ahead = variant.scale != 1.0 and self.reading is not None and self.reading.view.is_pending(Stage.SCALED)
        return _PENDING if is_ahead else significant(of.variance)

    def _heading_style(self, variant: Variant) -> Style:
        return self.style_of("label" if variant.as_set and not self._is_pending else "faint")

    def _plain(self) -> Style:
        return self.style_of("faint" if self._is_pending else "name")

    def _bar(self, share: float) -> Style:
        return self.style_of("faint") if self._is_pending else self.bar_style(share)

    def _top_keys(self, reading: "Reading", found: list[Variant], count: int) -> list[int]:
        """Return the keys with the largest weights, in text order; the first keys while weights are not computed."""
        in_use = next(variant for variant in found if variant.as_set).weights
        seen = reading.row.visible[0].tolist()
        if self._is_pending:
            return [key for key, s in enumerate(seen) if s][:count]
        ranked = sorted((key for key, s in enumerate(seen) if s), key=lambda key: -in_use[key])
        return sorted(ranked[:count])

    # The curves

    def _of_head(self, reading: "Reading", points: int) -> "EntropyCurve":
        """Return the curve of the head, which is cached while the query moves."""
        source = (reading.as_set, reading.view.layer, reading.view.head, points)
        if self._head_curve is None or self._head_curve[0] != source:
            self._head_curve = source, reading.head_entropy_curve(points)
        return self._head_curve[1]

    def _curve(self, curve: "EntropyCurve", lead: str, tall: int) -> list[Line]:
        """Draw entropy as an area, with the scale in use highlighted; empty while weights are not computed."""
        assert self.reading is not None
        if self._is_pending:
            return [line((lead + _PENDING if number == 0 else "", self.style_of("faint"))) for number in range(tall)]
        now = curve.place(float(self.reading.stages.inputs.scale))
        lines = []
        for number, row in enumerate(area([bits / curve.most if curve.most else 0.0 for bits in curve.bits], tall)):
            lit = row[now] if row[now] != " " else "│"
            axis = f"{curve.most:.1f} " if number == 0 else "0 " if number == tall - 1 else ""
            before = lead if tall == 1 else fit(lead.strip() if number == 0 else "", len(lead) - len(axis)) + axis
            lines.append(
                line(
                    (before, self.style_of("faint")),
                    (row[:now], self._bar(0.3)),
                    (lit, self.style_of("cursor")),
                    (row[now + 1 :], self._bar(0.3)),
                )
            )
        return lines

    def _marks(self, curve: "EntropyCurve", lead: int) -> list[Line]:
        """Draw marks below the curves at the scale in use and at the scales that have a name."""
        assert self.reading is not None
        inputs = self.reading.stages.inputs
        now = curve.place(float(inputs.scale))
        scales = (*named_scales(inputs.head_size, self._n_embd), (0.0, "0"))
        named = [(curve.place(scale), name) for scale, name in scales]
        here = next((name for place, name in named if place == now), "now")
        marks = [(now, f"▲{here}"), *(mark for mark in named if mark[0] != now)]
        below = ticks(marks, len(curve.bits))
        return [line(" " * lead, (marked, self.style_of("faint"))) for marked in below]

    @property
    def _n_embd(self) -> int:
        assert self.reading is not None
        return self.reading.bounds.n_embd


def _seen(reading: "Reading") -> int:
    """Return the number of keys that the query sees."""
    return int(reading.row.visible.sum().item())


def _shares(spare: int, seen: int, curves: int) -> tuple[int, int]:
    """Divide `spare` lines: return how many of the `seen` keys are shown, and the height of each curve."""
    keys, tall = 1, 1
    for most_keys, most_tall in _SHARES:
        keys = max(keys, min(most_keys, seen, spare - (tall - 1) * curves))
        tall = max(tall, min(most_tall, 1 + (spare - keys) // curves))
    return keys, tall


def _place(reading: "Reading") -> tuple[int, int, int, bool]:
    view = reading.view
    return view.layer, view.head, view.query, view.is_pending(Stage.WEIGHTS)
