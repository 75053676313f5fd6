"""The consoles on which the commands print tables, plots and progress."""

from rich.console import Console


class PipeConsole(Console):
    """A console whose reader may go away, as that of a pipe does."""

    def on_broken_pipe(self) -> None:
        """Re-raise BrokenPipeError: Rich would exit the process with a code of its own."""
        raise


def console() -> Console:
    """Return a console that prints text from outside as it is: without markup, highlighting or emoji codes."""
    return PipeConsole(markup=False, highlight=False, emoji=False)
