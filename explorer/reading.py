"""Reading: what a View shows, computed once and drawn by every widget. Widgets draw readings and never compute."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from explorer.view import View

if TYPE_CHECKING:
    from model.attention import AttentionStages
    from model.tokenizer import Encoding
    from model.trace import ModelShape, Trace


@dataclass(frozen=True, eq=False)
class Reading:
    """A view with its traces. `as_set` and `as_trained` are the same object when no switch is moved."""

    view: View
    model_name: str
    shape: "ModelShape"
    encoding: "Encoding"  # ids, tokens, spans, unknown characters of view.text
    as_set: "Trace"
    as_trained: "Trace"

    @cached_property
    def stages(self) -> "AttentionStages":
        """The stages of the head in view, as set."""
        return self.as_set.head(self.view.layer, self.view.head)

    @cached_property
    def unscaled(self) -> "AttentionStages":
        """The same head with a scale of 1."""
        return self.stages.rescaled(1.0)

    @cached_property
    def default_scaled(self) -> "AttentionStages":
        """The same head at the scale it was trained with."""
        return self.stages.rescaled(self.shape.scale(self.view.layer))
