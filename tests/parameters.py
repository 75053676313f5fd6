"""Which parameters of a test run by default."""

import pytest
from _pytest.mark import ParameterSet


def slow(*values: object) -> ParameterSet:
    """Values of a parametrized test that run with `-m slow` only: others have been tested by default."""
    return pytest.param(*values, marks=pytest.mark.slow)
