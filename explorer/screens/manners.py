"""Help that begins with the part that has the focus, and the colours: what every screen of the application needs."""

from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from explorer.screens.help import HelpScreen, Part
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.peakedness import PeakednessPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.panels.row_table import RowTable
from explorer.widgets.sentence import SentenceInput
from explorer.widgets.token_strip import TokenStrip

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

_PARTS: dict[type[Widget], tuple[str, str]] = {
    Matrix: (
        "The matrix",
        "Row i is query i, column j is key j. A click on a cell chooses both, a click on a label one of them. What a "
        "query may not see is hatched; rows after the current query are dim, as the model has not read them. "
        "The legend below gives the range of the colours. y copies the whole matrix.",
    ),
    RowTable: (
        "The row table",
        "Every key of the current query: its score, the score times the scale, −∞ where the mask hides it, and its "
        "weight. A click chooses a key. y copies the row.",
    ),
    TokenStrip: (
        "The tokens",
        "The sentence as the model reads it, each token coloured by the weight that the current query gives it. "
        "A click makes a token the query.",
    ),
    PeakednessPanel: (
        "How peaked?",
        "How far the weights are from uniform, unscaled beside scaled, and the entropy over the scale with a mark at "
        "the scale of now: move it with − and +.",
    ),
    PredictionsPanel: (
        "The next token",
        "The most likely tokens after the current query, as trained beside as set, with the loss and the divergence, "
        "here and over the text. ↑ and ↓ choose a token as set, enter appends it, and so the model writes on; a click "
        "appends any. Backspace takes it back. y copies both lists.",
    ),
    CellPanel: (
        "The cell",
        "The dot product of the current query and key, product by product, then the scale, the mask and the softmax. "
        "y copies the components.",
    ),
    SentenceInput: (
        "The sentence",
        "What is typed is shown at once. Enter keeps it, escape gives it up. ↑ and ↓ go through earlier sentences. A "
        "paste keeps all its lines.",
    ),
}

_NOTHING = Part(
    "The parts of the screen",
    "tab moves the focus through the parts; ? then begins with help for the one that has it.",
)


def part_of(widget: Widget | None) -> Part:
    """Help for a widget: what is known of its kind, else what it says of itself, and the keys of its own."""
    if widget is None:
        return _NOTHING
    kind = type(widget)
    title, text = _PARTS.get(kind, ("", ""))
    if not title:
        title = str(widget.border_title or kind.__name__)
        text = widget.HELP or (kind.__doc__ or "").strip().split("\n\n")[0]
    keys = [
        (binding.key, binding.description)
        for binding in kind.BINDINGS
        if isinstance(binding, Binding) and binding.description and binding.key not in _ARROWS
    ]
    return Part(title, " ".join(text.split()), tuple(keys))


_ARROWS = ("left", "right", "up", "down")
"""They mean the same everywhere, and are in the list below."""


class Manners(Screen[None]):
    """The part of the Explore screen that helps and changes colours."""

    app: "ExplorerApp"

    def _help(self) -> None:
        self.app.push_screen(HelpScreen(part=part_of(self.focused)))
