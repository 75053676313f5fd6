"""The part of the Explore screen that opens the Compare screen and the model picker."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.screen import Screen

from explorer.core.catalog import without_step
from explorer.core.comparison import opening

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.comparison import Pair
    from explorer.view import View


class OpeningCompare(Screen[None]):
    """Two more ways from one view to another."""

    app: "ExplorerApp"

    if TYPE_CHECKING:

        def steps_to_compare(self, view: View) -> Pair | None: ...  # noqa: D102

    def action_compare(self) -> None:
        """Open the Compare screen."""
        from explorer.screens.compare import CompareScreen

        if (reading := self.app.reading) is not None:
            pair = self.steps_to_compare(reading.view) or opening(reading.view, reading.bounds)
            self.app.push_screen(CompareScreen(pair))

    def action_models(self) -> None:
        """Choose another model."""
        from explorer.screens.dialogs.models import ModelsScreen

        model = without_step(self.app.view.model)
        self.app.push_screen(ModelsScreen(model, self.app.open_models), self._model_chosen)

    def _model_chosen(self, name: str | None) -> None:
        if name is not None and name != self.app.view.model:
            self.app.look(replace(self.app.view, model=name))
