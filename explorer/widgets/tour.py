"""TourPanel: the tour, above the matrices: a step explains one part of the screen and names the key that goes on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.geometry import Size

from explorer.actions import EXPLORE, Action, action_named
from explorer.core.formatting import wrapped
from explorer.core.tour import STEPS, Part, Progress
from explorer.view import Bounds, View
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.reading import Reading

TEXT_LINES = 3
"""Lines for the text of a step; below them is one for the key."""

LEAVE = "esc leaves"


class TourPanel(Lines, can_focus=False):
    """The text of a step, and a line such as `▶ press 2 to scale them`.

    Its height is constant, and it has no keys of its own: every key does what it always does.
    """

    HELP = """# The tour

    A tour of this screen in a dozen steps. It goes on when the key that it names is pressed, and every other key does
    what it always does. esc leaves the tour, F4 begins it again.
    """
    DEFAULT_CSS = """
    TourPanel { display: none; height: 5; overflow: hidden hidden; }
    """

    _progress: Progress | None = None

    @property
    def is_open(self) -> bool:
        """True while the tour is under way."""
        return self._progress is not None

    @property
    def number(self) -> int:
        """The number of the current step, from 0."""
        return self._progress.number if self._progress is not None else 0

    @property
    def highlighted(self) -> Part | None:
        """The part of the screen that the current step is about."""
        return self._progress.step.part if self._progress is not None else None

    def begin(self, view: View) -> None:
        """Begin with the first step; `view` is where leaving leads back to."""
        self._progress = Progress(view)

    def leave(self, view: View) -> View:
        """End the tour; return the view to go on with."""
        progress, self._progress = self._progress, None
        return progress.after(view) if progress is not None else view

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of `lines`, with or without a reading."""
        return TEXT_LINES + 1

    def follow(self, reading: "Reading") -> View | None:
        """Draw the step that a reading leads to. Return the view that it begins with, unless that is in view."""
        if self._progress is None:
            return None
        wanted = self._progress.advance(reading, _is_possible)
        if wanted is None:
            self.show(reading)
        return wanted

    def title(self, reading: "Reading") -> str:
        """Return the number and title of the current step."""
        if self._progress is None:
            return ""
        return f"tour {self.number + 1}/{len(STEPS)} · {self._progress.step.title}"

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the fullest wording that fits, and the key."""
        if self._progress is None:
            return []
        step = self._progress.step
        wordings = (wrapped(text, width, width) for text in step.text(reading))
        fitting = list(wordings)
        chosen = next((lines for lines in fitting if len(lines) <= TEXT_LINES), fitting[-1])[:TEXT_LINES]
        action = _action(step.actions, reading.view, reading.bounds)
        key = action.label if action is not None else ""
        asked = f" to {step.asks}"
        room = width - cell_len(f"▶ press {key}{asked}") - cell_len(LEAVE)
        end = " " * room + LEAVE if room >= 2 and key != "esc" else ""
        prompt = line(
            ("▶ press ", self.style_of("faint")),
            (f" {key} ", self.style_of("cursor")),
            asked,
            (end[2:], self.style_of("faint")),
        )
        return [*(line(text) for text in chosen), *[line("")] * (TEXT_LINES - len(chosen)), prompt]


def _action(names: Sequence[str], view: View, bounds: Bounds) -> Action | None:
    """Return the first of these actions that does something, or else the first of all."""
    actions = [action for name in names if (action := action_named(EXPLORE, name)) is not None]
    possible = (action for action in actions if action.change is None or action.changes(view, bounds))
    return next(possible, actions[0] if actions else None)


def _is_possible(name: str, view: View, bounds: Bounds) -> bool:
    action = action_named(EXPLORE, name)
    return action is not None and (action.change is None or action.changes(view, bounds))
