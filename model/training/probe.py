"""Probes one training step: histograms of activations and gradients, and the update ratio of every parameter.

A `StepProbe` hooks into the model for a single step; other steps pay nothing.

These are the views of Karpathy's "Building makemore, part 3" (2022): activations and gradients by layer, and the
update-to-data ratio by parameter, which should be near 1e-3.
"""

import math
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from model.gpt import GPT
from model.training.step_statistics import Histogram, StepStatistics

ACTIVATION_BINS = (-5.0, 5.0, 50)
"""Lowest edge, highest edge and number of bins for activations."""

GRADIENT_BINS = (-12.0, 0.0, 48)
"""Lowest edge, highest edge and number of bins for log10 |gradient|."""


class StepProbe:
    """Watches one training step of `gpt`, from its forward pass until its weights are updated.

    with StepProbe(gpt, step) as probe:
        ...  # forward, backward, update
        statistics = probe.statistics()
    """

    def __init__(self, gpt: GPT, step: int) -> None:
        self.gpt = gpt
        self.step = step
        self._activations: dict[str, Histogram] = {}
        self._gradients: dict[str, Histogram] = {}
        self._before: dict[str, Tensor] = {}
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> "StepProbe":
        self._before = {name: p.detach().clone() for name, p in self.gpt.named_parameters()}
        for layer, block in enumerate(self.gpt.blocks):
            for site, module in ((f"h.{layer}.attn", block.attn), (f"h.{layer}.mlp", block.mlp), (f"h.{layer}", block)):
                self._hooks.append(module.register_forward_hook(self._forward_hook(site)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _forward_hook(self, site: str) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
        def hook(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
            self._activations[site] = activation_histogram(output)
            if output.requires_grad:
                output.register_hook(partial(self._record_gradient, site))  # type: ignore[no-untyped-call]

        return hook

    def _record_gradient(self, site: str, gradient: Tensor) -> None:
        self._gradients[site] = gradient_histogram(gradient)

    def statistics(self) -> StepStatistics:
        """What was recorded. Call it after the weights are updated."""
        ratios = {name: update_ratio(self._before[name], p.detach()) for name, p in self.gpt.named_parameters()}
        gradients = {site: self._gradients[site] for site in self._activations if site in self._gradients}
        return StepStatistics(self.step, dict(self._activations), gradients, ratios)


def activation_histogram(values: Tensor) -> Histogram:
    """Histogram of activations of any shape, in `ACTIVATION_BINS`."""
    values = values.detach().float().flatten()
    return _histogram(values, values, ACTIVATION_BINS)


def gradient_histogram(values: Tensor) -> Histogram:
    """Histogram of log10 |gradient| for gradients of any shape, in `GRADIENT_BINS`."""
    values = values.detach().float().flatten()
    return _histogram(values, values.abs().log10(), GRADIENT_BINS)


def _histogram(values: Tensor, binned: Tensor, bins: tuple[float, float, int]) -> Histogram:
    low, high, count = bins
    indices = ((binned.double() - low) * (count / (high - low))).floor().nan_to_num(count, count, -1)
    counts = torch.bincount((indices.clamp(-1, count) + 1).long(), minlength=count + 2).tolist()
    mean, std = values.mean().item(), values.std(correction=0).item()
    return Histogram(low, high, tuple(counts[1:-1]), counts[0], counts[-1], mean, std)


def update_ratio(before: Tensor, after: Tensor) -> float | None:
    """log10(std(after − before) / std(before)); None if either is 0, as for a bias that starts at 0, or not finite."""
    update, data = (after - before).std(correction=0).item(), before.std(correction=0).item()
    if not (0 < update < math.inf and 0 < data < math.inf):
        return None
    return math.log10(update / data)
