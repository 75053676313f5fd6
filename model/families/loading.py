"""Opens models with `transformers`: directories of safetensors, and GGUF files."""

import importlib
import logging
import warnings
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM, AutoTokenizer

from model import devices
from model import tokenizer as tokenizers
from model.devices import device_bytes
from model.errors import ModelError
from model.families import OpenOptions
from model.families.directory import FamilyFiles, inspect, is_gguf
from model.families.model import FamilyModel
from model.files import quoted
from model.layout import CONFIG, CheckpointError, check_name
from model.outside import brief, reason_of

_ATTENTION = "eager"
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_UNQUANTISED = frozenset({"F64", "F32", "F16", "BF16"})
_LISTED = 3
_SLACK = 1.05
"""The most numbers of a network per number in its files: buffers and tied matrices count separately."""


def load(path: Path, name: str | None, options: OpenOptions) -> FamilyModel:
    """Open a directory or a GGUF file; see `model.families.load`."""
    _silence()
    check_name(path)
    if options.dtype not in _DTYPES:
        raise CheckpointError(f"dtype {options.dtype!r} is not known: use one of {', '.join(_DTYPES)}")
    device = devices.choose(options.device)
    name = name or path.resolve().name
    try:
        note = ""
        if path.is_dir():
            network, tokenizer = _open_directory(path, _DTYPES[options.dtype], device)
        elif is_gguf(path):
            network, tokenizer = _open_gguf(path, _DTYPES[options.dtype])
            note = _quantisation(path)
        else:
            raise CheckpointError(f"{quoted(path)} is neither a directory nor a GGUF file: name one of these")
        _check_finite(path, network)
        network = network.to(device).eval().requires_grad_(False)
        opened = FamilyModel(name, path, network, tokenizer, options, note)
        opened.verify_switches()
    except CheckpointError:
        raise
    except ModelError as error:
        raise CheckpointError(f"{quoted(path)} cannot be looked into: {error}") from None
    except Exception as error:  # whatever a library of a thousand models raises
        raise _failure(path, error) from None
    return opened


def _open_directory(path: Path, dtype: torch.dtype, device: torch.device) -> tuple[Any, Tokenizer]:
    files = inspect(path)
    if files.family not in CONFIG_MAPPING:
        own = " (it brings code of its own, which is never run)" if "auto_map" in files.config else ""
        raise CheckpointError(
            f"{quoted(path)} is of a {brief(files.family)} model, which transformers {transformers.__version__} does "
            f"not know{own}"
        )
    config = AutoConfig.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    _check_config(path, files, config)
    _check_parameters(path, files, config, dtype, device)
    network, loading = AutoModelForCausalLM.from_pretrained(
        path,
        config=config,
        dtype=dtype,
        attn_implementation=_ATTENTION,
        trust_remote_code=False,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # reported, and refused, by name
    )
    _check_loading(path, loading)
    return network, _tokenizer(path)


def _open_gguf(path: Path, dtype: torch.dtype) -> tuple[Any, Tokenizer]:
    """The weights are dequantised: what is computed is what a runtime computes from the same file, but for rounding."""
    if (there := device_bytes(torch.device("cpu"))) is not None and path.stat().st_size > there:
        raise CheckpointError(f"{quoted(path)} does not fit into memory: open a smaller model")
    reader: Any = importlib.import_module("transformers.modeling_gguf_pytorch_utils")
    reader.tqdm = partial(reader.tqdm, disable=True)  # torch has imported tqdm, so that TQDM_DISABLE comes too late
    where = {"gguf_file": path.name, "local_files_only": True}
    network, loading = AutoModelForCausalLM.from_pretrained(
        path.parent, dtype=dtype, attn_implementation=_ATTENTION, output_loading_info=True, **where
    )
    _check_loading(path, loading)
    return network, _backend(AutoTokenizer.from_pretrained(path.parent, **where), path)


