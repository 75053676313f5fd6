"""PeakednessPanel: how far the current query's weights are from uniform, unscaled beside scaled."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style

from explorer.reading import Reading
from explorer.text import bar, fit, height, label, significant, weight
from explorer.widgets.lines import Line, Lines, line

if TYPE_CHECKING:
    from model.attention import AttentionStages

TOP_KEYS = 4
_POINTS = 33
_NARROW = 34
"""Cells below which the variants stand below each other, in short."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The current query's weights at one scale."""

    name: str
    scale: float
    as_set: bool
    weights: tuple[float, ...]
    max_weight: float
    entropy_bits: float
    effective_keys: float

    @property
    def heading(self) -> str:
        """The scale with its name; a bullet where it is the one in use."""
        return f"{'●' if self.as_set else ''}{self.name} ×{significant(self.scale, 3)}"

    def measures(self, short: int) -> str:
        """Largest weight, entropy and effective keys in a few words; the larger `short`, the fewer."""
        if short > 1:
            return f"{weight(self.max_weight)} {self.entropy_bits:.2f}b"
        words = f"{weight(self.max_weight)} · {self.entropy_bits:.2f} bits · {self.effective_keys:.1f} keys"
        return words if short else f"max {words}"


def variants(reading: Reading) -> list[Variant]:
    """Unscaled, as trained, and as set where that is neither; each scale once."""
    set_scale = float(reading.stages.inputs.scale)
    default = reading.shape.scale(reading.view.layer)
    named = [("unscaled", 1.0, reading.unscaled)]
    if not math.isclose(default, 1.0):
        named.append(("scaled", default, reading.default_scaled))
    if not any(math.isclose(set_scale, scale, rel_tol=1e-9) for _, scale, _ in named):
        named.append(("as set", set_scale, reading.stages))
    return [_variant(reading, *each, as_set=math.isclose(set_scale, each[1], rel_tol=1e-9)) for each in named]


def _variant(reading: Reading, name: str, scale: float, stages: "AttentionStages", *, as_set: bool) -> Variant:
    from model.peakedness import effective_keys, entropy_bits, largest_weight

    weights = stages.row(reading.view.query).weights
    return Variant(
        name,
        scale,
        as_set,
        tuple(weights[0].tolist()),
        largest_weight(weights).item(),
        entropy_bits(weights).item(),
        effective_keys(weights).item(),
    )


@dataclass(frozen=True, slots=True)
class Curve:
    """Entropy in bits of the current query's weights over scales that fall evenly in their logarithm."""

    scales: tuple[float, ...]
    bits: tuple[float, ...]
    most: float  # log2 of the keys that the query sees

    @classmethod
    def of(cls, reading: Reading, points: int) -> "Curve":
        """From 1, or the scale as set if that is larger, to 1/head_size, or the scale as set if that is smaller."""
        import torch

        from model.attention import AttentionStages
        from model.peakedness import entropy_bits

        inputs = reading.stages.row(reading.view.query).inputs
        marks = [1.0, 1 / inputs.head_size, *([float(inputs.scale)] if inputs.scale > 0 else [])]
        first, last = math.log(max(marks)), math.log(min(marks))
        scales = [math.exp(first + (last - first) * i / max(1, points - 1)) for i in range(points)]
        # One copy of the row for each scale, as a layer has one for each head: the whole curve is one computation.
        q, k, v = (tensor.expand(points, -1, -1) for tensor in (inputs.q, inputs.k, inputs.v))
        stages = AttentionStages(replace(inputs, q=q, k=k, v=v, scale=torch.tensor(scales), ablated=False))
        seen = int(inputs.visible.sum().item())
        return cls(tuple(scales), tuple(entropy_bits(stages.weights)[:, 0].tolist()), math.log2(max(1, seen)))

    def place(self, scale: float) -> int:
        """The point nearest to a scale."""
        if scale <= 0:
            return len(self.scales) - 1
        return min(range(len(self.scales)), key=lambda i: abs(math.log(self.scales[i] / scale)))


