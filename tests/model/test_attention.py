"""Attention in stages: its figures, its always-true properties, and the fast path held to it.

Notation: T positions, D head_size, H heads.
"""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from model import attention
from model.attention import AttentionInputs, AttentionStages, attend

LECTURE_ROWS = {
    "unscaled": [0.0210, 0.0843, 0.0555, 0.2297, 0.0573, 0.0709, 0.2423, 0.2391],
    "scaled": [0.0845, 0.1197, 0.1078, 0.1537, 0.1086, 0.1146, 0.1558, 0.1553],
}


def random_inputs(heads: int, size: int, width: int, seed: int, spread: float = 1.0) -> AttentionInputs:
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(heads, size, width, generator=generator) * spread for _ in range(3))
    return AttentionInputs(q, k, v, 1 / math.sqrt(width))


@st.composite
def any_inputs(draw: st.DrawFn) -> AttentionInputs:
    """Random shapes and every kind of setting: one value for all heads, or one for each."""
    heads, size, width = draw(st.integers(1, 4)), draw(st.integers(1, 12)), draw(st.integers(1, 9))
    inputs = random_inputs(heads, size, width, draw(st.integers(0, 999)), draw(st.sampled_from([0.1, 1.0, 5.0])))
    scale = st.floats(-3, 3, allow_subnormal=False)

    def either(strategy: st.SearchStrategy[float], dtype: torch.dtype) -> st.SearchStrategy[float | Tensor]:
        each = st.lists(strategy, min_size=heads, max_size=heads).map(lambda values: torch.tensor(values, dtype=dtype))
        return st.one_of(strategy, each)

    return replace(
        inputs,
        scale=draw(either(scale, torch.float64)),
        causal=draw(either(st.booleans(), torch.bool)),
        ablated=draw(either(st.booleans(), torch.bool)),
    )


# Figures


def test_softmax_of_five_numbers() -> None:
    row = torch.tensor([0.1, -0.2, 0.3, -0.2, 0.5])
    expected = torch.tensor([0.1925, 0.1426, 0.2351, 0.1426, 0.2872])
    torch.testing.assert_close(attention.weights(row), expected, rtol=0, atol=5e-5)
    peaked = torch.tensor([0.0326, 0.0030, 0.1615, 0.0030, 0.8000])
    torch.testing.assert_close(attention.weights(attention.scaled(row, 8)), peaked, rtol=0, atol=5e-5)


@pytest.fixture
def lecture() -> AttentionInputs:
    """The head of the lecture: seed 1337, four texts of eight tokens, 32 channels, head_size 16."""
    with torch.random.fork_rng():
        torch.manual_seed(1337)
        x = torch.randn(4, 8, 32)
        key, query, value = (nn.Linear(32, 16, bias=False) for _ in range(3))
    with torch.no_grad():
        return AttentionInputs(query(x), key(x), value(x), scale=1.0)


def test_the_lecture_head(lecture: AttentionInputs) -> None:
    stages = AttentionStages(lecture)
    torch.testing.assert_close(stages.scores[0, 0, :3], torch.tensor([-1.7629, -1.3011, 0.5652]), rtol=0, atol=5e-5)
    torch.testing.assert_close(stages.weights[0, 7], torch.tensor(LECTURE_ROWS["unscaled"]), rtol=0, atol=5e-5)
    scaled = stages.rescaled(1 / math.sqrt(16))
    torch.testing.assert_close(scaled.weights[0, 7], torch.tensor(LECTURE_ROWS["scaled"]), rtol=0, atol=5e-5)
    assert scaled.scores is stages.scores


