"""The name of a model at a step of its training: `shakespeare@100` is the snapshot after step 100 of `shakespeare`.

A view at a step is a view like any other: such a name is a model, on the command line and in a link line too.
"""

import re

from explorer.core.formatting import visible

_AT_STEP = re.compile(r"(.+)@(\d{1,12})", re.ASCII | re.DOTALL)


def at_step(model: str, step: int) -> str:
    """The name of a model's snapshot."""
    return f"{model}@{step}"


def split_step(name: str) -> tuple[str, int | None]:
    """The model and the step that a name means; None where it names no step.

    >>> split_step("shakespeare@100")
    ('shakespeare', 100)
    """
    found = _AT_STEP.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, None)


def step_words(step: int) -> str:
    """A step as it is written on the screen."""
    return f"step {step:,}"


def shown_name(name: str) -> str:
    """The name of a model for the screen, in plain words where it is one at a step."""
    model, step = split_step(name)
    return visible(name) if step is None else f"{visible(model)} {step_words(step)}"
