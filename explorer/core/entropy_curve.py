"""The curve of entropy over the scale: of one query, or the mean of a head's queries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from explorer.view import named_scales
from model.attention import AttentionInputs, AttentionStages
from model.peakedness import entropy_bits

_HEAD_QUERIES = 64
"""The largest number of queries that a head's curve is the mean of."""

_TAIL = 6
"""Points from the smallest scale with a name to 0: enough for its name to stand before that of 0."""


@dataclass(frozen=True, slots=True)
class EntropyCurve:
    """Entropy in bits at scales that fall evenly in their logarithm, and at the end evenly to 0."""

    scales: tuple[float, ...]
    bits: tuple[float, ...]
    most: float  # with uniform weights: log2 of the keys that a query sees

    def place(self, scale: float) -> int:
        """Return the index of the point nearest to a scale; only the last one stands for 0."""
        last = len(self.scales) - 1
        if scale <= 0:
            return last
        return min(range(last), key=lambda i: abs(math.log(self.scales[i] / scale)))


def query_curve(row: AttentionStages, n_embd: int, points: int) -> EntropyCurve:
    """Return the curve of one query, given its row of stages in a head whose model has the width `n_embd`."""
    return _row_curve(row, _scales(row.inputs, n_embd, points))


def head_curve(inputs: AttentionInputs, n_embd: int, points: int) -> EntropyCurve:
    """Return the mean curve of a head, over at most 64 of its queries, evenly spaced."""
    count = inputs.q.shape[-2]
    most = _HEAD_QUERIES
    chosen = [round(i * (count - 1) / (most - 1)) for i in range(most)] if count > most else range(count)
    scales = _scales(inputs, n_embd, points)
    curves = [_row_curve(AttentionStages(inputs.row(i)), scales) for i in chosen]
    bits = torch.tensor([curve.bits for curve in curves]).mean(0)
    return EntropyCurve(scales, tuple(bits.tolist()), sum(curve.most for curve in curves) / len(curves))


def _row_curve(row: AttentionStages, scales: Sequence[float]) -> EntropyCurve:
    _ = row.scores, row.visible  # computed once, shared by all scales
    stages = row.rescaled(torch.tensor(scales))
    visible = int(row.visible.sum().item())
    return EntropyCurve(tuple(scales), tuple(entropy_bits(stages.weights)[:, 0].tolist()), math.log2(max(1, visible)))


def _scales(inputs: AttentionInputs, n_embd: int, points: int) -> tuple[float, ...]:
    """From 1 to 1/head_size, further where the scale as set is outside of these, and from there to 0."""
    marks = [scale for scale, _ in named_scales(inputs.head_size, n_embd)]
    marks += [float(inputs.scale)] if inputs.scale > 0 else []
    first, last = math.log(max(marks)), math.log(min(marks))
    tail = _TAIL if points >= 3 * _TAIL else 1
    count = points - tail
    falling = [math.exp(first + (last - first) * i / max(1, count - 1)) for i in range(count)]
    return (*falling, *(min(marks) * (1 - i / tail) for i in range(1, tail + 1)))