class PeakednessPanel(Lines, can_focus=True):
    """Weights of the keys that matter, largest weight, entropy and effective keys at every scale of interest."""

    def show(self, reading: Reading) -> None:
        """Draw a reading; a step of the key changes nothing here."""
        before = self.reading
        view = reading.view
        if before and before.as_set is reading.as_set and _place(before) == (view.layer, view.head, view.query):
            self.reading = reading
            return
        super().show(reading)

    def title(self, reading: Reading) -> str:
        """What the panel asks."""
        return "how peaked?"

    def lines(self, reading: Reading, width: int) -> Sequence[Line]:
        """All of it, or one line."""
        found = variants(reading)
        if self.compact:
            return [self._one_line(found, width)]
        if width < _NARROW:
            return self._stacked(reading, found, width)
        return [*self._table(reading, found, width), *self._head(reading, width), *self._curve(reading, width)]

    def _one_line(self, found: list[Variant], width: int) -> Line:
        """The longest wording that fits."""
        text = line()
        for lead, short in (("how peaked? ", 0), ("", 1), ("", 2)):
            parts: list[str | tuple[str, Style]] = [(lead, self.part("faint"))]
            for i, variant in enumerate(found):
                parts.append((" │ " if i else "", self.part("faint")))
                parts.append((variant.heading + " ", self._heading_style(variant)))
                parts.append(variant.measures(short))
            text = line(*parts)
            if text.cell_len <= width:
                break
        return text

    def _stacked(self, reading: Reading, found: list[Variant], width: int) -> list[Line]:
        lines = []
        for variant in found:
            lines.append(line((fit(variant.heading, width), self.part("label"))))
            lines.append(line(fit(f" max {weight(variant.max_weight)}", width)))
            lines.append(line(fit(f" {variant.entropy_bits:.2f} bits", width)))
            lines.append(line(fit(f" {variant.effective_keys:.1f} keys", width)))
        return [*lines, *self._head(reading, width)]

    def _table(self, reading: Reading, found: list[Variant], width: int) -> list[Line]:
        shown = self._top_keys(reading, found)
        labels = [label(reading.encoding.tokens[key]) for key in shown]
        names = min(12, max(9, *map(cell_len, labels))) + 1
        each = (width - names) // len(found)
        lines = [line(fit("", names), *((fit(v.heading, each), self._heading_style(v)) for v in found))]
        for key, name in zip(shown, labels, strict=True):
            parts: list[str | tuple[str, Style]] = [fit(fit(name, names - 1), names)]
            for variant in found:
                bars = max(0, each - 6)
                parts.append((bar(variant.weights[key], bars), self.bar_style(variant.weights[key])))
                parts.append(fit(" " + weight(variant.weights[key]), each - bars))
            lines.append(line(*parts))
        seen = int(reading.stages.inputs.row(reading.view.query).visible.sum().item())
        rows = (
            ("largest", [weight(v.max_weight) for v in found]),
            ("entropy", [f"{v.entropy_bits:.2f} bits" for v in found]),
            ("keys used", [f"{v.effective_keys:.1f} of {seen}" for v in found]),
        )
        for name, measures in rows:
            lines.append(line((fit(name, names), self.part("faint")), *(fit(text, each) for text in measures)))
        return lines

    def _heading_style(self, variant: Variant) -> Style:
        return self.part("label" if variant.as_set else "faint")

    def _top_keys(self, reading: Reading, found: list[Variant]) -> list[int]:
        """The keys with the largest weights as set, in the order of the sentence."""
        in_use = next(variant for variant in found if variant.as_set).weights
        seen = reading.stages.inputs.row(reading.view.query).visible[0].tolist()
        ranked = sorted((key for key, s in enumerate(seen) if s), key=lambda key: -in_use[key])
        return sorted(ranked[:TOP_KEYS])

    def _head(self, reading: Reading, width: int) -> list[Line]:
        from model.peakedness import variance

        raw = variance(reading.stages.scores).item()
        scaled = raw * float(reading.stages.inputs.scale) ** 2
        words = f"{significant(raw)} raw, {significant(scaled)} as set"
        lead = "variance of the head's scores " if width >= 60 else "var "
        return [line((lead, self.part("faint")), fit(words, max(0, width - len(lead))))]

    def _curve(self, reading: Reading, width: int) -> list[Line]:
        """A sparkline of entropy, marks at the scales with a name, and one at the scale in use."""
        lead = "entropy over scale " if width >= 60 else "entropy "
        points = min(_POINTS, width - len(lead) - 1)
        if points < 8:
            return []
        curve = Curve.of(reading, points)
        heights = "".join(height(bits / curve.most if curve.most else 0.0) for bits in curve.bits)
        scale, head_size = float(reading.stages.inputs.scale), reading.stages.inputs.head_size
        now = curve.place(scale)
        spark = line(
            (lead, self.part("faint")),
            (heights[:now], self.bar_style(0.3)),
            (heights[now], self.part("cursor")),
            (heights[now + 1 :], self.bar_style(0.3)),
        )
        ticks = [(curve.place(1.0), "×1"), (curve.place(1 / math.sqrt(head_size)), f"1/√{head_size}")]
        ticks.append((curve.place(1 / head_size), f"1/{head_size}"))
        below = _ticks([(now, "▲now"), *ticks], points + 6)
        return [spark, line(fit("", len(lead)), (below[: width - len(lead)], self.part("faint")))]


def _place(reading: Reading) -> tuple[int, int, int]:
    return reading.view.layer, reading.view.head, reading.view.query


def _ticks(marks: list[tuple[int, str]], width: int) -> str:
    """Marks at their places on one line; the first ones come first where there is no room for all."""
    cells = [" "] * width
    for place, text in marks:
        start = min(place, width - len(text))
        if all(cell == " " for cell in cells[max(0, start - 1) : start + len(text) + 1]):
            cells[start : start + len(text)] = text
    return "".join(cells).rstrip()
