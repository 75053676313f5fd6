"""A GPT-2-style model, with its attention computed by `model.attention`.

Notation: B batch, T positions, C n_embd, H heads, D head_size, V vocab_size; `...` is (B,) or, in a trace, nothing.

The architecture is that of "Language Models are Unsupervised Multitask Learners" (Radford et al. 2019): LayerNorm
before attention and MLP, learned position embeddings, tanh-GELU, and an output layer tied to the token embedding
unless the config says otherwise.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.attention import AttentionInputs, attend
from model.config import GPTConfig
from model.errors import ModelError
from model.settings import AS_TRAINED, AttentionSettings, LayerSettings
from model.trace import Trace

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu_new": partial(F.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(F.gelu, approximate="tanh"),
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
}


class Linear(nn.Linear):
    """x Wᵀ + b: (..., in) -> (..., out)."""

    def forward(self, input: Tensor) -> Tensor:
        """In float32 on a CPU, add the bias in place, which is faster than filling the output with it beforehand."""
        if input.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        return F.linear(input, self.weight).add_(self.bias)


class CausalSelfAttention(nn.Module):
    """Multi-head attention: one projection to q, k and v of all heads, and one back to the residual stream."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.n_head = config.n_head
        self.c_attn = Linear(config.n_embd, 3 * config.n_embd)
        self.c_proj = Linear(config.n_embd, config.n_embd)

    def inputs(self, x: Tensor, settings: LayerSettings) -> AttentionInputs:
        """Project (..., T, C) to q, k and v of shape (..., H, T, D)."""
        q, k, v = (
            part.unflatten(-1, (self.n_head, -1)).transpose(-3, -2)  # (..., T, C) -> (..., H, T, D)
            for part in self.c_attn(x).chunk(3, dim=-1)
        )
        return AttentionInputs.from_settings(q, k, v, settings)

    def forward(self, inputs: AttentionInputs) -> Tensor:
        """Mix the values and project the concatenated heads: q, k, v (..., H, T, D) -> (..., T, C)."""
        if inputs.q.dtype is torch.bfloat16 and inputs.q.device.type == "cpu":
            # Under autocast on a CPU, the backward pass of attention is four times faster in float32.
            q, k, v = inputs.q.float(), inputs.k.float(), inputs.v.float()
            with torch.autocast("cpu", enabled=False):
                mixed = attend(replace(inputs, q=q, k=k, v=v))
        else:
            mixed = attend(inputs)
        y: Tensor = self.c_proj(mixed.transpose(-3, -2).flatten(-2))  # (..., H, T, D) -> (..., T, C)
        return y


class MLP(nn.Module):
    """The position-wise feed-forward layer: (..., C) -> (..., C)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.c_fc = Linear(config.n_embd, config.mlp_size)
        self.c_proj = Linear(config.mlp_size, config.n_embd)
        self.activation = _ACTIVATIONS[config.activation_function]

    def forward(self, x: Tensor) -> Tensor:
        """Project to the hidden layer, activate, and project back."""
        y: Tensor = self.c_proj(self.activation(self.c_fc(x)))
        return y


class Block(nn.Module):
    """One layer: attention and MLP, each added to the residual stream."""

    def __init__(self, config: GPTConfig, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.mlp = MLP(config)
        self.dropout = dropout

    def inputs(self, x: Tensor, settings: LayerSettings) -> AttentionInputs:
        """The inputs of this layer's attention, given the residual stream (..., T, C) before the layer."""
        return self.attn.inputs(self.ln_1(x), settings)

    def forward(self, x: Tensor, inputs: AttentionInputs) -> Tensor:
        """The residual stream after this layer, given the stream `x` before it and `inputs`, computed from `x`."""
        x = x + self._drop(self.attn(inputs))
        return x + self._drop(self.mlp(self.ln_2(x)))

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