def _quantisation(path: Path) -> str:
    """From which formats the matrices of a GGUF file were dequantised, the one of most numbers first."""
    reader: Any = importlib.import_module("gguf").GGUFReader(path)  # only GGUF files need this library
    numbers: Counter[str] = Counter()
    for tensor in reader.tensors:
        if (name := tensor.tensor_type.name) not in _UNQUANTISED:
            numbers[name] += int(tensor.n_elements)
    return f"dequantised from {', '.join(name for name, _ in numbers.most_common())}" if numbers else ""


def _check_config(path: Path, files: FamilyFiles, config: Any) -> None:
    """Raise CheckpointError unless `transformers` has a causal language model of this kind."""
    if type(config) not in AutoModelForCausalLM._model_mapping:
        raise CheckpointError(f"{quoted(path)} is of a {brief(files.family)} model: no causal language model of text")
    if hasattr(config, "vision_config") or hasattr(config, "audio_config"):
        raise CheckpointError(f"{quoted(path)} is of a {brief(files.family)} model, which reads more than text")


def _check_parameters(path: Path, files: FamilyFiles, config: Any, dtype: torch.dtype, device: torch.device) -> None:
    """Raise CheckpointError if the config asks for more than the files hold, or than fits into memory."""
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config, attn_implementation=_ATTENTION, trust_remote_code=False)
    network.tie_weights()  # transformers 5.0 leaves that to loading; a tied matrix is stored once
    asked = sum(parameter.numel() for parameter in network.parameters())
    if asked > _SLACK * files.parameters:
        raise CheckpointError(
            f"{quoted(path / CONFIG)} asks for {asked:,} parameters and the files hold {files.parameters:,}: "
            "they are not of the same model"
        )
    needed, there = asked * dtype.itemsize, device_bytes(device)
    if there is not None and needed > there:
        raise CheckpointError(
            f"{quoted(path)} takes {needed / 1e9:,.1f} GB as {str(dtype).removeprefix('torch.')} and there are "
            f"{there / 1e9:,.1f} GB: open a smaller model, or use --dtype bfloat16"
        )


def _check_loading(path: Path, loading: dict[str, Any]) -> None:
    """Raise CheckpointError for weights that `transformers` would have drawn at random, or left out."""
    for key, what in (
        ("missing_keys", "lacks weights"),
        ("mismatched_keys", f"has weights of other shapes than {CONFIG} asks for"),
        ("unexpected_keys", "holds weights that this model does not have"),
        ("error_msgs", "has weights that cannot be loaded"),
    ):
        found = sorted(str(entry[0] if isinstance(entry, tuple) else entry) for entry in loading.get(key) or ())
        if found:
            more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
            raise CheckpointError(f"{quoted(path)} {what}: {', '.join(map(brief, found[:_LISTED]))}{more}")


def _check_finite(path: Path, network: Any) -> None:
    for name, weight in network.named_parameters():
        if weight.is_meta or not weight.isfinite().all():
            raise CheckpointError(f"tensor {name!r} of {quoted(path)} holds NaN or infinite numbers: it is damaged")


def _tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a directory: its tokenizer.json, else what `transformers` makes of its other files."""
    try:
        return tokenizers.load(path)
    except ModelError as error:
        if (path / "tokenizer.json").exists():
            raise CheckpointError(str(error)) from error
    try:
        made = AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{quoted(path)} holds no tokenizer.json, and none can be made of its other files: {reason_of(error)}"
        ) from None
    return _backend(made, path)


def _backend(made: Any, path: Path) -> Tokenizer:
    backend = getattr(made, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise CheckpointError(f"{quoted(path)} has a tokenizer without a tokenizer.json: convert it first")
    tokenizers.check_harmless(backend, path)
    backend.no_padding()
    backend.no_truncation()
    return backend


def _failure(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{quoted(path)} cannot be opened with transformers {transformers.__version__}: {reason_of(error)}"
    )


def _silence() -> None:
    """No bars, warnings or log lines: they would be written over the screen."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"transformers(\..*)?")
