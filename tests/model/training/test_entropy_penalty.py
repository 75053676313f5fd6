"""The penalty on the entropy of attention: its value by NumPy, its gradient, and which passes count."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.attention import AttentionInputs
from model.config import GPTConfig
from model.gpt import GPT
from model.training.entropy_penalty import QUERIES, entropy_penalty, entropy_share, recorded_inputs


def random_inputs(positions: int, causal: bool, spread: float = 1.0, seed: int = 0) -> AttentionInputs:
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (spread * torch.randn(2, 3, positions, 4, generator=generator) for _ in range(3))
    return AttentionInputs(q, k, v, 0.5, causal)


@given(st.integers(1, 12), st.booleans(), st.integers(0, 1000))
def test_the_share_is_that_of_numpy(positions: int, causal: bool, seed: int) -> None:
    inputs = random_inputs(positions, causal, seed=seed)
    queries = torch.arange(0, positions, 2)
    shares = []
    for q, k in zip(inputs.q.flatten(0, 1).double().numpy(), inputs.k.flatten(0, 1).double().numpy(), strict=True):
        for query in queries.tolist():
            seen = k[: query + 1] if causal else k
            weights = np.exp(0.5 * seen @ q[query])
            weights /= weights.sum()
            shares.append(-(weights * np.log(weights)).sum() / np.log(max(2, len(seen))))
    assert entropy_share(inputs, queries).item() == pytest.approx(np.mean(shares), abs=1e-6)


def test_even_weights_have_a_share_of_one_and_a_single_key_of_zero() -> None:
    even = random_inputs(9, causal=True, spread=0.0)
    assert entropy_share(even, torch.arange(1, 9)).item() == pytest.approx(1.0)
    assert entropy_share(even, torch.tensor([0])).item() == pytest.approx(0.0)


def test_the_gradient_is_finite_where_weights_are_zero() -> None:
    inputs = random_inputs(9, causal=True, spread=40.0)
    inputs.q.requires_grad_()
    entropy_share(inputs, torch.arange(9)).backward()  # type: ignore[no-untyped-call]
    assert inputs.q.grad is not None
    assert inputs.q.grad.isfinite().all()


def test_it_is_the_mean_over_all_layers_of_one_forward_pass() -> None:
    gpt = GPT(GPTConfig(vocab_size=20, n_positions=40, n_embd=12, n_layer=3, n_head=2, initializer_range=0.5))
    gpt.initialize(torch.Generator().manual_seed(1))
    ids = torch.randint(20, (2, 40), generator=torch.Generator().manual_seed(2))
    values = []
    for _ in range(2):  # passes before and after do not count
        gpt(ids.flip(1))
        with recorded_inputs(gpt) as recorded:
            gpt(ids)
        gpt(ids[:, :7])
        values.append(entropy_penalty(recorded, torch.Generator().manual_seed(3)).item())
    queries = torch.randint(8, 40, (QUERIES,), generator=torch.Generator().manual_seed(3))
    inputs = [gpt.trace(row).inputs for row in ids.tolist()]
    expected = [entropy_share(each, queries).item() for text in inputs for each in text]
    assert values == pytest.approx([sum(expected) / len(expected)] * 2, abs=1e-6)
