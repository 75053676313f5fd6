"""Pictures of heads against plain loops, and their peakedness against the definitions."""

import math

import pytest
import torch

from model.attention import AttentionInputs, AttentionStages
from model.head_pictures import HIDDEN, blocks, head_picture
from model.settings import AttentionSettings
from tests.model.making import make_gpt


def plain_blocks(weights: list[list[float]], size: int, causal: bool) -> list[list[float]]:
    """Weight on a block of keys together, mean over a block of queries, written out."""
    count = len(weights)
    starts = range(0, count, size)
    found = []
    for first_query in starts:
        queries = range(first_query, min(count, first_query + size))
        row = []
        for first_key in starts:
            keys = range(first_key, min(count, first_key + size))
            total = math.fsum(weights[i][j] for i in queries for j in keys)
            seen = any(not causal or j <= i for i in queries for j in keys)
            row.append(total / len(queries) if seen else HIDDEN)
        found.append(row)
    return found


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("positions", "size"), [(1, 1), (5, 1), (5, 2), (7, 3), (12, 4), (13, 13), (9, 20)])
def test_blocks_equal_plain_loops(positions: int, size: int, causal: bool) -> None:
    q, k = torch.randn(2, positions, 6, generator=torch.Generator().manual_seed(positions))
    stages = AttentionStages(AttentionInputs(q, k, k, 1.5, causal))
    found = blocks(stages.weights, stages.inputs.visible, size)
    expected = torch.tensor(plain_blocks(stages.weights.tolist(), size, causal))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(found.clamp(min=0).sum(1), torch.ones(len(found)))


def plain_means(weights: list[list[float]]) -> tuple[float, float, float]:
    entropies = [-math.fsum(w * math.log2(w) for w in row if w > 0) for row in weights]
    count = len(weights)
    return sum(2**h for h in entropies) / count, sum(entropies) / count, sum(map(max, weights)) / count


def test_peakedness_as_set_unscaled_and_scaled() -> None:
    gpt = make_gpt(seed=2)
    ids = list(range(7))
    settings = AttentionSettings(scale=0.7, layer=1, head=0)
    trace = gpt.trace(ids, settings)
    trained = gpt.config.scale(1)
    picture = head_picture(trace, 1, 0, trained, 2)
    stages = trace.head(1, 0)
    assert float(stages.inputs.scale) == 0.7
    for found, scale in (
        (picture.peakedness.as_set, 0.7),
        (picture.peakedness.unscaled, 1.0),
        (picture.peakedness.scaled, trained),
    ):
        expected = plain_means(stages.rescaled(scale).weights.tolist())
        assert (found.effective_keys, found.entropy_bits, found.max_weight) == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(picture.blocks, torch.tensor(plain_blocks(stages.weights.tolist(), 2, True)))


def test_a_picture_keeps_nothing_large_and_measures_once() -> None:
    gpt = make_gpt(seed=2)
    trace = gpt.trace(list(range(7)))
    fine = head_picture(trace, 0, 1, gpt.config.scale(0), 1)
    assert fine.blocks.untyped_storage().nbytes() == 7 * 7 * 4
    coarse = head_picture(trace, 0, 1, gpt.config.scale(0), 4, fine.peakedness)
    assert coarse.blocks.shape == (2, 2)
    assert coarse.peakedness is fine.peakedness
