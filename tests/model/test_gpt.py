"""The GPT held to a second, plain implementation in double precision, under every mixture of settings."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.settings import AS_TRAINED, AttentionSettings, Scope
from tests.model.making import make_gpt
from tests.model.plain_gpt import Array, plain_logits

CONFIG = GPTConfig(vocab_size=11, n_positions=9, n_embd=12, n_layer=3, n_head=3, n_inner=20, initializer_range=0.5)
TOLERANCE = 1e-10


def double_gpt(config: GPTConfig = CONFIG, seed: int = 0) -> GPT:
    """With weights that differ everywhere, biases and LayerNorms included."""
    gpt = make_gpt(config, seed).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in gpt.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64), alpha=0.2)
    return gpt


def plain(gpt: GPT, token_ids: list[int], settings: AttentionSettings) -> Array:
    config = gpt.config

    def acts(layer: int, head: int) -> bool:
        return settings.layer in (None, layer) and settings.head in (None, head)

    def scale(layer: int, head: int) -> float:
        own = 1 / math.sqrt(config.head_size) if config.scale_attn_weights else 1
        own /= layer + 1 if config.scale_attn_by_inverse_layer_idx else 1
        return settings.scale if settings.scale is not None and acts(layer, head) else own

    def causal(layer: int, head: int) -> bool:
        return settings.causal if settings.causal is not None and acts(layer, head) else config.causal

    return plain_logits(
        {name: weight.numpy() for name, weight in gpt.state_dict().items()},
        token_ids,
        n_head=config.n_head,
        n_layer=config.n_layer,
        epsilon=config.layer_norm_epsilon,
        activation=config.activation_function,
        scale=scale,
        causal=causal,
        ablated=lambda layer, head: (layer, head) in settings.ablated,
    )


heads = st.tuples(st.integers(0, 2), st.integers(0, 2))
any_settings = st.builds(
    lambda scope, place, causal, scale, ablated: AttentionSettings.of(
        scope, *place, causal=causal, scale=scale, ablated=ablated
    ),
    st.sampled_from(Scope),
    heads,
    st.sampled_from([None, True, False]),
    st.one_of(st.none(), st.floats(-1.5, 1.5, allow_subnormal=False)),
    st.frozensets(heads, max_size=2),
)
any_text = st.lists(st.integers(0, 10), min_size=1, max_size=9)


@given(any_text, any_settings, st.integers(0, 50))
def test_every_setting_agrees_with_the_plain_implementation(
    token_ids: list[int], settings: AttentionSettings, seed: int
) -> None:
    gpt = double_gpt(seed=seed)
    logits = gpt.trace(token_ids, settings).logits.numpy()
    np.testing.assert_allclose(logits, plain(gpt, token_ids, settings), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize(
    "changes",
    [
        {"causal": False},
        {"scale_attn_weights": False},
        {"scale_attn_by_inverse_layer_idx": True},
        {"activation_function": "relu"},
        {"n_inner": None},
        {"layer_norm_epsilon": 0.3},
        {"n_head": 1},
        {"n_head": 12},
    ],
    ids=str,
)
def test_every_kind_of_model_agrees_with_the_plain_implementation(changes: dict[str, object]) -> None:
    gpt = double_gpt(replace(CONFIG, **changes))  # type: ignore[arg-type]
    ids = [3, 1, 4, 1, 5, 9, 2, 6, 5]
    for settings in (AS_TRAINED, AttentionSettings(causal=False, scale=0.7, layer=1)):
        logits = gpt.trace(ids, settings).logits.numpy()
        np.testing.assert_allclose(logits, plain(gpt, ids, settings), rtol=TOLERANCE, atol=TOLERANCE)


@given(any_text, any_settings)
def test_training_and_tracing_are_one_computation(token_ids: list[int], settings: AttentionSettings) -> None:
    gpt = double_gpt()
    batch = gpt(torch.tensor([token_ids, token_ids]), settings).detach()
    for row in batch:
        torch.testing.assert_close(row, gpt.trace(token_ids, settings).logits, rtol=TOLERANCE, atol=TOLERANCE)


@given(any_text, st.data())
def test_a_later_token_leaves_earlier_logits_as_they_were(token_ids: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(token_ids) - 1))
    changed = [*token_ids[:place], (token_ids[place] + 1) % 11, *token_ids[place + 1 :]]
    gpt = double_gpt()
    before, after = gpt.trace(token_ids).logits, gpt.trace(changed).logits
    torch.testing.assert_close(after[:place], before[:place], rtol=TOLERANCE, atol=TOLERANCE)
    assert not torch.allclose(after[place], before[place])


@pytest.mark.parametrize(("vocabulary", "expected"), [(65, 4.1744), (27, 3.2958)])
def test_the_loss_at_initialisation_is_that_of_a_uniform_guess(vocabulary: int, expected: float) -> None:
    assert math.log(vocabulary) == pytest.approx(expected, abs=5e-5)
    gpt = make_gpt(GPTConfig(vocabulary, 64, 128, 4, 4), seed=1337)
    ids = torch.randint(vocabulary, (64,), generator=torch.Generator().manual_seed(0)).tolist()
    assert gpt.trace(ids).loss == pytest.approx(expected, abs=0.05)


def test_initialisation_is_that_of_gpt2_and_follows_the_generator() -> None:
    config = GPTConfig(200, 64, 128, 8, 4)
    gpt, same, other = make_gpt(config, 1), make_gpt(config, 1), make_gpt(config, 2)
    for name, weight in gpt.named_parameters():
        assert torch.equal(weight, same.get_parameter(name))
        if name.endswith("bias"):
            assert not weight.any()
        elif weight.dim() == 1:
            assert (weight == 1).all()
        else:
            expected = 0.02 / 4 if "c_proj" in name else 0.02  # √(2·8) = 4
            assert weight.std().item() == pytest.approx(expected, rel=0.05)
            assert not torch.equal(weight, other.get_parameter(name))


def test_positions_can_begin_as_waves() -> None:
    config = GPTConfig(vocab_size=11, n_positions=256, n_embd=192, n_layer=1, n_head=2)
    gpt, plain = GPT(config), GPT(config)
    gpt.initialize(torch.Generator().manual_seed(0), position_waves=0.5)
    plain.initialize(torch.Generator().manual_seed(0))
    waves = (gpt.wpe.weight - plain.wpe.weight).detach().double()
    assert waves[:, 64:].abs().max() < 1e-7
    assert waves[:, :64].std().item() == pytest.approx(0.5, abs=0.05)
    assert gpt.wte.weight.equal(plain.wte.weight)
    # One linear map takes every position to the next, which is what a previous-token head needs.
    step = torch.linalg.lstsq(waves[:-1, :64], waves[1:, :64], driver="gelsd").solution
    torch.testing.assert_close(waves[:-1, :64] @ step, waves[1:, :64], atol=1e-4, rtol=0)


def test_dropout_acts_in_training_only() -> None:
    gpt = GPT(CONFIG, dropout=0.5)
    gpt.initialize(torch.Generator().manual_seed(0))
    ids = torch.tensor([1, 2, 3])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(gpt(ids), gpt(ids))
    gpt.eval()
    assert torch.equal(gpt(ids), gpt(ids))


@pytest.mark.parametrize(
    ("token_ids", "says"),
    [
        ([], "there are no tokens"),
        ([0] * 10, "the text has 10 tokens: this model reads at most 9"),
        ([0, 11], "token id 11 is not in the vocabulary of 11"),
        ([-1], "token id -1 is not in the vocabulary"),
    ],
)
def test_texts_that_cannot_be_read_are_refused(token_ids: list[int], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        make_gpt(CONFIG).trace(token_ids)


def test_training_on_more_than_the_context_is_refused() -> None:
    with pytest.raises(ModelError, match="10 tokens do not fit: this model reads at most 9"):
        make_gpt(CONFIG)(torch.zeros(2, 10, dtype=torch.long))
