"""TooSmall: the one line that a screen shows where the terminal has no room for it."""

from textual.geometry import Size
from textual.widgets import Static

SMALLEST = (60, 18)
"""Columns and rows below which nothing can be shown well."""


class TooSmall(Static):
    """`Attention Explorer needs 60×18 or more: this terminal has 59×18`; hidden, unless the style sheet shows it."""

    def __init__(self) -> None:
        super().__init__(id="too-small", markup=False)

    def show_size(self, size: Size) -> None:
        """Say how large the terminal is."""
        columns, rows = SMALLEST
        now = f"this terminal has {size.width}×{size.height}"
        self.update(f"Attention Explorer needs {columns}×{rows} or more: {now}")