@pytest.mark.parametrize(
    ("width", "variance", "unscaled", "scaled"),
    [(16, 16.2, 0.749, 0.358), (64, 64.0, 0.883, 0.368), (256, 256.0, 0.937, 0.357)],
)
def test_unit_variance_q_and_k_make_peaked_rows(width: int, variance: float, unscaled: float, scaled: float) -> None:
    """var(q·k) = head_size for unit-variance q and k; 1/√head_size undoes it. Figures for 8 keys."""
    stages = AttentionStages(replace(random_inputs(4000, 8, width, seed=0), scale=1.0, causal=False))
    assert stages.scores.var().item() == pytest.approx(variance, rel=0.02)
    assert stages.weights.amax(-1).mean().item() == pytest.approx(unscaled, abs=0.01)
    assert stages.rescaled(width**-0.5).weights.amax(-1).mean().item() == pytest.approx(scaled, abs=0.01)
    assert stages.rescaled(width**-0.5).scaled.var().item() == pytest.approx(1, rel=0.02)


# Always true


@given(any_inputs())
def test_rows_sum_to_one_and_hidden_cells_are_exactly_zero(inputs: AttentionInputs) -> None:
    stages = AttentionStages(inputs)
    torch.testing.assert_close(stages.weights.sum(-1), torch.ones(inputs.q.shape[:-1]), rtol=0, atol=1e-5)
    hidden = ~inputs.visible.expand_as(stages.weights)
    assert (stages.weights[hidden] == 0).all()
    assert (stages.masked[hidden] == -math.inf).all()
    assert (stages.weights >= 0).all()
    assert torch.equal(stages.masked[~hidden], stages.scaled[~hidden])


@given(any_inputs())
def test_the_first_row_of_a_causal_head_sees_only_itself(inputs: AttentionInputs) -> None:
    first = AttentionStages(replace(inputs, causal=True)).weights[:, 0]
    assert torch.equal(first, F.one_hot(torch.zeros(len(first), dtype=torch.long), first.shape[1]).float())


@given(any_inputs(), st.floats(-20, 20), st.integers(0, 999))
def test_a_constant_added_to_a_row_changes_nothing(inputs: AttentionInputs, constant: float, seed: int) -> None:
    stages = AttentionStages(inputs)
    rows = torch.randn(*stages.masked.shape[:-1], 1, generator=torch.Generator().manual_seed(seed)) + constant
    torch.testing.assert_close(attention.weights(stages.masked + rows), stages.weights, rtol=0, atol=2e-4)


@given(any_inputs(), st.data())
def test_with_the_mask_a_later_token_leaves_earlier_rows_as_they_were(
    inputs: AttentionInputs, data: st.DataObject
) -> None:
    inputs = replace(inputs, causal=True)
    token = data.draw(st.integers(0, inputs.q.shape[-2] - 1))
    changed = replace(inputs, q=inputs.q.clone(), k=inputs.k.clone(), v=inputs.v.clone())
    for part in (changed.q, changed.k, changed.v):
        part[:, token] += 1.5
    before, after = AttentionStages(inputs), AttentionStages(changed)
    torch.testing.assert_close(after.weights[:, :token], before.weights[:, :token], rtol=0, atol=1e-6)
    torch.testing.assert_close(after.mixed[:, :token], before.mixed[:, :token], rtol=1e-5, atol=1e-5)


