"""AttentionSettings: what a person has switched, and which layers and heads it acts on."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from model.config import GPTConfig
from model.errors import ModelError

if TYPE_CHECKING:  # a view of the application holds settings long before torch is imported
    from torch import Tensor


class Scope(StrEnum):
    """What the switches act on."""

    HEAD = "head"
    LAYER = "layer"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """The settings of one layer's heads, ready for `AttentionInputs`: one value for all, or a tensor (H,)."""

    scale: "float | Tensor"
    causal: "bool | Tensor"
    ablated: "bool | Tensor"


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """Switches for one head (layer and head given), one layer (layer given) or the whole model (neither).

    `causal=None` and `scale=None` mean as trained; a scale of 1.0 is "no scaling". `ablated` heads, as (layer, head),
    have their mixed values replaced by zeros wherever they are. An equal value asks for an equal computation.

    Raises ModelError for a scale that is not a finite number, or a head without a layer.
    """

    causal: bool | None = None
    scale: float | None = None
    layer: int | None = None
    head: int | None = None
    ablated: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        if self.scale is not None and not math.isfinite(self.scale):
            raise ModelError(f"scale must be a finite number, not {self.scale}")
        if self.head is not None and self.layer is None:
            raise ModelError(f"head {self.head} needs a layer: a head is counted within its layer")

    @classmethod
    def of(
        cls,
        scope: Scope,
        layer: int,
        head: int,
        *,
        causal: bool | None = None,
        scale: float | None = None,
        ablated: frozenset[tuple[int, int]] = frozenset(),
    ) -> "AttentionSettings":
        """Switches acting on the scope around (layer, head)."""
        if causal is None and scale is None:
            return cls(ablated=ablated)
        return cls(
            causal,
            scale,
            None if scope is Scope.MODEL else layer,
            head if scope is Scope.HEAD else None,
            ablated,
        )

    @property
    def scope(self) -> Scope:
        """What the switches act on."""
        if self.layer is None:
            return Scope.MODEL
        return Scope.LAYER if self.head is None else Scope.HEAD

    def normal(self, config: GPTConfig) -> "AttentionSettings":
        """The same request with every switch that equals the model as trained left out.

        Raises ModelError when a layer or head named here is not in the model.
        """
        for layer, head in [*self.ablated, (self.layer or 0, self.head or 0)]:
            check_head(config, layer, head)
        layers = range(config.n_layer) if self.layer is None else (self.layer,)
        causal = None if self.causal == config.causal else self.causal
        scale = self.scale
        if scale is not None and all(math.isclose(scale, config.scale(i), rel_tol=1e-12) for i in layers):
            scale = None
        if causal is None and scale is None:
            return AttentionSettings(ablated=self.ablated)
        return AttentionSettings(causal, scale, self.layer, self.head, self.ablated)

    def changed_heads(self, config: GPTConfig) -> frozenset[tuple[int, int]]:
        """Every (layer, head) whose computation differs from the model as trained."""
        normal = self.normal(config)
        if normal.causal is None and normal.scale is None:
            return normal.ablated
        layers = range(config.n_layer) if normal.layer is None else (normal.layer,)
        heads = range(config.n_head) if normal.head is None else (normal.head,)
        return normal.ablated | {(i, j) for i in layers for j in heads}

    def for_layer(self, config: GPTConfig, layer: int) -> LayerSettings:
        """The settings of each head of `layer`; plain numbers where all its heads agree."""
        import torch

        scale, causal = config.scale(layer), config.causal
        mine = self.layer is None or self.layer == layer
        new_scale = self.scale if mine and self.scale is not None else scale
        new_causal = self.causal if mine and self.causal is not None else causal
        ablated = [head for i, head in self.ablated if i == layer]
        gone = torch.zeros(config.n_head, dtype=torch.bool)
        gone[ablated] = True
        some = gone if ablated else False
        if self.head is None or not mine:
            return LayerSettings(new_scale, new_causal, some)
        scales = torch.full((config.n_head,), scale, dtype=torch.float64)
        scales[self.head] = new_scale
        causals = torch.full((config.n_head,), causal)
        causals[self.head] = new_causal
        return LayerSettings(scales if new_scale != scale else scale, causals if new_causal != causal else causal, some)


AS_TRAINED = AttentionSettings()
"""Nothing changed."""


def check_head(config: GPTConfig, layer: int, head: int) -> None:
    """Raise ModelError unless the model has this layer and head."""
    if not 0 <= layer < config.n_layer:
        raise ModelError(f"layer {layer} does not exist: this model has layers 0 to {config.n_layer - 1}")
    if not 0 <= head < config.n_head:
        raise ModelError(f"head {head} does not exist: this model has heads 0 to {config.n_head - 1}")
