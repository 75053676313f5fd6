"""The part of the Explore screen that opens the Train screen."""

from typing import TYPE_CHECKING

from textual.screen import Screen

if TYPE_CHECKING:
    from explorer.app import ExplorerApp


class OpeningTrain(Screen[None]):
    """The run goes on whatever is shown."""

    app: "ExplorerApp"

    def action_train(self) -> None:
        """Open the Train screen."""
        self.app.show_training()
