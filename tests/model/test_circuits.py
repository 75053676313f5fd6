"""Circuits against full V × V matrices in numpy, the model's own attention, and heads that are built to copy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.attention import AttentionStages
from model.circuits import Circuit, head_circuits, token_streams
from model.config import GPTConfig
from model.gpt import GPT
from model.settings import AS_TRAINED
from tests.model.plain_gpt import ACTIVATIONS, layer_norm

Array = NDArray[np.float64]

CONFIG = GPTConfig(vocab_size=23, n_positions=8, n_embd=12, n_layer=3, n_head=3, scale_attn_by_inverse_layer_idx=True)
SIZE = CONFIG.head_size


def random_gpt(config: GPTConfig = CONFIG) -> GPT:
    """A model in which biases and gains matter as much as everything else."""
    gpt = GPT(config)
    generator = torch.Generator().manual_seed(7)
    for parameter in gpt.parameters():
        parameter.data = 0.5 * torch.randn(parameter.shape, generator=generator)
    return gpt.eval().requires_grad_(False)


def streams_of(gpt: GPT) -> torch.Tensor:
    return torch.cat(list(token_streams(gpt)))


def full_matrices(gpt: GPT, layer: int, head: int) -> tuple[Array, Array, Array]:
    """OV, QK without biases, and QK with what biases add to q, each (V, V), token by token and without any factors."""
    config = gpt.config
    w = {name: parameter.double().numpy() for name, parameter in gpt.state_dict().items()}
    nothing = np.zeros(config.n_embd)
    embedding = w["wte.weight"]
    if layer:
        hidden = [layer_norm(x, w["h.0.ln_2.weight"], w["h.0.ln_2.bias"], 1e-5) for x in embedding]
        gelu = ACTIVATIONS["gelu_new"]
        up, down = w["h.0.mlp.c_fc.weight"], w["h.0.mlp.c_proj.weight"]
        made = [down @ gelu(up @ x + w["h.0.mlp.c_fc.bias"]) + w["h.0.mlp.c_proj.bias"] for x in hidden]
        embedding = embedding + np.array(made)
    name, size = f"h.{layer}", config.head_size
    q, k, v = (np.split(part, config.n_head)[head] for part in np.split(w[f"{name}.attn.c_attn.weight"], 3))
    bias_of_q = np.split(np.split(w[f"{name}.attn.c_attn.bias"], 3)[0], config.n_head)[head]
    out = w[f"{name}.attn.c_proj.weight"][:, head * size : (head + 1) * size]
    gain, bias = w[f"{name}.ln_1.weight"], w[f"{name}.ln_1.bias"]
    without = np.array([layer_norm(x, gain, nothing, 1e-5) for x in embedding])
    exact = np.array([layer_norm(x, gain, bias, 1e-5) for x in embedding])
    unembedding = w["wte.weight"] if gpt.lm_head is None else w["lm_head.weight"]
    written = without @ v.T @ out.T  # (V, C)
    ov = (written - written.mean(1, keepdims=True)) * w["ln_f.weight"] @ unembedding.T
    qk = without @ q.T @ (without @ k.T).T * config.scale(layer)
    with_biases = (exact @ q.T + bias_of_q) @ (exact @ k.T).T * config.scale(layer)
    return centred(ov), centred(qk), centred(with_biases)


def centred(matrix: Array) -> Array:
    return matrix - matrix.mean(1, keepdims=True)


def matrix_of(circuit: Circuit) -> Array:
    """A circuit row by row."""
    return np.array([circuit.row(token).numpy() for token in range(circuit.vocab_size)], np.float64)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("layer", "head"), [(0, 0), (1, 2), (2, 1)])
def test_circuits_are_the_full_matrices(layer: int, head: int, tied: bool) -> None:
    gpt = random_gpt(replace(CONFIG, tie_word_embeddings=tied))
    circuits = head_circuits(gpt, streams_of(gpt) if layer else gpt.wte.weight, layer, head)
    ov, qk, with_biases = full_matrices(gpt, layer, head)
    for circuit, wanted in ((circuits.ov, ov), (circuits.qk, with_biases)):
        np.testing.assert_allclose(matrix_of(circuit), wanted, rtol=0, atol=1e-6 * np.abs(wanted).max())
    for circuit, matrix in ((circuits.ov, ov), (circuits.qk, qk)):
        eigenvalues = np.linalg.eigvals(matrix)
        largest = eigenvalues[np.argsort(-np.abs(eigenvalues))]
        scale = np.abs(largest[0])
        assert np.abs(largest[SIZE:]).max() < 1e-6 * scale  # the rank is at most D
        assert_same_numbers(circuit.eigenvalues.numpy(), largest[:SIZE], 1e-5 * scale)
        score = largest.sum().real / np.abs(largest).sum()
        assert circuit.eigenvalue_score == pytest.approx(score, abs=1e-5)
    places = [1 + int((row > row[token]).sum()) for token, row in enumerate(ov)]
    assert circuits.ov.own_ranks().tolist() == places
    assert circuits.ov.own_ranks(most=8).tolist() == places[::3]


def assert_same_numbers(found: Array, wanted: Array, tolerance: float) -> None:
    """Complex numbers in any order: each has a partner, the nearest that is left."""
    left = list(found)
    assert len(left) == len(wanted)
    for number in wanted:
        nearest = min(left, key=lambda other: abs(other - number))
        assert abs(nearest - number) < tolerance
        left.remove(nearest)


def test_scores_of_layer_0_are_those_of_the_model_without_positions() -> None:
    gpt = random_gpt()
    gpt.wpe.weight.data.zero_()
    ids = (3, 9, 9, 0, 22)
    circuits = head_circuits(gpt, gpt.wte.weight, 0, 1)
    scaled = AttentionStages(gpt.trace(ids, AS_TRAINED).inputs[0].head(1)).scaled  # (T, T)
    for query, token in enumerate(ids):
        row = circuits.qk.row(token)[list(ids)]
        torch.testing.assert_close(row - row.mean(), scaled[query] - scaled[query].mean(), rtol=1e-4, atol=1e-4)


def test_what_is_written_moves_the_logits_as_the_model_does() -> None:
    """A text of one token attends to itself alone: with the MLP off, the head's part of the logits can be measured."""
    config = replace(CONFIG, n_layer=1, n_head=1)
    gpt = random_gpt(config)
    gpt.wpe.weight.data.zero_()
    next(gpt.blocks).mlp.c_proj.weight.data.zero_()
    ov = head_circuits(gpt, gpt.wte.weight, 0, 0).ov
    stream = [gpt.trace((token,)).streams[-1][0] for token in (4, 11)]
    written = [stream[i] - gpt.wte.weight[token] for i, token in enumerate((4, 11))]
    # The biases write the same at both tokens. Without the division, the final LayerNorm is linear.
    difference = written[0] - written[1]
    logits = ((difference - difference.mean()) * gpt.ln_f.weight) @ gpt.wte.weight.T
    torch.testing.assert_close(ov.row(4) - ov.row(11), logits - logits.mean(), rtol=1e-4, atol=1e-3)


