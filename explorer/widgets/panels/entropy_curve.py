"""Drawing the curve of entropy over the scale in cells."""

from collections.abc import Sequence


def area(heights: Sequence[float], tall: int) -> list[str]:
    """Columns of heights from 0 to 1 in so many lines, the uppermost first, to an eighth of a line."""
    eighths = [round(max(0.0, min(1.0, height)) * tall * 8) if height == height else 0 for height in heights]
    # What is nearly nothing is still drawn.
    return [
        "".join(_BLOCKS[max(1 if low == 0 else 0, min(8, e - low))] for e in eighths)
        for low in range(8 * tall - 8, -1, -8)
    ]


_BLOCKS = " ▁▂▃▄▅▆▇█"


def ticks(marks: Sequence[tuple[int, str]], width: int) -> list[str]:
    """Marks at their places, on one line of `width` cells or on more where they would lie on each other."""
    lines: list[list[str]] = [[" "] * width]
    for place, text in marks:
        start = max(0, min(place, width - len(text)))
        around = slice(max(0, start - 1), start + len(text) + 1)
        line = next((line for line in lines if not "".join(line[around]).strip()), None)
        if line is None:
            lines.append(line := [" "] * width)
        line[start : start + len(text)] = text
    return ["".join(line[:width]).rstrip() for line in lines]
