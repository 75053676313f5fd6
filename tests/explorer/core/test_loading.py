"""Which models the visitors of a served page may open, whatever they type."""

from pathlib import Path
from shutil import copytree

import pytest

from explorer.core.catalog import ONLY_LISTED
from explorer.core.loading import open_listed
from model import layout
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.training import snapshots


@pytest.fixture
def here(char_model: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with `listed`, beside directories with a `hidden` model and a `run` with snapshots."""
    here = tmp_path / "here"
    for path in (here / "listed", tmp_path / "there" / "hidden", tmp_path / "there" / "run"):
        copytree(char_model.path, path)
    for step in (10, 20):
        copytree(char_model.path, tmp_path / "there" / "run" / snapshots.FOLDER / layout.step_directory(step))
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return here


def test_only_the_models_in_the_list_and_the_given_one_open(here: Path) -> None:
    there = here.parent / "there"
    given = str(there / "run" / snapshots.FOLDER / layout.step_directory(10))
    for name in ("listed", given, f"{there / 'run'}@20"):
        assert open_listed(name, given=given).config.n_layer
    for name in ("../there/hidden", str(there / "hidden"), "nowhere", "", "listed/../../there/hidden", str(here)):
        with pytest.raises(ModelError, match=ONLY_LISTED):
            open_listed(name, given=given)
