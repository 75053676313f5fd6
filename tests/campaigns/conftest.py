"""The fixtures that campaigns share with the tests of the application: its small models, and waiting for it."""

from tests.explorer.conftest import (  # noqa: F401
    _still,
    bpe_model,
    char_model,
    opener,
    pytest_asyncio_loop_factories,
    ready,
)
from tests.explorer.test_replay import unhurried  # noqa: F401
from tests.explorer.test_terminal import started  # noqa: F401
