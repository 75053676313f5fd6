"""Directories that are damaged, hostile or of another kind: refused in one line, and nothing of theirs is run."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, BertConfig, BertLMHeadModel

from model import tokenizer
from model.families import OpenOptions, load
from model.layout import CheckpointError
from model.settings import AttentionSettings
from tests.model.families.making import IDS, TEXT, family, make, write
from tests.model.making import change_config, change_tensors

WEIGHTS = "model.safetensors"


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    directory = tmp_path / "model"
    write(family("llama"), directory)
    return directory


def refusal(directory: Path, **options: Any) -> str:
    with pytest.raises(CheckpointError) as error:
        load(directory, options=OpenOptions(**options))
    message = str(error.value)
    assert message.isprintable()
    return message


class Payload:
    """Runs code when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def test_nothing_is_printed_while_a_model_is_opened(llama: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    load(llama).trace(IDS)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", WEIGHTS])
def test_pickles_are_refused_and_never_run(llama: Path, name: str) -> None:
    (llama / WEIGHTS).unlink()
    target = llama / "ran"
    (llama / name).write_bytes(pickle.dumps(Payload(target)))
    assert "pickle" in refusal(llama)
    assert not target.exists()


@pytest.mark.parametrize("kind", ["llama", "nobody-knows"])
def test_code_of_a_model_is_never_run(llama: Path, kind: str) -> None:
    (llama / "modeling_own.py").write_text(
        f"open({str(llama / 'ran')!r}, 'w')\nclass Own: pass\nclass OwnConfig: pass\n"
    )
    own = {"AutoConfig": "modeling_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.Own"}
    change_config(llama, auto_map=own, model_type=kind)
    if kind == "llama":
        load(llama)
    else:
        assert "code of its own, which is never run" in refusal(llama)
    assert not (llama / "ran").exists()


@pytest.mark.parametrize("name", ["../other.safetensors", "/etc/passwd", "sub/x.safetensors", "weights.bin", "..", ""])
def test_an_index_that_points_outside_is_refused(llama: Path, name: str) -> None:
    (llama / WEIGHTS).rename(llama / "other.safetensors")
    (llama / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": name}}))
    assert "the directory itself" in refusal(llama)


def test_shards_are_read_and_a_missing_one_is_named(llama: Path) -> None:
    plain = load(llama).trace(IDS).logits
    AutoModelForCausalLM.from_pretrained(llama).save_pretrained(llama, max_shard_size="20KB")
    (llama / WEIGHTS).unlink(missing_ok=True)
    shards = sorted(llama.glob("model-*.safetensors"))
    assert len(shards) > 1
    assert torch.equal(load(llama).trace(IDS).logits, plain)
    shards[0].unlink()
    assert repr(shards[0].name) in refusal(llama)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_size": 2**40}, "hidden_size"),
        ({"num_hidden_layers": 100_000}, "100000 layers"),
        ({"num_local_experts": 100_000}, "num_local_experts"),
        ({"vocab_size": 2**23}, "the files hold"),
        ({"num_hidden_layers": 3}, "the files hold"),
        ({"num_hidden_layers": 1}, "does not have"),
        ({"intermediate_size": 40}, "other shapes"),
        ({"model_type": 7}, "model_type"),
        ({"model_type": None}, "model_type"),
        ({"model_type": "x\x1b[31m"}, "model_type"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised"),
        ({"rope_scaling": {"rope_type": "no such thing"}, "rope_parameters": {"rope_type": "no such thing"}}, "opened"),
        ({"num_attention_heads": 0}, "opened"),
        ({"hidden_act": "no such thing"}, "opened"),
    ],
    ids=str,
)
def test_configs_that_ask_for_something_else(llama: Path, changes: dict[str, Any], words: str) -> None:
    change_config(llama, **changes)
    message = refusal(llama)
    assert words in message


def test_weights_that_would_be_drawn_at_random_are_refused(llama: Path) -> None:
    name = "model.layers.1.self_attn.k_proj.weight"
    change_tensors(llama, lambda tensors: tensors.pop("model.layers.1.input_layernorm.weight"))
    assert "lacks weights: 'model.layers.1.input_layernorm.weight'" in refusal(llama)
    write(family("llama"), llama)
    change_tensors(llama, lambda tensors: tensors.update({"extra.weight": torch.zeros(2, 2)}))
    assert "does not have: 'extra.weight'" in refusal(llama)
    write(family("llama"), llama)
    change_tensors(llama, lambda tensors: tensors[name].fill_(float("nan")))
    assert f"tensor '{name}'" in refusal(llama)


def test_a_large_base_of_the_rotation_is_no_damage(llama: Path) -> None:
    change_config(llama, rope_theta=10**9, rope_parameters={"rope_type": "default", "rope_theta": 10**9})
    assert load(llama).trace(IDS)


def test_truncated_files_are_refused(llama: Path) -> None:
    content = (llama / WEIGHTS).read_bytes()
    (llama / WEIGHTS).write_bytes(content[:-100])
    assert "truncated" in refusal(llama)
    (llama / "config.json").write_text("{")
    assert "not valid JSON" in refusal(llama)


def test_other_kinds_are_refused(llama: Path, tmp_path: Path) -> None:
    bert = tmp_path / "bert"
    config = BertConfig(vocab_size=48, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)
    BertLMHeadModel(config).save_pretrained(bert)
    tokenizer.save(tokenizer.train_char(TEXT), bert)
    assert any(words in refusal(bert) for words in ("encoder", "in a way of its own", "no mask"))
    change_config(bert, architectures=["BertForMaskedLM"])
    assert "is an encoder ('BertForMaskedLM'), which predicts hidden words" in refusal(bert)
    change_config(llama, model_type="clip")
    assert "no causal language model" in refusal(llama)
    (llama / "adapter_config.json").write_text("{}")
    assert "adapter" in refusal(llama)


def test_a_directory_without_tokenizer_says_so(llama: Path) -> None:
    (llama / "tokenizer.json").unlink()
    assert "tokenizer" in refusal(llama)


def test_options_are_checked(llama: Path) -> None:
    assert "float32, bfloat16, float16" in refusal(llama, dtype="int4")
    assert "at most 32" in refusal(llama, context=33)
    assert load(llama, options=OpenOptions(context=9)).config.n_positions == 9
    half = load(llama, options=OpenOptions(dtype="bfloat16"))
    trace = half.trace(IDS)
    assert trace.inputs[0].q.dtype == torch.bfloat16
    assert trace.head(0, 0).weights.dtype == torch.float32


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["llama", "gemma2", "gpt_oss"])
def test_large_scores_in_half_precision_are_no_failure(tmp_path: Path, name: str, dtype: str) -> None:
    network = make(family(name))
    for layer in network.model.layers:
        layer.self_attn.q_proj.weight.data.mul_(6)
    network.save_pretrained(tmp_path)
    tokenizer.save(tokenizer.train_char(TEXT), tmp_path)
    opened = load(tmp_path, options=OpenOptions(dtype=dtype))
    assert max(opened.trace(IDS).head(0, h).scaled.abs().max() for h in range(4)) > 20
    for settings in (AttentionSettings(scale=0.3337), AttentionSettings(causal=False, scale=1.0)):
        assert opened.trace(IDS, settings).head(0, 0).weights.isfinite().all()


def test_the_context_is_capped_unless_asked_for(tmp_path: Path) -> None:
    each = family("llama")
    object.__setattr__(each, "changes", {**each.changes, "max_position_embeddings": 4096})
    try:
        write(each, tmp_path)
    finally:
        each.changes.pop("max_position_embeddings")
    assert load(tmp_path).config.n_positions == 1024
    assert load(tmp_path, options=OpenOptions(context=2000)).config.n_positions == 2000


def test_bad_token_ids_are_named(llama: Path) -> None:
    opened = load(llama)
    for ids, words in (([], "no tokens"), ([48], "48"), ([0] * 33, "at most 32")):
        with pytest.raises(ValueError, match=words):
            opened.trace(ids)


def test_neither_a_directory_nor_gguf(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF" + bytes(64))
    assert "x.gguf" in refusal(tmp_path / "x.gguf")
    (tmp_path / "x.bin").write_bytes(b"1234")
    assert "neither" in refusal(tmp_path / "x.bin")
