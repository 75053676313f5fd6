"""The part of the Explore screen that opens the Train screen and tells in the header that a run is trained."""

from typing import TYPE_CHECKING

from textual import on
from textual.screen import Screen

from explorer.training.live_run import LiveRun, Update
from explorer.widgets.training.training_line import TrainingLine

if TYPE_CHECKING:
    from explorer.app import ExplorerApp


class OpeningTrain(Screen[None]):
    """The run goes on whatever is shown."""

    app: "ExplorerApp"

    def action_train(self) -> None:
        """Open the Train screen."""
        self.app.show_training()

    def show_run(self, run: LiveRun, update: Update | None) -> None:
        """Tell how it stands."""
        self.query_one(TrainingLine).show_run(run)

    @on(TrainingLine.Asked)
    def _training_asked(self) -> None:
        self.action_train()
