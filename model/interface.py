"""What the application asks of a model, whatever its architecture: two protocols.

`model.checkpoint.Checkpoint` implements `TracedModel` for GPT-2's architecture, with `model.config.GPTConfig` as its
`ModelShape`; `model.families` does so for models that `transformers` runs.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from model.settings import AS_TRAINED, AttentionSettings

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from model.families import OpenOptions
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
    def n_kv_head(self) -> int:
        """Number of heads of k and v in each layer, at most n_head: each is shared by n_head / n_kv_head heads."""
        ...

    @property
    def head_size(self) -> int:
        """Width of q and k in one head; of v as well in almost every model."""
        ...

    @property
    def n_embd(self) -> int:
        """Width of the residual stream."""
        ...

    @property
    def vocab_size(self) -> int:
        """Number of tokens that the model predicts."""
        ...

    @property
    def eos_token_id(self) -> int | None:
        """The token that ends a text, if there is one."""
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

    def scale_formula(self, layer: int) -> str:
        """Where `scale` comes from: `1/√head_size`, or what the model has in its place; empty if that is not known."""
        ...

    @property
    def opening(self) -> "OpenOptions | None":
        """How the model was opened, if that was a choice."""
        ...

    @property
    def model_note(self) -> str:
        """What has to be known of the weights, such as `dequantised from Q4_1`; usually nothing."""
        ...

    def layer_note(self, layer: int) -> str:
        """A note on a layer besides its number; empty where all layers have attention."""
        ...

    def window(self, layer: int) -> int | None:
        """How many keys each query of `layer` sees at most with its mask on, itself included; None for all."""
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
    def prefix(self) -> tuple[int, ...]:
        """Token ids that are put before every text; usually none."""
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


class TokenReader(Protocol):
    """Reads a text in pieces, with the keys and values of earlier tokens kept."""

    def __len__(self) -> int:
        """Number of tokens read so far."""
        ...

    def logits(self, token_ids: Sequence[int]) -> "Tensor":
        """Append ids to those already read; returns the logits (V,) after the last one."""
        ...


@runtime_checkable
class IncrementalModel(Protocol):
    """A model that can continue reading where it stopped, which makes generation faster."""

    def reader(self, settings: AttentionSettings = AS_TRAINED) -> TokenReader | None:
        """Return a reader at the beginning of a text, with the attention changed as `settings` say.

        None if reading in pieces would give something else than reading at once, as without the causal mask.
        """
        ...
