"""The first frame: what Explore shows before a model is open, without the imports that Explore needs.

Explore takes its place as soon as it is painted, looking the same, and answers what was typed meanwhile.
"""

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from explorer.actions import EXPLORE, footer
from explorer.core.formatting import marked
from explorer.view import View
from explorer.widgets.key_line import KeyLine

WITHOUT_READING = ("edit", "train", "help")
"""Actions of the footer that make sense before a model is open."""


class OpeningScreen(Screen[None]):
    """Shows the sentence, which model is being loaded, and the footer."""

    AUTO_FOCUS = ""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view
        self.early: list[events.Key | events.Paste] = []
        """Keys and pastes that came before Explore, which gets them."""

    def compose(self) -> ComposeResult:
        """Lay out few widgets, as each of them delays the first frame."""
        yield Static("Attention Explorer", id="title", markup=False)
        with Horizontal(id="sentence-line"):
            yield Static("❯", id="prompt", markup=False)
            yield Static(Text(marked(self._view.text), no_wrap=True, overflow="crop"))
        yield Static(Text(loading(self._view.model), no_wrap=True, overflow="ellipsis"), id="state")
        yield KeyLine(footer(EXPLORE), WITHOUT_READING.__contains__)

    def on_key(self, event: events.Key) -> None:
        """Queue it for Explore."""
        self.early.append(event)
        event.stop()

    def on_paste(self, event: events.Paste) -> None:
        """Queue it for Explore."""
        self.early.append(event)
        event.stop()


def loading(name: str) -> str:
    """Return what to show while a model is being opened."""
    return f"loading {name}…"
