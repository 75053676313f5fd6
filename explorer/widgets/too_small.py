"""TooSmall: the one line that a screen shows in a terminal that is too small for it."""

from textual.geometry import Size
from textual.widgets import Static

SMALLEST = (60, 18)
"""The least columns and rows of a terminal in which screens are shown."""


class TooSmall(Static):
    """`Attention Explorer needs 60×18 or more: this terminal has 59×18`; hidden, unless the style sheet shows it."""

    def __init__(self) -> None:
        super().__init__(id="too-small", markup=False)

    def show_size(self, size: Size) -> None:
        """Show the size of the terminal."""
        columns, rows = SMALLEST
        now = f"this terminal has {size.width}×{size.height}"
        self.update(f"Attention Explorer needs {columns}×{rows} or more: {now}")
