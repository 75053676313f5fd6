"""Peakedness: how far rows of attention weights are from uniform, and how much raw scores vary."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from model.attention import AttentionStages


def largest_weight(weights: Tensor) -> Tensor:
    """Largest weight of each row: (..., T) -> (...), from 1/T (uniform) to 1 (one-hot)."""
    return weights.amax(-1)


def entropy_bits(weights: Tensor) -> Tensor:
    """Shannon entropy of each row in bits: (..., T) -> (...), from 0 (one-hot) to log2 T (uniform)."""
    nats: Tensor = torch.special.entr(weights).sum(-1)
    return nats / math.log(2)


def effective_keys(weights: Tensor) -> Tensor:
    """Effective number of keys of each row, 2^entropy (the perplexity of the row): (..., T) -> (...), from 1 to T."""
    return torch.exp2(entropy_bits(weights))


def variance(scores: Tensor) -> Tensor:
    """Population variance over all of `scores`, a matrix or the visible part of a row: a scalar, 0 for one number."""
    return scores.var(correction=0)


@dataclass(frozen=True, eq=False)
class Peakedness:
    """Peakedness of every row of one head, fields (Tq,), and the variance over the whole matrix of raw scores."""

    scores_variance: float
    max_weight: Tensor
    entropy_bits: Tensor
    effective_keys: Tensor


def peakedness(stages: AttentionStages) -> Peakedness:
    """Measure every row of one head. A sink counts as one more key in entropy and effective keys."""
    bits = entropy_bits(stages.distribution)
    return Peakedness(variance(stages.scores).item(), largest_weight(stages.weights), bits, torch.exp2(bits))


@dataclass(frozen=True, slots=True)
class RowPeakedness:
    """Peakedness of one row of weights, and the variance of its raw scores over the visible keys."""

    max_weight: float
    entropy_bits: float
    scores_variance: float


def row_peakedness(row: AttentionStages) -> RowPeakedness:
    """Measure the stages of one row, shapes (1, T). A sink counts as one more key in the entropy."""
    visible = row.scores[row.visible]
    return RowPeakedness(
        largest_weight(row.weights).item(), entropy_bits(row.distribution).item(), variance(visible).item()
    )
