"""What each head is worth: how much the loss rises without it, and which induction heads lose their keys.

Notation: L layers, H heads; n is the length of the random sequence that is repeated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.head_scores import induction_scores
from model.interface import TracedModel
from model.settings import AttentionSettings, Head
from model.trace import Trace


@dataclass(frozen=True, eq=False)
class HeadCost:
    """What ablating one head does.

    Attributes:
        text: mean rise in loss over the tokens of the texts, in nats.
        repeated: the same where a random sequence is repeated, from its second token on, which can be copied.
        unrepeated: the same where that sequence is read for the first time.
        induction_falls: by how much the induction score of every head falls, (L, H).
    """

    text: float
    repeated: float
    unrepeated: float
    induction_falls: Tensor


def head_costs(
    model: TracedModel, heads: Sequence[Head], texts: Sequence[Sequence[int]], repeated: Sequence[Sequence[int]]
) -> Iterator[tuple[Head, HeadCost]]:
    """Ablate one head after the other, and compare the model with what it is as trained.

    `repeated` are sequences that consist of two equal halves. Raises ModelError if a text does not fit the context.
    """
    on_texts = [model.trace(ids) for ids in texts if len(ids) > 1]
    on_repeated = [model.trace(ids) for ids in repeated]
    loss, induction = _mean_loss(on_texts), _induction(on_repeated)
    for head in heads:
        without_texts, without_repeated = (_ablated(model, traces, head) for traces in (on_texts, on_repeated))
        rises = [after.losses - before.losses for before, after in zip(on_repeated, without_repeated, strict=True)]
        yield (
            head,
            HeadCost(
                text=_mean_loss(without_texts) - loss,
                repeated=torch.cat([rise[(len(rise) + 1) // 2 :] for rise in rises]).mean().item(),
                unrepeated=torch.cat([rise[: len(rise) // 2] for rise in rises]).mean().item(),
                induction_falls=induction - _induction(without_repeated),
            ),
        )


def _ablated(model: TracedModel, traces: Sequence[Trace], head: Head) -> list[Trace]:
    settings = AttentionSettings(ablated=frozenset({head}))
    return [model.trace(trace.token_ids, settings, base=trace) for trace in traces]


def _mean_loss(traces: Sequence[Trace]) -> float:
    return torch.cat([trace.losses for trace in traces]).mean().item()


def _induction(traces: Sequence[Trace]) -> Tensor:
    """Mean induction score of every head, (L, H)."""
    return torch.stack([induction_scores(trace) for trace in traces]).mean(0)
