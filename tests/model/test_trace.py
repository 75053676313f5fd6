"""Traces: what they keep and cost, what a switch changes in them, and that saved work changes nothing."""

import gc
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from model.config import GPTConfig
from model.gpt import GPT, Block
from model.settings import AS_TRAINED, AttentionSettings, Scope
from model.trace import Trace, kl_divergence, kl_divergences
from tests.model.making import make_gpt

CONFIG = GPTConfig(vocab_size=30, n_positions=16, n_embd=24, n_layer=4, n_head=3, initializer_range=0.3)
IDS = [3, 1, 4, 1, 5, 9, 2, 6]
MIB = 2**20


@pytest.fixture(scope="module")
def gpt() -> GPT:
    return make_gpt(CONFIG)


heads = st.tuples(st.integers(0, 3), st.integers(0, 2))
any_settings = st.builds(
    lambda scope, place, causal, scale, ablated: AttentionSettings.of(
        scope, *place, causal=causal, scale=scale, ablated=ablated
    ),
    st.sampled_from(Scope),
    heads,
    st.sampled_from([None, False]),
    st.sampled_from([None, 1.0, 0.3]),
    st.frozensets(heads, max_size=2),
)


# What a switch changes


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("switch", [{"causal": False}, {"scale": 1.0}, {"causal": False, "scale": -0.5}], ids=str)
def test_a_switch_changes_exactly_its_heads_and_all_that_follows(
    gpt: GPT, scope: Scope, switch: dict[str, Any]
) -> None:
    settings = AttentionSettings.of(scope, 1, 2, **switch)
    trained, changed = gpt.trace(IDS), gpt.trace(IDS, settings)
    touched = settings.changed_heads(CONFIG)
    first = 0 if scope is Scope.MODEL else 1
    for layer in range(4):
        for head in range(3):
            before, after = trained.head(layer, head), changed.head(layer, head)
            for name in ("q", "k", "v"):
                # Inputs up to and with the first layer touched are as they were, those above are not.
                assert torch.equal(getattr(before.inputs, name), getattr(after.inputs, name)) == (layer <= first)
            same = (before.inputs.scale, before.inputs.causal) == (after.inputs.scale, after.inputs.causal)
            assert same == ((layer, head) not in touched)
            if layer <= first:
                assert torch.equal(before.weights, after.weights) == ((layer, head) not in touched)
    for layer in range(5):
        assert torch.equal(trained.streams[layer], changed.streams[layer]) == (layer <= first)
    assert not torch.allclose(trained.logits, changed.logits)
    assert kl_divergence(trained, changed, 0 if "causal" in switch else 7) > 0


def test_an_ablated_head_adds_nothing_and_changes_what_follows(gpt: GPT) -> None:
    trained, changed = gpt.trace(IDS), gpt.trace(IDS, AttentionSettings(ablated=frozenset({(2, 1)})))
    assert not changed.head(2, 1).mixed.any()
    assert torch.equal(changed.head(2, 1).weights, trained.head(2, 1).weights)
    for layer, head in ((2, 0), (2, 2), (1, 1)):
        assert torch.equal(changed.head(layer, head).mixed, trained.head(layer, head).mixed)
    assert not torch.allclose(changed.logits, trained.logits)


def test_what_equals_the_model_as_trained_changes_nothing(gpt: GPT) -> None:
    same = AttentionSettings.of(Scope.HEAD, 1, 1, causal=True, scale=CONFIG.scale(1))
    assert gpt.trace(IDS, same).settings == AS_TRAINED
    assert torch.equal(gpt.trace(IDS, same).logits, gpt.trace(IDS).logits)


# Saved work


