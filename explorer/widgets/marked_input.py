"""MarkedInput: an input for a text that may hold any character, such as a token or the name of a file."""

from rich.text import Text
from textual.widgets import Input

from explorer.core.formatting import marked


class MarkedInput(Input):
    """An input that draws invisible characters as marks."""

    @property
    def _value(self) -> Text:
        return Text(marked(self.value), no_wrap=True, overflow="ignore", end="")
