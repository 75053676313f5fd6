"""Names and layout of checkpoint directories (Hugging Face's GPT-2 layout), read and checked without torch.

Only `config.json` and the header of `model.safetensors` are read here. Names and shapes in the two are compared before
any memory is allocated for weights, so a forged file cannot cause a large allocation.
"""

import math
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.config import GPTConfig
from model.errors import ModelError
from model.files import quoted
from model.outside import brief, parse_json

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
FILES = (CONFIG, WEIGHTS, TOKENIZER, TOKENIZER_CONFIG)

LATEST = "latest"
"""In the directory of a training run: a text file with the name of the newest checkpoint."""

FINAL = "final"
"""In the directory of a training run: the finished model."""

_STEP_DIRECTORY = re.compile(r"step-(\d{6,12})", re.ASCII)

PREFIX = "transformer."
"""What `transformers` puts before the names of all tensors but lm_head; the original GPT-2 files have no prefix."""

LM_HEAD = "lm_head.weight"
"""The output matrix, stored without prefix. Tied files may repeat the embedding under this name."""

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1}
"""Number formats of stored weights that can be opened, with their size in bytes."""

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_LARGEST_JSON = 2**20  # bytes
_LARGEST_HEADER = 2**25  # bytes
_MOST_DIMENSIONS = 16


