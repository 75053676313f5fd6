"""Small pictures of attention, and its peakedness in three numbers: one head at a time, so that no T × T outlives it.

Notation: T positions, n blocks, f positions in a block.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention import AttentionStages
from model.peakedness import entropy_bits, largest_weight
from model.trace import Trace

HIDDEN = -1.0
"""In a picture: no query of the block may see any of its keys."""


def blocks(weights: Tensor, visible: Tensor, size: int) -> Tensor:
    """Weights (T, T) in blocks of f = `size` queries by f keys: (n, n), n = ⌈T / f⌉; the last block may be smaller.

    A block holds the weight that its keys get together, in the mean of its queries: each row still sums to 1, and a
    block of a single cell is the weight itself. Blocks without a cell of `visible`, broadcastable to (T, T), are
    HIDDEN.
    """
    shares = _pooled(weights, size) / _lengths(weights.shape[0], size).to(weights)[:, None]
    seen = _pooled(visible.expand_as(weights).to(weights.dtype), size) > 0
    return shares.masked_fill(~seen, HIDDEN)


def _pooled(matrix: Tensor, size: int) -> Tensor:
    """Sums over blocks of `size` × `size`."""
    if size == 1:
        return matrix
    rows, columns = matrix.shape
    padded = torch.nn.functional.pad(matrix, (0, -columns % size, 0, -rows % size))
    return padded.view(-(-rows // size), size, -(-columns // size), size).sum((1, 3))


def _lengths(positions: int, size: int) -> Tensor:
    """How many positions each block has."""
    starts = torch.arange(0, positions, size)
    return (positions - starts).clamp(max=size)


@dataclass(frozen=True, slots=True)
class MeanPeakedness:
    """How peaked a head is, in the mean over the queries of a text."""

    effective_keys: float
    entropy_bits: float
    max_weight: float


def mean_peakedness(weights: Tensor) -> MeanPeakedness:
    """The means over the rows of weights, (T, T)."""
    bits = entropy_bits(weights)  # once: it takes the longest
    return MeanPeakedness(torch.exp2(bits).mean().item(), bits.mean().item(), largest_weight(weights).mean().item())


@dataclass(frozen=True, slots=True)
class HeadPeakedness:
    """One head's peakedness as set, at a scale of 1, and at the scale as trained; q, k and mask are as set in each."""

    as_set: MeanPeakedness
    unscaled: MeanPeakedness
    scaled: MeanPeakedness


@dataclass(frozen=True, eq=False)
class HeadPicture:
    """What is kept of one head: a picture of its weights in blocks, (n, n), and how peaked they are."""

    blocks: Tensor
    size: int  # positions in a block
    peakedness: HeadPeakedness


def head_picture(
    trace: Trace, layer: int, head: int, trained_scale: float, size: int, known: HeadPeakedness | None = None
) -> HeadPicture:
    """The picture of one head in blocks of `size`; its peakedness is measured unless it is `known`."""
    with torch.inference_mode():
        stages = trace.head(layer, head)
        picture = blocks(stages.weights, stages.inputs.visible, size)
        # A clone, lest the blocks of one cell keep the whole matrix.
        return HeadPicture(picture.clone(), size, known or _measured(stages, trained_scale))


def _measured(stages: AttentionStages, trained_scale: float) -> HeadPeakedness:
    found = {float(stages.inputs.scale): mean_peakedness(stages.weights)}
    for scale in (1.0, trained_scale):
        if scale not in found:
            found[scale] = mean_peakedness(stages.rescaled(scale).weights)
    return HeadPeakedness(found[float(stages.inputs.scale)], found[1.0], found[trained_scale])
