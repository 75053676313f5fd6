"""A list to choose from, as Textual's, but without what that raises while it has no room."""

from textual.widgets import OptionList


class Options(OptionList):
    """An option list whose page keys do nothing where no line of it is seen (Textual 8.2: KeyError)."""

    def action_page_up(self) -> None:
        """Move the highlight up one page."""
        if self.scrollable_content_region:
            super().action_page_up()

    def action_page_down(self) -> None:
        """Move the highlight down one page."""
        if self.scrollable_content_region:
            super().action_page_down()
