"""ComparisonPanel: the measures and the predictions of both sides, and how much the predictions differ."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.style import Style

from explorer.core.comparison import Comparison, Measure
from explorer.core.formatting import MINUS, fit, label, lookalikes, quoted, significant, weight
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.reading import Reading

BLOCK = 38
"""The width in cells that one block of measures needs."""

MOST_ACROSS = 4
TOKENS = 5
_NUMBER = 7
_LISTED = 20
_PLAIN = re.compile(rf"{MINUS}?[\d,]*\.?\d+")
_GAP = 2


class ComparisonPanel(Lines, can_focus=True):
    """Blocks of measures of the row, the head, the predictions and the next tokens, in as many columns as fit."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(compact=False, id=id)
        self._comparison: Comparison | None = None

    def title(self, reading: "Reading") -> str:
        """Return the title, which names the columns."""
        return "measures: left, right, and right − left"

    def compare(self, comparison: Comparison) -> None:
        """Draw a comparison."""
        self._comparison = comparison
        self.show(comparison.right)

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the blocks in columns."""
        if self._comparison is None:
            return []
        across = max(1, min(MOST_ACROSS, width // BLOCK))
        each = width // across - (_GAP if across > 1 else 0)
        blocks = self._blocks(self._comparison, each)
        columns: list[list[Line]] = [[] for _ in range(across)]
        for i, block in enumerate(blocks):
            columns[i * across // len(blocks)].extend(block)
        lines = []
        for row in zip_longest(*columns, fillvalue=line()):
            parts: list[tuple[str, Style | None]] = []
            for part in row:
                parts += [*part.parts, (" " * (each + _GAP - part.cell_len), None)]
            lines.append(Line(tuple(parts)))
        return lines

    def _blocks(self, comparison: Comparison, width: int) -> list[list[Line]]:
        row, head = comparison.row_measures(), comparison.head_measures()
        return [
            [self._heading(self._queries(comparison), width), *(self._measure(each, width) for each in row)],
            [self._heading("head, mean row", width), *(self._measure(each, width) for each in head)],
            [
                self._heading("text", width),
                *(self._measure(each, width) for each in comparison.loss_measures()),
                *self._divergence(comparison),
            ],
            self._tokens(comparison, width),
        ]

    def _queries(self, comparison: Comparison) -> str:
        """Return the token of the query, or those of both sides if they differ."""
        sides = [(side.view.query, side.encoding.tokens[side.view.query]) for side in comparison.sides]
        if sides[0] == sides[1]:
            return f"query {sides[0][0]} {quoted(sides[0][1])}"
        return " | ".join(f"{query} {quoted(token)}" for query, token in sides)

    def _heading(self, name: str, width: int) -> Line:
        room = max(0, width - 3 * _NUMBER)
        columns = (fit(text, _NUMBER, "right") for text in ("left", "right", f"R {MINUS} L"))
        return line(
            (fit(name, room), self.style_of("label")), *((column, self.style_of("faint")) for column in columns)
        )

    def _measure(self, measure: Measure, width: int) -> Line:
        room = max(0, width - 3 * _NUMBER)
        left, right = _written(measure, measure.left), _written(measure, measure.right)
        written = [left, right, _between(left, right) or _written(measure, measure.difference)]
        same = measure.difference == 0.0
        return line(
            (fit(measure.name, room), self.style_of("faint")),
            *(fit(text, _NUMBER, "right") for text in written[:2]),
            (fit(_signed(written[2], measure), _NUMBER, "right"), self.style_of("faint" if same else "current")),
        )

    def _divergence(self, comparison: Comparison) -> list[Line]:
        kl = comparison.kl
        words = "–  other vocabulary" if kl is None else f"{significant(kl)} nats"
        return [line(("KL(left ‖ right) ", self.style_of("faint")), (words, self.style_of("current")))]

    def _tokens(self, comparison: Comparison, width: int) -> list[Line]:
        """Return the most likely next tokens of both sides."""
        half = width // 2
        lines = [
            line((fit("next token, left", half), self.style_of("label")), (fit("right", half), self.style_of("label")))
        ]
        sides = []
        for side in comparison.sides:
            found = side.as_set.predictions(side.view.query, TOKENS)
            sides.append([(side.token_text(each.token_id), each.probability) for each in found])
        alike = lookalikes(token for found in sides for token, _ in found)
        for pair in zip_longest(*sides):
            parts: list[str | tuple[str, Style]] = []
            for prediction in pair:
                name = fit(label(prediction[0], alike), max(1, half - 6)) if prediction else ""
                parts.append(fit(f"{name} {weight(prediction[1])}" if prediction else "", half))
            lines.append(line(*parts))
        return lines


def _written(measure: Measure, x: float | None) -> str:
    return "–" if x is None else measure.write(x)


def _between(left: str, right: str) -> str:
    """Return right − left of two formatted numbers, so that they add up as written; empty if either is not a number."""
    if not all(_PLAIN.fullmatch(text) for text in (left, right)):
        return ""
    decimals = max(len(text.partition(".")[2]) for text in (left, right))  # a weight of exactly 1 has no decimals
    found = Decimal(right.replace(MINUS, "-").replace(",", "")) - Decimal(left.replace(MINUS, "-").replace(",", ""))
    text = f"{abs(found):,.{decimals}f}"
    text = text.removeprefix("0") if left.startswith(".") or right.startswith(".") else text
    return MINUS + text if found < 0 else text


def _signed(text: str, measure: Measure) -> str:
    """Return a formatted difference with its sign."""
    difference = measure.difference
    return f"+{text}" if difference is not None and difference > 0 and text.strip("0.") else text


def tokens_text(comparison: Comparison) -> str:
    """Say on one line which tokens differ and which parts of the texts are not read; empty if both are the same."""
    left, right = comparison.sides
    parts = []
    if len(left.encoding) != len(right.encoding):
        parts.append(
            f"{len(left.encoding)} tokens left, {len(right.encoding)} right: "
            f"the difference is over the first {comparison.positions}"
        )
    if other := comparison.differing_positions:
        some = ", ".join(f"{i} {_unequal(left.encoding.tokens[i], right.encoding.tokens[i])}" for i in other[:_LISTED])
        more = f" and {len(other) - _LISTED} more" if len(other) > _LISTED else ""
        parts.append(f"tokens differ at {some}{more}")
    for name, side in (("left", left), ("right", right)):
        if side.left_out:
            parts.append(f"{name} leaves out {side.left_out} tokens beyond its context")
        if side.encoding.unknown:
            parts.append(f"{name} does not know {len(side.encoding.unknown)} characters")
    return " · ".join(parts)


def _unequal(one: str, other: str) -> str:
    """Return two tokens that differ, in quotes."""
    alike = lookalikes((one, other))
    return f"{quoted(one, alike=alike)} ≠ {quoted(other, alike=alike)}"
