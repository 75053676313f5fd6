"""Tiny random models of every family that is offered, or known to be refused; nothing is downloaded."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

from model import tokenizer
from model.families import OpenOptions, load
from model.families.model import FamilyModel

TEXT = "Ivan is the guy who ate the sandwich. "
IDS = [5, 9, 2, 7, 7, 1, 12, 3, 5, 9, 2, 11]
_COMMON: dict[str, Any] = {
    "vocab_size": 48,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_GPT = {
    "vocab_size": 48,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 32,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
_LATENT = {
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "n_routed_experts": 4,
    "n_group": 2,
    "topk_group": 1,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "first_k_dense_replace": 1,
    "num_key_value_heads": 4,
}


@dataclass(frozen=True)
class Family:
    """One line of the table: a `model_type`, the config of a tiny model, and what is expected of it."""

    label: str
    model_type: str
    changes: dict[str, Any] = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=lambda: _COMMON)
    shows: str = ""
    since: tuple[int, int] = (4, 56)  # first version of transformers, as tried
    refused: str = ""  # a part of the message

    @property
    def sizes(self) -> dict[str, Any]:
        """The config's values."""
        return {name: value for name, value in {**self.base, **self.changes}.items() if value is not None}


WORKS = (
    Family("Llama 1 to 3", "llama", shows="grouped queries"),
    Family(
        "Llama 4 (text)",
        "llama4_text",
        {
            "head_dim": 8,
            "num_local_experts": 2,
            "intermediate_size_mlp": 48,
            "attention_chunk_size": 4,
            "num_hidden_layers": 4,
        },
        shows="attention in chunks",
    ),
    Family("Mistral", "mistral", {"sliding_window": 4}, shows="windows"),
    Family("Mixtral", "mixtral", {"sliding_window": 4, "num_local_experts": 4}, shows="windows"),
    Family("Qwen 2 and 2.5", "qwen2", shows="grouped queries"),
    Family(
        "Qwen 2 MoE",
        "qwen2_moe",
        {**_EXPERTS, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16},
        since=(5, 5),
    ),
    Family("Qwen 3", "qwen3", {"head_dim": 16}, shows="q and k after their norms"),
    Family("Qwen 3 MoE", "qwen3_moe", {**_EXPERTS, "moe_intermediate_size": 16, "head_dim": 16}),
    Family("Gemma", "gemma", {"head_dim": 16}),
    Family(
        "Gemma 2",
        "gemma2",
        {"head_dim": 16, "sliding_window": 4, "query_pre_attn_scalar": 12},
        shows="soft cap, windows, its own scale",
    ),
    Family(
        "Gemma 3 (text)",
        "gemma3_text",
        {"head_dim": 16, "sliding_window": 4, "num_hidden_layers": 6, "query_pre_attn_scalar": 12},
        shows="windows, its own scale",
    ),
    Family(
        "GPT-OSS",
        "gpt_oss",
        {"head_dim": 16, "sliding_window": 4, "num_local_experts": 4, "num_experts_per_tok": 2},
        shows="sinks, windows",
    ),
    Family("GPT-NeoX, Pythia", "gpt_neox", {"rotary_pct": 0.5}),
    Family("GPT-J", "gptj", {"rotary_dim": 4}, _GPT, since=(5, 24)),
    Family("GPT-BigCode, StarCoder", "gpt_bigcode", {}, _GPT, shows="one key head"),
    Family("StarCoder 2", "starcoder2", {"sliding_window": 4}, shows="windows"),
    Family(
        "OPT",
        "opt",
        {"intermediate_size": None, "num_key_value_heads": None, "ffn_dim": 48, "word_embed_proj_dim": 32},
        shows="q scaled beforehand",
    ),
    Family("Phi 1 and 2", "phi"),
    Family("Phi 3 and 4", "phi3"),
    Family("Phi 3.5 MoE", "phimoe", {"num_local_experts": 4}, since=(5, 5)),
    Family("OLMo", "olmo"),
    Family("OLMo 2", "olmo2"),
    Family("OLMo 3", "olmo3", {"sliding_window": 4, "num_hidden_layers": 4}, shows="windows", since=(4, 57)),
    Family("OLMoE", "olmoe", _EXPERTS, since=(5, 5)),
    Family("StableLM", "stablelm", since=(5, 5)),
    Family("SmolLM 3", "smollm3"),
    Family("Cohere Command R", "cohere"),
    Family("Cohere Command R7B", "cohere2", {"sliding_window": 4, "num_hidden_layers": 4}, shows="windows"),
    Family("Granite", "granite", {"attention_multiplier": 0.3}, shows="its own scale"),
    Family("Granite MoE", "granitemoe", {"num_local_experts": 4}),
    Family("DeepSeek V2", "deepseek_v2", {**_LATENT, "head_dim": 8}, shows="values narrower than keys"),
    Family("DeepSeek V3", "deepseek_v3", _LATENT, shows="values narrower than keys"),
    Family("GLM 4", "glm4", {"head_dim": 8}),
    Family("Exaone 4", "exaone4", {"sliding_window": 4}, shows="windows"),
    Family("Helium", "helium", {"head_dim": 8}),
    Family("Nemotron", "nemotron", since=(5, 13)),
    Family("Persimmon", "persimmon"),
    Family("Apertus", "apertus", since=(5, 5)),
    Family("Seed-OSS", "seed_oss", {"head_dim": 8}),
    Family("Hunyuan", "hunyuan_v1_dense", {"head_dim": 8}),
    Family("Ernie 4.5", "ernie4_5", {"head_dim": 8}),
    Family("BitNet", "bitnet"),
    Family("nanochat", "nanochat", since=(5, 5)),
    Family("BioGPT", "biogpt", {"num_key_value_heads": None}),
)
"""Families that open: every head, every switch."""

