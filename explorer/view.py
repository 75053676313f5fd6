"""View: the immutable value of what a person is looking at. Every keypress is View -> View."""

from dataclasses import dataclass, replace
from enum import StrEnum

from model.settings import AttentionSettings, Scope


class Stage(StrEnum):
    """The stages of attention in the order they are computed, and what comes of them."""

    SCORES = "scores"
    SCALED = "scaled"
    MASKED = "masked"
    WEIGHTS = "weights"
    MIXED = "mixed"
    NEXT_TOKEN = "next token"


MATRIX_STAGES = (Stage.SCORES, Stage.SCALED, Stage.MASKED, Stage.WEIGHTS)
"""The stages that are T × T matrices, chosen by the keys 1 to 4."""


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. Two equal views show the same screen.

    `causal=None` and `scale=None` are as trained; the switches act on `scope` around (layer, head).
    """

    model: str  # the name of a bundled model or the path of a checkpoint directory
    text: str
    query: int = 0
    key: int = 0
    layer: int = 0
    head: int = 0
    stage: Stage = Stage.WEIGHTS
    causal: bool | None = None
    scale: float | None = None
    scope: Scope = Scope.HEAD
    ablated: frozenset[tuple[int, int]] = frozenset()

    @property
    def settings(self) -> AttentionSettings:
        """The switches as the model takes them."""
        return AttentionSettings.of(
            self.scope, self.layer, self.head, causal=self.causal, scale=self.scale, ablated=self.ablated
        )

    def as_trained(self) -> "View":
        """The same view with every switch back as trained."""
        return replace(self, causal=None, scale=None, ablated=frozenset())
