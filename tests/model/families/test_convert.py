"""nanoGPT's and minGPT's files become directories that open natively, with the same numbers, and run no code."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.families.convert import convert
from model.gpt import GPT
from model.layout import CheckpointError
from tests.model.making import make_gpt

TEXT = "the quick brown fox\njumps"
VOCABULARY = len(set(TEXT))
SIZES: dict[str, Any] = {"vocab_size": VOCABULARY, "n_positions": 16, "n_embd": 24, "n_layer": 2, "n_head": 3}
IDS = [3, 1, 4, 1, 5, 9, 2, 6]


def weights(gpt: GPT, *, conv1d: bool = False) -> dict[str, torch.Tensor]:
    return {f"transformer.{name}": tensor for name, tensor in gpt.state_dict().items() if name != "lm_head.weight"}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "input.txt"
    path.write_text(TEXT)
    return path


def nano(path: Path, gpt: GPT, prefix: str = "_orig_mod.", **changes: Any) -> Path:
    """As nanoGPT's train.py writes ckpt.pt: the compiled model's names, the tied output and the settings beside it."""
    tensors = weights(gpt) | {"lm_head.weight": gpt.wte.weight.detach()} | changes
    arguments = {"n_layer": 2, "n_head": 3, "n_embd": 24, "block_size": 16, "bias": True, "vocab_size": VOCABULARY}
    content = {
        "model": {prefix + name: tensor for name, tensor in tensors.items() if tensor is not None},
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        "model_args": arguments,
        "iter_num": 100,
        "best_val_loss": torch.tensor(1.5),
        "config": {"out_dir": "out", "dropout": 0.0},
    }
    torch.save(content, path)
    return path


def test_nanogpt(tmp_path: Path, text: Path) -> None:
    gpt = make_gpt(GPTConfig(**SIZES, activation_function="gelu"))
    config = convert(nano(tmp_path / "ckpt.pt", gpt), tmp_path / "out", tokenizer=text)
    assert (config.n_head, config.activation_function, config.tie_word_embeddings) == (3, "gelu", True)
    opened = checkpoint.load(tmp_path / "out")
    torch.testing.assert_close(opened.trace(IDS).logits, gpt(torch.tensor(IDS)).detach())
    assert tokenizer.encode(opened.tokenizer, "fox").ids == tuple(sorted(set(TEXT)).index(c) for c in "fox")


def test_nanogpt_without_biases(tmp_path: Path, text: Path) -> None:
    gpt = make_gpt(GPTConfig(**SIZES, activation_function="gelu"))
    biases = {name: None for name in weights(gpt) if name.endswith(".bias")}
    convert(nano(tmp_path / "ckpt.pt", gpt, "", **biases), tmp_path / "out", tokenizer=text)
    for name, parameter in gpt.named_parameters():
        if name.endswith(".bias"):
            parameter.data.zero_()
    torch.testing.assert_close(checkpoint.load(tmp_path / "out").trace(IDS).logits, gpt(torch.tensor(IDS)).detach())


def test_mingpt_has_an_output_of_its_own_and_stored_masks(tmp_path: Path, text: Path) -> None:
    gpt = make_gpt(GPTConfig(**SIZES))
    output = torch.randn(VOCABULARY, 24)
    masks = {f"transformer.h.{i}.attn.bias": torch.ones(1, 1, 16, 16).tril() for i in range(2)}
    torch.save(weights(gpt) | masks | {"lm_head.weight": output}, tmp_path / "model.pt")
    with pytest.raises(CheckpointError, match="--heads"):
        convert(tmp_path / "model.pt", tmp_path / "out", tokenizer=text)
    config = convert(tmp_path / "model.pt", tmp_path / "out", n_head=3, tokenizer=text)
    assert not config.tie_word_embeddings
    expected = F.linear(gpt.hidden(torch.tensor(IDS)), output).detach()
    torch.testing.assert_close(checkpoint.load(tmp_path / "out").trace(IDS).logits, expected)


class Payload:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def refusal(source: Path, **options: Any) -> str:
    with pytest.raises(CheckpointError) as error:
        convert(source, source.parent / "out", **options)
    assert "\n" not in str(error.value)
    assert not (source.parent / "out").exists()
    return str(error.value)


def test_code_in_a_pickle_is_never_run(tmp_path: Path, text: Path) -> None:
    torch.save({"model": {}, "payload": Payload(tmp_path / "ran")}, tmp_path / "x.pt")
    assert "run code" in refusal(tmp_path / "x.pt", tokenizer=text)
    assert not (tmp_path / "ran").exists()


def test_what_cannot_be_converted_is_named(tmp_path: Path, text: Path) -> None:
    gpt = make_gpt(GPTConfig(**SIZES))
    path = tmp_path / "ckpt.pt"
    assert "--tokenizer" in refusal(nano(path, gpt))
    (tmp_path / "other.txt").write_text("abc")
    assert f"3 different characters and the model {VOCABULARY}" in refusal(path, tokenizer=tmp_path / "other.txt")
    nano(path, gpt, **{"transformer.h.0.ln_1.weight": None})
    assert "lacks 'h.0.ln_1.weight'" in refusal(path, tokenizer=text)
    nano(path, gpt, **{"transformer.h.0.mlp.c_fc.weight": torch.zeros(24, 96)})
    assert "has shape [24, 96], not [96, 24]" in refusal(path, tokenizer=text)
    nano(path, gpt, **{"transformer.ln_f.weight": torch.full((24,), float("inf"))})
    assert "infinite" in refusal(path, tokenizer=text)
    nano(path, gpt, **{"transformer.extra": torch.zeros(1)})
    assert "'extra'" in refusal(path, tokenizer=text)
    path.write_bytes(b"not a checkpoint")
    assert "ckpt.pt" in refusal(path, tokenizer=text)
    assert "ckpt.pt" in refusal(tmp_path / "no" / "ckpt.pt", tokenizer=text)
    torch.save([1], path)
    assert "holds a list" in refusal(path, tokenizer=text)
    torch.save({"fc.weight": torch.zeros(2)}, path)
    assert "nanoGPT or minGPT" in refusal(path, tokenizer=text)
