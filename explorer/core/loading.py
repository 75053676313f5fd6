"""Opening a model by its name in the catalog."""

from explorer.core.catalog import display_name, find_model
from model import checkpoint
from model.checkpoint import Checkpoint


def open_model(name: str) -> Checkpoint:
    """Open a model by name or path. Raises ModelError if it cannot be opened."""
    return checkpoint.load(find_model(name), display_name(name))
