"""NarrationLine: a sentence about the stage in view, and how to go on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.geometry import Size

from explorer.core.explanations import explain_stage
from explorer.core.formatting import wrapped
from explorer.view import STAGES
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.reading import Reading

ONE_LINE = 76
"""The width from which the sentence has one line instead of two."""

STEPPING = "n goes on · esc shows all"
"""How to go on stepping, and how to end it."""

FINISHED = "space starts again"


class NarrationLine(Lines, can_focus=False):
    """`3/6 The mask hides the 4 keys after ‘guy’ …   ▶ playing ×2`, at a constant height for each width.

    Of a sentence's wordings it takes the fullest that it has room for, so that nothing is cut off.
    """

    DEFAULT_CSS = """
    NarrationLine { height: auto; overflow: hidden hidden; }
    """

    _state = ""

    def show_state(self, state: str) -> None:
        """Show the state of the playback at the end of the line; nothing for an empty string."""
        if state != self._state:
            self._state = state
            self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines, which does not depend on the reading."""
        return 1 if width >= ONE_LINE else 2

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the longest wording that fits beside the state."""
        count = 1 if width >= ONE_LINE else 2
        view = reading.view
        lead = f"{STAGES.index(view.stage) + 1}/{len(STAGES)} "
        wordings = explain_stage(reading)
        state = self._state
        if not state and view.stepping:
            finished = view.stage is STAGES[-1] and view.query == len(reading.encoding) - 1
            state = FINISHED if finished else STEPPING
            if not self._fitting(wordings[:1], lead, state, width, count):
                state = state.partition(" ·")[0]
        made = self._fitting(wordings, lead, state, width, count) or self._fitting(wordings[-1:], lead, "", width, 99)
        lines = []
        for i, text in enumerate(made[:count]):
            start = lead if i == 0 else " " * len(lead)
            end = state if i == count - 1 else ""
            gap = width - len(lead) - cell_len(text) - cell_len(end)
            kind = "warning" if self._state else "faint"
            lines.append(line((start, self.style_of("faint")), text, (" " * max(0, gap) + end, self.style_of(kind))))
        if len(lines) < count:
            lines.append(line((" " * max(0, width - cell_len(state)) + state, self.style_of("faint"))))
        return lines

    def _fitting(self, wordings: Sequence[str], lead: str, state: str, width: int, count: int) -> list[str]:
        """Return the lines of the first wording that fits, or an empty list."""
        room = width - len(lead)
        last = room - (cell_len(state) + 2 if state else 0)
        for wording in wordings:
            if count == 1:
                if cell_len(wording) <= last:
                    return [wording]
                continue
            made = wrapped(wording, room, last)
            if len(made) <= count and all(map(lambda text, most: cell_len(text) <= most, made, (room, last))):
                return made
        return []
