"""Thumbnails of attention weights, and mean peakedness, one head at a time so that no T × T matrix is kept.

Notation: T positions, n blocks, f positions in a block.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention import AttentionStages
from model.peakedness import entropy_bits, largest_weight
from model.trace import Trace

HIDDEN = -1.0
"""The value of a block in which no query may see any key."""


def blocks(weights: Tensor, visible: Tensor, size: int) -> Tensor:
    """Pool weights (T, T) over blocks of f = `size` queries by f keys: (n, n), n = ⌈T / f⌉; the last may be smaller.

    The value of a block is the total weight on its keys, averaged over its queries: rows still sum to 1, and for f = 1
    the weights are unchanged. A block without a cell of `visible`, broadcastable to (T, T), is HIDDEN.
    """
    shares = _pooled(weights, size) / _lengths(weights.shape[0], size).to(weights)[:, None]
    seen = _pooled(visible.expand_as(weights).to(weights.dtype), size) > 0
    return shares.masked_fill(~seen, HIDDEN)


def _pooled(matrix: Tensor, size: int) -> Tensor:
    """Return sums over blocks of `size` × `size`."""
    if size == 1:
        return matrix
    rows, columns = matrix.shape
    padded = torch.nn.functional.pad(matrix, (0, -columns % size, 0, -rows % size))
    return padded.view(-(-rows // size), size, -(-columns // size), size).sum((1, 3))


def _lengths(positions: int, size: int) -> Tensor:
    """Return the number of positions in each block, (n,)."""
    starts = torch.arange(0, positions, size)
    return (positions - starts).clamp(max=size)


@dataclass(frozen=True, slots=True)
class MeanPeakedness:
    """How peaked a head is on average over the queries of a text."""

    effective_keys: float
    entropy_bits: float
    max_weight: float


def mean_peakedness(weights: Tensor) -> MeanPeakedness:
    """Return the averages over the rows of weights (T, T)."""
    bits = entropy_bits(weights)  # computed once, as it takes the longest
    return MeanPeakedness(torch.exp2(bits).mean().item(), bits.mean().item(), largest_weight(weights).mean().item())


@dataclass(frozen=True, slots=True)
class HeadPeakedness:
    """How peaked one head is at the scale as set, unscaled, and at the trained scale; q, k and mask are as set."""

    as_set: MeanPeakedness
    unscaled: MeanPeakedness
    scaled: MeanPeakedness


@dataclass(frozen=True, eq=False)
class HeadPicture:
    """A summary of one head: its weights pooled over blocks (n, n), and how peaked they are."""

    blocks: Tensor
    size: int  # positions in a block
    peakedness: HeadPeakedness


def head_picture(
    trace: Trace, layer: int, head: int, trained_scale: float, size: int, known: HeadPeakedness | None = None
) -> HeadPicture:
    """Return the picture of one head in blocks of `size`; peakedness is computed unless it is `known`."""
    with torch.inference_mode():
        stages = trace.head(layer, head)
        picture = blocks(stages.weights, stages.visible, size)
        # Cloned, as blocks of a single cell share the storage of the whole matrix.
        return HeadPicture(picture.clone(), size, known or _measure(stages, trained_scale))


def _measure(stages: AttentionStages, trained_scale: float) -> HeadPeakedness:
    found = {float(stages.inputs.scale): mean_peakedness(stages.weights)}
    for scale in (1.0, trained_scale):
        if scale not in found:
            found[scale] = mean_peakedness(stages.rescaled(scale).weights)
    return HeadPeakedness(found[float(stages.inputs.scale)], found[1.0], found[trained_scale])
