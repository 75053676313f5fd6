"""Pictures as text: rows of pieces, each a text and the index of the curve it belongs to, as in `core.plot`.

Matrices are not drawn here: the application has a widget for them, the command line a table.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from explorer.core.formatting import bar, fit, fixed, height, scientific, significant, visible, wrapped
from explorer.core.plot import Curve, Piece, axis, draw
from explorer.labs.lab import (
    BarPicture,
    CurvePicture,
    HistogramPicture,
    MatrixPicture,
    Picture,
    PixelPicture,
    TablePicture,
    TextPicture,
)

Drawing = list[list[Piece]]

_LETTERS = "abcdefgh"
_SHORTEST_CURVE = 7
_LONGEST_NAME = 18
_NARROWEST_BAR = 8
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_ACCENT = 0
"""The index of pieces that are drawn in the first colour."""


def draw_picture(picture: Picture, width: int, height: int) -> Drawing:
    """Draw a picture, as high as it needs to be; curves and histograms fill `height`, and a matrix becomes a table."""
    match picture:
        case CurvePicture():
            return _curves(picture, width, height)
        case BarPicture():
            return _bars(picture, width)
        case HistogramPicture():
            return _histogram(picture, width, height)
        case PixelPicture():
            return _pixels(picture, width)
        case TablePicture():
            return _table(picture, width)
        case TextPicture():
            return [
                [(line, None)]
                for part in picture.text.split("\n")
                for line in wrapped(visible_line(part), width, width)
            ]
        case MatrixPicture():
            return _table(as_table(picture), width)


def _lines(text: str, width: int) -> Drawing:
    """Return plain text, wrapped to `width` cells."""
    return [[(line, None)] for line in wrapped(text, width, width)]


def visible_line(text: str) -> str:
    """Return a line of text with unprintable characters replaced, and all spaces kept."""
    return " ".join(visible(part) if part else "" for part in text.split(" "))


def as_table(picture: MatrixPicture) -> TablePicture:
    """Return a matrix as a table of numbers; hidden cells are −∞, or 0 in a matrix of weights."""
    hidden = "0" if picture.weights else "−∞"
    rows = tuple(
        (name, *(hidden if x is None else fixed(x, 4) for x in row))
        for name, row in zip(picture.rows, picture.values, strict=True)
    )
    return TablePicture(picture.title, ("", *picture.columns), rows)


def _curves(picture: CurvePicture, width: int, height: int) -> Drawing:
    """Draw curves with a letter each, below a legend of the letters."""
    curves = [Curve(_LETTERS[i % len(_LETTERS)], line.points, line.points) for i, line in enumerate(picture.lines)]
    points = [point for line in picture.lines for point in line.points]
    x = axis((point[0] for point in points), picture.log_x)
    y = axis([*(point[1] for point in points), *(level for level, _ in picture.levels)], picture.log_y, margin=0.05)
    names: list[Piece] = [
        (f"{curve.letter} {line.name}  ", i) for i, (curve, line) in enumerate(zip(curves, picture.lines, strict=True))
    ]
    legend = _flowed([*names, (f"{picture.y} over {picture.x}", None)], width)
    drawn = draw(curves, x, y, width, max(_SHORTEST_CURVE, height - len(legend)), picture.levels)
    return [*legend, *drawn]


def _flowed(pieces: Sequence[Piece], width: int) -> Drawing:
    """Return pieces, wrapped to `width` cells."""
    lines: Drawing = [[]]
    used = 0
    for text, owner in pieces:
        if lines[-1] and used + cell_len(text.rstrip()) > width:
            lines.append([])
            used = 0
        lines[-1].append((text if cell_len(text) <= width else fit(text, width), owner))
        used += cell_len(text)
    return lines


def _bars(picture: BarPicture, width: int) -> Drawing:
    numbers = [fixed(value, 4) for _, value in picture.bars]
    longest = min(_LONGEST_NAME, max(cell_len(visible_line(name)) for name, _ in picture.bars))
    room = max(_NARROWEST_BAR, width - longest - max(map(len, numbers)) - 2)
    limit = max(picture.limit, *(value for _, value in picture.bars)) or 1.0
    return [
        [(f"{fit(visible_line(name), longest)} ", None), (bar(value / limit, room), _ACCENT), (f" {number}", None)]
        for (name, value), number in zip(picture.bars, numbers, strict=True)
    ]


def _histogram(picture: HistogramPicture, width: int, lines: int) -> Drawing:
    """Draw the counts as columns, each one or more cells wide, with the range below."""
    rows = max(3, min(8, lines - 3))
    cells = max(1, width // len(picture.counts))
    counts = picture.counts if len(picture.counts) <= width else _pooled(picture.counts, width)
    most = max(counts) or 1
    drawn: Drawing = []
    for row in range(rows):
        top = rows - row
        columns = [_column(count / most * rows - (top - 1)) * cells for count in counts]
        drawn.append([("".join(columns), _ACCENT)])
    low, high = fixed(picture.low, 1), fixed(picture.high, 1)
    room = len(counts) * cells
    drawn.append([("─" * room, None)])
    drawn.append([(low + "0".center(max(1, room - len(low) - len(high))) + high, None)])
    note = picture.note or f"{sum(picture.counts):,} numbers"
    return [*drawn, *_lines(note, width)]


def _pooled(counts: Sequence[int], columns: int) -> tuple[int, ...]:
    """Add up neighbouring counts, so that there are at most `columns`."""
    each = -(-len(counts) // max(1, columns))
    return tuple(sum(counts[i : i + each]) for i in range(0, len(counts), each))


def _column(share: float) -> str:
    """Return one cell of a column, filled to `share` of its height; a share below 0 is empty, one above 1 full."""
    return " " if share <= 0 else height(min(share, 0.999))


def _pixels(picture: PixelPicture, width: int) -> Drawing:
    """Draw 2 × 4 pixels in each cell as braille dots; columns that do not fit continue below."""
    rows, columns = len(picture.pixels), len(picture.pixels[0])
    drawn: Drawing = []
    for left in range(0, columns, 2 * width):
        right = min(columns, left + 2 * width)
        drawn += [
            [("".join(_braille(picture, top, x, right) for x in range(left, right, 2)), _ACCENT)]
            for top in range(0, rows, 4)
        ]
        drawn.append([(f"{left} to {right - 1}", None)])
    return [*drawn, *_lines(picture.note, width)]


def _braille(picture: PixelPicture, top: int, left: int, right: int) -> str:
    dots = 0
    for x in range(left, min(left + 2, right)):
        for y in range(top, min(top + 4, len(picture.pixels))):
            if picture.pixels[y][x]:
                dots |= _DOTS[x - left][y - top]
    return chr(_BRAILLE + dots)


def _table(picture: TablePicture, width: int) -> Drawing:
    """Draw a table, its first column left-aligned; columns that do not fit continue below, with the first repeated."""
    texts = [[visible_line(column) for column in picture.columns]]
    texts += [[visible_line(cell) if isinstance(cell, str) else written(cell) for cell in row] for row in picture.rows]
    widths = [min(_LONGEST_NAME + 6, max(cell_len(row[i]) for row in texts)) for i in range(len(picture.columns))]
    drawn: Drawing = []
    first = 1
    while first < len(widths):
        last, used = first, widths[0]
        while last < len(widths) and (last == first or used + widths[last] + 2 <= width):
            used += widths[last] + 2
            last += 1
        for number, row in enumerate(texts):
            cells = [fit(row[0], widths[0]), *(fit(row[i], widths[i], "right") for i in range(first, last))]
            drawn.append([("  ".join(cells), _ACCENT if number == 0 else None)])
        first = last
        if first < len(widths):
            drawn.append([("", None)])
    return drawn


def written(value: int | float) -> str:
    """Format a number for a table: integers in full, other numbers with four significant digits."""
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if value and abs(value) < 1e-3:
        return scientific(value, 1)
    return significant(value, 4)
