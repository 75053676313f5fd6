"""Bad checkpoints: every one is refused in one line that names what is wrong."""

import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from model import checkpoint, tokenizer
from model.checkpoint import CheckpointError
from tests.model.making import change_config, change_tensors, make_gpt


def refusal(directory: Path) -> str:
    """The message with which a directory is refused; always one line without control characters."""
    with pytest.raises(CheckpointError) as error:
        checkpoint.load(directory)
    message = str(error.value)
    assert message.isprintable()
    assert 20 < len(message) < 600
    return message


def test_missing_and_misshapen_tensors_are_named_with_both_shapes(saved: Path) -> None:
    def misshape(tensors: dict[str, Tensor]) -> None:
        tensors["transformer.h.1.attn.c_attn.weight"] = torch.zeros(24, 8)

    def remove(tensors: dict[str, Tensor]) -> None:
        del tensors["transformer.h.1.attn.c_attn.weight"]

    change_tensors(saved, misshape)
    message = refusal(saved)
    assert "'h.1.attn.c_attn.weight'" in message
    assert "[24, 8]" in message
    assert "[8, 24]" in message
    change_tensors(saved, remove)
    message = refusal(saved)
    assert "'h.1.attn.c_attn.weight' is missing" in message
    assert "[8, 24]" in message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(saved: Path, value: float) -> None:
    def spoil(tensors: dict[str, Tensor]) -> None:
        tensors["transformer.h.0.mlp.c_proj.weight"][3, 3] = value

    change_tensors(saved, spoil)
    assert "'h.0.mlp.c_proj.weight' holds NaN or infinite" in refusal(saved)


def test_unexpected_tensors_are_named_and_cannot_write_to_the_terminal(saved: Path) -> None:
    def add(tensors: dict[str, Tensor]) -> None:
        tensors["h.0.attn.\x1b[31mrotary"] = torch.zeros(2)
        tensors["h.2.attn.bias"] = torch.zeros(2)  # of a layer that is not there

    change_tensors(saved, add)
    message = refusal(saved)
    assert r"\x1b[31mrotary" in message
    assert "'h.2.attn.bias'" in message


def test_a_tensor_name_of_a_megabyte_is_not_printed_whole(saved: Path) -> None:
    change_tensors(saved, lambda tensors: tensors.update({"x" * 2**20: torch.zeros(1)}))
    assert "holds tensors that this GPT-2 does not have: 'xxx" in refusal(saved)


@pytest.mark.parametrize("shape", [[10**400], [2**62] * 20])
def test_sizes_in_the_header_that_no_number_can_hold_are_refused(saved: Path, shape: list[int]) -> None:
    entry = {"dtype": "I64", "shape": shape, "data_offsets": [0, 0]}
    header = json.dumps({"x": entry}).encode()
    (saved / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert "does not describe 'x' properly" in refusal(saved)


def test_a_tensor_stored_with_and_without_prefix_is_refused(saved: Path) -> None:
    change_tensors(saved, lambda tensors: tensors.update({"ln_f.bias": torch.zeros(8)}))
    assert "'ln_f.bias' is stored twice" in refusal(saved)


def test_an_untied_output_is_refused(saved: Path) -> None:
    change_tensors(saved, lambda tensors: tensors.update({"lm_head.weight": torch.zeros(20, 8)}))
    assert "tensor 'lm_head.weight' differs from 'wte.weight'" in refusal(saved)
    change_tensors(saved, lambda tensors: tensors.update({"lm_head.weight": torch.zeros(21, 8)}))
    assert "[21, 8]" in refusal(saved)


def test_numbers_that_are_not_floats_are_refused(saved: Path) -> None:
    change_tensors(saved, lambda tensors: tensors.update({"transformer.ln_f.bias": torch.zeros(8, dtype=torch.int8)}))
    assert "'ln_f.bias' is stored as 'I8'" in refusal(saved)


@pytest.mark.parametrize("keep", [0, 5, 8, 9, 100, -1])
def test_truncated_weights_are_refused(saved: Path, keep: int) -> None:
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert "model.safetensors" in refusal(saved)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 64,
        (20).to_bytes(8, "little") + b'{"a": {"dtype": 3}}}',
        (2**63).to_bytes(8, "little") + b"{" * 100,
        (30).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
        (2).to_bytes(8, "little") + b"{}" + b"surplus",
        (9).to_bytes(8, "little") + b'{"\xff": 1}',
        (4000).to_bytes(8, "little") + b'{"a":' + b"[" * 3995,
    ],
    ids=range(7),
)
def test_damaged_weights_are_refused(saved: Path, content: bytes) -> None:
    (saved / "model.safetensors").write_bytes(content)
    assert "model.safetensors" in refusal(saved)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("ran"),))