class GPT(nn.Module):
    """A GPT-2-style language model.

    `forward` computes logits for training; `trace` keeps everything that the application shows. In training mode,
    dropout is applied to the embeddings and to the outputs of attention and MLP.
    """

    def __init__(self, config: GPTConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.wte = _embedding(config.vocab_size, config.n_embd)
        self.wpe = _embedding(config.n_positions, config.n_embd)
        self.h = nn.ModuleList(Block(config, dropout) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, eps=config.layer_norm_epsilon)
        self.lm_head = None if config.tie_word_embeddings else _embedding(config.vocab_size, config.n_embd)
        self.dropout = dropout

    def initialize(self, generator: torch.Generator, position_waves: float = 0.0) -> None:
        """Initialize the weights like GPT-2: normal(0, initializer_range), divided by √(2 · n_layer) for c_proj.

        The layers called c_proj write to the residual stream (Radford et al. 2019, section 2.3).
        `position_waves` is the standard deviation of the waves that are added to the positions: see `sinusoids`.
        """
        std = self.config.initializer_range
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 1:
                nn.init.ones_(parameter)
            else:
                residual = name.endswith("c_proj.weight")
                width = std / math.sqrt(2 * self.config.n_layer) if residual else std
                nn.init.normal_(parameter, 0.0, width, generator=generator)
        if position_waves:
            self.wpe.weight.data += position_waves * sinusoids(self.config.n_positions, self.config.n_embd)

    def is_finite(self) -> bool:
        """Return True if no weight is NaN or infinite."""
        return all(bool(parameter.isfinite().all()) for parameter in self.parameters())

    @property
    def blocks(self) -> Iterator[Block]:
        """The layers in order."""
        for block in self.h:
            assert isinstance(block, Block)  # ModuleList is not generic
            yield block

    def embed(self, token_ids: Tensor, start: int = 0) -> Tensor:
        """Token ids (..., T) at positions start, start + 1, … -> residual stream (..., T, C)."""
        end = start + token_ids.shape[-1]
        if end > self.config.n_positions:
            raise ModelError(f"{end} tokens do not fit: this model reads at most {self.config.n_positions} at once")
        positions = torch.arange(start, end, device=token_ids.device)
        x = self.wte(token_ids) + self.wpe(positions)
        return F.dropout(x, self.dropout, self.training) if self.dropout else x

    def hidden(self, token_ids: Tensor, settings: AttentionSettings = AS_TRAINED) -> Tensor:
        """Token ids (..., T) -> final hidden states (..., T, C), after the last LayerNorm."""
        x = self.embed(token_ids)
        for layer, block in enumerate(self.blocks):
            x = block(x, block.inputs(x, settings.for_layer(self.config, layer)))
        final: Tensor = self.ln_f(x)
        return final

    def forward(self, token_ids: Tensor, settings: AttentionSettings = AS_TRAINED) -> Tensor:
        """Token ids (..., T) -> logits (..., T, V)."""
        return self.unembed(self.hidden(token_ids, settings))

    @property
    def unembedding(self) -> Tensor:
        """The output matrix, (V, C): that of the token embedding, unless the model has one of its own."""
        return self.wte.weight if self.lm_head is None else self.lm_head.weight

    def unembed(self, final: Tensor) -> Tensor:
        """Final hidden state (..., C) -> logits (..., V)."""
        return F.linear(final, self.unembedding)

    @torch.inference_mode()
    def trace(
        self, token_ids: Sequence[int], settings: AttentionSettings = AS_TRAINED, base: Trace | None = None
    ) -> Trace:
        """Run the model on one text, with its attention changed by `settings`, and keep q, k and v of every layer.

        If `base` is an earlier trace of this model over the same text, the layers below the first one whose settings
        differ are taken from it.
        Raises ModelError if there are no tokens or too many, an id is unknown, or `settings` name a layer or head that
        the model does not have.
        """
        check_ids(self.config, token_ids)
        settings = settings.normalized(self.config)
        ids = torch.tensor(tuple(token_ids), device=self.wte.weight.device)  # (T,)
        inputs: list[AttentionInputs] = []
        streams: list[Tensor] = []
        if base is not None and base.token_ids == tuple(token_ids):
            same = _unchanged_layers(self.config, base.settings, settings)
            inputs.extend(base.inputs[:same])
            streams.extend(base.streams[:same])
            x = base.streams[same]
        else:
            x = self.embed(ids)  # (T, C)
        for layer, block in list(enumerate(self.blocks))[len(inputs) :]:
            streams.append(x)
            inputs.append(block.inputs(x, settings.for_layer(self.config, layer)))
            x = block(x, inputs[-1])
        streams.append(x)
        return Trace(tuple(token_ids), settings, tuple(inputs), tuple(streams), self.ln_f(x), self.unembed)


def sinusoids(positions: int, width: int) -> Tensor:
    """Sines and cosines of the position in a third of the dimensions, zeros in the others: (positions, width).

    Their standard deviation is about 1. The step to the next position is the same rotation everywhere, so that a head
    can find the previous token by a linear map (Vaswani et al. 2017, section 3.5). Unlike there, most frequencies are
    high, which tells neighbours apart: the k-th of n is π (k / n)² radians a position.
    """
    count = max(1, width // 6)
    frequencies = math.pi * (torch.arange(1, count + 1) / count) ** 2
    angles = torch.arange(positions)[:, None] * frequencies  # (positions, count)
    waves = math.sqrt(2) * torch.cat((angles.sin(), angles.cos()), 1)
    return F.pad(waves, (0, max(0, width - 2 * count)))[:, :width]


def _embedding(count: int, width: int) -> nn.Embedding:
    """An embedding; not initialized on the meta device, where torch would import its compiler (one second) for it."""
    weight = torch.empty(count, width)
    if not weight.is_meta:
        nn.init.normal_(weight)
    made: nn.Embedding = nn.Embedding.from_pretrained(weight, freeze=False)  # type: ignore[no-untyped-call]
    return made


def check_ids(config: GPTConfig, token_ids: Sequence[int]) -> None:
    """Raise ModelError unless there are between 1 and n_positions ids, all of them in the vocabulary."""
    if not token_ids:
        raise ModelError("there are no tokens: type at least one character that the model knows")
    if len(token_ids) > config.n_positions:
        raise ModelError(f"the text has {len(token_ids)} tokens: this model reads at most {config.n_positions} at once")
    wrong = next((i for i in token_ids if not 0 <= i < config.vocab_size), None)
    if wrong is not None:
        raise ModelError(f"token id {wrong} is not in the vocabulary of {config.vocab_size}")


def _unchanged_layers(config: GPTConfig, before: AttentionSettings, after: AttentionSettings) -> int:
    """Number of layers, counted from the first, whose attention inputs are the same under both settings.

    The inputs of a layer include its settings, although these change only what is computed after its q, k and v.
    """
    if before == after:
        return config.n_layer
    touched = before.changed_heads(config) | after.changed_heads(config)
    return min((layer for layer, _ in touched), default=config.n_layer)
