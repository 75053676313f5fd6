"""GGUF files: dequantised, with Llama's q and k put back in the order that they are computed in."""

import json
import string
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

from model.families import load
from tests.model.families.making import IDS, family, make

TOKENS = 48
ROOT = Path(__file__).parents[3]


def permuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """The order in which llama.cpp's converter stores q and k: halves of a head interleaved."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def write_gguf(path: Path, kind: gguf.GGMLQuantizationType) -> dict[str, np.ndarray]:
    """A tiny Llama as a GGUF file, with matrices stored as `kind`; returns the weights before quantisation."""
    network = make(family("llama"))
    config = network.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(TOKENS)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([*string.ascii_letters[: TOKENS - 2], "at", "in"])
    writer.add_token_types([gguf.TokenType.NORMAL] * TOKENS)
    writer.add_token_merges(["a t", "i n"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    weights = {name: p.detach().numpy() for name, p in network.state_dict().items()}
    parts = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    top = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    for name, weight in weights.items():
        short = name.removesuffix(".weight")
        if short in top:
            stored = top[short]
        else:
            _, _, layer, part = short.split(".", 3)
            stored = f"blk.{layer}.{parts[part]}"
            if part.endswith(("q_proj", "k_proj")):
                heads = config.num_attention_heads if "q_proj" in part else config.num_key_value_heads
                weight = permuted(weight, heads)
        as_is = weight.ndim == 1 or weight.shape[-1] % 32 or kind is gguf.GGMLQuantizationType.F32
        data = weight if as_is else gguf.quants.quantize(weight, kind)
        writer.add_tensor(f"{stored}.weight", data, raw_dtype=None if as_is else kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


@pytest.mark.parametrize("kind", ["F32", "Q8_0", "Q4_1"])
def test_one_projection_is_that_of_the_original(tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiny.gguf"
    weights = write_gguf(path, gguf.GGMLQuantizationType[kind])
    capfd.readouterr()  # what writing said
    opened = load(path)
    assert capfd.readouterr() == ("", "")  # no bar of progress over the screen
    stored = opened.network.state_dict()
    tolerance = {"F32": 0.0, "Q8_0": 0.02, "Q4_1": 0.2}[kind]
    for layer in range(opened.config.n_layer):
        for part in ("q_proj", "k_proj", "v_proj"):
            name = f"model.layers.{layer}.self_attn.{part}.weight"
            np.testing.assert_allclose(stored[name].numpy(), weights[name], rtol=0, atol=tolerance)
    if kind == "F32":
        theirs = make(family("llama"))
        with torch.no_grad():
            plain = theirs(torch.tensor([IDS])).logits[0]
        torch.testing.assert_close(opened.trace(IDS).logits, plain, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_nothing_is_printed_but_what_was_asked_for(tmp_path: Path) -> None:
    """In a process of its own, as its libraries decide when they are imported what they print."""
    write_gguf(tmp_path / "tiny.gguf", gguf.GGMLQuantizationType.Q8_0)
    command = [sys.executable, "-m", "explorer", "show", "--json", "--model", str(tmp_path / "tiny.gguf"), "Ivan"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["model"] == "tiny.gguf"
