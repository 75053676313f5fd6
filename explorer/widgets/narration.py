"""NarrationLine: a plain sentence about the stage in view, or about what a switch has just done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.geometry import Size

from explorer.core.explanations import explain_stage
from explorer.core.formatting import fullest, wrapped
from explorer.view import Stage
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.change_explanations import ChangeExplanation
    from explorer.core.reading import Reading

ONE_LINE = 76
"""The width from which the sentence has one line instead of two."""

STEPPING = "n goes on · esc shows all"
"""The hint on how to continue and how to end stepping."""

FINISHED = "space starts again"

TRY = "Try m (no mask), s (no scale), − and + (another scale) or x (no head): this line says what it did."
"""The hint shown while no switch is changed, if there is a line for the effect of switches."""

_CHANGED = "▸ "
"""The mark before the explanation of a switch."""


class NarrationLine(Lines, can_focus=False):
    """`3/6 The mask hides the 4 keys after ‘guy’ …   ▶ playing ×2`, at a constant height for each width.

    A sentence has several wordings; the fullest that fits is shown, so that nothing is cut off. After a switch, the
    line explains what it did to the row and, on a second line, to the prediction. A wide widget that has a second line
    always compares the prediction with that of the model as trained there.
    """

    DEFAULT_CSS = """
    NarrationLine { height: auto; overflow: hidden hidden; }
    """

    _state = ""
    _change: "ChangeExplanation | None" = None

    def show_state(self, state: str) -> None:
        """Show the state of the playback at the end of the line; an empty string shows nothing."""
        if state != self._state:
            self._state = state
            self.redraw()

    def explain(self, change: "ChangeExplanation | None") -> None:
        """Explain a switch when the next reading is shown; None explains the stage in view again."""
        self._change = change

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines, which does not depend on the reading."""
        return 1 if width >= ONE_LINE else 2

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the explanation of the switch, or the sentence about the stage."""
        count = 1 if width >= ONE_LINE and self._height < 2 else 2
        if self._change is not None:
            return self._of_change(self._change, width, count)
        if count == 2 and width >= ONE_LINE and (reading.view.changed or _room_to_try(reading, width)):
            return [*self._of_stage(reading, width, 1), self._effect(reading, width)]
        return self._of_stage(reading, width, count)

    def _of_change(self, change: "ChangeExplanation", width: int, count: int) -> list[Line]:
        """Return what the switch did to the row and, if `count` is 2, to the prediction."""
        room = width - len(_CHANGED)
        lines = [line((_CHANGED, self.style_of("warning")), (fullest(change.row, room), self.style_of("label")))]
        if count == 2:
            lines.append(line((" " * len(_CHANGED), self.style_of("faint")), fullest(change.prediction, room)))
        return lines

    def _effect(self, reading: "Reading", width: int) -> Line:
        """Return what all switches together do to the prediction, or a hint on what to try."""
        lead = " " * len(_lead(reading))
        if not reading.view.changed:
            return line((lead + TRY, self.style_of("faint")))
        lead += "As set, not as trained: "
        text = fullest(reading.explain_prediction(), width - len(lead))
        text = f"n{text[1:]}" if text.startswith("Next ") else text  # after a colon
        return line((lead if text else "", self.style_of("faint")), text)

    def _of_stage(self, reading: "Reading", width: int, count: int) -> list[Line]:
        """Return the fullest wording that fits beside the state."""
        view = reading.view
        lead = _lead(reading)
        wordings = explain_stage(reading)
        state = self._state
        if not state and view.stepping:
            finished = view.stage is Stage.NEXT_TOKEN and view.query == len(reading.encoding) - 1
            state = FINISHED if finished else STEPPING
            if not self._fitting(wordings[:1], lead, state, width, count):
                state = state.partition(" ·")[0]
        made = self._fitting(wordings, lead, state, width, count) or self._fitting(wordings[-1:], lead, "", width, 99)
        lines: list[Line] = []
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


def _lead(reading: "Reading") -> str:
    """Return the number of the stage in view: `3/6 `."""
    stages = reading.bounds.stages
    return f"{stages.index(reading.view.stage) + 1}/{len(stages)} "


def _room_to_try(reading: "Reading", width: int) -> bool:
    """Return True if what there is to try fits on the second line."""
    return len(_lead(reading)) + cell_len(TRY) <= width
