"""Checks on the files of a model before anything of them is loaded. Imports neither torch nor transformers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.files import quoted
from model.layout import (
    CONFIG,
    WEIGHTS,
    CheckpointError,
    StoredTensor,
    locate,
    no_weights_message,
    read_header,
    read_json,
)
from model.outside import brief

INDEX = f"{WEIGHTS}.index.json"
GGUF_MAGIC = b"GGUF"

BYPASSING = frozenset({"bloom", "falcon", "gpt_neo", "mamba", "mpt", "openai-gpt", "recurrent_gemma", "rwkv", "xglm"})
"""Values of `model_type` whose code is known not to let its attention be looked into; what else does not, is found out
when it is opened."""

_ENCODERS = ("ForMaskedLM", "ForPreTraining")
"""Endings of the names of encoder architectures."""

_LARGEST_INDEX = 2**25
_LARGEST_NUMBER = 2**24
_MOST_LAYERS = 1000
_MOST_EXPERTS = 4096
_SIZE_ENDINGS = ("size", "dim", "heads", "layers", "experts", "rank", "layer", "head", "embd", "model", "inner")
_LAYER_NAMES = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_HEAD_NAMES = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_WIDTH_NAMES = ("hidden_size", "n_embd", "d_model")
CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")


@dataclass(frozen=True, slots=True)
class FamilyFiles:
    """The config of a directory, and what its safetensors hold."""

    config: Mapping[str, Any]
    shards: tuple[Path, ...]
    tensors: Mapping[str, StoredTensor]

    @classmethod
    def config_only(cls, directory: Path) -> "FamilyFiles":
        """What the config of a directory says, without a look at its weights."""
        return cls(read_json(directory / CONFIG), (), {})

    @property
    def family(self) -> str:
        """The `model_type` of the config."""
        return str(self.config["model_type"])

    @property
    def parameters(self) -> int:
        """Numbers stored in all files."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors.values())

    def size(self, *names: str) -> int | None:
        """The first of several names in the config, or in its text part, that is a whole number."""
        nested = self.config.get("text_config")
        for values in (self.config, nested if isinstance(nested, dict) else {}):
            for name in names:
                if type(values.get(name)) is int:
                    return int(values[name])
        return None

    @property
    def n_layer(self) -> int | None:
        """Number of layers that the config states."""
        return self.size(*_LAYER_NAMES)

    @property
    def n_head(self) -> int | None:
        """Number of heads that the config states."""
        return self.size(*_HEAD_NAMES)

    @property
    def head_size(self) -> int | None:
        """The width of a head that the config states or implies."""
        width, heads = self.size(*_WIDTH_NAMES), self.n_head
        return self.size("head_dim") or (width // heads if width and heads else None)

    @property
    def n_positions(self) -> int | None:
        """The context that the config states."""
        return self.size(*CONTEXT_NAMES)

    @property
    def vocab_size(self) -> int | None:
        """Rows of the embedding that the config states."""
        return self.size("vocab_size")


def is_native(path: Path) -> bool:
    """Return True if a path is to be opened by `model.checkpoint`, which also says what is wrong with a bad one."""
    if path.is_file():
        return not is_gguf(path)
    try:
        return bool(read_json(locate(path) / CONFIG).get("model_type", "gpt2") == "gpt2")
    except CheckpointError:
        return True


def is_gguf(path: Path) -> bool:
    """Return True for a file that begins as GGUF files do."""
    try:
        with path.open("rb") as file:
            return file.read(4) == GGUF_MAGIC
    except OSError:
        return False


def inspect(directory: Path) -> FamilyFiles:
    """Read config and headers, and refuse what would run code, point elsewhere, or ask for absurd sizes.

    Raises CheckpointError with one line that says what is wrong.
    """
    config = read_json(directory / CONFIG)
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind.isprintable():
        raise CheckpointError(f"{quoted(directory / CONFIG)} names no model_type: it is not of a transformers model")
    architectures = config.get("architectures")
    named = [str(name) for name in architectures] if isinstance(architectures, list) else []
    if encoder := next((name for name in named if name.endswith(_ENCODERS)), None):
        raise CheckpointError(
            f"{quoted(directory)} is an encoder ({brief(encoder)}), which predicts hidden words and not the next one: "
            "open a causal language model"
        )
    if "quantization_config" in config:
        raise CheckpointError(
            f"{quoted(directory)} holds quantised weights, which are not computed in full precision: "
            "open the original model"
        )
    if (directory / "adapter_config.json").exists():
        raise CheckpointError(f"{quoted(directory)} is an adapter: merge it into its base model and open the result")
    shards = _shards(directory)
    tensors: dict[str, StoredTensor] = {}
    for shard in shards:
        tensors |= read_header(directory, shard.name)
    files = FamilyFiles(config, shards, tensors)
    _check_sizes(directory, config)
    if (files.n_layer or 0) > _MOST_LAYERS:
        raise CheckpointError(f"{quoted(directory / CONFIG)} asks for {brief(files.n_layer)} layers: it is damaged")
    return files


def _shards(directory: Path) -> tuple[Path, ...]:
    """The safetensors files: one, or those that an index lists, all of them in the directory itself."""
    if (directory / WEIGHTS).exists() or not (directory / INDEX).exists():
        if not (directory / WEIGHTS).exists():
            raise CheckpointError(no_weights_message(directory))
        return (directory / WEIGHTS,)
    mapping = read_json(directory / INDEX, _LARGEST_INDEX).get("weight_map")
    if not isinstance(mapping, dict) or not mapping:
        raise CheckpointError(f"{quoted(directory / INDEX)} lists no weights: it is damaged, copy it again")
    names = sorted({str(name) for name in mapping.values()})
    for name in names:
        if Path(name).name != name or "\\" in name or not name.endswith(".safetensors"):
            raise CheckpointError(
                f"{quoted(directory / INDEX)} names {name[:80]!r}: weights are only read from safetensors files in "
                "the directory itself"
            )
        if not (directory / name).is_file():
            raise CheckpointError(f"{quoted(directory)} lacks {brief(name)}, which its index lists: copy it again")
    return tuple(directory / name for name in names)


def _largest(name: str) -> int:
    return _MOST_EXPERTS if name.endswith("experts") else _LARGEST_NUMBER


def _check_sizes(directory: Path, values: Mapping[str, Any]) -> None:
    """Raise CheckpointError for sizes that no model has, which would take all memory before anything is compared."""
    for name, value in values.items():
        if isinstance(value, dict):
            _check_sizes(directory, value)
        elif type(value) is int and name.endswith(_SIZE_ENDINGS) and value > _largest(name):
            raise CheckpointError(f"{quoted(directory / CONFIG)} asks for {name[:80]} {brief(value)}: it is damaged")
