"""NameInput: an input for the name of a file, which may hold any character."""

from rich.text import Text
from textual.widgets import Input

from explorer.core.formatting import marked


class NameInput(Input):
    """An input for a file name, which draws invisible characters as marks."""

    @property
    def _value(self) -> Text:
        return Text(marked(self.value), no_wrap=True, overflow="ignore", end="")
