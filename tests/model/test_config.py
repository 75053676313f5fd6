"""GPTConfig: what it refuses, what follows from it, and the Hugging Face names both ways."""

import json
import math
from typing import Any

import pytest

from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT

SIZES: dict[str, Any] = {"vocab_size": 65, "n_positions": 64, "n_embd": 128, "n_layer": 4, "n_head": 4}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_head": 3}, "n_embd 128 is not a multiple of n_head 3"),
        *(
            ({name: value}, f"{name} must be a whole number")
            for name in SIZES
            for value in (0, -1, 1.5, "4", None, True)
        ),
        ({"n_inner": 0}, "n_inner must be"),
        ({"activation_function": "tanh"}, "use one of gelu_new"),
        ({"layer_norm_epsilon": math.nan}, "layer_norm_epsilon must be a finite number"),
        ({"layer_norm_epsilon": -1e-5}, "layer_norm_epsilon must be"),
        ({"initializer_range": math.inf}, "initializer_range must be"),
        ({"initializer_range": 10**400}, "initializer_range must be"),
    ],
)
def test_sizes_that_cannot_be_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError) as error:
        GPTConfig(**(SIZES | changes))
    assert says in str(error.value)
    assert str(error.value).isprintable()


def test_what_follows_from_the_sizes() -> None:
    config = GPTConfig(**SIZES)
    assert (config.head_size, config.mlp_size) == (32, 512)
    assert GPTConfig(**SIZES, n_inner=100).mlp_size == 100
    assert config.scale(0) == config.scale(3) == 1 / math.sqrt(32)
    assert GPTConfig(**SIZES, scale_attn_weights=False).scale(2) == 1
    by_layer = GPTConfig(**SIZES, scale_attn_by_inverse_layer_idx=True)
    assert [by_layer.scale(i) * math.sqrt(32) for i in range(4)] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])


@pytest.mark.parametrize("changes", [{}, {"n_inner": 7}, {"n_layer": 1, "n_positions": 5}], ids=str)
def test_parameters_are_as_many_as_the_weights_have_numbers(changes: dict[str, Any]) -> None:
    config = GPTConfig(**(SIZES | changes))
    assert config.parameters == sum(p.numel() for p in GPT(config).parameters())


def test_gpt2_has_as_many_parameters_as_are_published() -> None:
    """124M, Radford et al. 2019 (their table 2 says 117M, which OpenAI corrected); transformers counts these."""
    assert GPTConfig(50257, 1024, 768, 12, 12).parameters == 124_439_808


@pytest.mark.parametrize(
    "changes",
    [{}, {"n_inner": 7, "causal": False, "scale_attn_weights": False}, {"bos_token_id": 3, "eos_token_id": 4}],
    ids=str,
)
def test_a_config_survives_its_file(changes: dict[str, Any]) -> None:
    config = GPTConfig(**SIZES, **changes)
    assert GPTConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_options_of_other_programs_are_left_alone() -> None:
    assert GPTConfig.from_dict(SIZES | {"summary_type": "cls_index", "n_ctx": 64}) == GPTConfig(**SIZES)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model_type": "llama"}, "'llama'"),
        ({"tie_word_embeddings": 1}, "tie_word_embeddings"),
        ({"add_cross_attention": True}, "cross-attention"),
        ({"causal": 1}, "causal in config.json must be true or false"),
        ({"eos_token_id": [1]}, "eos_token_id"),
    ],
)
def test_files_of_other_models_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        GPTConfig.from_dict(SIZES | values)


def test_missing_sizes_are_named() -> None:
    with pytest.raises(ModelError, match=r"lacks n_layer, n_head"):
        GPTConfig.from_dict({name: SIZES[name] for name in ("vocab_size", "n_positions", "n_embd")})