class CheckpointError(ModelError):
    """A checkpoint that cannot be opened or written."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as described in the header; `stored_as` is its full name in the file."""

    stored_as: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a checkpoint without reading its weights."""

    config: GPTConfig
    parameters: int  # without the output layer, which is tied to the embedding
    bytes_on_disk: int  # of the files in `FILES`


def step_directory(step: int) -> str:
    """The name of the checkpoint or snapshot written after `step` steps of training."""
    return f"step-{step:06d}"


def parse_step_directory(name: str) -> int | None:
    """The step in a name made by `step_directory`, or None for any other name."""
    found = _STEP_DIRECTORY.fullmatch(name)
    return int(found[1]) if found else None


def replaced_directory(directory: Path) -> Path:
    """Where a checkpoint is moved while a new one takes its place."""
    return directory.with_name(f".{directory.name}.replaced")


def locate(directory: Path) -> Path:
    """Resolve a directory to the checkpoint that it stands for.

    This is the directory itself; the latest checkpoint if it is a training run; or, if it is missing because a save was
    killed, the old version that the save had moved aside.
    """
    try:
        if directory.name and not directory.exists() and (replaced_directory(directory) / CONFIG).is_file():
            return replaced_directory(directory)
        pointer = directory / LATEST
        if (directory / CONFIG).exists() or not pointer.is_file():
            return directory
        with pointer.open("rb") as file:
            name = file.read(256).decode().strip()
        return directory / name if Path(name).name == name and (directory / name / CONFIG).is_file() else directory
    except (OSError, ValueError):  # reading the directory itself will raise a better error
        return directory


def summarize(directory: Path) -> Summary:
    """Describe a checkpoint from its config and header.

    Raises CheckpointError if one of them cannot be read or they contradict each other.
    """
    directory = locate(directory)
    config = read_config(directory)
    tensors = model_tensors(config, read_header(directory))
    sizes = [(directory / name).stat().st_size for name in FILES if (directory / name).is_file()]
    return Summary(config, sum(math.prod(tensor.shape) for tensor in tensors.values()), sum(sizes))


def read_config(directory: Path) -> GPTConfig:
    """Read `config.json`. Raises CheckpointError if it is missing, damaged or not of a GPT-2."""
    try:
        if not directory.is_dir():
            what = "is a file" if directory.is_file() else "is not a directory"
            what = what if directory.exists() else "does not exist"
            raise CheckpointError(
                f"{quoted(directory)} {what}: name a checkpoint directory, one that holds {CONFIG} and {WEIGHTS}"
            )
        return GPTConfig.from_dict(read_json(directory / CONFIG))
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{quoted(directory)} cannot be read: {error.strerror}") from error
    except ModelError as error:
        raise CheckpointError(f"{quoted(directory)}: {error}") from error


def read_json(path: Path, limit: int = _LARGEST_JSON) -> dict[str, Any]:
    """Read a JSON object of at most `limit` bytes. Raises CheckpointError if it is missing or anything else."""
    try:
        if not path.is_file():
            raise CheckpointError(
                f"{quoted(path.parent)} holds no {path.name}: name a checkpoint directory in the GPT-2 layout"
            )
        with path.open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise CheckpointError(f"{quoted(path)} is larger than {limit} bytes: it is not the {path.name} of a GPT-2")
        values = parse_json(content)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CheckpointError(f"{quoted(path)} is not valid JSON: it may be truncated, copy it again") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{quoted(path)} is not a JSON object: it is not the {path.name} of a GPT-2")
    return values


def read_header(directory: Path, name: str = WEIGHTS) -> dict[str, StoredTensor]:
    """Read the header of a safetensors file: the tensors by their stored names.

    Raises CheckpointError if the file is missing, truncated, or a pickle (which could run code when loaded).
    """
    path = directory / name
    try:
        if not path.is_file():
            raise CheckpointError(no_weights_message(directory))
        with path.open("rb") as file:
            size = path.stat().st_size
            start = file.read(9)
            length = int.from_bytes(start[:8], "little")
            if start[8:] != b"{" and start.startswith(_PICKLE_STARTS):
                raise CheckpointError(_pickle_message(path, "is a pickle or zip under another name"))
            if len(start) < 9 or start[8:] != b"{":
                raise CheckpointError(
                    f"{quoted(path)} is not a safetensors file: it is empty, damaged or of another format"
                )
            if length > min(_LARGEST_HEADER, size - 8):
                raise CheckpointError(f"{quoted(path)} is truncated or damaged: its header should have {length} bytes")
            content = b"{" + file.read(length - 1)
        header = parse_json(content)
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"{quoted(path)} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CheckpointError(f"{quoted(path)} is damaged: its header is not valid JSON, copy it again") from error
    return _parse_header(path, header, size - 8 - length)


def _parse_header(path: Path, header: dict[str, Any], data_size: int) -> dict[str, StoredTensor]:
    tensors = {}
    end = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            dtype, shape, (first, last) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
            is_valid = all(type(n) is int and 0 <= n < 2**63 for n in (*shape, first, last)) and isinstance(dtype, str)
            is_valid = is_valid and len(shape) <= _MOST_DIMENSIONS
        except (TypeError, ValueError, KeyError):
            is_valid = False
        if not is_valid or (dtype in BYTES and last - first != BYTES[dtype] * math.prod(shape)):
            raise CheckpointError(f"{quoted(path)} is damaged: its header does not describe {brief(name)} properly")
        end = max(end, last)
        tensors[name] = StoredTensor(name, dtype, shape)
    if end > data_size:
        raise CheckpointError(
            f"{quoted(path)} is truncated: it has {data_size} bytes of weights and needs {end}, copy it again"
        )
    if end < data_size:
        raise CheckpointError(f"{quoted(path)} is damaged: {data_size - end} bytes follow the last weight")
    return tensors


def model_tensors(config: GPTConfig, header: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """The tensors of the model by their names without prefix.

    A tied `lm_head.weight` and the attention masks that old files store are left out.
    Raises CheckpointError if names, shapes or number formats are not those of a model with this `config`.
    """
    found: dict[str, StoredTensor] = {}
    for name, tensor in header.items():
        short = name.removeprefix(PREFIX)
        if short in found:
            raise CheckpointError(f"{brief(short)} is stored twice, with and without the prefix {PREFIX!r}: remove one")
        found[short] = tensor
    # A config may claim millions of layers: iterating lazily, the first missing one ends the loop.
    for name, shape in expected_shapes(config):
        if name not in found:
            raise CheckpointError(f"tensor {name!r} is missing from {WEIGHTS}: {CONFIG} asks for shape {list(shape)}")
        _check_tensor(name, found[name], shape)
    known = {name for name, _ in expected_shapes(config)}
    extra = [name for name in found if name not in known and not _is_ignored(config, name)]
    if extra:
        more = f" and {len(extra) - 3} more" if len(extra) > 3 else ""
        raise CheckpointError(
            f"{WEIGHTS} holds tensors that this GPT-2 does not have: {', '.join(map(brief, extra[:3]))}{more}"
        )
    if LM_HEAD in found:
        _check_tensor(LM_HEAD, found[LM_HEAD], (config.vocab_size, config.n_embd))
    return {name: found[name] for name in known}


def expected_shapes(config: GPTConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name without prefix, and stored shape, of every tensor. Weights of Conv1D layers are stored as (in, out)."""
    width, mlp = config.n_embd, config.mlp_size
    yield "wte.weight", (config.vocab_size, width)
    yield "wpe.weight", (config.n_positions, width)
    for layer in range(config.n_layer):
        for name, shape in {
            "ln_1.weight": (width,),
            "ln_1.bias": (width,),
            "attn.c_attn.weight": (width, 3 * width),
            "attn.c_attn.bias": (3 * width,),
            "attn.c_proj.weight": (width, width),
            "attn.c_proj.bias": (width,),
            "ln_2.weight": (width,),
            "ln_2.bias": (width,),
            "mlp.c_fc.weight": (width, mlp),
            "mlp.c_fc.bias": (mlp,),
            "mlp.c_proj.weight": (mlp, width),
            "mlp.c_proj.bias": (width,),
        }.items():
            yield f"h.{layer}.{name}", shape
    yield "ln_f.weight", (width,)
    yield "ln_f.bias", (width,)
    if not config.tie_word_embeddings:
        yield LM_HEAD, (config.vocab_size, width)


