"""The name of a model at a step of its training: `shakespeare@100` is the snapshot after step 100 of `shakespeare`.

Such a name can be used wherever the name of a model can: in a View, on the command line and in a link line.
"""

import re

_AT_STEP = re.compile(r"(.+)@(\d{1,12})", re.ASCII | re.DOTALL)


def at_step(model: str, step: int) -> str:
    """Return the name of a snapshot of a model."""
    return f"{model}@{step}"


def split_step(name: str) -> tuple[str, int | None]:
    """Split a name into the model and the step; the step is None if the name has none.

    >>> split_step("shakespeare@100")
    ('shakespeare', 100)
    """
    match = _AT_STEP.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, None)


def step_label(step: int) -> str:
    """Return a step as it is written on the screen."""
    return f"step {step:,}"
