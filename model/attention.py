"""Attention and each of its stages, computed from q, k, v, a scale and a mask.

Notation: T positions, D head_size, H heads, G heads of k and v; `...` is any leading shape, usually (H,) for a layer,
() for a head or (B, H) for a batch in training. Row i of a matrix is query i, column j is key j.

The stages are those of "Attention Is All You Need" (Vaswani et al. 2017, section 3.2.1), kept separate, in the order
scores → scaled → capped → masked → weights → mixed. Some models add to them: a soft cap on the scaled scores (Gemma 2,
Riviere et al. 2024, section 2), a window of the last keys (Longformer, Beltagy et al. 2020), one head of keys for
several of queries (Ainslie et al. 2023), a sink that takes a share of every row (GPT-OSS, OpenAI 2025). `attend` is the
fast path to the last stage. No other module computes a softmax over scores.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import overload

import torch
from torch import Tensor
from torch.nn import functional as F

from model.settings import LayerSettings


def scores(q: Tensor, k: Tensor) -> Tensor:
    """Raw dot products of every query with every key: (..., Tq, D), (..., Tk, D) -> (..., Tq, Tk).

    With grouped queries, (..., H, Tq, D) and (..., G, Tk, D) -> (..., H, Tq, Tk).
    """
    return _by_group(q, k.mT)


def scaled(scores: Tensor, scale: float | Tensor) -> Tensor:
    """Scores times the scale, a number or one broadcastable to (..., Tq, Tk)."""
    return scores * scale


def capped(scaled: Tensor, softcap: float) -> Tensor:
    """Scaled scores squeezed smoothly between −softcap and softcap: softcap · tanh(scaled / softcap)."""
    return torch.tanh(scaled / softcap) * softcap


def masked(scaled: Tensor, visible: Tensor) -> Tensor:
    """Scaled scores with −∞ wherever `visible`, broadcastable to (..., Tq, Tk), is False."""
    return scaled.masked_fill(~visible, -math.inf)


def weights(masked: Tensor, sink: float | Tensor | None = None) -> Tensor:
    """Softmax over the keys of each query: (..., Tq, Tk), rows sum to 1, hidden keys exactly 0.

    A `sink`, broadcastable to (..., Tq, 1), takes part in the softmax like the score of one more key, which has no
    value: rows then sum to less than 1.
    """
    if sink is None:
        return torch.softmax(masked, dim=-1)
    column = torch.as_tensor(sink, dtype=masked.dtype, device=masked.device).expand(*masked.shape[:-1], 1)
    return torch.softmax(torch.cat((masked, column), dim=-1), dim=-1)[..., :-1]


def mixed(weights: Tensor, v: Tensor) -> Tensor:
    """Weighted averages of the values: (..., Tq, Tk), (..., Tk, D) -> (..., Tq, D).

    With grouped queries, (..., H, Tq, Tk) and (..., G, Tk, D) -> (..., H, Tq, D).
    """
    return _by_group(weights, v)


def _by_group(rows: Tensor, shared: Tensor) -> Tensor:
    """Matrix product (..., H, T, N) @ (..., G, N, M) -> (..., H, T, M) in which H / G heads share each of G matrices.

    The rows of heads that share a matrix are multiplied with it together, so that it is not copied for each of them.
    """
    if min(rows.dim(), shared.dim()) < 3 or rows.shape[-3] == shared.shape[-3]:
        return rows @ shared
    *lead, heads, count, width = rows.shape
    together = rows.reshape(*lead, shared.shape[-3], heads // shared.shape[-3] * count, width)
    return (together @ shared).reshape(*lead, heads, count, shared.shape[-1])


@lru_cache(maxsize=8)
def causal_mask(queries: int, keys: int, offset: int, window: int | None = None) -> Tensor:
    """(queries, keys) bool: query i, at position offset + i, sees keys 0…offset + i, of these the last `window`."""
    with torch.inference_mode(False):  # cached masks are also used when training
        mask = torch.ones(queries, keys, dtype=torch.bool).tril(offset)
        return mask if window is None else mask.triu(offset - window + 1)


@dataclass(frozen=True, eq=False)
class AttentionInputs:
    """What attention is computed from, for one head or for all heads of a layer.

    `scale`, `causal` and `ablated` are each one value, or a tensor (H,) if heads differ. Per-head scales are float64
    to be exactly the requested numbers. The mixed values of an ablated head are replaced by zeros. `offset` is
    the position of the first query; None aligns the last query with the last key, as in generation with cached keys.

    The mask is derived when needed (`visible`), so that a trace does not hold T × T matrices.

    With grouped queries k and v are (..., G, Tk, D), H a multiple of G, and head h uses head h // (H / G) of them.

    `window`, `mask`, `softcap` and `sink` are None in most models. A causal head with a window sees only the last
    `window` keys. `mask` replaces both rules in a model whose mask follows neither; with `causal` False nothing is
    hidden. `softcap` is one number for all heads, sinks are (H,).

    Raises ValueError if the shapes of q, k and v do not fit together.
    """

    q: Tensor  # (..., Tq, D)
    k: Tensor  # (..., Tk, D)
    v: Tensor  # (..., Tk, D)
    scale: float | Tensor
    causal: bool | Tensor = True
    ablated: bool | Tensor = False
    offset: int | None = None
    window: int | None = None
    mask: Tensor | None = None  # bool (Tq, Tk)
    softcap: float | None = None
    sink: float | Tensor | None = None

    def __post_init__(self) -> None:
        if self.k.shape[-2] != self.v.shape[-2] or self.q.shape[-1] != self.k.shape[-1]:
            raise ValueError(
                f"q {tuple(self.q.shape)}, k {tuple(self.k.shape)} and v {tuple(self.v.shape)} do not fit: "
                "q and k share head_size, k and v share positions"
            )
        if min(self.q.dim(), self.k.dim()) > 2 and self.q.shape[-3] % self.k.shape[-3]:
            raise ValueError(f"{self.q.shape[-3]} heads of q do not share {self.k.shape[-3]} heads of k equally")

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
    def groups(self) -> int:
        """How many heads of q share one head of k and v: H / G."""
        return self.q.shape[-3] // self.k.shape[-3] if min(self.q.dim(), self.k.dim()) > 2 else 1

    @property
    def visible(self) -> Tensor:
        """True where a query may see a key: bool, broadcastable to (..., Tq, Tk)."""
        if self.mask is not None:
            mask = self.mask
        else:
            mask = causal_mask(self.q.shape[-2], self.k.shape[-2], self.first_position, self.window).to(self.q.device)
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

        shared = head // self.groups
        return replace(
            self,
            q=self.q[..., head, :, :],
            k=self.k[..., shared, :, :],
            v=self.v[..., shared, :, :],
            scale=float(pick(self.scale)),
            causal=bool(pick(self.causal)),
            ablated=bool(pick(self.ablated)),
            sink=None if self.sink is None else float(pick(self.sink)),
        )

    def row(self, query: int) -> "AttentionInputs":
        """The inputs of one query against all keys: q of shape (..., 1, D)."""
        return self.rows(query, query + 1)

    def rows(self, start: int, stop: int) -> "AttentionInputs":
        """The inputs of the queries from `start` to before `stop` against all keys: q of shape (..., N, D)."""
        here = slice(start, stop)
        mask = None if self.mask is None else self.mask[here]
        return replace(self, q=self.q[..., here, :], offset=self.first_position + start, mask=mask)

    def in_float32(self) -> "AttentionInputs":
        """The same inputs in float32 at least: in half precision, the stages would be coarser than the digits shown."""
        if self.q.dtype not in (torch.float16, torch.bfloat16):
            return self
        return replace(self, q=self.q.float(), k=self.k.float(), v=self.v.float())

    def repeated(self) -> "AttentionInputs":
        """The same inputs with a head of k and v of its own for each head of q: copies, where several share one."""
        if self.groups == 1:
            return self
        k, v = (x.repeat_interleave(self.groups, dim=-3) for x in (self.k, self.v))
        return replace(self, k=k, v=v)


class AttentionStages:
    """Every stage of attention over `inputs`, each computed on first access and then kept.

    scores, scaled, capped, masked, weights: (..., Tq, Tk); mixed: (..., Tq, D).
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
    def capped(self) -> Tensor:
        """Scaled, within the soft cap; the same tensor as `scaled` where there is none."""
        return self.scaled if self.inputs.softcap is None else capped(self.scaled, self.inputs.softcap)

    @cached_property
    def visible(self) -> Tensor:
        """True where a query may see a key: bool, broadcastable to (..., Tq, Tk)."""
        return self.inputs.visible

    @cached_property
    def masked(self) -> Tensor:
        """Capped, with hidden keys at −∞."""
        return masked(self.capped, self.visible)

    @cached_property
    def weights(self) -> Tensor:
        """Softmax of each row of masked, and of the sink where there is one."""
        return weights(self.masked, per_head(self.inputs.sink, self.masked))

    @property
    def distribution(self) -> Tensor:
        """The weights followed by those of the sink, (..., Tq, Tk + 1), or the weights alone: rows sum to 1."""
        sink = self.sink_weights
        return self.weights if sink is None else torch.cat((self.weights, sink[..., None]), dim=-1)

    @cached_property
    def sink_weights(self) -> Tensor | None:
        """What the sink takes of each row, (..., Tq): 1 less the sum of its weights; None without a sink."""
        if self.inputs.sink is None:
            return None
        sink = per_head(self.inputs.sink, self.log_sums)
        return ((sink[..., 0] if isinstance(sink, Tensor) else sink) - self.log_sums).exp().to(self.masked.dtype)

    @cached_property
    def log_sums(self) -> Tensor:
        """Log-sum-exp of each row of masked and its sink, float64 (..., Tq): weights are e^(masked − log_sums)."""
        log_sums = self.masked.double().logsumexp(-1)
        sink = per_head(self.inputs.sink, log_sums)
        if sink is None:
            return log_sums
        return torch.logaddexp(log_sums, (sink[..., 0] if isinstance(sink, Tensor) else log_sums.new_tensor(sink)))

    @cached_property
    def mixed(self) -> Tensor:
        """Weighted averages of the values; zeros for an ablated head."""
        return without_ablated(mixed(self.weights, self.inputs.v), self.inputs.ablated)

    def rescaled(self, scale: float | Tensor) -> "AttentionStages":
        """The same attention at another scale, sharing q, k, v, the raw scores and the mask.

        If `scale` is a tensor (N,), every stage from `scaled` on has a leading dimension N.
        """
        other = AttentionStages(replace(self.inputs, scale=scale))
        other.__dict__.update((name, self.__dict__[name]) for name in ("scores", "visible") if name in self.__dict__)
        return other

    def row(self, query: int) -> "AttentionStages":
        """The stages of one query alone: matrices of shape (..., 1, Tk)."""
        return AttentionStages(self.inputs.row(query))


