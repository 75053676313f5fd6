"""What the application asks of a model, whatever its architecture: two protocols.

`model.checkpoint.Checkpoint` implements `TracedModel` for GPT-2's architecture, with `model.config.GPTConfig` as its
`ModelShape`. A model of another architecture implements the same two.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from model.settings import AS_TRAINED, AttentionSettings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from model.trace import Trace


class ModelShape(Protocol):
    """The sizes of a model, and the scale and mask it was trained with, in Hugging Face's names."""

    @property
    def n_layer(self) -> int:
        """Number of layers, numbered from 0."""
        ...

    @property
    def n_head(self) -> int:
        """Number of heads in each layer, numbered from 0."""
        ...

    @property
    def head_size(self) -> int:
        """Width of q, k and v in one head."""
        ...

    @property
    def n_positions(self) -> int:
        """Context length: the largest number of tokens the model reads at once."""
        ...

    @property
    def causal(self) -> bool:
        """True if the model was trained with the causal mask."""
        ...

    def scale(self, layer: int) -> float:
        """The factor on the raw scores of `layer` that the model was trained with."""
        ...


class TracedModel(Protocol):
    """A causal language model that can be looked into."""

    @property
    def name(self) -> str:
        """What the user calls the model; shown on screen and in messages."""
        ...

    @property
    def config(self) -> ModelShape:
        """Sizes, scale and mask."""
        ...

    @property
    def tokenizer(self) -> "Tokenizer":
        """Turns text into the token ids that `trace` takes."""
        ...

    def trace(
        self, token_ids: Sequence[int], settings: AttentionSettings = AS_TRAINED, base: "Trace | None" = None
    ) -> "Trace":
        """Run the model once over `token_ids` with the attention changed as `settings` say.

        `base` is an earlier trace of this model. It only saves work: where it has the same token ids, layers below the
        first one that `settings` changes may be taken from it.

        Raises:
            ModelError: there are no tokens or more than `n_positions`, an id is not in the vocabulary, `settings` names
                a layer or head that the model does not have, or the numbers overflow.
        """
        ...
