"""A penalty on the entropy of attention, for heads that are sharp enough to be read.

A head whose weights are spread over many keys does little that can be named. Where the loss leaves a head free, its
weights stay near uniform; with this penalty it finds a key of its own instead. Many heads then rest on the first token
while they have nothing to find, as in large models: an attention sink ("Efficient Streaming Language Models with
Attention Sinks", Xiao et al. 2023).

Notation: T positions, N queries, H heads, B batch; `...` is (B, H).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from model.attention import AttentionInputs, AttentionStages
from model.gpt import GPT

QUERIES = 24
"""Queries of each window whose entropy is measured: enough for the mean, at a small part of the work of all."""

_FIRST_QUERY = 8
"""The first queries see too few keys for their entropy to say much."""


@contextmanager
def recorded_inputs(gpt: GPT) -> Iterator[list[AttentionInputs]]:
    """Record the inputs of the attention of every layer in a forward pass of `gpt`.

    with recorded_inputs(gpt) as inputs:
        loss = ...  # a forward pass
    (loss + weight * entropy_penalty(inputs, generator)).backward()
    """
    recorded: list[AttentionInputs] = []

    def record(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        recorded.append(inputs[0])

    with ExitStack() as hooks:
        for block in gpt.blocks:
            hooks.enter_context(block.attn.register_forward_pre_hook(record))
        yield recorded


def entropy_penalty(inputs: Sequence[AttentionInputs], generator: torch.Generator) -> Tensor:
    """Return the mean of `entropy_share` over the layers, at queries drawn with `generator`.

    This is a scalar from 0 to 1 with a gradient.
    """
    positions = inputs[0].q.shape[-2]
    first = _FIRST_QUERY if positions > _FIRST_QUERY else 0
    queries = torch.randint(first, positions, (QUERIES,), generator=generator)
    return torch.stack([entropy_share(layer, queries.to(layer.q.device)) for layer in inputs]).mean()


def entropy_share(inputs: AttentionInputs, queries: Tensor) -> Tensor:
    """Return the entropy of the weights of some queries (N,), divided by that of uniform weights, as a mean.

    This is a scalar from 0 (one key has all the weight) to 1 (all visible keys have the same); 0 for a single key.
    """
    inputs = inputs.in_float32()
    visible = inputs.visible[..., queries, :]
    stages = AttentionStages(replace(inputs, q=inputs.q[..., queries, :], mask=visible, causal=True))
    # −Σ w log w by way of log w = score − log-sum-exp, as the gradient of log w is infinite where a weight is 0. The
    # largest weight gives the log-sum-exp, in float32, as some devices have no float64.
    log_sums = stages.masked.amax(-1) - stages.weights.amax(-1).log()
    mean_score = (stages.weights * stages.capped.masked_fill(~visible, 0.0)).sum(-1)
    entropy = log_sums - mean_score  # (..., N), in nats
    return (entropy / visible.sum(-1).clamp(min=2).log()).mean()
