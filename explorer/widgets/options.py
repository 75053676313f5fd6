"""A list to choose from, as Textual's, but without what that raises while it has no room (8.2)."""

from textual.widgets import OptionList


class Options(OptionList):
    """An option list with room for a few characters whatever the terminal, and page keys that need a line in view."""

    DEFAULT_CSS = """
    Options {
        min-width: 10;
    }
    """

    def action_page_up(self) -> None:
        """Move the highlight up one page."""
        if self.scrollable_content_region:
            super().action_page_up()

    def action_page_down(self) -> None:
        """Move the highlight down one page."""
        if self.scrollable_content_region:
            super().action_page_down()
