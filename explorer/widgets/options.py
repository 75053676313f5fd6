"""A list to choose from, as Textual's, but without what that raises while it has no room (8.2)."""

from textual.geometry import Size
from textual.widgets import OptionList

_LEAST_WIDTH = 10


class Options(OptionList):
    """An option list with room for a few characters whatever the terminal, and page keys that need a line in view."""

    DEFAULT_CSS = f"""
    Options {{
        min-width: {_LEAST_WIDTH};
    }}
    """

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Rows of all options; asked about no width at all while the terminal has none."""
        return super().get_content_height(container, viewport, max(width, _LEAST_WIDTH))

    def action_page_up(self) -> None:
        """Move the highlight up one page."""
        if self.scrollable_content_region:
            OptionList.action_page_up(self)

    def action_page_down(self) -> None:
        """Move the highlight down one page."""
        if self.scrollable_content_region:
            OptionList.action_page_down(self)
