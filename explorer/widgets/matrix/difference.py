"""The matrices of Compare: a side's on the range of both sides, and their difference."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.core.comparison import Comparison, Side
from explorer.core.formatting import fixed, label, number
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.matrix.paint import Numbers

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.core.reading import Reading


@dataclass(frozen=True, eq=False)
class DifferenceNumbers(Numbers):
    """Right − left, centred on 0 at every stage; a cell that is hidden on both sides has no number."""

    @classmethod
    def between(cls, comparison: Comparison) -> "DifferenceNumbers":
        """Subtract once; the range is that of the finite differences."""
        matrix, known = comparison.difference()
        return cls(comparison.stage, matrix, known, *_range(matrix, known))

    @property
    def sequential(self) -> bool:
        """Differences are on both sides of 0, those of weights too."""
        return False

    @property
    def limit(self) -> float:
        """The number at which the palette ends; where nothing finite differs, any will do for the infinities."""
        return max(abs(self.low), abs(self.high)) or 1.0

    @property
    def digits(self) -> int:
        """Decimals at which the largest difference has two or three digits: differences may be small."""
        magnitude = math.floor(math.log10(self.limit))
        return max(0, min(4, 1 - magnitude if magnitude < 0 else 2 - magnitude))

    @property
    def width(self) -> int:
        """Cells of the widest number."""
        if self.limit >= 1e5:
            return 6
        return max(len(fixed(x, self.digits)) for x in (self.low, self.high))

    def written(self, x: float, width: int) -> str:
        """A difference, right-aligned; exactly none is a plain 0."""
        return "0".rjust(width) if x == 0.0 else number(x, width, self.digits)

    @property
    def written_hidden(self) -> str:
        """Nothing: there is no number on either side."""
        return ""


def _range(matrix: "Tensor", known: "Tensor | None") -> tuple[float, float]:
    finite = matrix.isfinite() if known is None else known & matrix.isfinite()
    low = matrix.masked_fill(~finite, math.inf).min().item()
    high = matrix.masked_fill(~finite, -math.inf).max().item()
    return (low, high) if low <= high else (0.0, 0.0)


class SideMatrix(Matrix):
    """One side; its colours mean the same numbers as those of the other side."""

    def __init__(self, side: Side, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.side = side
        self._comparison: Comparison | None = None

    def compare(self, comparison: Comparison) -> None:
        """Draw this side of a comparison."""
        self._comparison = comparison
        self.show(comparison.sides[self.side], comparison.stage)
        self.waits = False  # whole matrices are compared

    def _source(self, reading: "Reading") -> tuple[object, ...]:
        return self._comparison.difference_key if self._comparison else super()._source(reading)

    def _take_numbers(self, reading: "Reading") -> Numbers:
        own = super()._take_numbers(reading)
        if self._comparison is None:
            return own
        beside = Numbers.of(self._comparison.sides[self.side.other].stages, self._stage, self.without_first)
        return replace(own, low=min(own.low, beside.low), high=max(own.high, beside.high))


class DifferenceMatrix(Matrix):
    """Right − left, of the positions that both texts have."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._comparison: Comparison | None = None

    def compare(self, comparison: Comparison) -> None:
        """Draw the difference of a comparison."""
        self._comparison = comparison
        # The shorter text: the cursor cannot leave what both have.
        self.show(min(comparison.sides, key=lambda side: len(side.encoding)), comparison.stage)

    def _source(self, reading: "Reading") -> tuple[object, ...]:
        return self._comparison.difference_key if self._comparison else super()._source(reading)

    def _take_numbers(self, reading: "Reading") -> Numbers:
        return DifferenceNumbers.between(self._comparison) if self._comparison else super()._take_numbers(reading)

    def _take_labels(self, reading: "Reading") -> tuple[str, ...]:
        if self._comparison is None:
            return super()._take_labels(reading)
        pairs = zip(*(side.encoding.tokens for side in self._comparison.sides), strict=False)
        return tuple(label(one) if one == other else f"{label(one)}/{label(other)}" for one, other in pairs)
