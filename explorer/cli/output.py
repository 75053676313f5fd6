"""The console on which the commands print tables and plots."""

from rich.console import Console


def console() -> Console:
    """Return a console that prints text from outside as it is: without markup, highlighting or emoji codes."""
    return Console(markup=False, highlight=False, emoji=False)
