"""LossCurve: training and validation loss over the steps of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from explorer.core.plot import Curve, axis, draw
from explorer.widgets.panels.lines import Line, line
from explorer.widgets.training.run_panel import RunPanel

if TYPE_CHECKING:
    from explorer.training.run_state import RunState

_MARGIN = 0.03


class LossCurve(RunPanel, can_focus=True):
    """The training loss as a line, the validation loss as V marks, and a dashed line at ln(vocabulary size).

    For a model trained without the causal mask, P marks the validation loss when it reads the prefix alone. Each axis
    is linear or logarithmic.
    """

    log_loss = False
    log_steps = False

    def run_title(self, run: "RunState") -> str:
        """Return the legend."""
        axes = " and ".join(name for name, log in (("loss", self.log_loss), ("steps", self.log_steps)) if log)
        prefix = ", P from the prefix" if run.curves.prefix_losses else ""
        return f"loss in nats: line training, V validation{prefix}{f' · log {axes}' if axes else ''}"

    def run_lines(self, run: "RunState", width: int, height: int) -> Sequence[Line]:
        """Return the plot, as large as the panel."""
        if run.description is None or not run.curves.losses.points:
            return self.placeholder("the curve begins with the first step", width)
        level = run.description.uniform_loss
        curves = [
            Curve("T", run.curves.losses.points),
            Curve("V", (), run.curves.validation_losses),
            Curve("P", (), run.curves.prefix_losses),
        ]
        values = [value for curve in curves for _, value in (*curve.line, *curve.marks)]
        steps = axis([run.curves.losses.points[0][0], run.curves.losses.points[-1][0]], self.log_steps)
        losses = axis([*values, level], self.log_loss, _MARGIN)
        vocabulary = run.description.config.vocab_size
        levels = [(level, f"ln({vocabulary:,}) = {level:.2f}")]
        styles = self._styles()
        drawn = draw(curves, steps, losses, width, height, levels)
        return [
            line(*((text, self.style_of("faint") if owner is None else styles[owner]) for text, owner in pieces))
            for pieces in drawn
        ]

    def _styles(self) -> list[Style]:
        return [self.bar_style(0.6), self.style_of("warning"), self.style_of("current")]
