"""The dialog that shows the link line, which opens the view again."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from explorer.screens.dialogs.base import Dialog


class LinkScreen(Dialog[None]):
    """Shows the line without a frame beside it, so that it can be selected by hand where there is no clipboard."""

    CSS_PATH = "link.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,L,enter,space", "dismiss", "Close", show=False)]

    def __init__(self, link: str) -> None:
        super().__init__()
        self._link = link

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        with VerticalScroll() as box:
            box.border_title = "This command line opens this view again; it is copied"
            box.border_subtitle = "esc closes"
            yield Static(Text(self._link, overflow="fold"), markup=False)