def _check_tensor(name: str, tensor: StoredTensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        turned = " (GPT-2's files keep this matrix the other way round, see docs/checkpoints.md)"
        raise CheckpointError(
            f"tensor {name!r} has shape {brief(list(tensor.shape))} in {WEIGHTS}: {CONFIG} asks for {list(shape)}"
            + (turned if tensor.shape == shape[::-1] and len(shape) > 1 else "")
        )
    if tensor.dtype not in BYTES:
        raise CheckpointError(
            f"tensor {name!r} is stored as {brief(tensor.dtype)}: only {', '.join(BYTES)} can be opened"
        )


def _is_ignored(config: GPTConfig, name: str) -> bool:
    if name == LM_HEAD:
        return True
    part = name.split(".")
    return (
        len(part) == 4
        and (part[0], part[2]) == ("h", "attn")
        and part[3] in ("bias", "masked_bias")
        and part[1].isascii()
        and part[1].isdigit()
        and len(part[1]) < 10
        and int(part[1]) < config.n_layer
    )


def check_name(path: Path) -> None:
    """Raise CheckpointError for a path that safetensors cannot open."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise CheckpointError(f"{quoted(path)} is not valid UTF-8, which safetensors needs: rename it") from error


def discard(directory: Path) -> None:
    """Remove a checkpoint. A kill leaves all of it, or a directory with the suffix `.tmp` that does not count as one.

    Errors are ignored: what cannot be removed stays.
    """
    with suppress(OSError):
        if directory.suffix != ".tmp":
            directory = directory.rename(directory.with_name(f"{directory.name}.tmp"))
        shutil.rmtree(directory)


def no_weights_message(directory: Path) -> str:
    """The error message for a directory without `model.safetensors`."""
    if (directory / f"{WEIGHTS}.index.json").exists():
        return f"{quoted(directory)} holds its weights in several files: save them as one {WEIGHTS}"
    try:
        pickle = next((path for path in sorted(directory.iterdir()) if path.suffix in _PICKLES), None)
    except OSError as error:
        return f"{quoted(directory)} cannot be read: {error.strerror}"
    if pickle is not None:
        return _pickle_message(pickle, "is a pickle")
    return f"{quoted(directory)} holds no {WEIGHTS}: name a checkpoint directory in the GPT-2 layout"


def _pickle_message(path: Path, what: str) -> str:
    return f"{quoted(path)} {what}, which can run code when it is loaded, so it is never opened: save it as {WEIGHTS}"
