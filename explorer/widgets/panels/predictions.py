"""PredictionsPanel: the predictions of the next token after the current query, as trained and as set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from explorer.core.formatting import bar, fit, fixed, label, lookalikes, quoted, weight
from explorer.view import Stage
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.trace import Trace

COUNT = 10
_BEFORE, _FEWEST = 2, 4
"""The number of text tokens shown above the one after the query, and the least number shown at the end of the text."""

_ABOVE = 2
"""The number of lines above the tokens."""

Parts = list[str | tuple[str, Style]]


@dataclass(frozen=True, slots=True)
class Token:
    """A token that may come next; `actual` if it is the next token of the text."""

    id: int
    text: str
    probability: float
    actual: bool


@dataclass(frozen=True, slots=True)
class Forecast:
    """The predictions of one trace after the current query. Losses are in nats, None if there is no next token."""

    name: str
    tokens: tuple[Token, ...]
    next_loss: float | None
    mean_loss: float | None

    @classmethod
    def of(cls, reading: "Reading", trace: "Trace", name: str) -> "Forecast":
        """Return the predictions of a trace."""
        position = reading.view.query
        actual = trace.token_ids[position + 1] if position + 1 < len(trace.token_ids) else None
        tokens = tuple(
            Token(each.token_id, reading.token_text(each.token_id), each.probability, each.token_id == actual)
            for each in trace.predictions(position, COUNT)
        )
        next_loss = None if actual is None else trace.losses[position].item()
        return cls(name, tokens, next_loss, trace.loss)


@dataclass(frozen=True, slots=True)
class Followed:
    """A token of the text and the loss with which it was predicted; `here` if it follows the current query."""

    text: str
    loss: float
    here: bool

    @property
    def probability(self) -> float:
        """The probability that the model gave the token."""
        return math.exp(-self.loss)


def followed(reading: "Reading") -> tuple[Followed, ...]:
    """Return the tokens of the text around the current query, as many as there are predictions."""
    tokens, losses, query = reading.encoding.tokens, reading.as_trained.losses, reading.view.query
    first = max(0, min(query - _BEFORE, len(losses) - _FEWEST))
    shown = losses[first : first + COUNT].tolist()
    return tuple(Followed(tokens[i + 1], loss, i == query) for i, loss in enumerate(shown, first))


@dataclass(frozen=True, slots=True)
class Both:
    """The predictions as trained and as set, and the KL divergence between them in nats, here and as a mean."""

    trained: Forecast
    changed: Forecast
    kl_here: float
    kl_text: float

    @classmethod
    def of(cls, reading: "Reading", trained: Forecast | None = None) -> "Both":
        """Return the predictions of a reading; `trained` saves working out those as trained again."""
        trained = trained or Forecast.of(reading, reading.as_trained, "as trained")
        if reading.as_set is reading.as_trained:
            same = Forecast("as set", trained.tokens, trained.next_loss, trained.mean_loss)
            return cls(trained, same, 0.0, 0.0)
        changed = Forecast.of(reading, reading.as_set, "as set")
        divergences = reading.divergences
        return cls(trained, changed, divergences[reading.view.query].item(), divergences.mean().item())


def _loss(x: float | None) -> str:
    return "–" if x is None else fixed(x, 2)


def _kl(x: float) -> str:
    return fixed(x, 2).removeprefix("0")


class PredictionsPanel(Lines, can_focus=True):
    """The most likely next tokens with their probabilities, as trained and as set, and how much the two differ.

    While no switch is changed, both are the same: the second column then shows how well the model predicted the tokens
    of the text.

    While the panel has the focus, ↑ and ↓ choose one of the tokens as set; a click chooses any token at once.
    """

    HELP = """# The next token

    All heads serve one purpose: to predict what comes next. Here is what a switch, which changes one head or many,
    does to the prediction in the end.

    The most likely tokens after the current query, as trained beside as set, with the loss and the divergence, here
    and over the text. ↑ and ↓ choose a token as set, enter appends it, and so the model writes on; a click appends
    any. Backspace takes it back. y copies both lists.
    """

    TERMS: ClassVar[tuple[str, ...]] = ("as trained, as set", "loss", "KL")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Token above", show=False),
        Binding("down,j", "choose(1)", "Token below", show=False),
    ]

    class TokenChosen(Message):
        """Posted when a token is clicked."""

        def __init__(self, panel: "PredictionsPanel", token_id: int) -> None:
            super().__init__()
            self.panel = panel
            self.token_id = token_id

        @property
        def control(self) -> "PredictionsPanel":
            """The panel."""
            return self.panel

    _both: Both | None = None
    _source: tuple[object, ...] = ()
    _is_pending = False
    _chosen = 0
    _alike: frozenset[str] = frozenset()  # the predicted tokens that only a space tells apart
    _clickable: tuple[tuple[int | None, ...], ...] = ()  # for each line, the tokens in its columns from left to right

    def show(self, reading: "Reading") -> None:
        """Draw a reading, unless only the key, layer or head has changed, which leaves the predictions the same."""
        source = (reading.as_set, reading.as_trained, reading.view.query)
        stage = reading.view.stage is Stage.NEXT_TOKEN, reading.view.is_pending(Stage.NEXT_TOKEN)
        before, self._source = self._source, (*source, *stage)
        if before == self._source:
            self.reading = reading
            return
        if before[:3] != source:
            self._both = Both.of(reading, self._both.trained if self._both and before[1:3] == source[1:3] else None)
            self._chosen = 0
        self._is_pending = reading.view.is_pending(Stage.NEXT_TOKEN)
        super().show(reading)
        if before[:3] != source:
            self.scroll_home(animate=False)

    @property
    def candidate(self) -> int | None:
        """The id of the token chosen with ↑ and ↓."""
        return self._both.changed.tokens[self._chosen].id if self._both else None

    def title(self, reading: "Reading") -> str:
        """Return the title: the token after which the model predicts, and the divergence."""
        title = f"next token after {quoted(reading.encoding.tokens[reading.view.query], 12)}"
        if reading.as_set is reading.as_trained or self._both is None:
            return title
        return f"{title} · KL {self._both.kl_here:.3f} here, {self._both.kl_text:.3f} text"

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return both predictions side by side, or on one line."""
        both = self._both or Both.of(reading)
        self._alike = lookalikes(token.text for forecast in (both.trained, both.changed) for token in forecast.tokens)
        self._clickable = ()
        if self.compact:
            return [self._one_line(reading, both, width)]
        if reading.as_set is reading.as_trained:
            return self._beside_text(both.trained, followed(reading), width)
        return self._columns(both, width)

    # On one line

    def _one_line(self, reading: "Reading", both: Both, width: int) -> Line:
        """Return the fullest wording that fits."""
        made = line()
        for short, count in ((0, 3), (0, 2), (1, 2), (1, 1), (2, 1), (3, 1)):
            made = line(*self._parts(reading, both, short, count))
            if made.cell_len <= width:
                break
        return made

    def _parts(self, reading: "Reading", both: Both, short: int, count: int) -> Parts:
        faint, lit = self.style_of("faint"), reading.view.stage is Stage.NEXT_TOKEN
        same = reading.as_set is reading.as_trained
        lead = ("next token ", "next ", "", "")[short]
        parts: Parts = [("▸" + lead if lit else lead, self.style_of("label") if lit else faint)]
        pairs = [(both.changed, "")] if same else [(both.trained, "trained "), (both.changed, "set ")]
        for forecast, name in pairs:
            parts.append((name if short < 3 else name[:1] + " ", faint))
            for token in forecast.tokens[:count]:
                text = quoted(token.text, 6 if short > 1 else None, self._alike)
                parts += [(text, self._style(token)), (f" {weight(token.probability)} ", self._plain())]
        parts.append(("│ ", faint))
        here, text = ("here ", "text ") if short < 2 else ("", "")
        for word, before, after in (
            (f"loss {here}" if short < 3 else "", both.trained.next_loss, both.changed.next_loss),
            (text or "/", both.trained.mean_loss, both.changed.mean_loss),
        ):
            losses = _loss(after) if same or before is None else f"{_loss(before)}→{_loss(after)}"
            parts += [(word, faint), (losses, self._plain()), (" " if text else "", faint)]
        if not same:
            kl = (
                f"KL {here}{both.kl_here:.2f} {text}{both.kl_text:.2f}"
                if text
                else f" KL {_kl(both.kl_here)}/{_kl(both.kl_text)}"
            )
            parts.append((kl, self.style_of("warning")))
        return parts

    # Side by side

    def _columns(self, both: Both, width: int) -> list[Line]:
        each = width // 2
        pair = both.trained, both.changed
        lines = [line(*((fit(f"  {forecast.name}", each), self.style_of("label")) for forecast in pair))]
        losses: Parts = []
        for forecast in pair:
            text = f"  loss here {_loss(forecast.next_loss)}, text {_loss(forecast.mean_loss)}"
            changed = forecast is both.changed and forecast.tokens is not both.trained.tokens
            losses.append((fit(text, each), self.style_of("warning" if changed else "faint")))
        lines.append(line(*losses))
        for i, (left, right) in enumerate(zip(both.trained.tokens, both.changed.tokens, strict=True)):
            lines.append(line(*self._token(left, each, False), *self._token(right, each, i == self._chosen)))
        rows = zip(both.trained.tokens, both.changed.tokens, strict=True)
        self._clickable = ((),) * _ABOVE + tuple((left.id, right.id) for left, right in rows)
        return lines

    def _beside_text(self, forecast: Forecast, text: Sequence[Followed], width: int) -> list[Line]:
        """Return the predictions beside the tokens of the text, each with its probability and loss."""
        each = width // 2
        faint, strong = self.style_of("faint"), self.style_of("label")
        lead = f"  loss here {_loss(forecast.next_loss)}, text {_loss(forecast.mean_loss)}"
        lines = [
            line((fit(f"  {forecast.name}", each), strong), ("  the text itself" if text else "", strong)),
            line((fit(lead, each), faint), (self._heading(width - each) if text else "", faint)),
        ]
        for i, (token, actual) in enumerate(zip_longest(forecast.tokens, text)):
            left = line(*(self._token(token, each, i == self._chosen) if token else ()))
            right = self._followed(actual, width - each) if actual else []
            lines.append(Line((*left.parts, (" " * (each - left.cell_len), None), *line(*right).parts)))
        self._clickable = ((),) * _ABOVE + tuple((token.id, None) for token in forecast.tokens)
        return lines

    def _heading(self, width: int) -> str:
        return fit("  token", _names(width) + 2) + f"{'p':>3} {'loss':>5}"

    def _followed(self, token: Followed, width: int) -> Parts:
        """Return a token of the text with its probability, its loss, and the probability as a bar."""
        names = _names(width)
        style = self.style_of("faint" if self._is_pending else "label" if token.here else "name")
        share = token.probability
        bars = max(0, width - names - 14)
        return [
            (fit(f"{'✓' if token.here else ' '} {label(token.text)}", names + 1), style),
            (f" {weight(share):>3} {fixed(token.loss, 2):>5} ", style),
            (bar(share, bars), self.style_of("faint") if self._is_pending else self.bar_style(share)),
        ]

    def _token(self, token: Token, width: int, chosen: bool) -> Parts:
        """Return a token with its bar, in `width` cells."""
        names = min(14, max(3, width // 2 - 3))
        bars = max(0, width - names - 8)
        here = chosen and self.has_focus
        mark = "▸" if here else "✓" if token.actual else " "
        name = fit(f"{mark} {quoted(token.text, alike=self._alike)}", min(names + 2, width - 4))
        return [
            (name, self.style_of("cursor") if here else self._style(token)),
            (weight(token.probability).rjust(3) + " ", self._style(token)),
            (bar(token.probability, bars - 2) + "  " if bars > 2 else " " * bars, self._bar_style(token)),
        ]

    def _style(self, token: Token) -> Style:
        if self._is_pending:
            return self.style_of("faint")
        return self.style_of("label" if token.actual else "name")

    def _plain(self) -> Style:
        return self.style_of("faint" if self._is_pending else "name")

    def _bar_style(self, token: Token) -> Style:
        return self.style_of("faint") if self._is_pending else self.bar_style(token.probability)

    # Keys and mouse

    def action_choose(self, by: int) -> None:
        """Choose the token above or below."""
        if self._both is None:
            return
        self._chosen = max(0, min(len(self._both.changed.tokens) - 1, self._chosen + by))
        self.redraw()
        self._keep_in_view()

    def _keep_in_view(self) -> None:
        row = self._chosen + _ABOVE
        top, room = self.scroll_offset.y, max(1, self._height)
        if self._chosen == 0:
            self.scroll_to(y=0, animate=False)
        elif not top <= row < top + room:
            self.scroll_to(y=row if row < top else row - room + 1, animate=False)

    def on_focus(self, event: events.Focus) -> None:
        """Highlight the chosen token."""
        self.redraw()

    def on_blur(self, event: events.Blur) -> None:
        """Remove the highlight, and choose the first token again."""
        self._chosen = 0
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Choose the token below the mouse."""
        offset = event.get_content_offset(self)
        row = -1 if offset is None else offset.y + self.scroll_offset.y
        if offset is None or not 0 <= row < len(self._clickable) or not self._clickable[row]:
            return
        ids = self._clickable[row]
        token_id = ids[min(len(ids) - 1, offset.x * len(ids) // max(1, self._width))]
        if token_id is not None:
            self.post_message(self.TokenChosen(self, token_id))


def _names(width: int) -> int:
    """Return the width in cells of the token names in the column of the text."""
    return min(14, max(3, width // 2 - 5))
