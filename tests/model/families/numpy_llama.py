"""Llama's forward pass in NumPy, written from the papers alone: independent of `transformers` and of our own code.

Qwen 2 adds biases to q, k and v, and Qwen 3 a norm on each head of q and k. Notation: T positions, D head_size.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def forward(
    weights: Mapping[str, Array],
    token_ids: list[int],
    n_head: int,
    n_kv_head: int,
    head_size: int,
    *,
    theta: float = 10_000.0,
    epsilon: float = 1e-6,
    scales: Mapping[tuple[int, int], float] | None = None,
    unmasked: frozenset[tuple[int, int]] = frozenset(),
    ablated: frozenset[tuple[int, int]] = frozenset(),
) -> Array:
    """Logits (T, V). Heads, as (layer, head), may have another scale, no mask, or be ablated."""

    def linear(x: Array, name: str) -> Array:
        bias = weights.get(f"{name}.bias")
        return x @ weights[f"{name}.weight"].T + (0.0 if bias is None else bias)

    def norm(x: Array, name: str) -> Array:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon) * weights[f"{name}.weight"]

    def rotate(x: Array) -> Array:
        """Rotary embedding (Su et al. 2021), each dimension paired with the one half a head further."""
        half = head_size // 2
        angles = np.outer(np.arange(len(x)), theta ** (-np.arange(half) / half))
        first, second = x[:, :half], x[:, half:]
        cos, sin = np.cos(angles), np.sin(angles)
        return np.concatenate((first * cos - second * sin, second * cos + first * sin), -1)

    def attention(x: Array, layer: int) -> Array:
        name = f"model.layers.{layer}.self_attn"
        q, k, v = (linear(x, f"{name}.{part}_proj") for part in "qkv")
        mixed = []
        for head in range(n_head):
            own = slice(head * head_size, (head + 1) * head_size)
            shared = head * n_kv_head // n_head
            place = slice(shared * head_size, (shared + 1) * head_size)
            a, b = q[:, own], k[:, place]
            if f"{name}.q_norm.weight" in weights:
                a, b = norm(a, f"{name}.q_norm"), norm(b, f"{name}.k_norm")
            scores = rotate(a) @ rotate(b).T * (scales or {}).get((layer, head), head_size**-0.5)
            if (layer, head) not in unmasked:
                scores = np.where(np.tri(len(x), dtype=bool), scores, -np.inf)
            powers = np.exp(scores - scores.max(-1, keepdims=True))
            result = powers / powers.sum(-1, keepdims=True) @ v[:, place]
            mixed.append(result * 0.0 if (layer, head) in ablated else result)
        return linear(np.concatenate(mixed, -1), f"{name}.o_proj")

    x = weights["model.embed_tokens.weight"][token_ids]
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("model.layers."))
    for layer in range(layers):
        name = f"model.layers.{layer}"
        x = x + attention(norm(x, f"{name}.input_layernorm"), layer)
        y = norm(x, f"{name}.post_attention_layernorm")
        gate = linear(y, f"{name}.mlp.gate_proj")
        x = x + linear(gate / (1 + np.exp(-gate)) * linear(y, f"{name}.mlp.up_proj"), f"{name}.mlp.down_proj")
    return norm(x, "model.norm") @ weights.get("lm_head.weight", weights["model.embed_tokens.weight"]).T
