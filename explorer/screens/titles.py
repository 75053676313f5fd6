"""The titles of the parts of the Explore screen, where several parts share one place."""

from typing import TYPE_CHECKING

from textual.content import Content

from explorer.core.formatting import quoted
from explorer.view import MATRIX_STAGES, Stage
from explorer.widgets.wording import matrix_measure, matrix_title

if TYPE_CHECKING:
    from explorer.core.reading import Reading


def tabs(reading: "Reading", chosen: Stage, width: int) -> Content:
    """All matrices by their keys, to be clicked; the chosen one with what it holds and, if it fits, its measure."""
    with_measure = _tabs(reading, chosen, matrix_measure(reading, chosen))
    return with_measure if with_measure.cell_length <= width else _tabs(reading, chosen, Content(""))


def _tabs(reading: "Reading", chosen: Stage, measure: Content) -> Content:
    parts = []
    for number, stage in enumerate((*MATRIX_STAGES, Stage.MIXED), 1):
        if stage is chosen:
            title = matrix_title(reading, stage).stylize("bold")
            parts.append(title + Content(" · ") + measure if measure else title)
        else:
            click = f"screen.change_view('stage_{stage.value}')"
            parts.append(Content.from_markup(f"[dim $foreground @click={click}]{number} {stage.value}[/]"))
    return Content("  ").join(parts)


def row_title(reading: "Reading") -> str:
    """Which query the row table is of."""
    query = reading.view.query
    return f"query {query} {quoted(reading.encoding.tokens[query])}"
