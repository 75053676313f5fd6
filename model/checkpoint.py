"""Loads and saves checkpoints: a model and its tokenizer in a directory in Hugging Face's GPT-2 layout.

In memory, every matrix is an `nn.Linear` weight (out, in). GPT-2's files store four of them per layer as Conv1D weights
(in, out); these are transposed here. No pickle is ever loaded.
"""

import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from tokenizers import Tokenizer
from torch import Tensor

from model.config import GPTConfig
from model.devices import device_bytes
from model.errors import ModelError, NumericOverflowError
from model.files import fsync_path, quoted
from model.gpt import GPT
from model.layout import (
    CONFIG,
    FILES,
    LM_HEAD,
    PREFIX,
    WEIGHTS,
    CheckpointError,
    StoredTensor,
    check_name,
    locate,
    model_tensors,
    read_config,
    read_header,
    replaced_directory,
)
from model.settings import AS_TRAINED, AttentionSettings
from model.tokenizer import load as load_tokenizer
from model.tokenizer import save as save_tokenizer
from model.tokenizer import vocab_size
from model.trace import Trace

__all__ = ["Checkpoint", "CheckpointError", "load", "save"]

_CONV1D = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An opened checkpoint, a `TracedModel`. The GPT is in evaluation mode, in float32 and without gradients."""

    name: str
    path: Path
    config: GPTConfig
    gpt: GPT
    tokenizer: Tokenizer
    prefix: tuple[int, ...] = ()

    def trace(
        self, token_ids: Sequence[int], settings: AttentionSettings = AS_TRAINED, base: Trace | None = None
    ) -> Trace:
        """Run the model on one text, see `GPT.trace`. Raises NumericOverflowError as well."""
        trace = self.gpt.trace(token_ids, settings, base)
        if not trace.final.isfinite().all() or any(layer.overflows for layer in trace.inputs):
            raise NumericOverflowError(repr(self.name))
        return trace


def load(directory: Path | str, name: str | None = None) -> Checkpoint:
    """Open a checkpoint directory, or the latest checkpoint of a training run.

    `name` is what to call the model, by default the name of `directory`.

    Weights stored as float16, bfloat16 or float64 become float32. A tied `lm_head.weight`, the prefix `transformer.`
    and stored attention masks are accepted.
    Raises CheckpointError, with the file or tensor and what was expected, for anything that is not such a model.
    """
    path = locate(Path(directory))
    check_name(path)
    config = read_config(path)
    header = read_header(path)
    gpt = _build(path, config, header)
    try:
        tokenizer = load_tokenizer(path)
    except ModelError as error:
        raise CheckpointError(str(error)) from error
    if (known := vocab_size(tokenizer)) > config.vocab_size:
        raise CheckpointError(
            f"the tokenizer of {quoted(path)} has {known} tokens and the model only {config.vocab_size} (vocab_size): "
            "they are not of the same model"
        )
    return Checkpoint(name or Path(directory).resolve().name, path, config, gpt, tokenizer)


def _build(path: Path, config: GPTConfig, header: Mapping[str, StoredTensor]) -> GPT:
    stored = model_tensors(config, header)
    _check_memory(path, stored)
    try:
        with safe_open(path / WEIGHTS, framework="pt") as file:
            weights = {name: _read(name, file.get_tensor(tensor.stored_as)) for name, tensor in stored.items()}
            for head in (name for name in (LM_HEAD, f"{PREFIX}{LM_HEAD}") if name in header):
                if config.tie_word_embeddings and not torch.equal(file.get_tensor(head).float(), weights["wte.weight"]):
                    raise CheckpointError(
                        f"tensor {head!r} differs from 'wte.weight', and {CONFIG} says that the two are tied: if the "
                        'model has an output of its own, write "tie_word_embeddings": false there'
                    )
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{quoted(path / WEIGHTS)} cannot be read: it may be damaged, copy it again") from error
    except (RuntimeError, MemoryError) as error:
        raise CheckpointError(
            f"{quoted(path / WEIGHTS)} does not fit into memory: close something or open a smaller model"
        ) from error
    with torch.device("meta"):  # allocates no memory and draws no random numbers: all weights are assigned below
        gpt = GPT(config)
    gpt.load_state_dict(weights, assign=True)
    return gpt.eval().requires_grad_(False)


def _check_memory(path: Path, stored: Mapping[str, StoredTensor]) -> None:
    """Raise CheckpointError if the weights alone take more than all memory: the system would kill the process."""
    needed = 4 * sum(math.prod(tensor.shape) for tensor in stored.values())
    there = device_bytes(torch.device("cpu"))
    if there is not None and needed > there:
        raise CheckpointError(
            f"{quoted(path / WEIGHTS)} does not fit into memory: it takes {needed / 1e9:,.1f} GB as float32 and there "
            f"are {there / 1e9:,.1f} GB: open a smaller model"
        )


def _read(name: str, stored: Tensor) -> Tensor:
    """Convert a stored tensor to float32, copied so that the file may change or vanish afterwards."""
    weight = stored.mT if name.endswith(_CONV1D) else stored
    weight = weight.to(torch.float32, memory_format=torch.contiguous_format, copy=True)
    if not weight.isfinite().all():
        raise CheckpointError(
            f"tensor {name!r} holds NaN or infinite numbers: training diverged or the file is damaged"
        )
    return weight


def save(
    directory: Path | str,
    gpt: GPT,
    tokenizer: Tokenizer,
    *,
    dtype: torch.dtype = torch.float32,
    extra: Mapping[str, bytes | str] | None = None,
    replace: bool = False,
) -> None:
    """Write a checkpoint directory atomically: a kill at any moment leaves the old one, the new one, or none.

    Args:
        directory: where to write; it must not exist or be empty unless `replace` is set.
        gpt: the model.
        tokenizer: its tokenizer.
        dtype: the number format in which weights are stored; with an 8-bit format, vectors are stored as float16.
        extra: contents of further files, by name.
        replace: replace a directory that is not empty.

    Raises:
        CheckpointError: the checkpoint cannot be written, or a weight is not finite as `dtype`. Nothing is changed.
    """
    target = Path(os.path.realpath(directory))
    extra = dict(extra or {})
    for name in extra:
        if name in (*FILES, "", "..") or Path(name).name != name:
            raise CheckpointError(f"{name!r} cannot be an extra file of a checkpoint: use a plain name of its own")
    files: dict[str, bytes | str] = {
        CONFIG: json.dumps(gpt.config.to_dict(), indent=2) + "\n",
        WEIGHTS: to_bytes(_stored_weights(gpt, dtype), metadata={"format": "pt"}),
        **extra,
    }
    try:
        _recover(target)
        _check_free(target, replace)
        temporary = _new_directory(target.with_name(f"{target.name}.tmp"), files)
        try:
            _write_files(temporary, files)
            save_tokenizer(tokenizer, temporary, model_max_length=gpt.config.n_positions)
            _fsync_all(temporary)
            _swap(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(f"{quoted(target)} cannot be written: {reason}") from error


def small_dtype(gpt: GPT) -> torch.dtype:
    """The smallest number format that holds every weight: float16, or float32 if one is above 65,504."""
    largest = torch.finfo(torch.float16).max
    return torch.float16 if all(p.abs().max() <= largest for p in gpt.parameters()) else torch.float32


def _write_files(directory: Path, files: Mapping[str, bytes | str]) -> None:
    for name, content in files.items():
        (directory / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _fsync_all(directory: Path) -> None:
    for file in directory.iterdir():
        fsync_path(file)
    fsync_path(directory)


def _stored_weights(gpt: GPT, dtype: torch.dtype) -> dict[str, Tensor]:
    weights = {}
    for name, weight in gpt.state_dict().items():
        number_format = torch.float16 if dtype.itemsize == 1 and weight.dim() < 2 else dtype
        stored = (weight.mT if name.endswith(_CONV1D) else weight).detach().to("cpu", number_format).contiguous()
        # A format without infinity turns what is too large into its largest number.
        if not stored.float().isfinite().all() or weight.abs().max() > torch.finfo(number_format).max:
            raise CheckpointError(f"tensor {name!r} is not finite as {dtype}: training diverged, or it is too small")
        weights[name if name == LM_HEAD else PREFIX + name] = stored
    return weights


def _check_free(target: Path, replace: bool) -> None:
    if target.exists() and not target.is_dir():
        raise CheckpointError(f"{quoted(target)} is a file: choose another directory for the checkpoint")
    if target.is_dir() and any(target.iterdir()) and not replace:
        raise CheckpointError(
            f"{quoted(target)} exists and is not empty: choose another directory, nothing was changed"
        )


def _new_directory(temporary: Path, files: Mapping[str, object]) -> Path:
    """Create an empty directory, in place of what a killed save left there; anything else is refused."""
    if temporary.exists() or temporary.is_symlink():
        ours = {*FILES, *files}
        if temporary.is_symlink() or not temporary.is_dir() or any(p.name not in ours for p in temporary.iterdir()):
            raise CheckpointError(f"{quoted(temporary)} is in the way and not a checkpoint: move it elsewhere")
        shutil.rmtree(temporary)
    temporary.mkdir(parents=True)
    return temporary


def _swap(temporary: Path, target: Path) -> None:
    """Rename into place. A directory cannot replace one that is not empty, so the old one is moved aside first."""
    aside = replaced_directory(target)
    if target.is_dir() and any(target.iterdir()):
        target.rename(aside)
    try:
        temporary.replace(target)
    except OSError:
        if aside.is_dir():
            aside.rename(target)
        raise
    fsync_path(target.parent)
    if aside.is_dir():
        _remove_aside(aside)


def _recover(target: Path) -> None:
    """Finish a save that was killed in `_swap`: put the old directory back, or remove it if the new one is there."""
    aside = replaced_directory(target)
    if not (aside / CONFIG).is_file():
        if aside.is_dir() and not any(aside.iterdir()):
            aside.rmdir()
        elif aside.exists():
            raise CheckpointError(f"{quoted(aside)} is in the way and not a checkpoint: move it elsewhere")
    elif target.exists():
        _remove_aside(aside)
    else:
        aside.rename(target)


def _remove_aside(aside: Path) -> None:
    """Remove the old directory, its config last, so that after a kill `_recover` still recognizes it."""
    for path in sorted(aside.iterdir(), key=lambda path: path.name == CONFIG):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    aside.rmdir()