@given(any_inputs(), st.data())
def test_a_head_and_a_row_are_parts_of_the_whole(inputs: AttentionInputs, data: st.DataObject) -> None:
    head = data.draw(st.integers(0, inputs.q.shape[0] - 1))
    query = data.draw(st.integers(0, inputs.q.shape[1] - 1))
    whole, one = AttentionStages(inputs), AttentionStages(inputs.head(head))
    row = one.row(query)
    for stage in ("scores", "scaled", "masked", "weights", "mixed"):
        torch.testing.assert_close(getattr(one, stage), getattr(whole, stage)[head], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(getattr(row, stage)[0], getattr(one, stage)[query], rtol=1e-5, atol=1e-5)
    assert isinstance(one.inputs.scale, float)
    assert isinstance(one.inputs.causal, bool)


@given(any_inputs())
def test_attention_in_plain_python_agrees(inputs: AttentionInputs) -> None:
    """An independent implementation, number by number in double precision."""
    heads, size, width = inputs.q.shape

    def each(setting: float | Tensor) -> list[float]:
        return setting.tolist() if isinstance(setting, Tensor) else [setting] * heads

    scales, causals, gone = each(inputs.scale), each(inputs.causal), each(inputs.ablated)
    q, k, v = inputs.q.tolist(), inputs.k.tolist(), inputs.v.tolist()
    stages = AttentionStages(inputs)
    for h in range(heads):
        for i in range(size):
            keys = range(i + 1) if causals[h] else range(size)
            row = [sum(a * b for a, b in zip(q[h][i], k[h][j], strict=True)) * scales[h] for j in keys]
            total = sum(math.exp(x - max(row)) for x in row)
            expected = [math.exp(x - max(row)) / total for x in row]
            torch.testing.assert_close(stages.weights[h, i, : len(row)], torch.tensor(expected), rtol=1e-3, atol=1e-4)
            mixed = [0.0 if gone[h] else sum(w * v[h][j][c] for j, w in enumerate(expected)) for c in range(width)]
            torch.testing.assert_close(stages.mixed[h, i], torch.tensor(mixed), rtol=1e-3, atol=1e-3)


# The fast path


def settings_of_every_kind(heads: int) -> dict[str, dict[str, float | Tensor]]:
    scales = torch.linspace(-0.5, 1.0, heads, dtype=torch.float64)
    masks = torch.arange(heads) % 2 == 0
    return {
        "as trained": {},
        "no scale": {"scale": 1.0},
        "scale 0": {"scale": 0.0},
        "negative scale": {"scale": -0.3},
        "no mask": {"causal": False},
        "neither": {"causal": False, "scale": 1.0},
        "scale of each head": {"scale": scales},
        "mask of each head": {"causal": masks},
        "both of each head": {"scale": scales, "causal": masks},
        "ablated": {"ablated": True},
        "ablated heads": {"ablated": ~masks},
        "everything": {"scale": scales, "causal": masks, "ablated": ~masks},
    }


@pytest.mark.parametrize("size", [1, 2, 65, 1024])
@pytest.mark.parametrize("name", settings_of_every_kind(3))
def test_the_fast_path_is_the_last_stage(size: int, name: str) -> None:
    inputs = replace(random_inputs(3, size, 16, seed=size, spread=1.5), **settings_of_every_kind(3)[name])
    mixed = AttentionStages(inputs).mixed
    torch.testing.assert_close(attend(inputs), mixed, rtol=0, atol=1e-5)
    # A batch, as in training: torch may choose another kernel for it.
    batch = replace(inputs, q=inputs.q.expand(2, -1, -1, -1), k=inputs.k.expand(2, -1, -1, -1))
    batch = replace(batch, v=inputs.v.expand(2, -1, -1, -1))
    torch.testing.assert_close(attend(batch), mixed.expand(2, -1, -1, -1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-37, 1e-44, 1e-46, 5e-324])
def test_scales_that_float32_rounds_to_0(scale: float) -> None:
    inputs = replace(random_inputs(2, 6, 4, seed=0), scale=scale)
    torch.testing.assert_close(attend(inputs), AttentionStages(inputs).mixed, rtol=0, atol=1e-6)


@given(any_inputs(), st.floats(-1e30, 1e30), st.floats(-1e45, 1e45))
def test_numbers_that_do_not_overflow_give_weights(inputs: AttentionInputs, size: float, scale: float) -> None:
    large = replace(inputs, q=inputs.q * size, scale=scale)
    assert large.overflows or AttentionStages(large).weights.isfinite().all()
    assert replace(large, q=torch.full_like(large.q, math.nan)).overflows
    assert not inputs.overflows


@pytest.mark.parametrize("scale", [0.0, -0.0, -0.3, 1.0])
def test_gradients_of_the_fast_path_are_those_of_the_stages(scale: float) -> None:
    """Scales of 0 and less once gave NaN: the fused kernel hides keys before it scales."""
    gradients = []
    for path in (attend, lambda inputs: AttentionStages(inputs).mixed):
        inputs = replace(random_inputs(2, 6, 4, seed=0), scale=scale)
        inputs.q.requires_grad_()
        (path(inputs) ** 2).sum().backward()
        gradients.append(inputs.q.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("name", settings_of_every_kind(3))
@pytest.mark.parametrize("offset", [None, 0, 3])
def test_the_fast_path_with_fewer_queries_than_keys(name: str, offset: int | None, batched: bool) -> None:
    inputs = replace(random_inputs(3, 9, 5, seed=1), **settings_of_every_kind(3)[name])
    if batched:
        inputs = replace(inputs, q=inputs.q.expand(2, -1, -1, -1), k=inputs.k[None], v=inputs.v[None])
        inputs = replace(inputs, k=inputs.k.expand(2, -1, -1, -1), v=inputs.v.expand(2, -1, -1, -1))
    start = 5 if offset is None else offset
    part = replace(inputs, q=inputs.q[..., start : start + 4, :], offset=offset)
    whole = AttentionStages(inputs).mixed[..., start : start + 4, :]
    torch.testing.assert_close(attend(part), whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(AttentionStages(part).mixed, whole, rtol=0, atol=1e-5)


@given(any_inputs())
def test_the_fast_path_for_random_shapes_and_settings(inputs: AttentionInputs) -> None:
    torch.testing.assert_close(attend(inputs), AttentionStages(inputs).mixed, rtol=1e-4, atol=1e-4)


def test_both_paths_really_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the two could agree because one calls the other."""
    calls: list[str] = []
    fused, softmax = F.scaled_dot_product_attention, torch.softmax

    def counted_fused(*args: object, **kwargs: object) -> Tensor:
        calls.append("fused")
        return fused(*args, **kwargs)  # type: ignore[arg-type]

    def counted_softmax(*args: object, **kwargs: object) -> Tensor:
        calls.append("softmax")
        return softmax(*args, **kwargs)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(F, "scaled_dot_product_attention", counted_fused)
    monkeypatch.setattr(torch, "softmax", counted_softmax)
    inputs = random_inputs(2, 6, 4, seed=0)
    attend(inputs)
    assert calls == ["fused"]
    _ = AttentionStages(inputs).mixed
    assert calls == ["fused", "softmax"]


def test_untouched_attention_is_one_plain_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing changed no mask is made and q is not multiplied: the path that the model was trained on."""
    seen: list[tuple[Tensor, dict[str, object]]] = []

    def noted(q: Tensor, k: Tensor, v: Tensor, **options: object) -> Tensor:
        seen.append((q, options))
        return v

    monkeypatch.setattr(F, "scaled_dot_product_attention", noted)
    inputs = random_inputs(2, 6, 4, seed=0)
    attend(inputs)
    assert seen[0][0].data_ptr() == inputs.q.data_ptr()
    assert seen[0][1] == {"attn_mask": None, "is_causal": True, "scale": 0.5}


# Bad input and laziness


@pytest.mark.parametrize(("k", "v"), [((4, 3), (5, 3)), ((4, 2), (4, 3))])
def test_shapes_that_do_not_fit_are_named(k: tuple[int, int], v: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="do not fit") as error:
        AttentionInputs(torch.zeros(4, 3), torch.zeros(k), torch.zeros(v), 1.0)
    assert all(str(shape) in str(error.value) for shape in ((4, 3), k, v))


def test_stages_are_computed_when_asked_for_and_once() -> None:
    stages = AttentionStages(random_inputs(1, 5, 4, seed=0))
    assert set(vars(stages)) == {"inputs"}
    assert stages.scaled is stages.scaled
    assert set(vars(stages)) == {"inputs", "scores", "scaled"}


def test_a_mask_made_while_tracing_can_be_trained_with_later() -> None:
    attention.causal_mask.cache_clear()
    with torch.inference_mode():
        attention.causal_mask(3, 3, 0)
    assert not attention.causal_mask(3, 3, 0).is_inference()
