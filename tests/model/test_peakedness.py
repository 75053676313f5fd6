"""How peaked: largest weight, entropy, effective keys and variance, against plain Python and against their limits."""

import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.attention import AttentionInputs, AttentionStages
from model.peakedness import effective_keys, entropy_bits, largest_weight, peakedness, variance

rows = st.lists(st.floats(-30, 30), min_size=1, max_size=20).map(lambda row: torch.softmax(torch.tensor(row), 0))


@given(rows)
def test_measures_agree_with_plain_python(row: torch.Tensor) -> None:
    weights = [w / math.fsum(row.tolist()) for w in row.tolist()]
    bits = -math.fsum(w * math.log2(w) for w in weights if w > 0)
    assert largest_weight(row).item() == pytest.approx(max(weights), abs=1e-5)
    assert entropy_bits(row).item() == pytest.approx(bits, abs=1e-4)
    assert effective_keys(row).item() == pytest.approx(2**bits, rel=1e-4)


@given(rows)
def test_measures_stay_within_their_limits(row: torch.Tensor) -> None:
    size = len(row)
    assert 1 / size - 1e-6 <= largest_weight(row).item() <= 1 + 1e-6
    assert -1e-6 <= entropy_bits(row).item() <= math.log2(size) + 1e-4
    assert 1 - 1e-5 <= effective_keys(row).item() <= size * (1 + 1e-4)


@pytest.mark.parametrize("size", [1, 2, 8, 1000])
def test_uniform_and_one_hot_are_the_limits(size: int) -> None:
    uniform = torch.full((size,), 1 / size)
    assert entropy_bits(uniform).item() == pytest.approx(math.log2(size), abs=1e-5)
    assert effective_keys(uniform).item() == pytest.approx(size, rel=1e-5)
    one_hot = torch.eye(size)[0]
    assert (entropy_bits(one_hot).item(), effective_keys(one_hot).item(), largest_weight(one_hot).item()) == (0, 1, 1)


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30))
def test_variance_is_the_population_variance(numbers: list[float]) -> None:
    expected = statistics.pvariance(numbers)
    assert variance(torch.tensor(numbers)).item() == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_one_head_is_measured_row_by_row_and_its_scores_as_a_whole() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(6, 4, generator=generator) for _ in range(3))
    stages = AttentionStages(AttentionInputs(q, k, v, scale=0.5))
    measured = peakedness(stages)
    # All T × T scores, hidden cells included.
    assert measured.scores_variance == pytest.approx(statistics.pvariance((q @ k.T).flatten().tolist()), rel=1e-5)
    assert measured.max_weight.shape == measured.entropy_bits.shape == measured.effective_keys.shape == (6,)
    assert measured.max_weight[0] == 1
    assert measured.entropy_bits[0] == 0
    assert measured.entropy_bits[3].item() == pytest.approx(entropy_bits(stages.weights[3]).item())