def attend(inputs: AttentionInputs) -> Tensor:
    """Compute `AttentionStages(inputs).mixed`, (..., Tq, D), without the T × T matrices.

    This is one call of `scaled_dot_product_attention`. Where heads have different scales, q of each head is multiplied
    by its scale beforehand; where they have different masks, each head gets its own. A soft cap has no fast path: the
    stages are computed head by head.
    """
    if inputs.softcap is not None:
        return _attend_in_stages(inputs)
    inputs = inputs.repeated()
    q, scale = inputs.q, inputs.scale
    # The fused CPU kernel masks before it scales: −∞ times a scale of 0 or less would be NaN or +∞. It also rounds
    # scales below the smallest normal number to 0.
    if isinstance(scale, Tensor) or scale < torch.finfo(q.dtype).tiny or inputs.sink is not None:
        q, scale = q * per_head(scale, q), 1.0
    whole = inputs.q.shape[-2] == inputs.k.shape[-2] and inputs.first_position == 0
    by_rule = inputs.mask is None and inputs.window is None and inputs.sink is None
    plain = isinstance(inputs.causal, bool) and ((whole and by_rule) or not inputs.causal)
    k, v, visible = inputs.k, inputs.v, None if plain else inputs.visible
    if inputs.sink is not None:
        q, k, v, visible = _with_sink_key(q, k, v, inputs.sink, visible)
    y = F.scaled_dot_product_attention(
        _batched(q),
        _batched(k),
        _batched(v),
        attn_mask=None if visible is None else _batched(visible),
        is_causal=plain and bool(inputs.causal),
        scale=scale,
    )
    return without_ablated(y.reshape(*q.shape[:-1], inputs.v.shape[-1]), inputs.ablated)


