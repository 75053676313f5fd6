"""Line plots as text: curves of braille dots, letters as marks, linear or logarithmic axes. Pure functions.

A plot is a list of rows of pieces. A piece is a text and the index of its curve (None for axes), so that the caller
chooses the colours; without colours, the letters distinguish the curves.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explorer.core.formatting import significant

Piece = tuple[str, int | None]

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # bits of a braille cell, by column and row
_BRAILLE = 0x2800
_LABEL = 8  # the width in cells of the labels on the left
_APART = 6  # the least distance in cells between two marks of one curve
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve: the points of its `line`, and of `marks` drawn as `letter`, both in order of x."""

    letter: str
    line: Sequence[tuple[float, float]]
    marks: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps numbers to fractions of the length of an axis."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return 0 for `low`, 1 for `high`, and numbers outside for values outside."""
        low, high, value = (map(_log, (self.low, self.high, value))) if self.log else (self.low, self.high, value)
        return (value - low) / (high - low) if high > low else 0.5

    def value(self, fraction: float) -> float:
        """Return the value at a fraction; the inverse of `place`."""
        if not self.log:
            return self.low + fraction * (self.high - self.low)
        return math.exp(_log(self.low) + fraction * (_log(self.high) - _log(self.low)))


def _log(value: float) -> float:
    return math.log(max(value, 1e-12))


def axis(values: Iterable[float], log: bool = False, margin: float = 0.0) -> Axis:
    """Return an axis over all finite values, extended by `margin` of its length at both ends; 0 to 1 without values."""
    finite = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    if not finite:
        return Axis(0.1 if log else 0.0, 1.0, log)
    tight = Axis(min(finite), max(finite), log)
    if not margin or tight.low == tight.high:
        return tight
    return Axis(tight.value(-margin), tight.value(1 + margin), log)


def draw(
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    width: int,
    height: int,
    levels: Sequence[tuple[float, str]] = (),
) -> list[list[Piece]]:
    """Draw curves and both axes in `width` × `height` cells; `levels` are dashed horizontal lines with labels."""
    columns, rows = max(2, width - _LABEL - 1), max(2, height - 2)
    cells: list[list[Piece]] = [[(" ", None)] * columns for _ in range(rows)]
    for level, label in levels:
        _dash(cells, y.place(level), label)
    dots = [[0] * columns for _ in range(rows)]
    for index, curve in enumerate(curves):
        for column, row in _dot_places(curve.line, x, y, columns * 2, rows * 4):
            across, down = column // 2, row // 4
            dots[down][across] |= _DOTS[column % 2][row % 4]
            cells[down][across] = (chr(_BRAILLE + dots[down][across]), index)
    for index, curve in enumerate(curves):
        _mark(cells, curve, index, x, y)
    lines: list[list[Piece]] = []
    every = max(1, rows // _TICKS)
    for row, line in enumerate(cells):
        # A label shows the value at the middle of its row of cells.
        label = significant(y.value(1 - (row + 0.5) / rows)) if row % every == every // 2 else ""
        lines.append([(f"{label:>{_LABEL}}│", None), *_merged(line)])
    return [*lines, *_x_axis(x, columns)]


def _dot_places(
    line: Sequence[tuple[float, float]], x: Axis, y: Axis, columns: int, rows: int
) -> Iterable[tuple[int, int]]:
    """Yield the dots of a line: the mean of the points in each column of dots, and the dots that connect them."""
    sums: dict[int, list[float]] = {}
    for at, value in line:
        place = x.place(at)
        if 0 <= place <= 1 and math.isfinite(value):
            sums.setdefault(min(columns - 1, int(place * columns)), []).append(y.place(value))
    before: tuple[int, int] | None = None
    for column, places in sorted(sums.items()):
        row = min(rows - 1, max(0, int((1 - sum(places) / len(places)) * rows)))
        if before is None:
            yield column, row
        else:
            yield from _between(before, (column, row))
        before = (column, row)


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterable[tuple[int, int]]:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for i in range(1, steps + 1):
        yield (
            round(start[0] + (end[0] - start[0]) * i / steps),
            round(start[1] + (end[1] - start[1]) * i / steps),
        )


def _mark(cells: list[list[Piece]], curve: Curve, index: int, x: Axis, y: Axis) -> None:
    """Draw a letter at each mark, at least a few cells apart; the last mark always gets one."""
    rows, columns = len(cells), len(cells[0])
    last = math.inf
    for at, value in reversed(curve.marks):
        if not math.isfinite(value) or not 0 <= x.place(at) <= 1:
            continue
        column = min(columns - 1, int(x.place(at) * columns))
        if last - column >= _APART:
            row = min(rows - 1, max(0, int((1 - y.place(value)) * rows)))
            while column > 0 and cells[row][column][0].isalpha():  # beside another curve's letter, not over it
                column -= 1
            cells[row][column] = (curve.letter, index)
            last = column


def _dash(cells: list[list[Piece]], place: float, label: str) -> None:
    rows, columns = len(cells), len(cells[0])
    if not 0 <= place <= 1:
        return
    row = min(rows - 1, int((1 - place) * rows))
    text = f" {label} "
    start = max(0, columns - len(text) - 2)
    for column in range(columns):
        inside = start <= column < start + len(text)
        cells[row][column] = (text[column - start] if inside else "╌", None)


def _merged(line: Sequence[Piece]) -> list[Piece]:
    """Join neighbouring pieces of the same curve."""
    merged: list[Piece] = []
    for text, owner in line:
        if merged and merged[-1][1] == owner:
            merged[-1] = (merged[-1][0] + text, owner)
        else:
            merged.append((text, owner))
    return merged


def _x_axis(x: Axis, columns: int) -> list[list[Piece]]:
    ticks = max(2, min(6, columns // 12))
    labels = [" "] * columns
    rule = ["─"] * columns
    for tick in range(ticks):
        fraction = tick / (ticks - 1)
        column = min(columns - 1, round(fraction * (columns - 1)))
        rule[column] = "┴"
        label = f"{x.value(fraction):,.0f}"
        start = min(max(0, column - len(label) // 2), max(0, columns - len(label)))
        labels[start : start + len(label)] = label
    edge = " " * _LABEL
    return [[(edge + "└" + "".join(rule), None)], [(edge + " " + "".join(labels)[:columns], None)]]