@given(any_settings, any_settings)
def test_a_base_saves_work_and_changes_nothing(before: AttentionSettings, after: AttentionSettings) -> None:
    gpt = make_gpt(CONFIG)
    base = gpt.trace(IDS, before)
    partial, full = gpt.trace(IDS, after, base=base), gpt.trace(IDS, after)
    assert torch.equal(partial.logits, full.logits)
    assert partial.settings == full.settings
    for layer in range(4):
        for head in range(3):
            ours, theirs = partial.head(layer, head), full.head(layer, head)
            assert torch.equal(ours.mixed, theirs.mixed)
            assert (ours.inputs.scale, ours.inputs.causal) == (theirs.inputs.scale, theirs.inputs.causal)
    assert all(torch.equal(a, b) for a, b in zip(partial.streams, full.streams, strict=True))


@pytest.mark.parametrize(
    ("settings", "layers"),
    [
        (AS_TRAINED, 0),
        (AttentionSettings(scale=1.0, layer=3, head=0), 1),
        (AttentionSettings(scale=1.0, layer=1), 3),
        (AttentionSettings(scale=1.0), 4),
        (AttentionSettings(ablated=frozenset({(2, 0)})), 2),
    ],
    ids=str,
)
def test_only_layers_that_can_differ_are_computed(
    gpt: GPT, monkeypatch: pytest.MonkeyPatch, settings: AttentionSettings, layers: int
) -> None:
    base = gpt.trace(IDS)
    computed: list[Block] = []
    inputs = Block.inputs

    def counted(self: Block, *arguments: Any) -> Any:
        computed.append(self)
        return inputs(self, *arguments)

    monkeypatch.setattr(Block, "inputs", counted)
    trace = gpt.trace(IDS, settings, base=base)
    assert len(computed) == layers
    assert all(trace.inputs[i] is base.inputs[i] for i in range(4 - layers))


def test_a_base_of_another_text_is_not_used(gpt: GPT) -> None:
    other = gpt.trace([7, 7, 7, 7, 7, 7, 7, 7])
    assert torch.equal(gpt.trace(IDS, base=other).logits, gpt.trace(IDS).logits)


# What follows from the logits


def test_predictions_and_losses_are_those_of_the_logits(gpt: GPT) -> None:
    for first_logits in (True, False):
        trace = gpt.trace(IDS)
        if first_logits:
            _ = trace.logits
        probabilities = gpt(torch.tensor(IDS)).detach().double().softmax(-1)
        losses = -probabilities[range(7), IDS[1:]].log()
        torch.testing.assert_close(trace.losses.double(), losses, rtol=1e-5, atol=1e-5)
        assert trace.loss == pytest.approx(losses.mean().item(), rel=1e-5)
        for position in (0, 7):
            top = trace.predictions(position)
            expected = probabilities[position].sort(descending=True)
            assert [p.token_id for p in top] == expected.indices[:10].tolist()
            assert [p.probability for p in top] == pytest.approx(expected.values[:10].tolist(), rel=1e-4)
    assert len(gpt.trace(IDS).predictions(0, 100)) == 30


def test_losses_in_slices_are_the_same() -> None:
    """A long text is taken in slices of 64, which must meet without a gap."""
    long = make_gpt(GPTConfig(30, 200, 24, 1, 1))
    for size in (2, 64, 65, 66, 129, 200):
        ids = torch.randint(30, (size,), generator=torch.Generator().manual_seed(size)).tolist()
        trace = long.trace(ids)
        expected = F.cross_entropy(long(torch.tensor(ids))[:-1].detach(), torch.tensor(ids[1:]), reduction="none")
        torch.testing.assert_close(trace.losses, expected)


def test_one_token_has_no_loss(gpt: GPT) -> None:
    assert gpt.trace([3]).loss is None
    assert len(gpt.trace([3]).losses) == 0


def test_divergence_is_zero_without_change_and_agrees_with_its_definition(gpt: GPT) -> None:
    trained, changed = gpt.trace(IDS), gpt.trace(IDS, AttentionSettings(scale=1.0))
    assert kl_divergence(trained, trained, 3) == 0
    p, q = (t.logits[3].double().softmax(-1) for t in (trained, changed))
    assert kl_divergence(trained, changed, 3) == pytest.approx((p * (p / q).log()).sum().item(), rel=1e-3)


