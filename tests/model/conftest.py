from pathlib import Path

import pytest

from model import checkpoint, tokenizer
from tests.model.making import CHARACTERS, make_gpt


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A small checkpoint that opens, see tests.model.making."""
    directory = tmp_path / "model"
    checkpoint.save(directory, make_gpt(), tokenizer.train_char(CHARACTERS))
    return directory
