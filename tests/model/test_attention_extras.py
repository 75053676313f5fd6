"""What some models add to attention: windows, masks, soft caps, sinks and keys that several heads share."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from model import attention
from model.attention import AttentionInputs, AttentionStages, attend


@st.composite
def any_inputs(draw: st.DrawFn) -> AttentionInputs:
    """Random shapes with every kind of extra, alone and together."""
    groups, shared = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    heads, size, width, value = (
        groups * shared,
        draw(st.integers(1, 9)),
        draw(st.integers(1, 6)),
        draw(st.integers(1, 6)),
    )
    generator = torch.Generator().manual_seed(draw(st.integers(0, 999)))

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator) * 2

    mask = torch.rand(size, size, generator=generator) > 0.5
    mask |= torch.eye(size, dtype=torch.bool)  # each query sees a key
    each_head = st.lists(st.booleans(), min_size=heads, max_size=heads).map(torch.tensor)
    return AttentionInputs(
        random(heads, size, width),
        random(shared, size, width),
        random(shared, size, value),
        draw(st.sampled_from([0.7, torch.linspace(-1, 1, heads, dtype=torch.float64)])),
        causal=draw(st.one_of(st.booleans(), each_head)),
        ablated=draw(st.one_of(st.booleans(), each_head)),
        window=draw(st.sampled_from([None, 1, 2, 5, 100])),
        mask=draw(st.sampled_from([None, mask])),
        softcap=draw(st.sampled_from([None, 0.5, 30.0])),
        sink=draw(st.sampled_from([None, random(heads)])),
    )


def plain(inputs: AttentionInputs) -> tuple[list[list[list[float]]], list[list[list[float]]]]:
    """Weights and mixed values of each head in plain Python."""
    heads, size = inputs.q.shape[:2]
    all_weights, all_mixed = [], []
    for h in range(heads):

        def of(setting: float | bool | Tensor, h: int = h) -> float:
            return setting[h].item() if isinstance(setting, Tensor) else setting

        k, v = (x[h * x.shape[0] // heads].double().tolist() for x in (inputs.k, inputs.v))
        weights, mixed = [], []
        for i, q in enumerate(inputs.q[h].double().tolist()):
            row = []
            for j in range(size):
                x = sum(a * b for a, b in zip(q, k[j], strict=True)) * of(inputs.scale)
                if inputs.softcap is not None:
                    x = inputs.softcap * math.tanh(x / inputs.softcap)
                seen = j <= i and (inputs.window is None or j > i - inputs.window)
                if inputs.mask is not None:
                    seen = bool(inputs.mask[i, j])
                row.append(math.exp(x) if seen or not of(inputs.causal) else 0.0)
            total = sum(row) + (0.0 if inputs.sink is None else math.exp(of(inputs.sink)))
            weights.append([x / total for x in row])
            zero = 0.0 if of(inputs.ablated) else 1.0
            mixed.append([zero * sum(w * y[d] for w, y in zip(weights[-1], v, strict=True)) for d in range(len(v[0]))])
        all_weights.append(weights)
        all_mixed.append(mixed)
    return all_weights, all_mixed


@given(any_inputs())
def test_attention_in_plain_python_agrees(inputs: AttentionInputs) -> None:
    weights, mixed = (torch.tensor(each) for each in plain(inputs))
    stages = AttentionStages(inputs)
    torch.testing.assert_close(stages.weights, weights, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(stages.mixed, mixed, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(attend(inputs), mixed, rtol=1e-4, atol=1e-4)


@given(any_inputs(), st.data())
def test_a_head_and_a_row_are_parts_of_the_whole(inputs: AttentionInputs, data: st.DataObject) -> None:
    head, row = (data.draw(st.integers(0, n - 1)) for n in inputs.q.shape[:2])
    whole, one = AttentionStages(inputs), AttentionStages(inputs.head(head))
    torch.testing.assert_close(one.weights, whole.weights[head])
    torch.testing.assert_close(one.mixed, whole.mixed[head])
    torch.testing.assert_close(one.row(row).mixed[0], whole.mixed[head, row], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(attend(inputs.head(head)), one.mixed, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(attend(inputs.row(row))[:, 0], whole.mixed[:, row], rtol=1e-4, atol=1e-4)


@given(any_inputs())
def test_rows_and_their_sinks_sum_to_one(inputs: AttentionInputs) -> None:
    stages = AttentionStages(inputs)
    sums = stages.weights.sum(-1)
    if inputs.sink is None:
        assert stages.sink_weights is None
        torch.testing.assert_close(sums, torch.ones_like(sums))
    else:
        assert stages.sink_weights is not None
        assert (sums <= 1 + 1e-6).all()
        torch.testing.assert_close(sums + stages.sink_weights, torch.ones_like(sums))
    torch.testing.assert_close((stages.masked.double() - stages.log_sums[..., None]).exp().float(), stages.weights)
    assert not stages.weights.masked_select(~inputs.visible).any()


def test_the_stages_come_in_the_order_of_the_models() -> None:
    """Scale, then soft cap, then mask, then softmax: hidden keys stay at −∞ and the cap acts on scaled scores."""
    q = torch.tensor([[4.0], [8.0]])
    stages = AttentionStages(AttentionInputs(q, q, q, scale=0.5, softcap=10.0))
    assert stages.scaled.tolist() == [[8, 16], [16, 32]]
    torch.testing.assert_close(stages.capped, 10 * torch.tanh(torch.tensor([[0.8, 1.6], [1.6, 3.2]])))
    assert stages.masked[0, 1] == -math.inf
    without = AttentionStages(AttentionInputs(q, q, q, scale=0.5))
    assert without.capped is without.scaled


def test_a_window_is_counted_with_the_query_itself() -> None:
    assert attention.causal_mask(4, 4, 0, 2).int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    assert attention.causal_mask(1, 4, 2, 2).int().tolist() == [[0, 1, 1, 0]]


def test_keys_and_values_are_shared_by_neighbouring_heads() -> None:
    q, k = torch.randn(6, 3, 2), torch.randn(2, 3, 2)
    inputs = AttentionInputs(q, k, k, 1.0)
    assert inputs.groups == 3
    assert [torch.equal(inputs.head(h).k, k[h // 3]) for h in range(6)] == [True] * 6
    stages = AttentionStages(inputs)
    assert stages.inputs is inputs, "no copy of k and v for each head"
    torch.testing.assert_close(stages.mixed, AttentionStages(inputs.repeated()).mixed)
    with pytest.raises(ValueError, match="5 heads of q do not share 2 heads of k"):
        AttentionInputs(q[:5], k, k, 1.0)


def test_a_window_and_a_sink_take_the_fused_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []
    fused = F.scaled_dot_product_attention

    def counted(*args: Tensor, **options: object) -> Tensor:
        calls.append(1)
        return fused(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(F, "scaled_dot_product_attention", counted)
    q = torch.randn(2, 5, 3)
    for extra in ({"window": 2}, {"sink": torch.zeros(2)}, {"mask": torch.eye(5, dtype=torch.bool)}):
        attend(replace(AttentionInputs(q, q, q, 1.0), **extra))  # type: ignore[arg-type]
    assert len(calls) == 3


def test_half_precision_is_shown_in_float32() -> None:
    q = torch.randn(2, 5, 3)
    inputs = AttentionInputs(q.bfloat16(), q.bfloat16(), q.bfloat16(), 1.0)
    assert AttentionStages(inputs.in_float32()).weights.dtype == torch.float32
    whole = AttentionInputs(q, q, q, 1.0)
    assert whole.in_float32() is whole
