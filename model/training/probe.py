"""What goes on inside a step of training: histograms of activations and gradients, and how far each tensor moved.

An `Observation` hooks into the model for one step and is gone afterwards: other steps pay nothing.

The three views are those of Karpathy's "Building makemore, part 3" (2022): activations and their gradients by layer,
and the update-to-data ratio by tensor, whose guide is about 1e-3.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from model.gpt import GPT

ACTIVATION_BINS = (-5.0, 5.0, 50)
"""Lowest edge, highest edge and number of the bins of activations."""

GRADIENT_BINS = (-12.0, 0.0, 48)
"""The same of log10 |gradient|."""

GUIDE = -3.0
"""log10 of the update-to-data ratio to aim at."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Numbers counted in equal bins from `low` to `high`; a number on an edge belongs to the bin above it.

    Gradients are counted by log10 of their size; zeros are below every bin.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    below: int  # less than low
    above: int  # high or more, and what is not finite
    mean: float  # of the numbers themselves, not of logarithms
    std: float


@dataclass(frozen=True, slots=True)
class StepStatistics:
    """One step observed. Sites are `h.0.attn` and `h.0.mlp`, what the parts of a layer add, and `h.0`, their sum.

    `update_ratios` is log10(std(update) / std(data)) by tensor, of the data before the update; None where the tensor
    has no spread yet, as a bias that starts at 0, or does not move.
    """

    step: int
    activations: Mapping[str, Histogram]
    gradients: Mapping[str, Histogram]  # of the loss by the activation
    update_ratios: Mapping[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for `statistics.jsonl`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "StepStatistics":
        """The inverse of `to_dict`, also after JSON; numbers not finite come as NaN. KeyError or TypeError else."""

        def histogram(told: Mapping[str, Any]) -> Histogram:
            numbers = {name: math.nan if told[name] is None else told[name] for name in ("mean", "std")}
            return Histogram(**{**told, **numbers, "counts": tuple(told["counts"])})

        return cls(
            step=values["step"],
            activations={name: histogram(told) for name, told in values["activations"].items()},
            gradients={name: histogram(told) for name, told in values["gradients"].items()},
            update_ratios=dict(values["update_ratios"]),
        )


class Observation:
    """Watches one training step of `gpt` from its forward pass to after its update.

    with Observation(gpt, step) as seen:
        ...  # forward, backward, update
        statistics = seen.statistics()
    """

    def __init__(self, gpt: GPT, step: int) -> None:
        self.gpt = gpt
        self.step = step
        self._activations: dict[str, Histogram] = {}
        self._gradients: dict[str, Histogram] = {}
        self._before: dict[str, Tensor] = {}
        self._hooks: list[RemovableHandle] = []

    def __enter__(self) -> "Observation":
        self._before = {name: p.detach().clone() for name, p in self.gpt.named_parameters()}
        for layer, block in enumerate(self.gpt.blocks):
            for site, module in ((f"h.{layer}.attn", block.attn), (f"h.{layer}.mlp", block.mlp), (f"h.{layer}", block)):
                self._hooks.append(module.register_forward_hook(self._seen(site)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _seen(self, site: str) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
        def hook(_module: nn.Module, _inputs: tuple[Any, ...], output: Tensor) -> None:
            self._activations[site] = activation_histogram(output)
            if output.requires_grad:
                output.register_hook(partial(self._flowed, site))  # type: ignore[no-untyped-call]

        return hook

    def _flowed(self, site: str, gradient: Tensor) -> None:
        self._gradients[site] = gradient_histogram(gradient)

    def statistics(self) -> StepStatistics:
        """What was seen; to be asked for after the update."""
        ratios = {name: update_ratio(self._before[name], p.detach()) for name, p in self.gpt.named_parameters()}
        gradients = {site: self._gradients[site] for site in self._activations if site in self._gradients}
        return StepStatistics(self.step, dict(self._activations), gradients, ratios)


def activation_histogram(values: Tensor) -> Histogram:
    """Count activations of any shape in `ACTIVATION_BINS`."""
    values = values.detach().float().flatten()
    return _histogram(values, values, ACTIVATION_BINS)


def gradient_histogram(values: Tensor) -> Histogram:
    """Count gradients of any shape by log10 of their size in `GRADIENT_BINS`."""
    values = values.detach().float().flatten()
    return _histogram(values, values.abs().log10(), GRADIENT_BINS)


def _histogram(values: Tensor, binned: Tensor, bins: tuple[float, float, int]) -> Histogram:
    low, high, count = bins
    places = ((binned.double() - low) * (count / (high - low))).floor().nan_to_num(count, count, -1)
    counts = torch.bincount((places.clamp(-1, count) + 1).long(), minlength=count + 2).tolist()
    mean, std = values.mean().item(), values.std(correction=0).item()
    return Histogram(low, high, tuple(counts[1:-1]), counts[0], counts[-1], mean, std)


def update_ratio(before: Tensor, after: Tensor) -> float | None:
    """log10(std(after − before) / std(before)), or None where either is 0 or not finite."""
    update, data = (after - before).std(correction=0).item(), before.std(correction=0).item()
    if not (0 < update < math.inf and 0 < data < math.inf):
        return None
    return math.log10(update / data)
