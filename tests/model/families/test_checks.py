"""The checks find code that computes something else than is shown, or on which a switch does not act."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.models.llama import modeling_llama

from model.families import load
from model.families.model import FamilyModel
from model.layout import CheckpointError
from model.settings import AttentionSettings
from tests.model.families.making import IDS, Family, family, open_tiny, version, write

EAGER = modeling_llama.eager_attention_forward
Forward = Callable[..., Any]


def ignores_scale(module: Any, q: Any, k: Any, v: Any, mask: Any, **options: Any) -> Any:
    return EAGER(module, q, k, v, mask, **{**options, "scaling": module.head_dim**-0.5})


def ignores_mask(module: Any, q: Any, k: Any, v: Any, mask: Any, **options: Any) -> Any:
    causal = torch.full_like(mask, torch.finfo(mask.dtype).min).triu(1)
    return EAGER(module, q, k, v, causal, **options)


def changes_values(module: Any, q: Any, k: Any, v: Any, mask: Any, **options: Any) -> Any:
    return EAGER(module, q, k, v * 1.01, mask, **options)


def adds_a_bias(module: Any, q: Any, k: Any, v: Any, mask: Any, **options: Any) -> Any:
    return EAGER(module, q, k, v, mask + torch.arange(mask.shape[-1]) * 0.1, **options)


@pytest.mark.parametrize("broken", [ignores_scale, ignores_mask, changes_values, adds_a_bias])
def test_code_that_computes_something_else_is_refused(
    broken: Forward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(family("llama"), tmp_path)
    monkeypatch.setattr(modeling_llama, "eager_attention_forward", broken)
    with pytest.raises(CheckpointError, match="cannot be looked into"):
        load(tmp_path)


def test_a_trace_checks_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was right when the model was opened."""
    opened: FamilyModel = open_tiny(family("llama"), tmp_path)
    monkeypatch.setattr(modeling_llama, "eager_attention_forward", changes_values)
    with pytest.raises(ValueError, match=r"layer 0 of .* cannot be shown: what it mixes"):
        opened.trace(IDS)


@pytest.mark.skipif(version() >= (5, 1), reason="later versions of transformers heed what they are passed")
def test_a_gpt2_that_ignores_what_it_is_passed_is_refused(tmp_path: Path) -> None:
    each = Family("GPT-2", "gpt2", {"vocab_size": 48, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32}, {})
    with pytest.raises(CheckpointError, match="cannot be looked into"):
        open_tiny(each, tmp_path)


def test_numbers_that_overflow_are_an_error(tmp_path: Path) -> None:
    opened = open_tiny(family("llama"), tmp_path)
    with pytest.raises(ValueError, match="overflow"):
        opened.trace(IDS, AttentionSettings(scale=1e38))
    assert opened.trace(IDS).logits.isfinite().all()
