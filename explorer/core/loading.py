"""Opening a model by its name in the catalog."""

from contextlib import suppress
from pathlib import Path

from explorer.core.catalog import ONLY_LISTED, available_models, display_name, find_model
from explorer.core.series import series_of
from explorer.core.steps import split_step
from model import checkpoint, families
from model.errors import ModelError
from model.families import OpenOptions
from model.families.directory import is_native
from model.interface import TracedModel


def open_model(name: str, options: OpenOptions | None = None) -> TracedModel:
    """Open a model by name or path: GPT-2's layout by our own code, everything else with `transformers`.

    Raises ModelError if it cannot be opened.
    """
    path = find_model(name)
    return open_path(path, display_name(name), options)


def open_listed(name: str, options: OpenOptions | None = None, *, given: str) -> TracedModel:
    """Open a model of the list, or a model of the same run as the `given` one: the rule for visitors of a served page.

    Raises ModelError for every other name, even if such a model exists, and for a model that cannot be opened.
    """
    known = {model.name for model in available_models()} | {given}
    if name not in known and split_step(name)[0] not in known:
        with suppress(ModelError):
            known.update(entry.model for entry in series_of(given).entries)
        if name not in known:
            raise ModelError(ONLY_LISTED)
    return open_model(name, options)


def open_path(path: Path, name: str, options: OpenOptions | None = None) -> TracedModel:
    """Open the model at a path under a name. Raises ModelError if it cannot be opened."""
    if is_native(path):
        return checkpoint.load(path, name)
    return families.load(path, name, options)
