"""CellPanel: the arithmetic of one cell, product by product, or the sum of weighted values at the mixed stage."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.style import Style

from explorer.core.arithmetic import CellArithmetic, MixedArithmetic, Steps
from explorer.core.formatting import INFINITY, MINUS, bar, fit, fullest, label, number, quoted, significant, weight
from explorer.view import Stage
from explorer.widgets.panels.lines import Later, Line, Lines, line

if TYPE_CHECKING:
    from explorer.core.reading import Reading

Parts = list[str | tuple[str, Style]]

_FACTORS = 22
"""The width in cells of the dimension and the factors of a product: `   1.20 ×  −1.31 =`."""

_SHORTEST_BARS = 9
_TALL = 13
"""The least height in lines at which each step has a line of its own."""

MIXED_DIGITS = 3
_TERM = 9


class CellPanel(Lines, can_focus=True):
    """The dot product q·k of the current query and key, and the steps from this score to the weight.

    At the mixed stage, the panel shows each dimension of the query's mixed values as a sum over keys instead.
    """

    HELP = """# The cell

    Nothing is hidden in attention: each weight comes from multiplications that can be done by hand. Here they are for
    the one cell in view.

    The dot product of the current query and key, product by product, then the scale, the mask and the softmax. y
    copies the components.
    """

    TERMS: ClassVar[tuple[str, ...]] = ("q, k, v", "q·k, score", "Σ", "×0.25, scale", "e^ → a / b")

    in_order = False
    """True to list the products in the order of the dimensions, False to list the largest first."""

    before_rotation = False
    """True to show q and k before they are rotated by their positions."""

    def toggle_rotation(self) -> None:
        """Switch between q and k before their rotation and those from which the scores are computed."""
        self.before_rotation = not self.before_rotation
        self.redraw()

    def toggle_order(self) -> None:
        """Switch between the largest products first and the order of the dimensions."""
        self.in_order = not self.in_order
        self.redraw()

    def title(self, reading: "Reading") -> str:
        """Return the title, which names the query and key."""
        query, key = self._names(reading)
        if reading.view.stage is Stage.MIXED:
            return f"mixed values of query {query}"
        return f"this cell: query {query} · key {key}"

    def lines(self, reading: "Reading", width: int) -> Sequence[Line]:
        """Return the steps, then the products; a compact panel shows the steps on one line."""
        if reading.view.stage is Stage.MIXED:
            mixed = MixedArithmetic.of(reading)
            return [self._one_line_mixed(reading, mixed, width)] if self.compact else self._mixed(reading, mixed, width)
        cell = CellArithmetic.of(reading)
        steps = cell.steps
        if self.compact:
            return [self._one_line(reading, steps, cell.hidden, width)]
        before = CellArithmetic.before_rotation(reading) if self.before_rotation else None
        shown, prefix = (cell, "") if before is None else (before, "before rotation, ")
        products = self._products(shown, steps.digits, width, prefix)
        return Later((*self._steps(reading, cell, steps, width), *products))

    def _names(self, reading: "Reading") -> tuple[str, str]:
        tokens = reading.encoding.tokens
        return quoted(tokens[reading.view.query]), quoted(tokens[reading.view.key])

    # The steps from the score to the weight

    def _one_line(self, reading: "Reading", steps: Steps, hidden: bool, width: int) -> Line:
        query, key = self._names(reading)
        chain = _chain(reading, steps, hidden)
        wordings = (
            f"query {query} · key {key}: q·k {chain}",
            f"{query}·{key}: {chain}",
            chain,
            f"q·k {steps.score}" + ("" if reading.view.is_pending(Stage.WEIGHTS) else f" → {steps.weight}"),
        )
        return line(fullest(wordings, width))

    def _steps(self, reading: "Reading", cell: CellArithmetic, steps: Steps, width: int) -> list[Line]:
        faint, strong = self.style_of("faint"), self.style_of("label")
        if 0 < self._height < _TALL:  # always one line, so that the layout does not depend on the numbers
            chain = _chain(reading, steps, cell.hidden)
            ending = "" if reading.view.is_pending(Stage.WEIGHTS) else f" → weight {steps.weight}"
            wordings = (
                f"q·k {chain}",
                chain,
                f"q·k {steps.score}{ending}",
                f"{steps.score}{ending.replace(' weight', '')}",
            )
            return [line((fullest(wordings, width), strong))]
        query, key = self._names(reading)
        rows: list[tuple[Stage, str, str, str]] = [
            (Stage.SCORES, "q·k", f"{query} · {key} =", steps.score),
            (Stage.SCALED, "× scale", f"{steps.score} × {steps.scale} {_sign(steps.scaled_exact)}", steps.scaled),
        ]
        if cell.softcap is not None:
            cap = significant(cell.softcap, 4)
            rows.append((Stage.CAPPED, "soft cap", f"{cap} × tanh({steps.scaled} / {cap}) ≈", steps.capped))
        if cell.hidden:
            rows += [
                (Stage.MASKED, "mask", _hidden_because(reading), MINUS + INFINITY),
                (Stage.WEIGHTS, "weight", f"e^{MINUS}{INFINITY} / {steps.row_sum} =", "0"),
            ]
        else:
            whole = f"{steps.power} / row's sum{_with_sink(reading)} {steps.row_sum} {_sign(steps.weight_exact)}"
            rows += [
                (Stage.MASKED, "mask", "the query may see this key", steps.capped),
                (Stage.WEIGHTS, "e^x", f"e^{steps.capped} {_sign(steps.power_exact)}", steps.power),
                (Stage.WEIGHTS, "weight", whole, steps.weight),
            ]
        is_pending = reading.view.is_pending
        rows = [(at, name, "", "·") if is_pending(at) else (at, name, how, got) for at, name, how, got in rows]
        room = width - 10
        return [
            line((fit(name, 9), faint), f"{how} " if 0 < cell_len(how) <= room - cell_len(got) else "", (got, strong))
            for _, name, how, got in rows
        ]

    # The products

    def _products(
        self, cell: CellArithmetic, digits: int, width: int, prefix: str = ""
    ) -> list[Line | Callable[[], Line]]:
        """Return lines with q, k and their product for each dimension, with signed bars, in as many columns as fit."""
        written, total = cell.written_products(digits)
        order = self._order(written)
        number_width = max((len(_decimal(x)) for x in written), default=1)
        least = _FACTORS + number_width + _SHORTEST_BARS + 1
        columns = 1
        if len(order) + 3 > self._height:
            columns = max(1, min(width // least, -(-len(order) // 4)))
        each = width // columns
        most = max((abs(float(x)) for x in written), default=0.0) or 1.0
        deep = -(-len(order) // columns)

        def products(row: int) -> Line:
            beside = (self._product(d, cell, written[d], most, number_width, each) for d in order[row::deep])
            return line(*(part for parts in beside for part in parts))

        end = fit("sum", _FACTORS - 1, "right") + " " if each >= _FACTORS + number_width else "sum "
        return [
            self._products_heading(number_width, each, total, width, prefix),
            *(partial(products, row) for row in range(deep)),
            line((end, self.style_of("faint")), (_decimal(total).rjust(number_width), self.style_of("label"))),
        ]

    def _order(self, values: Sequence[Decimal]) -> list[int]:
        if self.in_order:
            return list(range(len(values)))
        return sorted(range(len(values)), key=lambda d: -abs(values[d]))

    @property
    def _order_label(self) -> str:
        return "in order · v largest first" if self.in_order else "largest first · v in order"

    def _products_heading(self, number_width: int, each: int, total: Decimal, width: int, prefix: str) -> Line:
        faint = self.style_of("faint")
        head = f"  d {'q':>7}   {'k':>7}   " if each >= _FACTORS + number_width + 1 else ""
        head += "q·k".rjust(number_width)
        sums = f"{prefix}Σ = {_decimal(total)}"
        wordings = (f"   {sums}, {self._order_label}", f"  {sums}", f"  Σ = {_decimal(total)}", "")
        return line((head, faint), (fullest(wordings, width - len(head)), faint))

    def _product(
        self, d: int, cell: CellArithmetic, product: Decimal, most: float, number_width: int, each: int
    ) -> Parts:
        """Return one product, such as `  3    1.20 ×  −1.31 =  −1.57 ██│`, shortened to fit `each` cells."""
        faint = self.style_of("faint")
        lead: Parts = [(f"{d:>3} ", faint)]
        used = 4 + number_width + 1
        if each >= _FACTORS + number_width + 1:
            decimals = 1 - int(product.as_tuple().exponent)  # one more, so that the factors yield the product
            q, k = number(cell.q[d], 7, decimals), number(cell.k[d], 7, decimals)
            lead += [q, (" × ", faint), k, (" = ", faint)]
            used += 20
        bars = self._signed_bar(float(product) / most, each - used - 1)
        return [*lead, _decimal(product).rjust(number_width) + " ", *bars, " "]

    def _signed_bar(self, share: float, room: int) -> Parts:
        """Return a bar to the left (negative) or right (positive) of a vertical line, in exactly `room` cells."""
        side = (room - 1) // 2
        if side < 1:
            return [" " * max(0, room)]
        left = bar(-share, side)[::-1] if share < 0 else " " * side
        # Unicode has no eighths of a block for bars that grow to the left, so they have whole and half cells.
        left = "".join("█" if c == "█" else "▐" if c in "▌▋▊▉" else " " for c in left)
        right = bar(share, side) if share > 0 else " " * side
        rest = " " * (room - 2 * side - 1)
        return [(left, self._signed(-1)), ("│", self.style_of("faint")), (right, self._signed(1)), rest]

    def _signed(self, sign: int) -> Style:
        ramp = self.palette.diverging
        level = ramp.levels[ramp.zero + sign * (ramp.zero * 3 // 4)]
        return self.base + (Style(color=level.pixel) if level.pixel else level.style)

    # The mixed values

    def _one_line_mixed(self, reading: "Reading", mixed: MixedArithmetic, width: int) -> Line:
        tokens = reading.encoding.tokens
        if mixed.ablated:
            return line(fullest(("this head is ablated: its mixed values are replaced by zeros", "ablated: 0"), width))
        terms = [f"{weight(mixed.weights[key])} v({label(tokens[key])})" for key in mixed.ranked[:6]]
        wordings = []
        for count in range(len(terms), 0, -1):
            left = len(mixed.ranked) - count
            more = f" + {left} more" if left else ""
            wordings.append("mixed = " + " + ".join(terms[:count]) + more)
        return line(fullest((*wordings, "mixed = Σ weight·v"), width))

    def _mixed(self, reading: "Reading", mixed: MixedArithmetic, width: int) -> list[Line]:
        """Return a table with a line for each dimension: the terms of the most important keys, and the sum as a bar."""
        faint, tokens = self.style_of("faint"), reading.encoding.tokens
        terms = max(1, (width - 4 - 2 * _TERM - _SHORTEST_BARS - 1) // _TERM)
        keys = list(mixed.ranked[: min(terms, 6)])
        if reading.view.key not in keys and mixed.seen[reading.view.key]:
            keys[-1] = reading.view.key
        left = len(mixed.ranked) - len(keys)
        rows = mixed.written(keys, MIXED_DIGITS)
        most = max((abs(float(total)) for _, total in rows), default=0.0) or 1.0
        order = self._order([total for _, total in rows])
        lines = []
        if mixed.ablated:
            lines.append(line(("this head is ablated: the sums are replaced by zeros", self.style_of("warning"))))
        names = [_cell(label(tokens[key])) for key in keys]
        styles = [self.style_of("cursor") if key == reading.view.key else self.style_of("label") for key in keys]
        head: Parts = [("  d ", faint)]
        for name, style in zip(names, styles, strict=True):
            head += [" " * (_TERM - cell_len(name)), (name, style)]
        head.append(((_cell(f"{left} more") if left else "").rjust(_TERM) + "= mixed".rjust(_TERM), faint))
        rest = 1.0 - sum(mixed.weights[key] for key in keys)
        shares = "".join(weight(mixed.weights[key], 3).rjust(_TERM) for key in keys)
        shares += (weight(max(0.0, rest), 3) if left else "").rjust(_TERM)
        words = (self._order_label, self._order_label.rpartition(" · ")[0], "")
        used = 4 + _TERM * (len(keys) + 2)
        lines += [
            line(*head),
            line(("  × ", faint), shares, " " * _TERM, (" " + fullest(words, width - used - 1), faint)),
        ]
        for d in order:
            written, total = rows[d]
            numbers = "".join(_decimal(x).rjust(_TERM) for x in (written if left else written[:-1]))
            parts: Parts = [(f"{d:>3} ", faint), numbers, "" if left else " " * _TERM]
            parts += [(_decimal(total).rjust(_TERM), self.style_of("label")), " "]
            lines.append(line(*parts, *self._signed_bar(float(total) / most, width - used - 1)))
        return lines


def _chain(reading: "Reading", steps: Steps, hidden: bool) -> str:
    """Return the steps reached so far on one line: `2.10 × 0.25 = 0.53, e^ → 1.70 / 9.51 = .178`."""
    if reading.view.is_pending(Stage.SCALED):
        return steps.score
    scaled = f"{steps.score} × {steps.scale} {_sign(steps.scaled_exact)} {steps.scaled}"
    softcap = reading.stages.inputs.softcap
    if softcap is not None and not reading.view.is_pending(Stage.CAPPED):
        scaled += f", within ±{significant(softcap, 4)} ≈ {steps.capped}"
    if reading.view.is_pending(Stage.MASKED):
        return scaled
    if hidden:
        return f"{scaled}, hidden {MINUS}{INFINITY}" + ("" if reading.view.is_pending(Stage.WEIGHTS) else " → 0")
    if reading.view.is_pending(Stage.WEIGHTS):
        return f"{scaled}, not hidden"
    return f"{scaled}, e^ → {steps.power} / {steps.row_sum} {_sign(steps.weight_exact)} {steps.weight}"


def _hidden_because(reading: "Reading") -> str:
    window = reading.stages.inputs.window
    if window is not None and reading.view.key <= reading.view.query:
        return f"the key is outside the window of {window}"
    return "the query may not see this key"


def _with_sink(reading: "Reading") -> str:
    return "" if reading.stages.inputs.sink is None else " with ⌂"


def _cell(text: str) -> str:
    return fit(text, min(cell_len(text), _TERM - 1))


def _sign(exact: bool) -> str:
    return "=" if exact else "≈"


def _decimal(x: Decimal) -> str:
    text = f"{abs(x):f}"
    return MINUS + text if x < 0 and text.strip("0.") else text
