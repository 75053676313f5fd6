"""The arithmetic of one cell, from q and k to a weight, with rounded numbers that add up exactly as written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from explorer.core.formatting import exponential, fixed, significant, weight

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.core.reading import Reading

WEIGHT_DIGITS = 3


def rounded_to_sum(values: Sequence[float], digits: int, total: float | None = None) -> tuple[list[Decimal], Decimal]:
    """Round values to `digits` decimals so that they add up exactly to their rounded sum; return both.

    Each value is off by less than one unit of the last decimal: those with the largest remainders are rounded up
    (Hamilton's method of apportionment). `total` is the same sum as shown elsewhere, computed in single precision, so
    it may be rounded differently; the values then add up to it. A `total` far from the sum is ignored.
    """
    units = 10.0**digits
    scaled = [value * units for value in values]
    true_sum = math.fsum(scaled)
    rounded = round(true_sum)
    if total is not None and abs(round(total * units) - true_sum) < 1.0:
        rounded = round(total * units)
    floors = [math.floor(x) for x in scaled]
    if floors:
        each, extra = divmod(rounded - sum(floors), len(floors))
        by_remainder = sorted(range(len(floors)), key=lambda i: floors[i] - scaled[i])
        for place, i in enumerate(by_remainder):
            floors[i] += each + (place < extra)
    return [Decimal(x).scaleb(-digits) for x in floors], Decimal(rounded).scaleb(-digits)


@dataclass(frozen=True)
class CellArithmetic:
    """The numbers of one query and one key. `log_sum` is the logarithm of the sum of e^x over the row."""

    q: tuple[float, ...]
    k: tuple[float, ...]
    score: float
    scale: float
    scaled: float
    hidden: bool
    log_sum: float
    weight: float
    softcap: float | None = None

    @classmethod
    def of(cls, reading: "Reading") -> "CellArithmetic":
        """Return the numbers of the cell in view."""
        view = reading.view
        row = reading.row
        key = view.key
        return cls(
            q=tuple(row.inputs.q[0].tolist()),
            k=tuple(row.inputs.k[key].tolist()),
            score=row.scores[0, key].item(),
            scale=float(row.inputs.scale),
            scaled=row.scaled[0, key].item(),
            hidden=not row.visible[0, key].item(),
            log_sum=row.log_sums[0].item(),
            weight=row.weights[0, key].item(),
            softcap=row.inputs.softcap,
        )

    @classmethod
    def before_rotation(cls, reading: "Reading") -> "CellArithmetic | None":
        """Return the cell with q and k as they were before the rotation, and their dot product as the score.

        None if the model does not rotate them. Only `q`, `k`, `score` and `products` of the result belong together.
        """
        view = reading.view
        found = reading.as_set.before_rotation(view.layer, view.head)
        if found is None:
            return None
        q, k = (x[position].tolist() for x, position in zip(found, (view.query, view.key), strict=True))
        score = math.fsum(a * b for a, b in zip(q, k, strict=True))
        return replace(cls.of(reading), q=tuple(q), k=tuple(k), score=score)

    @property
    def capped(self) -> float:
        """The scaled score after the soft cap, if the model has one; this is x in e^x."""
        return self.scaled if self.softcap is None else self.softcap * math.tanh(self.scaled / self.softcap)

    @cached_property
    def products(self) -> tuple[float, ...]:
        """q_d · k_d for every dimension d."""
        return tuple(a * b for a, b in zip(self.q, self.k, strict=True))

    def written_products(self, digits: int) -> tuple[list[Decimal], Decimal]:
        """Return the products and their sum, rounded so that they add up; no products if one is not finite."""
        if all(map(math.isfinite, self.products)):
            return rounded_to_sum(self.products, digits, self.score)
        return [], Decimal("NaN")

    @cached_property
    def steps(self) -> "Steps":
        """The steps from score to weight, with the fewest digits (of several choices) that make all of them exact."""
        candidates = [Steps.of(self, digits, powers) for digits, powers in ((2, 3), (3, 3), (3, 4), (4, 4), (5, 4))]
        return next((steps for steps in candidates if steps.exact), candidates[0])


@dataclass(frozen=True, eq=False)
class MixedArithmetic:
    """How one query mixes the values: mixed_d = Σ_j weight_j · v_jd over the keys j."""

    weights: tuple[float, ...]
    terms: "Tensor"  # weight_j · v_jd, float64 (T, head_size)
    mixed: tuple[float, ...]
    seen: tuple[bool, ...]
    ablated: bool

    @classmethod
    def of(cls, reading: "Reading") -> "MixedArithmetic":
        """Return the numbers of the query in view."""
        row = reading.row
        return cls(
            weights=tuple(row.weights[0].tolist()),
            terms=row.weights[0].double()[:, None] * row.inputs.v.double(),
            mixed=tuple(row.mixed[0].tolist()),
            seen=tuple(row.visible[0].tolist()),
            ablated=bool(row.inputs.ablated),
        )

    @cached_property
    def ranked(self) -> tuple[int, ...]:
        """The keys that the query sees, in descending order of the length of their terms: weight · |v|."""
        lengths = self.terms.norm(dim=-1).tolist()
        return tuple(sorted((key for key, seen in enumerate(self.seen) if seen), key=lambda key: -lengths[key]))

    def written(self, keys: Sequence[int], digits: int) -> list[tuple[list[Decimal], Decimal]]:
        """Return, for every dimension, the terms of `keys`, the sum of all other terms, and the total, rounded.

        They add up exactly as written. The mixed values of an ablated head are zero instead of this total.
        """
        chosen = self.terms[list(keys)]
        others = (
            (self.terms.sum(0) - chosen.sum(0)).tolist() if len(keys) < len(self.ranked) else [0.0] * len(self.mixed)
        )
        totals = [None] * len(self.mixed) if self.ablated else self.mixed
        return [
            rounded_to_sum([*terms, other], digits, total)
            for terms, other, total in zip(chosen.T.tolist(), others, totals, strict=True)
        ]


@dataclass(frozen=True)
class Steps:
    """The steps from score to weight as text; the `_exact` fields say which hold for the numbers as written."""

    digits: int
    score: str
    scale: str
    scaled: str
    scaled_exact: bool
    power: str  # e^x
    power_exact: bool
    row_sum: str
    weight: str
    weight_exact: bool
    capped: str = ""  # the same as `scaled` without a soft cap

    @property
    def exact(self) -> bool:
        """True if every step holds as written."""
        return self.scaled_exact and self.power_exact and self.weight_exact

    @classmethod
    def of(cls, cell: CellArithmetic, digits: int, powers: int) -> "Steps":
        """Format a cell with `digits` decimals, and powers of e with `powers` significant digits."""
        score, scaled, capped = (round(x, digits) for x in (cell.score, cell.scaled, cell.capped))
        scale = significant(cell.scale, 4)
        x = -math.inf if cell.hidden else cell.capped
        power, row_sum = exponential(x, powers), exponential(cell.log_sum, powers)
        shown_x = -math.inf if cell.hidden else capped
        weight_shown = small_weight(cell.weight)
        ratio = _ratio(power, row_sum)
        return cls(
            digits,
            fixed(score, digits),
            scale,
            fixed(scaled, digits),
            _same(score * _number(scale), scaled, digits),
            power,
            exponential(shown_x, powers) == power,
            row_sum,
            weight_shown,
            cell.hidden or small_weight(ratio) == weight_shown,
            fixed(capped, digits),
        )


def small_weight(x: float) -> str:
    """Format a weight with three decimals, or with two significant digits if it is tiny: .00039."""
    if not 0.0 < x < 0.0015:
        return weight(x, WEIGHT_DIGITS)
    return significant(x, 2).removeprefix("0")


def _same(a: float, b: float, digits: int) -> bool:
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 0.5 * 10**-digits + 1e-12


def _number(written: str) -> float:
    return float(written.replace("−", "-").replace(",", "").replace("∞", "inf"))


_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _ratio(power: str, row_sum: str) -> float:
    """Divide two numbers formatted by `exponential`, which may exceed the range of a float; NaN for 0 / 0."""
    (a, m), (b, n) = _parts(power), _parts(row_sum)
    return a / b * 10.0 ** max(-400, min(300, m - n)) if b else math.nan


def _parts(written: str) -> tuple[float, int]:
    mantissa, _, exponent = written.partition("×10")
    return _number(mantissa), int(exponent.translate(_PLAIN) or 0)
