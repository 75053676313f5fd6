"""A second implementation of GPT-2 in plain numpy loops, in double precision, with settings of each head.

It shares nothing with `model` but the names of the weights.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
}


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    centred = x - x.mean()
    return centred / np.sqrt((centred**2).mean() + epsilon) * weight + bias


def plain_logits(
    weights: Mapping[str, Array],
    token_ids: list[int],
    *,
    n_head: int,
    n_layer: int,
    epsilon: float,
    activation: str,
    scale: Callable[[int, int], float],
    causal: Callable[[int, int], bool],
    ablated: Callable[[int, int], bool],
) -> Array:
    """Logits (T, V), one position, one head and one key at a time."""

    def norm(x: Array, name: str) -> Array:
        return layer_norm(x, weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    def linear(x: Array, name: str) -> Array:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    stream = [weights["wte.weight"][token] + weights["wpe.weight"][i] for i, token in enumerate(token_ids)]
    for layer in range(n_layer):
        block = f"h.{layer}"
        qkv = [np.split(linear(norm(x, f"{block}.ln_1"), f"{block}.attn.c_attn"), 3) for x in stream]
        attended = []
        for i in range(len(stream)):
            parts = []
            for head in range(n_head):
                q, k, v = ([np.split(row[part], n_head)[head] for row in qkv] for part in range(3))
                keys = range(i + 1) if causal(layer, head) else range(len(stream))
                exponents = [np.exp(float(q[i] @ k[j]) * scale(layer, head)) for j in keys]
                total = sum(exponents)
                mixed = sum((e / total * v[j] for j, e in zip(keys, exponents, strict=True)), np.zeros_like(q[i]))
                parts.append(np.zeros_like(mixed) if ablated(layer, head) else mixed)
            attended.append(linear(np.concatenate(parts), f"{block}.attn.c_proj"))
        stream = [x + y for x, y in zip(stream, attended, strict=True)]
        for i, x in enumerate(stream):
            hidden = ACTIVATIONS[activation](linear(norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc"))
            stream[i] = x + linear(hidden, f"{block}.mlp.c_proj")
    return np.array([weights["wte.weight"] @ norm(x, "ln_f") for x in stream])
