"""Attention and each of its stages, computed from q, k, v, a scale and a mask.

Notation: T positions, D head_size, H heads; `...` is any leading shape, usually (H,) for a layer, () for a head or
(B, H) for a batch in training. Row i of a matrix is query i, column j is key j.

The stages are those of "Attention Is All You Need" (Vaswani et al. 2017, section 3.2.1), kept separate. `attend` is the
fast path to the last one. No other module computes a softmax over scores.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from model.settings import LayerSettings


def scores(q: Tensor, k: Tensor) -> Tensor:
    """Raw dot products of every query with every key: (..., Tq, D), (..., Tk, D) -> (..., Tq, Tk)."""
    return q @ k.mT


def scaled(scores: Tensor, scale: float | Tensor) -> Tensor:
    """Scores times the scale, a number or one broadcastable to (..., Tq, Tk)."""
    return scores * scale


def masked(scaled: Tensor, visible: Tensor) -> Tensor:
    """Scaled scores with −∞ wherever `visible`, broadcastable to (..., Tq, Tk), is False."""
    return scaled.masked_fill(~visible, -math.inf)


def weights(masked: Tensor) -> Tensor:
    """Softmax over the keys of each query: (..., Tq, Tk), rows sum to 1, hidden keys exactly 0."""
    return torch.softmax(masked, dim=-1)


def mixed(weights: Tensor, v: Tensor) -> Tensor:
    """Weighted averages of the values: (..., Tq, Tk), (..., Tk, D) -> (..., Tq, D)."""
    return weights @ v


@lru_cache(maxsize=8)
def causal_mask(queries: int, keys: int, offset: int) -> Tensor:
    """(queries, keys) bool: query i, at position offset + i, sees keys 0…offset + i."""
    with torch.inference_mode(False):  # cached masks are also used when training
        return torch.ones(queries, keys, dtype=torch.bool).tril(offset)


@dataclass(frozen=True, eq=False)
class AttentionInputs:
    """What attention is computed from, for one head or for all heads of a layer.

    `scale`, `causal` and `ablated` are each one value, or a tensor (H,) if heads differ. Per-head scales are float64
    to be exactly the requested numbers. The mixed values of an ablated head are replaced by zeros. `offset` is
    the position of the first query; None aligns the last query with the last key, as in generation with cached keys.

    The mask is derived when needed (`visible`), so that a trace does not hold T × T matrices.

    Raises ValueError if the shapes of q, k and v do not fit together.
    """

    q: Tensor  # (..., Tq, D)
    k: Tensor  # (..., Tk, D)
    v: Tensor  # (..., Tk, D)
    scale: float | Tensor
    causal: bool | Tensor = True
    ablated: bool | Tensor = False
    offset: int | None = None

    def __post_init__(self) -> None:
        if self.k.shape[-2] != self.v.shape[-2] or self.q.shape[-1] != self.k.shape[-1]:
            raise ValueError(
                f"q {tuple(self.q.shape)}, k {tuple(self.k.shape)} and v {tuple(self.v.shape)} do not fit: "
                "q and k share head_size, k and v share positions"
            )

    @classmethod
    def from_settings(cls, q: Tensor, k: Tensor, v: Tensor, settings: LayerSettings) -> "AttentionInputs":
        """The inputs of a layer whose q, k and v are (..., H, T, D), with its scale, mask and ablated heads."""
        scale, causal, ablated = settings.scale, settings.causal, settings.ablated
        return cls(
            q,
            k,
            v,
            torch.tensor(scale, dtype=torch.float64) if isinstance(scale, tuple) else scale,
            torch.tensor(causal) if isinstance(causal, tuple) else causal,
            torch.tensor(ablated) if isinstance(ablated, tuple) else ablated,
        )

    @property
    def head_size(self) -> int:
        """D."""
        return self.q.shape[-1]

    @property
    def first_position(self) -> int:
        """The position of the first query among the keys."""
        return self.k.shape[-2] - self.q.shape[-2] if self.offset is None else self.offset

    @property
    def visible(self) -> Tensor:
        """True where a query may see a key: bool, broadcastable to (..., Tq, Tk)."""
        mask = causal_mask(self.q.shape[-2], self.k.shape[-2], self.first_position).to(self.q.device)
        if isinstance(self.causal, Tensor):
            return mask | ~self.causal[:, None, None]
        return mask if self.causal else torch.ones_like(mask)

    @property
    def overflows(self) -> bool:
        """True if a raw or scaled score may exceed the range of its number format, so that weights may be NaN.

        The output of `attend` does not always show this, as torch may return zeros for such a row.
        """
        limits = torch.finfo(self.q.dtype)
        q, k = (x.abs().max().item() for x in (self.q, self.k))
        scale = self.scale.abs().max().item() if isinstance(self.scale, Tensor) else abs(self.scale)
        score = q * k * self.head_size  # an upper bound; NaN counts as an overflow
        return not max(score, 1.0) * max(scale, 1.0) <= limits.max

    def head(self, head: int) -> "AttentionInputs":
        """The inputs of one head: q, k, v of shape (T, D), and plain numbers as settings."""

        def pick(setting: float | bool | Tensor) -> float | bool:
            return setting[head].item() if isinstance(setting, Tensor) else setting

        return replace(
            self,
            q=self.q[..., head, :, :],
            k=self.k[..., head, :, :],
            v=self.v[..., head, :, :],
            scale=float(pick(self.scale)),
            causal=bool(pick(self.causal)),
            ablated=bool(pick(self.ablated)),
        )

    def row(self, query: int) -> "AttentionInputs":
        """The inputs of one query against all keys: q of shape (..., 1, D)."""
        return replace(self, q=self.q[..., query : query + 1, :], offset=self.first_position + query)


class AttentionStages:
    """Every stage of attention over `inputs`, each computed on first access and then kept.

    scores, scaled, masked, weights: (..., Tq, Tk); mixed: (..., Tq, D).
    """

    def __init__(self, inputs: AttentionInputs) -> None:
        self.inputs = inputs

    @cached_property
    def scores(self) -> Tensor:
        """Raw dot products q · k."""
        return scores(self.inputs.q, self.inputs.k)

    @cached_property
    def scaled(self) -> Tensor:
        """Scores times the scale."""
        return scaled(self.scores, per_head(self.inputs.scale, self.scores))

    @cached_property
    def masked(self) -> Tensor:
        """Scaled, with hidden keys at −∞."""
        return masked(self.scaled, self.inputs.visible)

    @cached_property
    def weights(self) -> Tensor:
        """Softmax of each row of masked."""
        return weights(self.masked)

    @cached_property
    def log_sums(self) -> Tensor:
        """Log-sum-exp of each row of masked, float64 (..., Tq): weights are e^(masked − log_sums)."""
        return self.masked.double().logsumexp(-1)

    @cached_property
    def mixed(self) -> Tensor:
        """Weighted averages of the values; zeros for an ablated head."""
        return without_ablated(mixed(self.weights, self.inputs.v), self.inputs.ablated)

    def rescaled(self, scale: float | Tensor) -> "AttentionStages":
        """The same attention at another scale, sharing q, k, v and the raw scores.

        If `scale` is a tensor (N,), every stage from `scaled` on has a leading dimension N.
        """
        other = AttentionStages(replace(self.inputs, scale=scale))
        if "scores" in self.__dict__:
            other.__dict__["scores"] = self.scores
        return other

    def row(self, query: int) -> "AttentionStages":
        """The stages of one query alone: matrices of shape (..., 1, Tk)."""
        return AttentionStages(self.inputs.row(query))


def attend(inputs: AttentionInputs) -> Tensor:
    """Compute `AttentionStages(inputs).mixed`, (..., Tq, D), without the T × T matrices.

    This is one call of `scaled_dot_product_attention`. Where heads have different scales, q of each head is multiplied
    by its scale beforehand; where they have different masks, each head gets its own.
    """
    q, scale = inputs.q, inputs.scale
    # The fused CPU kernel masks before it scales: −∞ times a scale of 0 or less would be NaN or +∞. It also rounds
    # scales below the smallest normal number to 0.
    if isinstance(scale, Tensor) or scale < torch.finfo(q.dtype).tiny:
        q, scale = q * per_head(scale, q), 1.0
    whole = inputs.q.shape[-2] == inputs.k.shape[-2] and inputs.first_position == 0
    plain = isinstance(inputs.causal, bool) and (whole or not inputs.causal)
    y = F.scaled_dot_product_attention(
        _batched(q),
        _batched(inputs.k),
        _batched(inputs.v),
        attn_mask=None if plain else _batched(inputs.visible),
        is_causal=plain and bool(inputs.causal),
        scale=scale,
    )
    return without_ablated(y.reshape(*q.shape[:-1], inputs.v.shape[-1]), inputs.ablated)


def _batched(x: Tensor) -> Tensor:
    """Add leading dimensions up to (1, 1, ·, ·): with fewer, torch takes a slow path with T × T matrices."""
    return x[(None,) * (4 - x.dim())]


def per_head(setting: float | Tensor, like: Tensor) -> float | Tensor:
    """Reshape per-head values (H,) to (H, 1, 1), to broadcast over `like` (..., H, T, any); numbers are unchanged."""
    return setting[:, None, None].to(like.dtype) if isinstance(setting, Tensor) else setting


def without_ablated(mixed: Tensor, ablated: bool | Tensor) -> Tensor:
    """Replace the mixed values (..., T, D) of ablated heads by zeros (zero ablation)."""
    if isinstance(ablated, Tensor):
        return mixed.masked_fill(ablated[:, None, None], 0.0)
    return torch.zeros_like(mixed) if ablated else mixed
