"""SideLine: what one side of a comparison shows; what differs from the other side is in bold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.message import Message

from explorer.core.comparison import Comparison, Side
from explorer.core.formatting import fit, marked, significant, visible
from explorer.core.steps import split_step, step_label
from explorer.widgets.panels.lines import Line, Lines, line
from explorer.widgets.wording import heads_text, scale_name, switched_text

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_DOT = " · "
_SHORTEST_SENTENCE = 12
_MOST_DRAWN = 400  # characters; no terminal is wider


class SideLine(Lines, can_focus=False):
    """`▶ right  stories · L2 H3 · as set · mask off · scale none ×1 · ‘Ivan is …’`; ▶ marks the active side.

    In less width, what is the same on both sides is left out first. Two snapshots of one training run may then be
    named by their steps alone.
    """

    DEFAULT_CSS = """
    SideLine { height: 1; overflow: hidden hidden; }
    """

    class Chosen(Message):
        """Posted when the line is clicked."""

        def __init__(self, side: Side) -> None:
            super().__init__()
            self.side = side

    def __init__(self, side: Side, *, id: str | None = None) -> None:
        super().__init__(compact=True, id=id)
        self.side = side
        self._comparison: Comparison | None = None
        self._active = False
        self._steps: tuple[int | None, ...] = (None, None)

    def compare(self, comparison: Comparison, active: bool, steps: tuple[int | None, ...] = (None, None)) -> None:
        """Draw this side of a comparison; `steps` are the training steps of both models, None if not known."""
        self._comparison = comparison
        self._active = active
        self._steps = steps
        self.show(comparison.sides[self.side])

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the longest wording that fits, and the sentence in the remaining room."""
        differing = self._comparison.differing if self._comparison else frozenset()
        made: list[tuple[str, str]] = []
        lead = f"{'▶' if self._active else ' '} {'left ' if self.side is Side.LEFT else 'right'} "
        for short in range(4):
            made = self._parts(reading, differing, short)
            room = width - len(lead) - sum(len(text) + len(_DOT) for text, _ in made)
            if room >= (_SHORTEST_SENTENCE if "text" in differing else 1 - len(_DOT)):
                break
        parts: list[str | tuple[str, Style]] = [(lead, self.style_of("cursor" if self._active else "faint")), " "]
        for i, (text, name) in enumerate(made):
            parts += [(_DOT if i else "", self.style_of("faint")), (text, self._style(name, differing))]
        if room >= _SHORTEST_SENTENCE:
            sentence = marked(reading.view.text[:_MOST_DRAWN])
            parts += [(_DOT, self.style_of("faint")), (fit(f"‘{sentence}’", room - 1), self._style("text", differing))]
        return [line(*parts)]

    def _style(self, name: str, differing: frozenset[str]) -> Style:
        return self.style_of("current" if name in differing else "faint")

    def _parts(self, reading: "Reading", differing: frozenset[str], short: int) -> list[tuple[str, str]]:
        """Return the texts of the line, each with the name of what it shows; the larger `short`, the less text."""
        view, inputs = reading.view, reading.stages.inputs
        scale = float(inputs.scale)
        name, shortest = self._names(reading)
        switches = "mask" if "mask" in differing else "scale" if "scale" in differing else "ablated"
        parts = [
            (name if short < 2 else shortest, "model"),
            (f"L{view.layer} H{view.head}", "head"),
            ("as set" if view.changed else "as trained", switches),
            (f"mask {'causal' if inputs.causal else 'off'}", "mask"),
            (f"scale {scale_name(scale, inputs.head_size) if short < 1 else significant(scale, 4)}", "scale"),
        ]
        if view.causal is not None or view.scale is not None:
            parts.append((f"on {switched_text(view)}", switches))
        if view.ablated:
            parts.append((f"ablated {heads_text(view.ablated)}", "ablated"))
        return parts if short < 2 else [part for part in parts if part[1] in differing or part[1] == "head"]

    def _names(self, reading: "Reading") -> tuple[str, str]:
        """Return the model's name in full and at its shortest: only the step if both sides are of one training run."""
        base, step = split_step(reading.model_name)
        name = visible(base)
        short = fit(name, min(cell_len(name), 12))
        if step is None and self._comparison is not None:
            others = {split_step(side.view.model)[1] for side in self._comparison.sides}
            step = self._steps[self.side] if others != {None} else None
        if step is None:
            return name, short
        same = self._comparison and len({split_step(side.model_name)[0] for side in self._comparison.sides}) == 1
        return f"{name} {step_label(step)}", step_label(step) if same else f"{short} {step_label(step)}"

    def on_click(self, event: events.Click) -> None:
        """Ask for the keys to act on this side."""
        self.post_message(self.Chosen(self.side))