REFUSED = (
    Family("Falcon", "falcon", {"intermediate_size": None}, refused="in a way of its own"),
    Family(
        "GPT-Neo",
        "gpt_neo",
        {
            "hidden_size": 32,
            "vocab_size": 48,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "max_position_embeddings": 32,
        },
        {},
        refused="in a way of its own",
    ),
    Family(
        "Bloom",
        "bloom",
        {"vocab_size": 48, "hidden_size": 32, "n_layer": 2, "n_head": 4},
        {},
        refused="in a way of its own",
    ),
    Family(
        "MPT",
        "mpt",
        {"vocab_size": 48, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 32},
        {},
        refused="in a way of its own",
    ),
    Family(
        "XGLM",
        "xglm",
        {"vocab_size": 48, "d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 48},
        {},
        refused="in a way of its own",
    ),
    Family(
        "GPT",
        "openai-gpt",
        {"vocab_size": 48, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32},
        {},
        refused="in a way of its own",
    ),
    Family("Mamba", "mamba", {"vocab_size": 48, "hidden_size": 32, "num_hidden_layers": 2}, {}, refused="MambaBlock"),
    Family("RWKV", "rwkv", {"vocab_size": 48, "hidden_size": 32, "num_hidden_layers": 2}, {}, refused="RwkvBlock"),
    Family("RecurrentGemma", "recurrent_gemma", refused="in a way of its own"),
)
"""Families that are refused, in one line."""

_HYBRID = {**_COMMON, "num_hidden_layers": 4}
_MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8}
_DELTA = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
PARTLY = (
    Family(
        "LFM 2",
        "lfm2",
        {"layer_types": ["conv", "full_attention", "conv", "full_attention"]},
        _HYBRID,
        shows="Lfm2ShortConv",
    ),
    Family("MiniMax", "minimax", {"head_dim": 8, "block_size": 4}, _HYBRID, shows="MiniMaxLightningAttention"),
    Family(
        "Jamba",
        "jamba",
        {
            "num_experts": 2,
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "use_mamba_kernels": False,
            "mamba_d_state": 4,
        },
        _HYBRID,
        shows="JambaMambaMixer",
        since=(5, 5),
    ),
    Family(
        "Qwen 3 Next",
        "qwen3_next",
        {
            **_EXPERTS,
            **_DELTA,
            "head_dim": 8,
            "moe_intermediate_size": 16,
            "shared_expert_intermediate_size": 16,
        },
        _HYBRID,
        shows="Qwen3NextGatedDeltaNet",
        since=(5, 5),
    ),
    Family("Bamba", "bamba", {**_MAMBA, "attn_layer_indices": [1, 3]}, _HYBRID, shows="BambaMixer", since=(5, 5)),
    Family(
        "Granite 4 hybrid",
        "granitemoehybrid",
        {
            **_MAMBA,
            "layer_types": ["mamba", "attention", "mamba", "attention"],
            "num_local_experts": 2,
            "num_experts_per_tok": 1,
            "shared_intermediate_size": 16,
        },
        _HYBRID,
        shows="GraniteMoeHybridMambaLayer",
        since=(5, 5),
    ),
)
"""Families with layers that have no attention: `shows` is what they have in its place."""


def version() -> tuple[int, int]:
    """The installed version of transformers, without its last part."""
    major, minor, *_ = transformers.__version__.split(".")
    return int(major), int(minor)


def family(model_type: str) -> Family:
    """The line of a `model_type`."""
    return next(each for each in (*WORKS, *PARTLY, *REFUSED) if each.model_type == model_type)


def make(each: Family, seed: int = 0) -> Any:
    """A tiny random model of a family, with weights large enough that attention is far from uniform."""
    config = AutoConfig.for_model(each.model_type, **each.sizes)
    torch.manual_seed(seed)
    network = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return network


def write(each: Family, directory: Path, seed: int = 0) -> Any:
    """Save a tiny model and a character tokenizer; the model itself is returned."""
    network = make(each, seed)
    network.save_pretrained(directory)
    tokenizer.save(tokenizer.train_char(TEXT), directory)
    return network


def open_tiny(each: Family, directory: Path, **options: Any) -> FamilyModel:
    """Write and open a tiny model."""
    write(each, directory)
    return load(directory, options=OpenOptions(**options))