@pytest.mark.parametrize("length", [1, 3, 4, 8])
def test_divergences_are_those_of_each_position(gpt: GPT, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.trace._SLICE", 3)
    ids = IDS[:length]
    trained, changed = gpt.trace(ids), gpt.trace(ids, AttentionSettings(scale=1.0))
    found = kl_divergences(trained, changed)
    each = torch.tensor([kl_divergence(trained, changed, i) for i in range(len(ids))])
    torch.testing.assert_close(found, each, rtol=1e-4, atol=1e-6)
    assert not kl_divergences(trained, trained).any()


# Memory


def tensors_in(value: object) -> Iterator[Tensor]:
    """Every tensor that can be reached from a value."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from tensors_in(each)
    elif is_dataclass(value):
        names = {field.name for field in fields(value)} | set(getattr(value, "__dict__", {}))
        for name in names:
            yield from tensors_in(getattr(value, name))
    elif hasattr(value, "__dict__"):
        yield from tensors_in(vars(value))


def kept_bytes(value: object, without: frozenset[int] = frozenset()) -> int:
    """Bytes of all storages that can be reached, each counted once."""
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors_in(value)}
    return sum(size for place, size in storages.items() if place not in without)


def places(value: object) -> frozenset[int]:
    return frozenset(t.untyped_storage().data_ptr() for t in tensors_in(value))


@pytest.fixture(scope="module")
def large() -> Trace:
    """12 layers, 12 heads, head_size 64, T = 1024: GPT-2's own sizes, with a small MLP and vocabulary to be quick."""
    gpt = make_gpt(GPTConfig(vocab_size=64, n_positions=1024, n_embd=768, n_layer=12, n_head=12, n_inner=8))
    return gpt.trace([i * i % 64 for i in range(1024)])


def test_a_trace_keeps_q_k_v_and_streams_and_no_square_matrix(large: Trace) -> None:
    assert kept_bytes(large.inputs) == 108 * MIB  # 12 layers × 3 × 1024 × 768 × 4 bytes
    assert kept_bytes(large.streams) == 39 * MIB  # 13 × 1024 × 768 × 4 bytes
    rest = kept_bytes(large) - kept_bytes(large.inputs) - kept_bytes(large.streams)
    assert rest < 4 * MIB  # the final state and a small unembedding
    assert all(list(tensor.shape).count(1024) < 2 for tensor in tensors_in(large))


def test_the_stages_of_one_head_cost_only_their_own_matrices_and_the_mask(large: Trace) -> None:
    before, known = kept_bytes(large), places(large)
    stages = large.head(7, 5)
    assert kept_bytes(stages, known) == 0
    for count, stage in enumerate(("scores", "scaled", "masked", "weights"), start=1):
        assert getattr(stages, stage).shape == (1024, 1024)
        mask = MIB if stage in ("masked", "weights") else 0  # of bytes
        assert kept_bytes(stages, known) == count * 4 * MIB + mask
    assert kept_bytes(stages.row(1000).weights) == 4096
    del stages
    gc.collect()
    assert kept_bytes(large) == before


@pytest.mark.parametrize(
    "settings", [AS_TRAINED, AttentionSettings(scale=1.0, layer=1, head=1), AttentionSettings(scale=-1.0, causal=False)]
)
def test_no_square_matrix_of_scores_is_made_while_tracing(gpt: GPT, settings: AttentionSettings) -> None:
    """Not even for a moment: every layer takes torch's fused kernel, and the stages of a head do not."""
    with profile(activities=[ProfilerActivity.CPU]) as tracing:
        trace = gpt.trace(IDS, settings)
    with profile(activities=[ProfilerActivity.CPU]) as deriving:
        _ = trace.head(0, 0).mixed
    fused = [event for event in tracing.events() if event.name.startswith("aten::_scaled_dot_product_flash")]
    assert len(fused) == CONFIG.n_layer
    assert not any("softmax" in event.name or event.name == "aten::bmm" for event in tracing.events())
    assert any("softmax" in event.name for event in deriving.events())
