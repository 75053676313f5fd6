"""AttentionSettings: the switches a person has set, and the layers and heads that they act on. Imports no torch."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from model.errors import ModelError

if TYPE_CHECKING:
    from model.interface import ModelShape

_Value = TypeVar("_Value", float, bool)

Head = tuple[int, int]
"""Layer and head."""


class Scope(StrEnum):
    """What the switches act on."""

    HEAD = "head"
    LAYER = "layer"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """The settings of one layer: each is one value for all heads, or a tuple with one value per head."""

    scale: float | tuple[float, ...]
    causal: bool | tuple[bool, ...]
    ablated: bool | tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """Changes to the attention of one head (`layer` and `head` given), one layer (`layer` given) or the whole model.

    Args:
        causal: True or False switches the causal mask on or off; None leaves it as trained.
        scale: replaces the factor on the raw scores, 1.0 for no scaling; None leaves it as trained.
        layer: the layer to change, or None for all layers.
        head: the head of `layer` to change, or None for all of its heads.
        ablated: heads, as (layer, head), whose mixed values are replaced by zeros. Independent of `layer` and `head`.

    Raises:
        ModelError: `scale` is not finite, or there is a head without a layer.
    """

    causal: bool | None = None
    scale: float | None = None
    layer: int | None = None
    head: int | None = None
    ablated: frozenset[Head] = frozenset()

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
        ablated: frozenset[Head] = frozenset(),
    ) -> "AttentionSettings":
        """Settings for the head (layer, head), for its whole layer or for the whole model, depending on `scope`."""
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

    def normalized(self, shape: "ModelShape") -> "AttentionSettings":
        """The same settings without switches that change nothing in this model, so that equal values compare equal.

        Raises ModelError if the model does not have a layer or head named here.
        """
        for layer, head in [*self.ablated, (self.layer or 0, self.head or 0)]:
            check_head(shape, layer, head)
        layers = range(shape.n_layer) if self.layer is None else (self.layer,)
        causal = None if self.causal == shape.causal else self.causal
        scale = self.scale
        if scale is not None and all(math.isclose(scale, shape.scale(i), rel_tol=1e-12) for i in layers):
            scale = None
        if causal is None and scale is None:
            return AttentionSettings(ablated=self.ablated)
        return AttentionSettings(causal, scale, self.layer, self.head, self.ablated)

    def changed_heads(self, shape: "ModelShape") -> frozenset[Head]:
        """Every (layer, head) that computes something else than as trained."""
        normalized = self.normalized(shape)
        if normalized.causal is None and normalized.scale is None:
            return normalized.ablated
        layers = range(shape.n_layer) if normalized.layer is None else (normalized.layer,)
        heads = range(shape.n_head) if normalized.head is None else (normalized.head,)
        return normalized.ablated | {(i, j) for i in layers for j in heads}

    def for_layer(self, shape: "ModelShape", layer: int) -> LayerSettings:
        """What to compute in `layer`: one value where its heads agree, one value per head where they differ."""
        ablated = {head for i, head in self.ablated if i == layer}
        return LayerSettings(
            self._by_head(shape, layer, self.scale, shape.scale(layer)),
            self._by_head(shape, layer, self.causal, shape.causal),
            tuple(head in ablated for head in range(shape.n_head)) if ablated else False,
        )

    def _by_head(
        self, shape: "ModelShape", layer: int, new: _Value | None, trained: _Value
    ) -> _Value | tuple[_Value, ...]:
        if new is None or new == trained or self.layer not in (None, layer):
            return trained
        if self.head is None:
            return new
        return tuple(new if head == self.head else trained for head in range(shape.n_head))


AS_TRAINED = AttentionSettings()
"""Nothing changed."""


def all_heads(shape: "ModelShape") -> list[Head]:
    """Every head of a model, layer by layer."""
    return [(layer, head) for layer in range(shape.n_layer) for head in range(shape.n_head)]


def check_head(shape: "ModelShape", layer: int, head: int) -> None:
    """Raise ModelError unless the model has this layer and head."""
    if not 0 <= layer < shape.n_layer:
        raise ModelError(f"layer {layer} does not exist: this model has layers 0 to {shape.n_layer - 1}")
    if not 0 <= head < shape.n_head:
        raise ModelError(f"head {head} does not exist: this model has heads 0 to {shape.n_head - 1}")
