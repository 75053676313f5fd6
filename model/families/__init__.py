"""Models of other architectures than GPT-2's, run by `transformers`, behind the interface of `model.interface`."""

import importlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model.layout import CheckpointError

if TYPE_CHECKING:
    from model.families.model import FamilyModel

DTYPES = ("float32", "bfloat16", "float16")
REQUIRED = ("transformers", "accelerate")
INSTALL = "pip install 'attention-explorer[hf]'"

_LOADING = "model.families.loading"
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """How a model of another family is opened.

    Attributes:
        dtype: number format of the weights, one of DTYPES.
        device: where the model runs, see `model.devices`.
        context: the most tokens read at once; None for the model's own context, up to 1,024.
        bos: put the model's beginning-of-sequence token before every text.
    """

    dtype: str = "float32"
    device: str = "cpu"
    context: int | None = None
    bos: bool = False


def check_installed() -> None:
    """Raise CheckpointError unless `transformers` and what it needs are installed; they are not imported."""
    missing = [package for package in REQUIRED if importlib.util.find_spec(package) is None]
    if missing:
        raise CheckpointError(f"models of this kind need {' and '.join(missing)}: {INSTALL}")


def load(path: Path | str, name: str | None = None, options: OpenOptions | None = None) -> "FamilyModel":
    """Open a directory with `config.json` and safetensors, or a GGUF file, with `transformers`.

    Neither code nor pickles of the model are ever run, and nothing is fetched.
    Raises CheckpointError, in one line, if it cannot be opened or looked into, or `transformers` is not installed.
    """
    check_installed()
    for variable, value in _QUIET.items():  # read when transformers is imported
        os.environ.setdefault(variable, value)
    # By name, and only now: transformers is optional and takes seconds to import.
    opened: FamilyModel = importlib.import_module(_LOADING).load(Path(path), name, options or OpenOptions())
    return opened
