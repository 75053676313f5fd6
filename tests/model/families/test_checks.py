"""The checks find code that computes something else than is shown, or on which a switch does not act."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from transformers.models.llama import modeling_llama

from model.errors import ModelError
from model.families import load
from model.families.model import FamilyModel
from model.layout import CheckpointError
from model.settings import AttentionSettings
from tests.model.families.making import IDS, Family, family, open_tiny, version, write

EAGER = modeling_llama.eager_attention_forward
FORWARD = modeling_llama.LlamaModel.forward
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


def goes_its_own_way(self: Any, input_ids: torch.Tensor, **options: Any) -> Any:
    """The layers of a model that treats long texts in another way, unless its attention is plain."""
    output = FORWARD(self, input_ids, **options)
    if self.config._attn_implementation != "eager" and input_ids.shape[1] > 9:
        output.last_hidden_state = output.last_hidden_state * 1.0001
    return output


def test_a_trace_is_the_plain_forward_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, at any length, for one pass and whatever its code does where attention is not plain."""
    monkeypatch.setattr(modeling_llama.LlamaModel, "forward", goes_its_own_way)
    theirs = write(family("llama"), tmp_path)
    opened: FamilyModel = load(tmp_path)
    passes: list[int] = []
    opened.network.model.register_forward_pre_hook(
        lambda _module, _args, options: passes.append(options["input_ids"].shape[1]), with_kwargs=True
    )
    for ids in (IDS[:5], IDS, IDS):
        trace = opened.trace(ids)
        with torch.inference_mode():
            plain = theirs.model(torch.tensor([ids]), use_cache=False)
        assert torch.equal(trace.final, plain.last_hidden_state[0])
    assert passes == [5, 12, 12]


def test_a_trace_checks_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was right when the model was opened."""
    opened: FamilyModel = open_tiny(family("llama"), tmp_path)
    monkeypatch.setattr(modeling_llama, "repeat_kv", lambda x, groups: 1.01 * x.repeat_interleave(groups, 1))
    with pytest.raises(ValueError, match=r"layer 0 of .* cannot be shown: what it mixes"):
        opened.trace(IDS)
    monkeypatch.setattr(modeling_llama, "eager_attention_forward", EAGER)  # which nothing watches
    with pytest.raises(ModelError, match=r"layer 0 of .* cannot be shown: its attention was not passed on"):
        opened.trace(IDS)


@pytest.mark.skipif(version() >= (5, 1), reason="later versions of transformers heed what they are passed")
def test_a_gpt2_that_ignores_what_it_is_passed_is_refused(tmp_path: Path) -> None:
    each = Family("GPT-2", "gpt2", {"vocab_size": 48, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32}, {})
    with pytest.raises(CheckpointError, match="cannot be looked into"):
        open_tiny(each, tmp_path)


def test_logits_do_not_wait_for_a_trace_of_another_thread(tmp_path: Path) -> None:
    opened = open_tiny(family("llama"), tmp_path)
    known = opened.trace(IDS)
    begun, ended = Event(), Event()

    def waits(*_: object) -> None:
        begun.set()
        assert ended.wait(60)

    handle = opened.network.model.layers[1].register_forward_pre_hook(waits)
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(opened.trace, IDS[:5])
        assert begun.wait(60)
        try:
            logits = threads.submit(lambda: known.logits).result(60)
        finally:
            ended.set()
        other = slow.result(60)
    handle.remove()
    assert torch.equal(logits, opened.trace(IDS).logits)
    assert torch.equal(other.logits, opened.trace(IDS[:5]).logits)


def test_what_the_code_of_a_model_raises_is_one_line(tmp_path: Path) -> None:
    opened = open_tiny(family("llama"), tmp_path)
    reader = opened.reader()
    assert reader is not None

    def fails(*_: object) -> None:
        raise IndexError("index 7 is\nout of range")

    opened.network.model.layers[1].register_forward_pre_hook(fails)
    for read in (opened.trace, reader.logits):
        with pytest.raises(ModelError, match=r"cannot read this text: index 7 is out of range$"):
            read(IDS)


def test_numbers_that_overflow_are_an_error(tmp_path: Path) -> None:
    opened = open_tiny(family("llama"), tmp_path)
    with pytest.raises(ValueError, match="overflow"):
        opened.trace(IDS, AttentionSettings(scale=1e38))
    assert opened.trace(IDS).logits.isfinite().all()
