"""Looking closely on the Explore screen: one part as large as the screen, zoom, and what the mouse is over."""

from typing import TYPE_CHECKING

from textual import on
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from explorer.core.formatting import number, quoted, weight
from explorer.view import Stage
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.token_strip import TokenStrip

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.reading import Reading

LOOKING = ("whole_part", "details", "order", "zoom")
"""Actions of this part of the screen; they need something to look at."""


class Looking(Screen[None]):
    """The part of the Explore screen that concerns how, and not what, is seen."""

    app: "ExplorerApp"
    _whole: Widget | None = None
    _focused_before: Widget | None = None

    # One part as large as the screen

    @property
    def whole(self) -> Widget | None:
        """What alone is seen between the tokens and the keys: a panel, or the container of the matrices."""
        return self._whole

    @property
    def _wholes(self) -> list[Widget]:
        """What can be seen alone, in the order of the screen."""
        return [self.query_one("#matrices"), *self.query_one("#panels").children]

    def _part_of(self, widget: DOMNode | None) -> Widget:
        """The part that a widget belongs to; the matrices where it belongs to none."""
        parts = self._wholes
        while widget is not None and widget not in parts:
            widget = widget.parent
        return widget if isinstance(widget, Widget) else parts[0]

    def _see_alone(self, part: Widget | None) -> None:
        """Give all room to one part, or to all parts again."""
        if self._whole is None:
            self._focused_before = self.focused
        self._whole = part
        matrices, panels = self.query_one("#matrices"), self.query_one("#panels")
        for each in (panels, *self._wholes):
            each.set_class(part is not None and (each is part or part in each.children), "-seen")
        self.set_class(part is not None, "-whole")
        if self.app.reading is not None:
            self._show_matrices(self.app.reading)
        if part is None:
            self.set_focus(self._focused_before)
        elif part is matrices:
            self.set_focus(self._matrix_in_view)
        else:
            self.set_focus(part)

    def _show_matrices(self, reading: "Reading") -> None:
        raise NotImplementedError  # the screen's

    @property
    def _matrix_in_view(self) -> Matrix:
        """The matrix of the stage in view."""
        stage = self.app.view.stage
        return self.query_one(f"#matrix-{(Stage.WEIGHTS if stage is Stage.NEXT_TOKEN else stage).value}", Matrix)

    def restore(self) -> bool:
        """Show all parts again; whether one was alone."""
        if self._whole is None:
            return False
        self._see_alone(None)
        return True

    def focus_next(self, selector: "str | type" = "*") -> Widget | None:
        """Go on to the next part; the next one alone where one is alone."""
        if self._whole is not None:
            return self._next_alone(1)
        return self._beside_predictions(1) or super().focus_next(selector)

    def focus_previous(self, selector: "str | type" = "*") -> Widget | None:
        """Go back to the part before."""
        if self._whole is not None:
            return self._next_alone(-1)
        return self._beside_predictions(-1) or super().focus_previous(selector)

    def _beside_predictions(self, by: int) -> Widget | None:
        """Focus the panel before or after the predictions, which may hide them while they have the focus."""
        panels = list(self.query_one("#panels").children)
        place = panels.index(self.query_one(PredictionsPanel)) + by
        never_seen = self.has_class("-low") and (by > 0 or self.app.view.stepping)
        if never_seen or not (self.has_class("-choosing") and isinstance(self.focused, PredictionsPanel)):
            return None
        self.set_focus(panels[place])
        return panels[place]

    def _next_alone(self, by: int) -> Widget:
        parts = self._wholes
        assert self._whole is not None
        part = parts[(parts.index(self._whole) + by) % len(parts)]
        self._see_alone(part)
        return part

    def action_whole_part(self) -> None:
        """Give all room to one part, or to all parts again."""
        if not self.restore():
            self._see_alone(self._part_of(self.focused))

    def action_details(self) -> None:
        """Show the cell in full."""
        cell = self.query_one(CellPanel)
        if self._whole is cell:
            self.restore()
        else:
            self._see_alone(cell)

    # How it is drawn

    def action_order(self) -> None:
        """Order the products of the cell another way."""
        self.query_one(CellPanel).toggle_order()

    def action_zoom(self) -> None:
        """Draw all matrices at the next zoom."""
        zoom = self._matrix_in_view.next_zoom()
        with self.app.batch_update():
            for matrix in self.query(Matrix):
                matrix.zoom = zoom
            if self.app.reading is not None:
                self._show_matrices(self.app.reading)  # they may need more lines now, or fewer
        self.query_one(KeyLine).say(f" z: {self._matrix_in_view.zoom_words}")
        self.set_timer(2.0, lambda: self.query_one(KeyLine).say(""))

    # What the mouse is over

    @on(Matrix.CellHovered)
    def _cell_hovered(self, event: Matrix.CellHovered) -> None:
        reading, line = self.app.reading, ""
        if reading is not None and event.query is not None and event.key is not None:
            line = _of_cell(reading, event.matrix.stage, event.query, event.key)
        self.query_one(KeyLine).say(line)

    @on(TokenStrip.TokenHovered)
    def _token_hovered(self, event: TokenStrip.TokenHovered) -> None:
        reading, position = self.app.reading, event.position
        line = ""
        if reading is not None and position is not None and position < len(reading.encoding):
            line = _of_token(reading, position)
        self.query_one(KeyLine).say(line)


def _of_cell(reading: "Reading", stage: Stage, query: int, column: int) -> str:
    """All stages at one cell."""
    tokens = reading.encoding.tokens
    if query >= len(tokens):
        return ""
    row = reading.stages.row(query)
    of_query = f" query {query} {quoted(tokens[query])}"
    if stage is Stage.MIXED:
        return f"{of_query} · dimension {column}: mixed {number(row.mixed[0, column].item(), 9, 3).strip()}"
    if column >= len(tokens):
        return ""
    score, scaled = (number(x[0, column].item(), 9).strip() for x in (row.scores, row.scaled))
    seen = bool(row.inputs.visible[0, column].item())
    given = f"weight {weight(row.weights[0, column].item(), 3)}" if seen else "masked −∞ · weight 0"
    return f"{of_query} · key {column} {quoted(tokens[column])}: score {score} · scaled {scaled} · {given}"


def _of_token(reading: "Reading", position: int) -> str:
    """A token: its id, and what the current query gives it."""
    encoding, query = reading.encoding, reading.view.query
    row = reading.stages.row(query)
    of_token = f" token {position} {quoted(encoding.tokens[position])} · id {encoding.ids[position]}"
    asking = f"query {query} {quoted(encoding.tokens[query])}"
    if not row.inputs.visible[0, position].item():
        return f"{of_token} · not seen by {asking}"
    return f"{of_token} · weight {weight(row.weights[0, position].item(), 3)} from {asking}"
