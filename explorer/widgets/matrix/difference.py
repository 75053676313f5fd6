"""The matrices of the Compare screen: one for each side, on a common colour range, and one of their difference."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.core.comparison import Comparison, Side
from explorer.core.formatting import fixed, label, lookalikes, number
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.matrix.paint import Numbers

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.core.reading import Reading


@dataclass(frozen=True, eq=False)
class DifferenceNumbers(Numbers):
    """Right − left at one stage, with colours centred on 0; a cell that is hidden on both sides has no number."""

    @classmethod
    def between(cls, comparison: Comparison) -> "DifferenceNumbers":
        """Return the differences of a comparison; their range is that of the finite ones."""
        matrix, known = comparison.difference()
        return cls(comparison.stage, matrix, known, *_range(matrix, known))

    @property
    def sequential(self) -> bool:
        """Always False, as differences may be negative, even those of weights."""
        return False

    @property
    def limit(self) -> float:
        """The magnitude at which the palette ends: the largest finite difference, or 1 if there is none."""
        return max(abs(self.low), abs(self.high)) or 1.0

    @property
    def digits(self) -> int:
        """The number of decimals that shows two or three digits of the largest difference, at most 4."""
        magnitude = math.floor(math.log10(self.limit))
        return max(0, min(4, 1 - magnitude if magnitude < 0 else 2 - magnitude))

    @property
    def width(self) -> int:
        """The width in cells of the widest number."""
        if self.limit >= 1e5:
            return 6
        return max(len(fixed(x, self.digits)) for x in (self.low, self.high))

    @property
    def least_width(self) -> int:
        """The width in cells of the widest number: all decimals are needed to tell differences apart."""
        return self.width

    def written(self, x: float, width: int) -> str:
        """Return a difference right-aligned in `width` cells; a difference of exactly zero is written `0`."""
        return "0".rjust(width) if x == 0.0 else number(x, width, self.digits)

    @property
    def written_hidden(self) -> str:
        """An empty text, as there is no number on either side."""
        return ""


def _range(matrix: "Tensor", known: "Tensor | None") -> tuple[float, float]:
    finite = matrix.isfinite() if known is None else known & matrix.isfinite()
    low = matrix.masked_fill(~finite, math.inf).min().item()
    high = matrix.masked_fill(~finite, -math.inf).max().item()
    return (low, high) if low <= high else (0.0, 0.0)


class SideMatrix(Matrix):
    """The matrix of one side; equal colours on both sides mean equal numbers."""

    def __init__(self, side: Side, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.side = side
        self._comparison: Comparison | None = None

    def compare(self, comparison: Comparison) -> None:
        """Draw this side of a comparison."""
        self._comparison = comparison
        self.show(comparison.sides[self.side], comparison.stage)
        self.is_pending = False  # whole matrices are compared, whichever stage the user has reached

    def _source(self, reading: "Reading") -> tuple[object, ...]:
        return self._comparison.difference_key if self._comparison else super()._source(reading)

    def _take_numbers(self, reading: "Reading") -> Numbers:
        own = super()._take_numbers(reading)
        if self._comparison is None:
            return own
        beside = Numbers.of(self._comparison.sides[self.side.other].stages, self._stage, self.without_first)
        return replace(own, low=min(own.low, beside.low), high=max(own.high, beside.high))


class DifferenceMatrix(Matrix):
    """Right − left, over the positions that both texts have."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._comparison: Comparison | None = None

    def compare(self, comparison: Comparison) -> None:
        """Draw the difference of a comparison."""
        self._comparison = comparison
        # The reading of the shorter text keeps the cursor within the positions that both texts have.
        self.show(min(comparison.sides, key=lambda side: len(side.encoding)), comparison.stage)

    def _source(self, reading: "Reading") -> tuple[object, ...]:
        return self._comparison.difference_key if self._comparison else super()._source(reading)

    def _take_numbers(self, reading: "Reading") -> Numbers:
        return DifferenceNumbers.between(self._comparison) if self._comparison else super()._take_numbers(reading)

    def _take_labels(self, reading: "Reading") -> tuple[str, ...]:
        if self._comparison is None:
            return super()._take_labels(reading)
        pairs = zip(*(side.encoding.tokens for side in self._comparison.sides), strict=False)
        return tuple("/".join(dict.fromkeys(label(each, lookalikes(pair)) for each in pair)) for pair in pairs)