@pytest.mark.parametrize("kind", ["pickle", "zip", "bin", "pt"])
def test_no_pickle_is_ever_loaded(saved: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(saved.parent)
    weights = saved / "model.safetensors"
    if kind == "zip":
        with zipfile.ZipFile(weights, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps(Bomb()))
    else:
        weights.write_bytes(pickle.dumps(Bomb()))
    if kind == "bin":
        weights.rename(saved / "pytorch_model.bin")
    elif kind == "pt":
        weights.rename(saved / "ckpt.pt")
    message = refusal(saved)
    assert "pickle" in message
    assert "can run code" in message
    assert "save it as model.safetensors" in message
    assert not Path("ran").exists()


def test_a_model_larger_than_the_memory_is_refused_before_its_weights_are_read(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = 4 * make_gpt().config.parameters
    monkeypatch.setattr(checkpoint, "device_bytes", lambda device: needed)
    checkpoint.load(saved)
    monkeypatch.setattr(checkpoint, "device_bytes", lambda device: needed - 1)
    monkeypatch.setattr(checkpoint, "safe_open", None)
    assert "does not fit into memory: it takes 0.0 GB as float32" in refusal(saved)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_layer": 2**24}, "'h.2.ln_1.weight' is missing"),
        ({"vocab_size": 2**24}, "[16777216, 8]"),
        ({"n_positions": 2**24}, "[16777216, 8]"),
        ({"n_embd": 2**20, "n_head": 1}, "1048576"),
        ({"n_inner": 2**24}, "16777216"),
        ({"n_embd": 10**400}, "n_embd must be a whole number"),
        ({"layer_norm_epsilon": 10**400}, "layer_norm_epsilon must be a finite number"),
        ({"initializer_range": -(10**400)}, "initializer_range must be a finite number"),
        ({"bos_token_id": 10**400}, "bos_token_id in config.json must be"),
        ({"activation_function": "x" * 10_000}, "not supported"),
        ({"n_head": 3}, "not a multiple of n_head 3"),
        ({"n_head": 0}, "n_head must be"),
        ({"n_layer": True}, "n_layer must be"),
        ({"n_layer": "2"}, "n_layer must be"),
        ({"n_embd": 8.0}, "n_embd must be"),
        ({"layer_norm_epsilon": float("nan")}, "layer_norm_epsilon must be"),
        ({"layer_norm_epsilon": "1e-5"}, "layer_norm_epsilon must be"),
        ({"activation_function": "\x1b[31m"}, "not supported"),
        ({"activation_function": ["gelu"]}, "not supported"),
        ({"model_type": "llama"}, "'llama'"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings"),
        ({"add_cross_attention": True}, "cross-attention"),
        ({"scale_attn_weights": "no"}, "scale_attn_weights"),
        ({"bos_token_id": "x"}, "bos_token_id"),
        ({"vocab_size": 18}, "[20, 8]"),
    ],
)
def test_hostile_configs_are_refused(saved: Path, changes: dict[str, Any], says: str) -> None:
    change_config(saved, **changes)
    assert says in refusal(saved)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"n_layer": 2}', b" " * 2**21], ids=range(8)
)
def test_a_config_that_is_not_one_is_refused(saved: Path, content: bytes) -> None:
    (saved / "config.json").write_bytes(content)
    assert "config.json" in refusal(saved)


def test_a_tokenizer_larger_than_the_model_is_refused(saved: Path) -> None:
    tokenizer.save(tokenizer.train_char("".join(map(chr, range(40, 61)))), saved)
    message = refusal(saved)
    assert "21 tokens" in message
    assert "only 20" in message


def test_each_missing_file_is_named(saved: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        copy = tmp_path / f"without-{name}"
        shutil.copytree(saved, copy)
        (copy / name).unlink()
        assert name in refusal(copy)


def test_a_path_without_a_checkpoint_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "does not exist" in refusal(tmp_path / "nothing")
    assert "is a file" in refusal(tmp_path / "file")
    assert "does not exist" in refusal(tmp_path / "loop")
    assert "config.json" in refusal(tmp_path)
    assert r"\x1b[31m" in refusal(tmp_path / "\x1b[31m")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_pipes_and_directories_in_place_of_files_are_refused(saved: Path, name: str) -> None:
    """Opening a pipe would wait forever for somebody to write to it."""
    (saved / name).unlink()
    os.mkfifo(saved / name)
    assert name in refusal(saved)
    (saved / name).unlink()
    (saved / name).mkdir()
    assert name in refusal(saved)