def test_a_head_that_copies_has_the_score_1_and_its_opposite_minus_1() -> None:
    """Tokens are the corners of a simplex; the head hands on what it reads, and the output is tied."""
    config = GPTConfig(vocab_size=8, n_positions=4, n_embd=8, n_layer=1, n_head=1)
    gpt = GPT(config)
    gpt.initialize(torch.Generator().manual_seed(0))
    gpt.requires_grad_(False)
    gpt.wte.weight.copy_(torch.eye(8))
    block = next(gpt.blocks)
    block.attn.c_attn.weight.copy_(torch.eye(8).repeat(3, 1))
    for sign in (1.0, -1.0):
        block.attn.c_proj.weight.copy_(sign * torch.eye(8))
        circuits = head_circuits(gpt, gpt.wte.weight, 0, 0)
        assert circuits.ov.eigenvalue_score == pytest.approx(sign, abs=1e-6)
        assert circuits.qk.eigenvalue_score == pytest.approx(1.0, abs=1e-6)
        assert set(circuits.ov.own_ranks().tolist()) == ({1} if sign > 0 else {8})
    block.attn.c_proj.weight.zero_()
    assert head_circuits(gpt, gpt.wte.weight, 0, 0).ov.eigenvalue_score == 0.0


@given(st.integers(1, 40), st.integers(0, CONFIG.vocab_size - 1))
def test_the_size_of_the_chunks_makes_no_difference(chunk: int, start: int) -> None:
    gpt = random_gpt()
    whole = streams_of(gpt)
    parts = list(token_streams(gpt, start, chunk))
    assert max(map(len, parts)) <= chunk
    torch.testing.assert_close(torch.cat(parts), whole[start:], rtol=1e-5, atol=1e-5)
    one, other = head_circuits(gpt, whole, 1, 0, chunk), head_circuits(gpt, whole, 1, 0)
    for circuit, same in ((one.ov, other.ov), (one.qk, other.qk)):
        np.testing.assert_allclose(matrix_of(circuit), matrix_of(same), rtol=1e-5, atol=1e-5)
