"""TrainingLine: the state of a training run in the background, for the header of other screens."""

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from explorer.core.formatting import fit, visible
from explorer.training.run_state import RunState, RunStatus
from explorer.training.session import RunChange

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

_WIDE = 100
_NAME = 16


class TrainingLine(Static):
    """`● run 340/2,000 loss 2.31`; a click opens the Train screen. Hidden unless a run is being trained."""

    DEFAULT_CSS = """
    TrainingLine { display: none; width: auto; height: 1; margin-left: 1; color: $text-accent; }
    """

    app: "ExplorerApp"

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tooltip = "a run is being trained: F3 shows it"
        self._summary = ""

    def on_mount(self) -> None:
        """Follow the run of the application."""
        self.app.training.changed.subscribe(self, self._run_changed)

    def _run_changed(self, change: RunChange) -> None:
        run = change.run
        self.display = run.status.is_alive
        summary = run_summary(run, wide=self.app.size.width >= _WIDE)
        if summary != self._summary:
            self._summary = summary
            self.update(Text(summary, no_wrap=True))

    async def on_click(self) -> None:
        """Open the Train screen."""
        await self.run_action("screen.train")


def run_summary(run: RunState, *, wide: bool) -> str:
    """Return the state of a run as a short text, or as a longer one if `wide`."""
    mark = "⏸" if run.status is RunStatus.PAUSED else "●"
    if run.description is None or run.status is RunStatus.STOPPING:
        return f"{mark} {run.status.value}"
    if not wide:
        return f"{mark} {run.step / max(1, run.description.steps):.0%}"
    name = visible(run.request.name)
    loss = f" loss {run.curves.last_step.loss:.2f}" if run.curves.last_step else ""
    return f"{mark} {fit(name, min(len(name), _NAME))} {run.step:,}/{run.description.steps:,}{loss}"
