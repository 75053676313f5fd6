"""Converts checkpoints of nanoGPT and minGPT to the GPT-2 layout, as a directory that opens without `transformers`.

Both keep a PyTorch pickle. It is read with `weights_only=True`, which builds tensors and plain values and refuses
everything else, so that no code of the file is run.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from model import checkpoint
from model import tokenizer as tokenizers
from model.config import GPTConfig
from model.families.directory import is_gguf
from model.files import quoted
from model.gpt import GPT
from model.layout import LM_HEAD, PREFIX, TOKENIZER, CheckpointError
from model.outside import brief

_COMPILED = "_orig_mod."
"""What `torch.compile` puts before every name; nanoGPT saves such models as they are."""

_WRAPPED = ("model", "model_state_dict", "state_dict")
_IGNORED = (".attn.bias", ".attn.masked_bias")
_GPT_2_VOCABULARY = (50257, 50304)
"""GPT-2's own, and nanoGPT's padded to a multiple of 64."""


def convert(source: Path, target: Path, *, n_head: int | None = None, tokenizer: Path | None = None) -> GPTConfig:
    """Write the model in `source` as a checkpoint directory `target`.

    Args:
        source: a `.pt` or `.pth` of nanoGPT (`ckpt.pt`, with its `model_args`) or minGPT (a plain state dict).
        target: the new directory.
        n_head: number of heads, which a state dict alone does not tell.
        tokenizer: a `tokenizer.json`, a directory with one or with GPT-2's `vocab.json` and `merges.txt`, or for a
            model of characters the `.txt` it was trained on: their ids follow the code points. By default the
            `tokenizer.json` beside the source. nanoGPT's `meta.pkl` is a pickle and not read.

    Raises:
        CheckpointError: the source cannot be read, is of another model, or lacks something that only you can tell.
    """
    content = _read(source)
    tensors = _tensors(source, content)
    config = _config(source, tensors, content, n_head)
    with torch.device("meta"):
        gpt = GPT(config)
    weights = _weights(source, tensors, {name: p.shape for name, p in gpt.named_parameters()})
    gpt.load_state_dict(weights, assign=True)
    checkpoint.save(target, gpt.eval().requires_grad_(False), _tokenizer(source, tokenizer, config))
    return config


def _read(source: Path) -> Mapping[str, Any]:
    if is_gguf(source):
        raise CheckpointError(f"{quoted(source)} is a GGUF file, which opens as it is: explorer --model {source}")
    try:
        content = torch.load(source, map_location="cpu", weights_only=True, mmap=False)
    except OSError as error:
        raise CheckpointError(f"{quoted(source)} cannot be read: {error.strerror or type(error).__name__}") from None
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{quoted(source)} holds more than tensors and plain values, which could run code: it is not opened. "
            "Save its state_dict() alone"
        ) from None
    except Exception as error:  # damaged files raise whatever their bytes lead to
        raise CheckpointError(f"{quoted(source)} is no PyTorch checkpoint: {type(error).__name__}") from None
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{quoted(source)} holds a {type(content).__name__}, not the weights of a model")
    return content


def _tensors(source: Path, content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights by GPT-2's names, without what wraps them."""
    found = next((content[name] for name in _WRAPPED if isinstance(content.get(name), Mapping)), content)
    tensors = {
        str(name).removeprefix(_COMPILED).removeprefix("module.").removeprefix(PREFIX): value
        for name, value in found.items()
        if isinstance(value, Tensor)
    }
    if "wte.weight" not in tensors or "wpe.weight" not in tensors:
        raise CheckpointError(f"{quoted(source)} has no wte.weight and wpe.weight: it is not of nanoGPT or minGPT")
    return {name: value for name, value in tensors.items() if not name.endswith(_IGNORED)}


def _config(source: Path, tensors: Mapping[str, Tensor], content: Mapping[str, Any], n_head: int | None) -> GPTConfig:
    arguments = content.get("model_args")
    heads = n_head or (arguments.get("n_head") if isinstance(arguments, Mapping) else None)
    if not isinstance(heads, int):
        raise CheckpointError(f"{quoted(source)} does not say how many heads its model has: give --heads")
    (vocab_size, n_embd), n_positions = tensors["wte.weight"].shape, len(tensors["wpe.weight"])
    layers = {name.split(".")[1] for name in tensors if name.startswith("h.")}
    output = tensors.get(LM_HEAD)
    # nanoGPT's MLP has the exact GELU, minGPT's and GPT-2's the approximation by tanh.
    return GPTConfig(
        vocab_size=vocab_size,
        n_positions=n_positions,
        n_embd=n_embd,
        n_layer=len(layers),
        n_head=heads,
        activation_function="gelu" if isinstance(arguments, Mapping) else "gelu_new",
        tie_word_embeddings=output is None or torch.equal(output, tensors["wte.weight"]),
    )


def _weights(source: Path, tensors: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """The weights that the model has, in float32; nanoGPT's without biases get biases of 0."""
    weights = {}
    for name, shape in shapes.items():
        found = tensors.get(name)
        if found is None and name.endswith(".bias"):
            found = torch.zeros(shape)
        if found is None:
            raise CheckpointError(f"{quoted(source)} lacks {name!r}: it is not of nanoGPT or minGPT")
        if found.shape != shape:
            raise CheckpointError(f"{quoted(source)}: {name!r} has shape {list(found.shape)}, not {list(shape)}")
        weights[name] = found.detach().to(torch.float32, copy=True)
        if not weights[name].isfinite().all():
            raise CheckpointError(f"{quoted(source)}: {name!r} holds NaN or infinite numbers: its training diverged")
    extra = sorted(set(tensors) - set(shapes) - {LM_HEAD})
    if extra:
        raise CheckpointError(f"{quoted(source)} holds {brief(extra[0])}, which this model does not have")
    return weights


def _tokenizer(source: Path, given: Path | None, config: GPTConfig) -> Tokenizer:
    if given is None and (source.parent / TOKENIZER).is_file():
        given = source.parent / TOKENIZER
    if given is None:
        vocabulary = "GPT-2's vocab.json and merges.txt, " if config.vocab_size in _GPT_2_VOCABULARY else ""
        raise CheckpointError(
            f"there is no {TOKENIZER} beside {quoted(source)}: give --tokenizer with {vocabulary}a {TOKENIZER}, or for "
            "a model of characters the .txt that it was trained on"
        )
    if given.suffix != ".txt":
        made = tokenizers.load(given)
        if (known := tokenizers.vocab_size(made)) > config.vocab_size:
            raise CheckpointError(f"the tokenizer has {known} tokens and the model only {config.vocab_size}")
        return made
    try:
        made = tokenizers.train_char(given.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{quoted(given)} cannot be read as text: {type(error).__name__}") from None
    if (known := tokenizers.vocab_size(made)) != config.vocab_size:
        raise CheckpointError(f"{quoted(given)} has {known} different characters and the model {config.vocab_size}")
    return made