def _attend_in_stages(inputs: AttentionInputs) -> Tensor:
    if inputs.q.dim() < 3:
        return AttentionStages(inputs).mixed
    return torch.stack([AttentionStages(inputs.head(head)).mixed for head in range(inputs.q.shape[-3])], dim=-3)


def _with_sink_key(
    q: Tensor, k: Tensor, v: Tensor, sink: float | Tensor, visible: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Add the sink as one more key with the value 0: its score is in an extra dimension, which is 1 in every query."""
    column = torch.zeros_like(k[..., :1, :1]) + per_head(sink, k)
    q = torch.cat((q, torch.ones_like(q[..., :1])), dim=-1)
    k = F.pad(k, (0, 1, 0, 1))
    k[..., -1:, -1:] = column
    return q, k, F.pad(v, (0, 0, 0, 1)), None if visible is None else F.pad(visible, (0, 1), value=True)


def _batched(x: Tensor) -> Tensor:
    """Add leading dimensions up to (1, 1, ·, ·): with fewer, torch takes a slow path with T × T matrices."""
    return x[(None,) * (4 - x.dim())]


@overload
def per_head(setting: float | Tensor, like: Tensor) -> float | Tensor: ...
@overload
def per_head(setting: float | Tensor | None, like: Tensor) -> float | Tensor | None: ...
def per_head(setting: float | Tensor | None, like: Tensor) -> float | Tensor | None:
    """Reshape per-head values (H,) to (H, 1, 1), to broadcast over `like` (..., H, T, any); numbers are unchanged."""
    return setting[:, None, None].to(like.dtype) if isinstance(setting, Tensor) else setting


def without_ablated(mixed: Tensor, ablated: bool | Tensor) -> Tensor:
    """Replace the mixed values (..., T, D) of ablated heads by zeros (zero ablation)."""
    if isinstance(ablated, Tensor):
        return mixed.masked_fill(ablated[:, None, None], 0.0)
    return torch.zeros_like(mixed) if ablated else mixed
