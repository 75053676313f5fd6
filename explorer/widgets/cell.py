"""CellPanel: the arithmetic of one cell, product by product."""

from collections.abc import Sequence
from decimal import Decimal

from rich.cells import cell_len
from rich.style import Style

from explorer.arithmetic import CellArithmetic, Steps
from explorer.reading import Reading
from explorer.text import INFINITY, MINUS, bar, fit, fixed
from explorer.widgets.lines import Line, Lines, line
from explorer.widgets.wording import quoted

_PRODUCT = 28
"""Cells that one product takes at least, with its bar."""

_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class CellPanel(Lines, can_focus=True):
    """q·k of the current query and key as a sum of products, and what becomes of it on the way to a weight."""

    def title(self, reading: Reading) -> str:
        """Which cell."""
        query, key = self._names(reading)
        return f"this cell: query {query} · key {key}"

    def lines(self, reading: Reading, width: int) -> Sequence[Line]:
        """The steps, then the products, largest first; or one line."""
        cell = CellArithmetic.of(reading)
        steps = cell.steps
        if self.compact:
            return [self._one_line(reading, steps, cell.hidden, width)]
        return [*self._steps(reading, cell, steps, width), *self._products(cell, steps.digits, width)]

    def _names(self, reading: Reading) -> tuple[str, str]:
        tokens = reading.encoding.tokens
        return quoted(tokens[reading.view.query]), quoted(tokens[reading.view.key])

    def _one_line(self, reading: Reading, steps: Steps, hidden: bool, width: int) -> Line:
        query, key = self._names(reading)
        scaled = f"{steps.score} × {steps.scale} {_sign(steps.scaled_exact)} {steps.scaled}"
        end = f"hidden {MINUS}{INFINITY} → 0" if hidden else f"e^ → {steps.power} / {steps.row_sum}"
        given = "" if hidden else f" {_sign(steps.weight_exact)} {steps.weight}"
        wordings = (
            f"query {query} · key {key}: q·k {scaled}, {end}{given}",
            f"{query}·{key}: {scaled}, {end}{given}",
            f"{scaled}, {end}{given}",
            f"q·k {steps.score} → {steps.weight}",
        )
        return line(next((words for words in wordings if fit(words, width).rstrip() == words), wordings[-1]))

    def _steps(self, reading: Reading, cell: CellArithmetic, steps: Steps, width: int) -> list[Line]:
        faint, strong = self.part("faint"), self.part("label")
        query, key = self._names(reading)
        rows: list[tuple[str, str, str]] = [
            ("q·k", f"{query} · {key} =", steps.score),
            ("× scale", f"{steps.score} × {steps.scale} {_sign(steps.scaled_exact)}", steps.scaled),
        ]
        if cell.hidden:
            rows += [
                ("mask", "the query may not see this key", MINUS + INFINITY),
                ("weight", f"e^{MINUS}{INFINITY} / {steps.row_sum} =", "0"),
            ]
        else:
            rows += [
                ("e^x", f"e^{steps.scaled} {_sign(steps.power_exact)}", steps.power),
                ("weight", f"{steps.power} / row's sum {steps.row_sum} {_sign(steps.weight_exact)}", steps.weight),
            ]
        room = width - 10
        return [
            line((fit(name, 9), faint), f"{how} " if cell_len(how) + cell_len(result) <= room else "", (result, strong))
            for name, how, result in rows
        ]

    def _products(self, cell: CellArithmetic, digits: int, width: int) -> list[Line]:
        """Each q_d · k_d with a signed bar, in as many columns as fit."""
        faint = self.part("faint")
        written, total = cell.written_products(digits)
        order = sorted(range(len(written)), key=lambda d: -abs(written[d]))
        most = max((abs(float(x)) for x in written), default=0.0) or 1.0
        columns = max(1, width // _PRODUCT)
        if len(order) + 5 <= self._height:
            columns = 1
        each = width // columns
        lines = [line((fit(f"the products q_d · k_d, largest first; they add up to {_decimal(total)}", width), faint))]
        number_width = max((len(_decimal(x)) for x in written), default=1)
        deep = -(-len(order) // columns)
        for row in range(deep):
            parts: list[str | tuple[str, Style]] = []
            for d in order[row::deep]:
                parts += self._product(d, cell, written[d], most, number_width, each)
            lines.append(line(*parts))
        return lines

    def _product(
        self, d: int, cell: CellArithmetic, product: Decimal, most: float, number_width: int, each: int
    ) -> list[str | tuple[str, Style]]:
        """`₃ −1.20 × −1.31 =  1.57 ▐██`, as much of it as fits into `each` cells."""
        faint = self.part("faint")
        name = str(d).translate(_SUBSCRIPT)
        given = f"q{name}k{name}".ljust(7)
        result = _decimal(product).rjust(number_width)
        factors = f"{fixed(cell.q[d], 2).rjust(6)} ×{fixed(cell.k[d], 2).rjust(6)} = "
        room = each - len(given) - number_width - 2
        if room < len(factors) + 9:
            factors = ""
        side = max(0, (room - len(factors)) // 2 - 1)
        share = float(product) / most
        left = bar(-share, side)[::-1] if share < 0 else " " * side
        # A bar that grows to the left has no eighths to draw with: whole and half cells are enough.
        left = "".join("█" if c == "█" else "▐" if c in "▌▋▊▉" else " " for c in left)
        right = bar(share, side) if share > 0 else " " * side
        bars: list[str | tuple[str, Style]] = []
        if side:
            bars = [(left, self._signed(-1)), ("│", faint), (right, self._signed(1))]
        used = len(given) + len(factors) + number_width + 1 + (2 * side + 1 if side else 0)
        return [(given, faint), (factors, faint), result + " ", *bars, " " * max(0, each - used)]

    def _signed(self, sign: int) -> Style:
        ramp = self.palette.diverging
        level = ramp.levels[ramp.zero + sign * (ramp.zero * 3 // 4)]
        return self.base + (Style(color=level.pixel) if level.pixel else level.style)


def _sign(exact: bool) -> str:
    return "=" if exact else "≈"


def _decimal(x: Decimal) -> str:
    text = f"{abs(x):f}"
    return MINUS + text if x < 0 else text
