"""Trace: what is kept of one run of a model over one text.

Notation: T positions, C n_embd, H heads, D head_size, V vocab_size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from model.attention import AttentionInputs, AttentionStages
from model.settings import AttentionSettings


@dataclass(frozen=True, eq=False)
class Trace:
    """One run of a model over one text: q, k and v of every layer and the residual stream, but no T × T matrices.

    `head` derives the stages of a head. Logits are computed on first access, as those of a large vocabulary would take
    more memory than everything else. `unembed` maps `final` to logits, (..., C) -> (..., V), as the model does: with
    the output matrix, bias, scale or soft cap that it has.
    """

    token_ids: tuple[int, ...]
    settings: AttentionSettings
    inputs: tuple[AttentionInputs, ...]  # one per layer, with q, k, v of shape (H, T, D)
    streams: tuple[Tensor, ...]  # residual stream before each layer and after the last one: n_layer + 1 of (T, C)
    final: Tensor  # after the last LayerNorm: (T, C)
    unembed: Callable[[Tensor], Tensor]
    undo_rotation: Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor] | None] | None = None  # layer, q, k of a head

    def head(self, layer: int, head: int) -> AttentionStages:
        """The stages of one head, in float32 at least: matrices (T, T), mixed (T, D)."""
        return AttentionStages(self.inputs[layer].head(head).in_float32())

    def before_rotation(self, layer: int, head: int) -> tuple[Tensor, Tensor] | None:
        """q and k of a head before the rotation by their positions, (T, D) each; None in models without rotation."""
        if self.undo_rotation is None:
            return None
        inputs = self.inputs[layer].head(head).in_float32()
        return self.undo_rotation(layer, inputs.q, inputs.k)

    @cached_property
    def logits(self) -> Tensor:
        """Logits of the next token at every position: (T, V)."""
        with torch.inference_mode():
            return self.unembed(self.final)

    def log_probabilities(self, position: int) -> Tensor:
        """Log-probabilities, in nats, of the token after `position`: (V,)."""
        with torch.inference_mode():
            known = "logits" in self.__dict__
            logits = self.logits[position] if known else self.unembed(self.final[position])
            return F.log_softmax(logits, dim=-1)

    def predictions(self, position: int, count: int = 10) -> tuple["Prediction", ...]:
        """The `count` most likely tokens after `position`, most likely first."""
        if count <= _TOP and "_losses_and_top" in self.__dict__:
            _, ids, values = self._losses_and_top
            ids, values = ids[position, :count], values[position, :count]
        else:
            probabilities = self.log_probabilities(position).exp()
            values, ids = probabilities.topk(min(count, len(probabilities)))
        return tuple(Prediction(i, p) for i, p in zip(ids.tolist(), values.tolist(), strict=True))

    @property
    def losses(self) -> Tensor:
        """Cross-entropy in nats of each token given those before it: (T − 1,), empty for a single token.

        Entry i is the loss at position i, for token i + 1. Afterwards `predictions` are known at all positions too.
        """
        return self._losses_and_top[0]

    @cached_property
    def _losses_and_top(self) -> tuple[Tensor, Tensor, Tensor]:
        """Losses (T − 1,), and ids and probabilities of the most likely tokens (T, _TOP), from the same logits."""
        targets = torch.tensor(self.token_ids, device=self.final.device)
        losses, ids, values = [], [], []
        with torch.inference_mode():
            # In slices, as logits (T, V) of a large vocabulary would be the largest tensor by far.
            for i in range(0, len(targets), _SLICE):
                here = slice(i, i + _SLICE)
                known = "logits" in self.__dict__
                logits = self.logits[here] if known else self.unembed(self.final[here])
                found = F.log_softmax(logits, dim=-1)
                following = targets[i + 1 : i + 1 + _SLICE]
                losses.append(F.nll_loss(found[: len(following)], following, reduction="none"))
                top = found.topk(min(_TOP, found.shape[-1]))
                ids.append(top.indices)
                values.append(top.values.exp())
        return torch.cat(losses), torch.cat(ids), torch.cat(values)

    @property
    def loss(self) -> float | None:
        """Mean next-token cross-entropy of the text in nats, or None for a single token."""
        return self.losses.mean().item() if len(self.token_ids) > 1 else None


_SLICE = 64  # positions whose logits are computed at a time
_TOP = 10  # number of predictions that are kept for each position


@dataclass(frozen=True, slots=True)
class Prediction:
    """A possible next token."""

    token_id: int
    probability: float


def kl_divergence(trained: Trace, changed: Trace, position: int) -> float:
    """KL(trained ‖ changed) of the predictions after `position`, in nats: 0 if nothing has changed, else above."""
    p, q = trained.log_probabilities(position), changed.log_probabilities(position)
    return max(0.0, F.kl_div(q, p, log_target=True, reduction="sum").item())


def kl_divergences(trained: Trace, changed: Trace) -> Tensor:
    """`kl_divergence` after every position at once: (T,), in nats."""
    if trained is changed:
        return torch.zeros(len(trained.token_ids))
    with torch.inference_mode():
        found = []
        # In slices, as in `losses`.
        for start in range(0, len(trained.token_ids), _SLICE):
            here = slice(start, start + _SLICE)
            both_logits = (trace.unembed(trace.final[here]) for trace in (trained, changed))
            p, q = (F.log_softmax(logits, dim=-1) for logits in both_logits)
            found.append(F.kl_div(q, p, log_target=True, reduction="none").sum(-1))
        return torch.cat(found).clamp_min(0.0)
