"""Parity with `transformers`, both ways: its GPT-2 opens here and ours opens there, with the same numbers."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.gpt import GPT

TOLERANCE = 1e-5
TEXT = "Ivan is the guy who ate the sandwich. "
BASE: dict[str, Any] = {"vocab_size": 40, "n_positions": 24, "n_embd": 32, "n_layer": 3, "n_head": 4}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "one head": {"n_head": 1, "n_layer": 1},
    "heads of width 1": {"n_embd": 6, "n_head": 6},
    "odd sizes": {"n_embd": 21, "n_head": 3, "n_inner": 50, "vocab_size": 37, "n_positions": 19},
    "narrow MLP": {"n_inner": 5},
    "relu": {"activation_function": "relu"},
    "exact gelu": {"activation_function": "gelu"},
    "tanh gelu": {"activation_function": "gelu_pytorch_tanh"},
    "silu": {"activation_function": "silu"},
    "no scale": {"scale_attn_weights": False},
    "scale by layer": {"scale_attn_by_inverse_layer_idx": True},
    "scale by layer alone": {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True},
    "upcast": {"reorder_and_upcast_attn": True},
    "large epsilon": {"layer_norm_epsilon": 0.1},
    "an output of its own": {"tie_word_embeddings": False},
}


def make_theirs(changes: dict[str, Any]) -> GPT2LMHeadModel:
    """A random GPT-2 with weights large enough, and biases, that every part shows in the logits."""
    generator = torch.Generator().manual_seed(7)
    config = GPT2Config(**(BASE | changes), attn_implementation="eager", bos_token_id=0, eos_token_id=0)
    theirs = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.2 * noise if "ln" in name and name.endswith("weight") else 0.2 * noise)
    return theirs


def write_theirs(theirs: GPT2LMHeadModel, directory: Path, *, prefix: bool) -> None:
    theirs.save_pretrained(directory)
    tokenizer.save(tokenizer.train_char(TEXT), directory)
    tensors = load_file(directory / "model.safetensors")
    assert all(name.startswith("transformer.") or name == "lm_head.weight" for name in tensors)
    if not prefix:  # as the published GPT-2 files are, stored masks included
        masks = {f"h.{i}.attn.bias": torch.ones(1, 1, 24, 24).tril() for i in range(theirs.config.n_layer)}
        plain = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
        save_file(plain | masks, directory / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("prefix", [True, False], ids=["prefix", "no prefix"])
@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES.keys())
def test_their_gpt2_opens_here(tmp_path: Path, changes: dict[str, Any], prefix: bool) -> None:
    theirs = make_theirs(changes)
    write_theirs(theirs, tmp_path, prefix=prefix)
    ours = checkpoint.load(tmp_path)
    for length in (1, 2, ours.config.n_positions):
        ids = torch.randint(ours.config.vocab_size, (length,), generator=torch.Generator().manual_seed(length)).tolist()
        with torch.no_grad():
            expected = theirs(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
        trace = ours.trace(ids)
        torch.testing.assert_close(trace.logits, expected.logits[0], rtol=TOLERANCE, atol=TOLERANCE)
        assert len(expected.attentions) == ours.config.n_layer
        for layer, weights in enumerate(expected.attentions):
            # Layer by layer, so that two errors cannot make up for each other.
            torch.testing.assert_close(
                trace.streams[layer], expected.hidden_states[layer][0], rtol=TOLERANCE, atol=TOLERANCE
            )
            for head in range(ours.config.n_head):
                torch.testing.assert_close(trace.head(layer, head).weights, weights[0, head], rtol=0, atol=TOLERANCE)


def test_the_random_models_are_no_trivial_case() -> None:
    """Parity would mean little if all weights were uniform or all logits alike."""
    theirs = make_theirs({})
    with torch.no_grad():
        out = theirs(torch.arange(24)[None], output_attentions=True)
    uniform = torch.ones(24, 24).tril() / torch.arange(1, 25)[:, None]
    assert all((weights - uniform).abs().max() > 0.2 for weights in out.attentions)
    assert out.logits.std() > 1


@pytest.fixture(params=["char", "bpe"])
def any_tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return tokenizer.train_char(TEXT) if request.param == "char" else tokenizer.train_bpe([TEXT * 4], 290)


@pytest.mark.parametrize(
    "changes", [{}, {"n_inner": 20, "activation_function": "relu"}, {"scale_attn_weights": False}], ids=str
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_our_checkpoint_opens_there(
    tmp_path: Path, any_tokenizer: Tokenizer, changes: dict[str, Any], dtype: torch.dtype
) -> None:
    sizes = {
        "vocab_size": tokenizer.vocab_size(any_tokenizer),
        "n_positions": 64,
        "n_embd": 24,
        "n_layer": 2,
        "n_head": 3,
    }
    gpt = GPT(GPTConfig(**(sizes | {"initializer_range": 0.3} | changes)))
    gpt.initialize(torch.Generator().manual_seed(3))
    checkpoint.save(tmp_path / "model", gpt, any_tokenizer, dtype=dtype)

    ours = checkpoint.load(tmp_path / "model")
    their_tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32).eval()
    ids = tokenizer.encode(ours.tokenizer, TEXT).ids
    assert their_tokenizer(TEXT)["input_ids"] == list(ids)
    assert their_tokenizer.decode(ids) == TEXT
    assert their_tokenizer.model_max_length == 64
    with torch.no_grad():
        expected = theirs(torch.tensor([ids])).logits[0]
    torch.testing.assert_close(ours.trace(ids).logits, expected, rtol=TOLERANCE, atol=TOLERANCE)
    # Greedy tokens too: what a person would see.
    written = theirs.generate(torch.tensor([ids[:4]]), max_new_tokens=12, do_sample=False, pad_token_id=0)
    greedy = list(ids[:4])
    for _ in range(12):
        greedy.append(ours.trace(greedy).predictions(len(greedy) - 1, 1)[0].token_id)
    assert written[0].tolist() == greedy[: len(written[0])]


def test_a_character_tokenizer_is_not_read_as_gpt2s(tmp_path: Path) -> None:
    """Without tokenizer_config.json `transformers` would do so silently; the class in it prevents that."""
    characters = tokenizer.train_char(TEXT)
    gpt = GPT(GPTConfig(tokenizer.vocab_size(characters), 16, 8, 1, 1))
    gpt.initialize(torch.Generator().manual_seed(0))
    checkpoint.save(tmp_path / "model", gpt, characters)
    values = json.loads((tmp_path / "model" / "tokenizer_config.json").read_text())
    assert values["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert AutoTokenizer.from_pretrained(tmp_path / "model").get_vocab() == characters.get_vocab()
