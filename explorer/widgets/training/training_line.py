"""TrainingLine: a run that is trained in the background, told in the header of another screen."""

from typing import TYPE_CHECKING

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from explorer.core.formatting import fit, visible
from explorer.training.live_run import LiveRun, Status

if TYPE_CHECKING:
    from rich.console import RenderableType

_WIDE = 100
_NAME = 16


class TrainingLine(Static):
    """`● run 340/2,000 loss 2.31`; a click opens the Train screen. Not there without a run that is trained."""

    DEFAULT_CSS = """
    TrainingLine { display: none; width: auto; height: 1; margin-left: 1; color: $text-accent; }
    """

    class Asked(Message):
        """A click."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tooltip = "a run is being trained: F3 shows it"
        self._told = ""

    def show_run(self, run: LiveRun) -> None:
        """Tell how the run stands."""
        self.display = run.status.alive
        told = words(run, wide=self.app.size.width >= _WIDE)
        if told != self._told:
            self._told = told
            self.update(self._text())

    def _text(self) -> "RenderableType":
        return Text(self._told, no_wrap=True)

    def on_click(self, event: events.Click) -> None:
        """Ask for the screen."""
        self.post_message(self.Asked())


def words(run: LiveRun, *, wide: bool) -> str:
    """What is told of a run, in a few cells or a few more."""
    mark = "⏸" if run.status is Status.PAUSED else "●"
    if run.description is None or run.status is Status.STOPPING:
        return f"{mark} {run.status.value}"
    if not wide:
        return f"{mark} {run.step / max(1, run.description.steps):.0%}"
    name = visible(run.request.name)
    loss = f" loss {run.last.loss:.2f}" if run.last else ""
    return f"{mark} {fit(name, min(len(name), _NAME))} {run.step:,}/{run.description.steps:,}{loss}"
