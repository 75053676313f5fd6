"""GPTConfig: the sizes and constants of a GPT-2-style model, in Hugging Face's names. Imports no torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from model.errors import ModelError, SettingError
from model.outside import brief, is_finite

ACTIVATIONS = ("gelu_new", "gelu_pytorch_tanh", "gelu", "relu", "silu")
"""Supported values of `activation_function`; GPT-2's own is gelu_new, the tanh approximation."""

GPT_2_INIT_STD = 0.02
"""Standard deviation of GPT-2's initial weights."""

_SIZES = ("vocab_size", "n_positions", "n_embd", "n_layer", "n_head")
_LARGEST_SIZE = 2**24


@dataclass(frozen=True, slots=True)
class GPTConfig:
    """Sizes and constants of a GPT, named as in a GPT-2 `config.json`; a `ModelShape`.

    Raises SettingError if a size is not a positive integer, n_head does not divide n_embd, or a constant is out of
    range.
    """

    vocab_size: int  # number of tokens
    n_positions: int  # context: the largest number of tokens read at once
    n_embd: int  # width of the residual stream
    n_layer: int
    n_head: int
    n_inner: int | None = None  # width of the MLP's hidden layer; None means 4 × n_embd
    activation_function: str = "gelu_new"
    layer_norm_epsilon: float = 1e-5
    initializer_range: float = GPT_2_INIT_STD  # standard deviation of the initial weights
    scale_attn_weights: bool = True  # False: trained without 1/√head_size
    scale_attn_by_inverse_layer_idx: bool = False  # True: scores of layer i are divided by i + 1 as well
    causal: bool = True  # False: trained without the causal mask
    tie_word_embeddings: bool = True  # False: the output has a matrix of its own, lm_head.weight
    bos_token_id: int | None = None
    eos_token_id: int | None = None

    def __post_init__(self) -> None:
        for name in _SIZES:
            _check_size(name, getattr(self, name))
        if self.n_inner is not None:
            _check_size("n_inner", self.n_inner)
        if self.n_embd % self.n_head:
            raise SettingError(
                "n_head",
                f"n_embd {self.n_embd} is not a multiple of n_head {self.n_head}: each head takes an equal share",
            )
        if self.activation_function not in ACTIVATIONS:
            raise SettingError(
                "activation_function",
                f"activation_function {brief(self.activation_function)} is not supported: "
                f"use one of {', '.join(ACTIVATIONS)}",
            )
        for name in ("layer_norm_epsilon", "initializer_range"):
            value = getattr(self, name)
            if not is_finite(value) or value < 0:
                raise SettingError(name, f"{name} must be a finite number of at least 0, not {brief(value)}")

    @property
    def head_size(self) -> int:
        """Width of q, k and v in one head: n_embd / n_head."""
        return self.n_embd // self.n_head

    @property
    def mlp_size(self) -> int:
        """Width of the MLP's hidden layer."""
        return self.n_inner if self.n_inner is not None else 4 * self.n_embd

    @property
    def parameters(self) -> int:
        """Number of parameters. An output layer that is tied to the embedding is not counted again."""
        c, m = self.n_embd, self.mlp_size
        attention, mlp, norms = 4 * c * (c + 1), 2 * c * m + m + c, 4 * c
        embeddings = self.vocab_size * (1 if self.tie_word_embeddings else 2) + self.n_positions
        return embeddings * c + self.n_layer * (attention + mlp + norms) + 2 * c

    @property
    def n_kv_head(self) -> int:
        """Heads of k and v in each layer: one for each head of q."""
        return self.n_head

    @property
    def opening(self) -> None:
        """None: there is only one way to open a GPT."""

    @property
    def model_note(self) -> str:
        """An empty text: the weights are used as they are stored."""
        return ""

    def layer_note(self, layer: int) -> str:
        """An empty text: all layers have attention."""
        return ""

    def window(self, layer: int) -> None:
        """None: no layer has a window, so that every query sees all keys before it."""

    def scale_formula(self, layer: int) -> str:
        """The factor on the scores of `layer` as a formula."""
        formula = "1/√head_size" if self.scale_attn_weights else "1"
        return f"{formula} ÷ {layer + 1}" if self.scale_attn_by_inverse_layer_idx and layer else formula

    def scale(self, layer: int) -> float:
        """The factor on the scores of `layer` as trained: 1/√head_size unless the model says otherwise."""
        scale = 1.0 / math.sqrt(self.head_size) if self.scale_attn_weights else 1.0
        return scale / (layer + 1) if self.scale_attn_by_inverse_layer_idx else scale

    def to_dict(self) -> dict[str, Any]:
        """The content of a GPT-2 `config.json` with which `transformers` opens this model."""
        return {
            "model_type": "gpt2",
            "architectures": ["GPT2LMHeadModel"],
            "vocab_size": self.vocab_size,
            "n_positions": self.n_positions,
            "n_ctx": self.n_positions,
            "n_embd": self.n_embd,
            "n_layer": self.n_layer,
            "n_head": self.n_head,
            "n_inner": self.n_inner,
            "activation_function": self.activation_function,
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "initializer_range": self.initializer_range,
            "scale_attn_weights": self.scale_attn_weights,
            "scale_attn_by_inverse_layer_idx": self.scale_attn_by_inverse_layer_idx,
            # An addition of ours, which transformers ignores.
            **({} if self.causal else {"causal": False}),
            "bos_token_id": self.bos_token_id,
            "eos_token_id": self.eos_token_id,
            "tie_word_embeddings": self.tie_word_embeddings,
            "embd_pdrop": 0.0,
            "attn_pdrop": 0.0,
            "resid_pdrop": 0.0,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "GPTConfig":
        """Read the content of a GPT-2 `config.json`.

        Raises ModelError if it is of another architecture, lacks a size, or asks for something that GPT cannot do.
        """
        kind = values.get("model_type", "gpt2")
        if kind != "gpt2":
            raise ModelError(f"config.json is of a {brief(kind)} model: only the GPT-2 layout can be opened")
        missing = [name for name in _SIZES if name not in values]
        if missing:
            raise ModelError(f"config.json lacks {', '.join(missing)}")
        if values.get("add_cross_attention"):
            raise ModelError("config.json asks for cross-attention: only decoder-only GPT-2 models can be opened")
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("scale_attn_weights", "scale_attn_by_inverse_layer_idx", "causal", "tie_word_embeddings"):
            if name in known and not isinstance(known[name], bool):
                raise ModelError(f"{name} in config.json must be true or false, not {brief(known[name])}")
        for name in ("bos_token_id", "eos_token_id"):
            if known.get(name) is not None and type(known[name]) is not int:
                raise ModelError(f"{name} in config.json must be a whole number or null, not {brief(known[name])}")
        return cls(**known)


def _check_size(name: str, value: object) -> None:
    if type(value) is not int or not 1 <= value <= _LARGEST_SIZE:
        raise SettingError(name, f"{name} must be a whole number from 1 to {_LARGEST_SIZE}, not {brief(value)}")
