"""What a probe records of one training step: histograms and update ratios, as plain numbers. Imports no torch."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of numbers in bins of equal width from `low` to `high`; a number on an edge belongs to the upper bin.

    Gradients are binned by log10 of their absolute value, so zeros count as `below`.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    below: int  # numbers below `low`
    above: int  # numbers of at least `high`, and those that are not finite
    mean: float  # of the numbers themselves, not of their logarithms
    std: float


@dataclass(frozen=True, slots=True)
class StepStatistics:
    """One probed training step.

    Activations and gradients are those of the outputs of `h.0.attn`, `h.0.mlp` and `h.0` (the residual stream after
    the layer), and so on for each layer.
    """

    step: int
    activations: Mapping[str, Histogram]
    gradients: Mapping[str, Histogram]  # of the loss with respect to each activation
    update_ratios: Mapping[str, float | None]  # by parameter, see `model.training.probe.update_ratio`

    def to_dict(self) -> dict[str, Any]:
        """Convert to what JSON can hold, for a line of `statistics.jsonl`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "StepStatistics":
        """Convert back from `to_dict`, also after JSON, where null stands for a number that is not finite.

        Raises KeyError or TypeError for anything else.
        """
        return cls(
            step=values["step"],
            activations={site: _histogram(value) for site, value in values["activations"].items()},
            gradients={site: _histogram(value) for site, value in values["gradients"].items()},
            update_ratios=dict(values["update_ratios"]),
        )


def _histogram(values: Mapping[str, Any]) -> Histogram:
    moments = {name: math.nan if values[name] is None else values[name] for name in ("mean", "std")}
    return Histogram(**{**values, **moments, "counts": tuple(values["counts"])})
