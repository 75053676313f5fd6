"""Every switch, in Llama's and Qwen's kind, against a forward pass in NumPy that shares no code with either side."""

from typing import Any

import numpy as np
import pytest
import torch

from model.families.model import FamilyModel
from model.settings import AttentionSettings
from tests.model.families.making import IDS, family, open_tiny
from tests.model.families.numpy_llama import forward

KINDS = ("llama", "qwen2", "qwen3")
CASES: dict[str, tuple[AttentionSettings, dict[str, Any]]] = {
    "as trained": (AttentionSettings(), {}),
    "scale of a head": (AttentionSettings(scale=1.0, layer=1, head=2), {"scales": {(1, 2): 1.0}}),
    "scale of a layer": (AttentionSettings(scale=-0.4, layer=0), {"scales": {(0, h): -0.4 for h in range(4)}}),
    "scale of the model": (
        AttentionSettings(scale=0.0),
        {"scales": {(i, h): 0.0 for i in range(2) for h in range(4)}},
    ),
    "mask of a head": (AttentionSettings(causal=False, layer=0, head=3), {"unmasked": frozenset({(0, 3)})}),
    "mask of the model": (
        AttentionSettings(causal=False),
        {"unmasked": frozenset((i, h) for i in range(2) for h in range(4))},
    ),
    "two heads ablated": (
        AttentionSettings(ablated=frozenset({(0, 1), (1, 0)})),
        {"ablated": frozenset({(0, 1), (1, 0)})},
    ),
    "all at once": (
        AttentionSettings(causal=False, scale=0.9, layer=1, head=1, ablated=frozenset({(1, 3)})),
        {"scales": {(1, 1): 0.9}, "unmasked": frozenset({(1, 1)}), "ablated": frozenset({(1, 3)})},
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FamilyModel:
    return open_tiny(family(request.param), tmp_path_factory.mktemp(request.param))


def numpy_logits(opened: FamilyModel, **changes: Any) -> Any:
    weights = {name: p.double().numpy() for name, p in opened.network.state_dict().items()}
    shape = opened.config
    return forward(weights, IDS, shape.n_head, shape.n_kv_head, shape.head_size, **changes)


@pytest.mark.parametrize("case", CASES)
def test_switches_are_those_of_an_independent_forward(opened: FamilyModel, case: str) -> None:
    settings, changes = CASES[case]
    logits = opened.trace(IDS, settings).logits.numpy()
    np.testing.assert_allclose(logits, numpy_logits(opened, **changes), rtol=0, atol=1e-4 * np.abs(logits).max())


def test_a_switch_changes_exactly_its_head_and_what_follows(opened: FamilyModel) -> None:
    settings = AttentionSettings(scale=1.0, causal=False, layer=0, head=2)
    before, after = opened.trace(IDS), opened.trace(IDS, settings)
    for head in range(opened.config.n_head):
        same = torch.equal(before.head(0, head).weights, after.head(0, head).weights)
        assert same == (head != 2)
    assert not torch.equal(before.inputs[1].q, after.inputs[1].q)
    assert torch.equal(before.streams[0], after.streams[0])
    assert not torch.equal(before.streams[1], after.streams[1])


def test_an_ablated_head_mixes_nothing(opened: FamilyModel) -> None:
    changed = opened.trace(IDS, AttentionSettings(ablated=frozenset({(0, 1)})))
    assert not changed.head(0, 1).mixed.any()
    assert changed.head(0, 0).mixed.any()


def test_later_tokens_change_no_earlier_row(opened: FamilyModel) -> None:
    other = [*IDS[:-1], 20]
    before, after = opened.trace(IDS), opened.trace(other)
    torch.testing.assert_close(before.logits[:-1], after.logits[:-1], rtol=0, atol=1e-5)


def test_what_equals_the_model_as_trained_is_no_change(opened: FamilyModel) -> None:
    base = opened.trace(IDS)
    same = AttentionSettings(causal=True, scale=opened.config.scale(1), layer=1, head=1)
    assert opened.trace(IDS, same, base=base) is base
