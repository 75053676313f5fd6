"""The local cache of the Hugging Face hub: which models are in it, and fetching one. Imports no torch."""

import importlib
import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path

from model.layout import CONFIG, CheckpointError

_LIBRARY = "huggingface_hub"
_NAME = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?", re.ASCII)
_FILES = ["*.json", "*.safetensors", "merges.txt", "*.model"]
"""What is fetched: never pickles, never code."""


def cache_directory() -> Path:
    """Where `huggingface_hub` keeps what it has fetched."""
    if found := os.environ.get("HF_HUB_CACHE"):
        return Path(found)
    home = os.environ.get("HF_HOME")
    base = Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    return base / "hub"


def is_hub_name(name: str) -> bool:
    """Return True for what may be a name on the hub: `owner/model` or `model`."""
    return _NAME.fullmatch(name) is not None and ".." not in name and "--" not in name


def cached(name: str) -> Path | None:
    """The directory of a model in the cache, at the commit that was fetched last; None if it is not there."""
    if not is_hub_name(name):
        return None
    repository = cache_directory() / f"models--{name.replace('/', '--')}"
    try:
        commit = (repository / "refs" / "main").read_text(encoding="ascii").strip()
        snapshot = repository / "snapshots" / commit
        return snapshot if re.fullmatch(r"[0-9a-f]{8,64}", commit) and (snapshot / CONFIG).is_file() else None
    except (OSError, ValueError):
        return None


def cached_names() -> Iterator[str]:
    """The names of all models in the cache that can be told to be models, in alphabetical order."""
    try:
        found = sorted(path.name for path in cache_directory().glob("models--*"))
    except OSError:
        return
    names = (name.removeprefix("models--").replace("--", "/", 1) for name in found)
    yield from (name for name in names if cached(name) is not None)


def download(name: str) -> Path:
    """Fetch config, safetensors and tokenizer of a model into the cache. Raises CheckpointError if that fails."""
    if not is_hub_name(name):
        raise CheckpointError(f"{name[:80]!r} is no name on the hub: write OWNER/MODEL")
    if importlib.util.find_spec(_LIBRARY) is None:
        raise CheckpointError("--download needs huggingface_hub: pip install 'attention-explorer[hf]'")
    os.environ["HF_HUB_OFFLINE"] = "0"  # read when huggingface_hub is imported
    try:
        # By name, and only now: it is optional, and reads the variable above.
        path = importlib.import_module(_LIBRARY).snapshot_download(name, allow_patterns=_FILES)
    except Exception as error:  # whatever the network or the hub answers
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CheckpointError(f"{name!r} cannot be fetched: {reason}") from None
    if not (Path(path) / CONFIG).is_file():
        raise CheckpointError(f"{name!r} holds no {CONFIG}: it is not of a model")
    return Path(path)
