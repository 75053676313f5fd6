"""The tries of a campaign: their number, and the random generator of each."""

import os
import random
from collections.abc import Iterator


def tries(few: int) -> Iterator[random.Random]:
    """Yield the random generator of each try: `few` tries, or as many as `python -m tests.campaigns` asks for."""
    defaults = {"SEED": 1, "TRIES": few, "FIRST": 0}
    seed, count, first = (int(os.environ.get(f"CAMPAIGN_{name}", value)) for name, value in defaults.items())
    for number in range(first, first + count):
        print(f"seed {seed}, try {number}", flush=True)  # the last one before an error is the one to repeat
        yield random.Random(f"{seed}:{number}")
