"""Opening a model by its name in the catalog."""

from pathlib import Path

from explorer.core.catalog import display_name, find_model
from model import checkpoint, families
from model.families import OpenOptions
from model.families.directory import is_native
from model.interface import TracedModel


def open_model(name: str, options: OpenOptions | None = None) -> TracedModel:
    """Open a model by name or path: GPT-2's layout by our own code, everything else with `transformers`.

    Raises ModelError if it cannot be opened.
    """
    path = find_model(name)
    return open_path(path, display_name(name), options)


def open_path(path: Path, name: str, options: OpenOptions | None = None) -> TracedModel:
    """Open the model at a path under a name. Raises ModelError if it cannot be opened."""
    if is_native(path):
        return checkpoint.load(path, name)
    return families.load(path, name, options)
