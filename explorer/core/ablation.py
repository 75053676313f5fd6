"""What each head of a model does for one text: measured by replacing its mixed values by zeros."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from explorer.core.head_search import AblationEffect
from explorer.core.reading import Reading
from model.interface import TracedModel
from model.settings import Head
from model.trace import kl_divergences


def ablation_effects(
    model: TracedModel, reading: Reading, heads: Sequence[Head]
) -> Iterator[tuple[Head, AblationEffect]]:
    """Run the model once for each head, with that head ablated besides what the view of the reading changes.

    Layers below the ablated head are taken from the reading's trace where the model allows it. A head that is ablated
    already changes nothing. Raises ModelError if the numbers overflow.
    """
    base, view = reading.as_set, reading.view
    for head in heads:
        settings = replace(view, ablated=view.ablated | {head}).settings
        with torch.inference_mode():
            without = model.trace(base.token_ids, settings, base=base)
        loss = None
        if base.loss is not None and without.loss is not None:
            loss = without.loss - base.loss
        yield head, AblationEffect(loss, kl_divergences(base, without).mean().item())
