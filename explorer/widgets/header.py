"""HeaderLine: what is looked at, and what is changed about it, on one line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from explorer.head_scores import strongest
from explorer.reading import Reading
from explorer.text import fit, significant, visible
from explorer.widgets.lines import Line, Lines, line
from explorer.widgets.wording import heads_text, scale_name, switched_text

if TYPE_CHECKING:
    from model.metrics import HeadScores

_DOT = " · "


class HeaderLine(Lines, can_focus=False):
    """`stories · L2 H3 · previous token .46 · head_size 16 · mask causal · scale 1/√16 = 0.25 · acts on: head`.

    A changed switch has a star before it, and its own colour. As the line gets narrow, the wording gets short.
    """

    DEFAULT_CSS = """
    HeaderLine { height: 1; overflow: hidden hidden; }
    """

    scores: "HeadScores | None" = None
    """Of the model in view, when they have been measured: a head with a strong one is called by it."""

    def lines(self, reading: Reading, width: int) -> Sequence[Line]:
        """The longest wording that fits."""
        wordings = [self._parts(reading, short) for short in (0, 1, 2, 3)]
        for parts in wordings:
            if sum(cell_len(text) for text, _ in parts) + len(_DOT) * (len(parts) - 1) <= width:
                break
        styled = []
        for i, (text, part) in enumerate(parts):
            styled.append((_DOT if i else "", self.part("faint")))
            styled.append((text, self.part(part)))
        return [line(*styled)]

    def _parts(self, reading: Reading, short: int) -> list[tuple[str, str]]:
        view, inputs = reading.view, reading.stages.inputs
        name = visible(reading.model_name)
        scale = float(inputs.scale)
        mask_changed, scale_changed = view.causal is not None, view.scale is not None
        scale_words = scale_name(scale, inputs.head_size) if short < 2 else significant(scale, 4)
        mask_words = "causal" if inputs.causal else "off"
        parts = [
            (name if short < 3 else fit(name, min(cell_len(name), 8)), "label"),
            (f"L{view.layer} H{view.head}", "label"),
        ]
        if short < 2 and (words := strongest(self.scores, view.layer, view.head)):
            parts.append((words, "current"))
        if short < 1:
            parts.append((f"head_size {inputs.head_size}", "faint"))
        parts += [
            (f"{'*' if mask_changed else ''}mask {mask_words}", "warning" if mask_changed else "name"),
            (f"{'*' if scale_changed else ''}scale {scale_words}", "warning" if scale_changed else "name"),
            (f"acts on: {view.scope}" if short < 2 else f"on {view.scope}", "name"),
        ]
        if (mask_changed or scale_changed) and short < 3:
            parts.append((f"*changed {switched_text(view)}", "warning"))
        if view.ablated:
            parts.append((f"*ablated {heads_text(view.ablated)}", "warning"))
        if reading.left_out:
            parts.append((f"{reading.left_out:,} tokens left out", "warning"))
        return parts
