"""The fixtures that campaigns share with the tests of the application: its small models and its patience."""

from tests.explorer.conftest import (  # noqa: F401
    _still,
    bpe_model,
    char_model,
    measure_once,
    opener,
    pytest_asyncio_loop_factories,
)
from tests.explorer.test_replay import unhurried  # noqa: F401
