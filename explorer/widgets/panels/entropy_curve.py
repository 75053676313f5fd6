"""Text drawing of the curve of entropy over the scale."""

from collections.abc import Sequence


def area(heights: Sequence[float], tall: int) -> list[str]:
    """Draw columns with heights from 0 to 1 in `tall` lines, from the top, to an eighth of a line."""
    eighths = [round(max(0.0, min(1.0, height)) * tall * 8) if height == height else 0 for height in heights]
    # Even a tiny height is drawn as an eighth.
    return [
        "".join(_BLOCKS[max(1 if low == 0 else 0, min(8, e - low))] for e in eighths)
        for low in range(8 * tall - 8, -1, -8)
    ]


_BLOCKS = " ▁▂▃▄▅▆▇█"


def ticks(marks: Sequence[tuple[int, str]], width: int) -> list[str]:
    """Draw marks at their columns on a line of `width` cells, or on more lines if they would overlap."""
    lines: list[list[str]] = [[" "] * width]
    for place, text in marks:
        start = max(0, min(place, width - len(text)))
        around = slice(max(0, start - 1), start + len(text) + 1)
        line = next((line for line in lines if not "".join(line[around]).strip()), None)
        if line is None:
            lines.append(line := [" "] * width)
        line[start : start + len(text)] = text
    return ["".join(line[:width]).rstrip() for line in lines]
