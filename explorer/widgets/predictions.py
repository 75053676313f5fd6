"""PredictionsPanel: what the model expects after the current query, as trained beside as set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style

from explorer.reading import Reading
from explorer.text import bar, fit, label, weight
from explorer.widgets.lines import Line, Lines, line
from explorer.widgets.wording import quoted

if TYPE_CHECKING:
    from model.trace import Trace

COUNT = 8
_SIDE_BY_SIDE = 44
"""Cells from which the two columns stand side by side."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One trace's predictions after the current query. Losses are in nats; None where there is no next token."""

    name: str
    tokens: tuple[tuple[str, float, bool], ...]  # text, probability, whether it is the actual next token
    next_loss: float | None
    mean_loss: float | None

    @classmethod
    def of(cls, reading: Reading, trace: "Trace", name: str) -> "Forecast":
        """Read off a trace."""
        position = reading.view.query
        actual = trace.token_ids[position + 1] if position + 1 < len(trace.token_ids) else None
        tokens = tuple(
            (reading.token_text(each.token_id), each.probability, each.token_id == actual)
            for each in trace.predictions(position, COUNT)
        )
        next_loss = None if actual is None else trace.losses[position].item()
        return cls(name, tokens, next_loss, trace.loss)


def _loss(x: float | None) -> str:
    return "–" if x is None else f"{x:.2f}"


class PredictionsPanel(Lines, can_focus=True):
    """The most likely next tokens with their probabilities, the losses, and the divergence between the two."""

    def show(self, reading: Reading) -> None:
        """Draw a reading; a step of the key, layer or head changes nothing here."""
        before = self.reading
        same = before and (before.as_set, before.as_trained) == (reading.as_set, reading.as_trained)
        if before and same and before.view.query == reading.view.query:
            self.reading = reading
            return
        super().show(reading)

    def title(self, reading: Reading) -> str:
        """After which token."""
        return f"next token after {quoted(reading.encoding.tokens[reading.view.query])}"

    def lines(self, reading: Reading, width: int) -> Sequence[Line]:
        """Two columns, or two lines, or one."""
        from model.trace import kl_divergence

        trained = Forecast.of(reading, reading.as_trained, "as trained")
        changed = Forecast.of(reading, reading.as_set, "as set")
        kl = kl_divergence(reading.as_trained, reading.as_set, reading.view.query)
        if self.compact:
            return [self._one_line(reading, trained, changed, kl, width)]
        if width < _SIDE_BY_SIDE:
            return [*self._list(trained, width), *self._list(changed, width), line(fit(f"KL {kl:.3f}", width))]
        return [*self._columns(trained, changed, width), *self._measures(reading, trained, changed, kl, width)]

    def _one_line(self, reading: Reading, trained: Forecast, changed: Forecast, kl: float, width: int) -> Line:
        """The longest wording that fits."""
        token = reading.encoding.tokens[reading.view.query]
        same = reading.as_set is reading.as_trained
        line_so_far = line()
        for count, lead in ((3, f"after {quoted(token)} "), (3, "next "), (2, "next "), (1, "")):
            parts: list[str | tuple[str, Style]] = [(lead, self.part("faint"))]
            for forecast, name in ((trained, "trained"), (changed, "set")):
                parts.append((f"{name} ", self.part("faint")))
                for text, probability, actual in forecast.tokens[:count]:
                    parts.append((label(text), self.part("label" if actual else "name")))
                    parts.append(f" {weight(probability)} ")
                parts.append(("│ " if forecast is trained else "", self.part("faint")))
            parts.append((f"loss {_loss(trained.mean_loss)}", self.part("faint")))
            parts.append(("" if same else f"→{_loss(changed.mean_loss)} KL {kl:.2f}", self.part("warning")))
            line_so_far = line(*parts)
            if line_so_far.cell_len <= width:
                break
        return line_so_far

    def _list(self, forecast: Forecast, width: int) -> list[Line]:
        lines = [line((fit(forecast.name, width), self.part("label")))]
        for text, probability, actual in forecast.tokens[:4]:
            name = fit(("✓" if actual else " ") + label(text), max(1, width - 4))
            lines.append(line((name, self._token_style(actual)), weight(probability)))
        lines.append(line(fit(f"loss {_loss(forecast.next_loss)}, text {_loss(forecast.mean_loss)}", width)))
        return lines

    def _columns(self, trained: Forecast, changed: Forecast, width: int) -> list[Line]:
        each = width // 2
        names = min(14, each // 2 - 3)
        lines = [line((fit("  as trained", each), self.part("label")), (fit("  as set", each), self.part("label")))]
        for pair in zip(trained.tokens, changed.tokens, strict=True):
            parts: list[str | tuple[str, Style]] = []
            for text, probability, actual in pair:
                bars = max(0, each - names - 8)
                parts.append((fit(("✓ " if actual else "  ") + label(text), names + 2), self._token_style(actual)))
                parts.append((weight(probability).rjust(3) + " ", self._token_style(actual)))
                parts.append((bar(probability, bars) + "  ", self.bar_style(probability)))
            lines.append(line(*parts))
        return lines

    def _measures(self, reading: Reading, trained: Forecast, changed: Forecast, kl: float, width: int) -> list[Line]:
        each = width // 2
        position, tokens = reading.view.query, reading.encoding.tokens
        following = f"loss of {quoted(tokens[position + 1])} " if position + 1 < len(tokens) else "no next token "
        rows = [(following, trained.next_loss, changed.next_loss), ("mean loss ", trained.mean_loss, changed.mean_loss)]
        lines = []
        for name, *losses in rows:
            parts: list[str | tuple[str, Style]] = []
            for loss in losses:
                parts.append((fit("  " + name, min(each - 5, len(name) + 2)), self.part("faint")))
                parts.append((fit(_loss(loss), each - min(each - 5, len(name) + 2)), self.part("name")))
            lines.append(line(*parts))
        lines.append(line((fit("", each) + "  KL from as trained ", self.part("faint")), f"{kl:.3f}"))
        return lines

    def _token_style(self, actual: bool) -> Style:
        return self.part("label") if actual else self.part("name")
