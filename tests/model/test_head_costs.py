"""What ablating a head costs, on weights written by hand and against plain sums."""

from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.head_costs import HeadCost, head_costs
from model.settings import AttentionSettings
from tests.model.built import INDUCTION, PREVIOUS_TOKEN, induction_model

CHARACTERS = "".join(map(chr, range(33, 93)))
HEADS = [(0, 0), (0, 1), (1, 0), (1, 1)]
N = 8
DISTINCT = [torch.randperm(60, generator=torch.Generator().manual_seed(seed))[: 2 * N].tolist() for seed in range(3)]
REPEATED = [ids[:N] * 2 for ids in DISTINCT]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return induction_model(Path(tmp_path_factory.mktemp("models")) / "built", CHARACTERS)


@pytest.fixture(scope="module")
def costs(model: Checkpoint) -> dict[tuple[int, int], HeadCost]:
    return dict(head_costs(model, HEADS, DISTINCT, REPEATED))


def test_an_induction_head_is_worth_something_where_text_is_repeated_only(
    costs: dict[tuple[int, int], HeadCost],
) -> None:
    cost = costs[INDUCTION]
    assert cost.repeated > 3.5  # nearly from certainty to a guess among 60 tokens: ln 60 = 4.1
    assert cost.unrepeated < 0  # there it only misleads
    assert cost.text < 0  # no token of these texts occurs twice
    for idle in ((0, 0), (1, 1)):
        assert (costs[idle].text, costs[idle].repeated, costs[idle].unrepeated) == pytest.approx((0, 0, 0), abs=1e-6)


def test_an_induction_head_reads_from_the_previous_token_head(costs: dict[tuple[int, int], HeadCost]) -> None:
    assert costs[PREVIOUS_TOKEN].induction_falls[INDUCTION] > 0.8
    assert costs[PREVIOUS_TOKEN].repeated > 3.5
    for other in ((0, 0), INDUCTION, (1, 1)):
        assert costs[other].induction_falls.abs().max() < 1e-6


def test_costs_equal_plain_means(model: Checkpoint) -> None:
    texts = [[5, 5, 7, 5], [1, 2, 1, 2, 1, 2]]
    for head, cost in head_costs(model, HEADS, texts, REPEATED):
        ablated = AttentionSettings(ablated=frozenset({head}))
        rises = [model.trace(ids, ablated).losses - model.trace(ids).losses for ids in (*texts, *REPEATED)]
        on_text = [rise for each in rises[:2] for rise in each.tolist()]
        first = [rise for each in rises[2:] for rise in each.tolist()[: N - 1]]  # predictions of the tokens 1 to N − 1
        second = [rise for each in rises[2:] for rise in each.tolist()[N:]]  # and of N + 1 to 2N − 1
        assert cost.text == pytest.approx(sum(on_text) / len(on_text), abs=1e-5)
        assert cost.unrepeated == pytest.approx(sum(first) / len(first), abs=1e-5)
        assert cost.repeated == pytest.approx(sum(second) / len(second), abs=1e-5)
        weights = [
            (model.trace(ids).head(1, 0).weights, model.trace(ids, ablated).head(1, 0).weights) for ids in REPEATED
        ]
        falls = [(before - after)[i, i - N + 1].item() for before, after in weights for i in range(N, 2 * N)]
        assert cost.induction_falls[1, 0].item() == pytest.approx(sum(falls) / len(falls), abs=1e-6)
