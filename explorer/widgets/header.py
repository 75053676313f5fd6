"""HeaderLine: one line with the model and head in view and the state of the switches."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message

from explorer.core.formatting import fit, significant, visible, wrapped
from explorer.core.head_kinds import head_kind
from explorer.core.steps import split_step, step_label
from explorer.view import Stage, View
from explorer.widgets.panels.lines import Line, Lines, line
from explorer.widgets.wording import heads_text, scale_text, switched_text
from model.settings import Scope

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.head_scores import HeadScores

_DOT = " · "
_SHORTEST = 4

_MOST_BELOW = 2
"""The maximum number of lines of the list of ablated heads; the tooltip shows the whole list."""


class Part(NamedTuple):
    """A part of the line; `action` is the action of Explore that changes it, if there is one."""

    text: str
    style: str
    action: str = ""


class HeaderLine(Lines, can_focus=False):
    """`stories · L2 H3 · previous token .46 · head_size 16 · mask causal · scale 1/√16 = 0.25 · acts on: head`.

    A changed switch is marked by a star and a colour, and the heads that it changes are named. In less width the
    wording is shorter; a list of ablated heads that is too long continues on the next line.
    """

    DEFAULT_CSS = """
    HeaderLine { height: auto; overflow: hidden hidden; }
    """

    scores: "HeadScores | None" = None
    """The head scores of the model in view, once measured; the line names the kind of a head with a high score."""

    own_step: int | None = None
    """The step of the model in view while the timeline is open, for a model whose name does not contain it."""

    _drawn: tuple[object, ...] = ()

    class PartSelected(Message):
        """Posted when a part of the line is clicked; `action` is what changes it."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def on_click(self, event: events.Click) -> None:
        """Post what changes the part below the mouse."""
        if event.y == 0 and self.reading is not None and (action := self._action_at(self.reading, event.x)):
            self.post_message(self.PartSelected(action))

    def _action_at(self, reading: "Reading", x: int) -> str:
        """Return the action of the part at a cell of the line; empty between parts and for a part without one."""
        parts, dot, _ = self._fitting(reading, self._width)
        start = 0
        for part in parts:
            end = start + cell_len(part.text)
            if start <= x < end:
                return part.action
            start = end + len(dot)
        return ""

    def show(self, reading: "Reading") -> None:
        """Draw a reading if that changes the line; the tooltip lists all ablated heads."""
        drawn = self.scores, self.own_step, reading.model_name, reading.left_out, reading.as_set, _of_head(reading.view)
        if drawn == self._drawn:
            self.reading = reading
            return
        self._drawn = drawn
        super().show(reading)
        ablated = reading.view.ablated
        self.tooltip = Text(f"ablated {heads_text(ablated)}") if ablated else None

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the longest wording that fits; if none does, the shortest one continues on more lines."""
        parts, dot, below = self._fitting(reading, width)
        styled = []
        for i, part in enumerate(parts):
            styled.append((dot if i else "", self.style_of("faint")))
            styled.append((part.text, self.style_of(part.style)))
        return [line(*styled), *(line((text, self.style_of("warning"))) for text in below)]

    def _fitting(self, reading: "Reading", width: int) -> tuple[list[Part], str, list[str]]:
        """Return the parts of the first line, what stands between them, and the lines below it."""
        for short in range(_SHORTEST + 1):
            parts = self._parts(reading, short)
            dot = _DOT if short < _SHORTEST else " "
            below: list[str] = []
            if reading.view.ablated and short == _SHORTEST and _width(parts, dot) > width:
                *parts, ablated = parts
                below = _wrapped(ablated.text, width)
            if _width(parts, dot) <= width:
                break
        if reading.left_out and (short == _SHORTEST or _width([*parts, _left_out(reading)], dot) > width):
            below = [_left_out(reading).text, *below]
        elif reading.left_out:
            parts.append(_left_out(reading))
        return parts, dot, below

    def _parts(self, reading: "Reading", short: int) -> list[Part]:
        """Return the parts of the line, from full wordings at `short` = 0 to `_SHORTEST`; ablated heads come last."""
        view, inputs = reading.view, reading.stages.inputs
        base, step = split_step(reading.model_name)
        name = visible(base)
        scale = float(inputs.scale)
        mask_changed, scale_changed = view.causal is not None, view.scale is not None
        scale_label = scale_text(reading) if short < 2 else significant(scale, 4)
        mask_label = "causal" if inputs.causal else "off"
        if inputs.causal and inputs.window is not None:
            mask_label += f", window {inputs.window}"
        head, groups = f"L{view.layer} H{view.head}", reading.as_set.inputs[view.layer].groups
        parts = [
            Part(name if short < 3 else fit(name, min(cell_len(name), 8)), "label", "models"),
            *([Part(step_label(step), "warning")] if step is not None else []),
            *([Part(step_label(self.own_step), "label")] if step is None and self.own_step is not None else []),
            Part(head + (f" · kv {view.head // groups}" if groups > 1 else ""), "label", "heads"),
        ]
        if (note := reading.shape.model_note) and short < _SHORTEST:
            parts.insert(1, Part(note if short < 2 else note.partition(" ")[0], "warning"))
        if note := reading.shape.layer_note(view.layer):
            parts.append(Part(note if short < 1 else note.partition(",")[0], "warning"))
        if short < 2 and (words := head_kind(self.scores, view.layer, view.head)):
            parts.append(Part(words, "current"))
        if short < 1:
            parts.append(Part(f"head_size {inputs.head_size}", "faint"))
        parts += [
            Part(f"{'*' if mask_changed else ''}mask {mask_label}", "warning" if mask_changed else "name", "mask"),
            Part(f"{'*' if scale_changed else ''}scale {scale_label}", "warning" if scale_changed else "name", "scale"),
            _scope(view, short),
        ]
        if view.ablated:
            parts.append(Part(f"*ablated {heads_text(view.ablated)}", "warning"))
        return parts


def _of_head(view: View) -> View:
    """Return the view with defaults for what the line does not show: the text and the place in it."""
    return replace(view, text="", query=0, key=0, stage=Stage.SCORES, stepping=False)


def _scope(view: View, short: int) -> Part:
    """Return what the switches act on, with the changed heads once a switch is changed."""
    if view.causal is None and view.scale is None:
        return Part(f"acts on: {view.scope}" if short < 2 else f"on {view.scope}", "name", "scope")
    scope = {Scope.HEAD: "head ", Scope.LAYER: "layer ", Scope.MODEL: "model: "}[view.scope] if short < 1 else ""
    return Part(f"*{'acts ' if short < 2 else ''}on {scope}{switched_text(view)}", "warning", "scope")


def _left_out(reading: "Reading") -> Part:
    return Part(f"{reading.left_out:,} tokens left out", "warning")


def _width(parts: Sequence[Part], dot: str) -> int:
    return sum(cell_len(part.text) for part in parts) + len(dot) * (len(parts) - 1)


def _wrapped(ablated: str, width: int) -> list[str]:
    """Return the ablated heads on a few lines, without a line break inside a layer."""
    lines = wrapped(ablated.replace(" H", "\u00a0H"), width, width - 2)
    if len(lines) > _MOST_BELOW:
        lines = [*lines[: _MOST_BELOW - 1], f"{lines[_MOST_BELOW - 1]} …"]
    return [fit(("  " if i else "") + text.replace("\u00a0", " "), width) for i, text in enumerate(lines)]
