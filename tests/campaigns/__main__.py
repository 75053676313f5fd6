"""Runs one campaign, see the docstring of the package."""

import argparse
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PREFIX = "test_"


def main() -> int:
    """Run the campaign that the command line names; return its exit code, which is 0 if every try was fine."""
    names = sorted(path.stem.removeprefix(PREFIX) for path in HERE.glob(f"{PREFIX}*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns")
    parser.add_argument("name", choices=names)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first try")
    given = parser.parse_args()
    for name in ("seed", "tries", "first"):
        os.environ[f"CAMPAIGN_{name.upper()}"] = str(getattr(given, name))
    path = HERE / f"{PREFIX}{given.name}.py"
    return int(pytest.main([str(path), "-m", "slow", "-n", "0", "-s", "-x"]))


if __name__ == "__main__":
    sys.exit(main())
