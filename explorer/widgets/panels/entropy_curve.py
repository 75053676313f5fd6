"""The curve of entropy over the scale: its points, and how it is drawn in cells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.view import named_scales

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.attention import AttentionInputs

_HEAD_QUERIES = 64
"""Queries that a head's curve is the mean of, at most."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Entropy in bits over scales that fall evenly in their logarithm: of a query, or the mean of a head's queries."""

    scales: tuple[float, ...]
    bits: tuple[float, ...]
    most: float  # with uniform weights: log2 of the keys that a query sees

    @classmethod
    def of(cls, reading: "Reading", points: int) -> "Curve":
        """The current query's."""
        return cls._measured(reading, points, reading.stages.row(reading.view.query).inputs)

    @classmethod
    def of_head(cls, reading: "Reading", points: int) -> "Curve":
        """The head's, from at most 64 of its queries, evenly spaced."""
        import torch

        inputs = reading.stages.inputs
        count = inputs.q.shape[-2]
        most = _HEAD_QUERIES
        chosen = [round(i * (count - 1) / (most - 1)) for i in range(most)] if count > most else range(count)
        rows = [inputs.row(i) for i in chosen]
        bits = torch.tensor([cls._measured(reading, points, row).bits for row in rows]).mean(0)
        uniform = sum(math.log2(max(1, int(row.visible.sum().item()))) for row in rows) / len(rows)
        return cls(_scales(reading, points), tuple(bits.tolist()), uniform)

    @classmethod
    def _measured(cls, reading: "Reading", points: int, inputs: "AttentionInputs") -> "Curve":
        import torch

        from model.attention import AttentionStages
        from model.peakedness import entropy_bits

        scales = _scales(reading, points)
        row = AttentionStages(inputs)
        _ = row.scores  # once, for all scales
        stages = row.rescaled(torch.tensor(scales))
        seen = int(inputs.visible.sum().item())
        return cls(scales, tuple(entropy_bits(stages.weights)[:, 0].tolist()), math.log2(max(1, seen)))

    def place(self, scale: float) -> int:
        """The point nearest to a scale."""
        if scale <= 0:
            return len(self.scales) - 1
        return min(range(len(self.scales)), key=lambda i: abs(math.log(self.scales[i] / scale)))


def _scales(reading: "Reading", points: int) -> tuple[float, ...]:
    """From 1, or the scale as set if that is larger, to 1/head_size, or the scale as set if that is smaller."""
    inputs = reading.stages.inputs
    marks = [scale for scale, _ in named_scales(inputs.head_size, reading.bounds.n_embd)]
    marks += [float(inputs.scale)] if inputs.scale > 0 else []
    first, last = math.log(max(marks)), math.log(min(marks))
    return tuple(math.exp(first + (last - first) * i / max(1, points - 1)) for i in range(points))


def area(heights: Sequence[float], tall: int) -> list[str]:
    """Columns of heights from 0 to 1 in so many lines, the uppermost first, to an eighth of a line."""
    eighths = [round(max(0.0, min(1.0, height)) * tall * 8) if height == height else 0 for height in heights]
    # What is nearly nothing is still drawn.
    return [
        "".join(_BLOCKS[max(1 if low == 0 else 0, min(8, e - low))] for e in eighths)
        for low in range(8 * tall - 8, -1, -8)
    ]


_BLOCKS = " ▁▂▃▄▅▆▇█"


def ticks(marks: Sequence[tuple[int, str]], width: int) -> list[str]:
    """Marks at their places, on one line of `width` cells or on more where they would lie on each other."""
    lines: list[list[str]] = [[" "] * width]
    for place, text in marks:
        start = max(0, min(place, width - len(text)))
        around = slice(max(0, start - 1), start + len(text) + 1)
        line = next((line for line in lines if not "".join(line[around]).strip()), None)
        if line is None:
            lines.append(line := [" "] * width)
        line[start : start + len(text)] = text
    return ["".join(line[:width]).rstrip() for line in lines]
