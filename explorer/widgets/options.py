"""Options: Textual's OptionList without the exceptions that Textual 8.2 raises while the list has no room."""

from textual.geometry import Size
from textual.widgets import OptionList

_LEAST_WIDTH = 10


class Options(OptionList):
    """An option list that has a minimum width, and whose page keys do nothing while no line is in view."""

    DEFAULT_CSS = f"""
    Options {{
        min-width: {_LEAST_WIDTH};
    }}
    """

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the height of all options in lines; a width of 0, which Textual may pass, counts as the minimum."""
        return super().get_content_height(container, viewport, max(width, _LEAST_WIDTH))

    def action_page_up(self) -> None:
        """Move the highlight up one page."""
        if self.scrollable_content_region:
            OptionList.action_page_up(self)

    def action_page_down(self) -> None:
        """Move the highlight down one page."""
        if self.scrollable_content_region:
            OptionList.action_page_down(self)
