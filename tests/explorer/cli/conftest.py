"""The small model that commands are tried on."""

import pytest

from tests.explorer.small import save_small


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its directory, which no test changes."""
    return str(save_small(tmp_path_factory.mktemp("models") / "small"))
