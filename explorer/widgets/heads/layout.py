"""Where the pictures of all heads stand: how large a picture is, and how many stand on a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Head = tuple[int, int]

LEAST_PIXELS = 7
"""Pictures are not made smaller than this only to have them all in view at once: rather one scrolls."""
SCROLLED_WIDTH = 12
"""Cells of a picture where they do not fit at once."""
LARGEST = 4
"""Half lines that a pixel may be high; it may be up to twice as wide as that in cells, which is about 2 : 1."""
_POOLED = ((2, 1), (2, 2))
"""Cells and half lines of larger pixels that several weights share."""
SCROLLED = 1.5
"""Pictures in which every weight has its pixel may scroll through so many times the height of the view, rather than
that several weights share a pixel."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """A picture of n × n pixels, each of them a block of `block` queries by `block` keys."""

    pixels: int
    block: int
    across: int  # cells that a pixel is wide
    down: int  # half lines that a pixel is high

    @property
    def width(self) -> int:
        """In cells."""
        return self.pixels * self.across

    @property
    def height(self) -> int:
        """In lines."""
        return -(-self.pixels * self.down // 2)


@dataclass(frozen=True, slots=True)
class GridLayout:
    """Tiles of one size, a label above each picture; `columns` of them on a line."""

    picture: PictureSize
    tile: int  # width of a tile, in cells
    columns: int
    by_layer: bool  # whole layers on a line, or a layer on whole lines

    @property
    def step(self) -> int:
        """Cells from one tile to the next."""
        return self.tile + 1

    @property
    def lines(self) -> int:
        """Lines of a tile."""
        return self.picture.height + 1


def picture_sizes(positions: int, has_pixels: bool) -> list[PictureSize]:
    """Every size of a picture of so many positions: from the most pixels to the fewest, and the largest of each first.

    With pixels, two share a cell, one above the other. Without colours a pixel is a character at least.
    """
    magnified = [(4, 4), (2, 2)]
    if has_pixels:
        magnified = [(wide, k) for k in range(LARGEST, 0, -1) for wide in range(max(2, k), 2 * k + 1)]
    sizes = [PictureSize(positions, 1, across, down) for across, down in magnified]
    for block, pixels in _blocks(positions):
        shapes = [(1, 1), *_POOLED * (block > 1)] if has_pixels else [(1, 2)] if block == 1 else [(2, 2), (1, 2)]
        sizes += [PictureSize(pixels, block, across, down) for across, down in shapes]
    return sorted(sizes, key=lambda size: (size.pixels, size.across * size.down), reverse=True)


def _blocks(positions: int) -> Iterator[tuple[int, int]]:
    """Sizes of blocks and how many there are, each number of blocks once."""
    before = 0
    for block in range(1, positions + 1):
        pixels = -(-positions // block)
        if block > 1 and pixels < 4:
            return
        if pixels != before:
            yield block, pixels
        before = pixels


def grid_layout(
    positions: int,
    n_layer: int,
    n_head: int,
    width: int,
    height: int,
    *,
    has_pixels: bool,
    by_layer: bool,
    larger: int,
    value: int = 0,
) -> GridLayout:
    """The pictures of most pixels, as large as can be, that are all in view at once, or legible ones to scroll through.

    `larger` goes so many sizes up from there, or down when it is negative. A picture is never larger than the view.
    A tile has room for a number of `value` cells beside its name.
    """
    longest = len(f"{n_layer - 1}.{n_head - 1}") + 2 + (value + 1 if value else 0)  # ▶ before it and a mark after it
    sizes = picture_sizes(positions, has_pixels)
    shown = [size for size in sizes if size.width <= width and size.height < height] or sizes[-1:]

    def layout(size: PictureSize) -> GridLayout:
        tile = max(size.width, min(longest, width))
        room = max(1, (width + 1) // (tile + 1))
        columns = _whole_layers(n_layer, n_head, room) if by_layer else room
        return GridLayout(size, tile, columns, by_layer)

    def fits(size: PictureSize, most: float = 1.0) -> bool:
        made = layout(size)
        lines = -(-n_head // made.columns) * n_layer if made.columns < n_head and by_layer else 0
        rows = lines or -(-n_head * n_layer // made.columns)
        return size.pixels >= min(positions, LEAST_PIXELS) and rows * made.lines <= most * height

    chosen = next((i for i, size in enumerate(shown) if fits(size)), None)
    if chosen is None or shown[chosen].block > 1:
        honest = (
            i for i, size in enumerate(shown) if size.block == 1 and (layout(size).columns >= n_head or not by_layer)
        )
        chosen = next((i for i in honest if fits(shown[i], SCROLLED)), chosen)
    if chosen is None:
        legible = [
            size for size in shown if size.width <= SCROLLED_WIDTH and size.pixels >= min(positions, LEAST_PIXELS)
        ]
        abreast = [size for size in legible if layout(size).columns >= n_head]
        chosen = shown.index((abreast or legible or shown[-1:])[0])
    return layout(shown[max(0, min(len(shown) - 1, chosen - larger))])


def _whole_layers(n_layer: int, n_head: int, room: int) -> int:
    """Tiles on a line: several layers, one, or a layer's heads evenly over as few lines as possible."""
    if room < n_head:
        return -(-n_head // -(-n_head // room))
    abreast = room // n_head
    return n_head * -(-n_layer // -(-n_layer // abreast))


def rows_of(order: Sequence[Head], columns: int, by_layer: bool) -> list[list[Head]]:
    """The heads line by line; by layer, lines that are shorter than a layer begin anew with each."""
    groups: list[Sequence[Head]] = [order]
    if by_layer and columns < sum(layer == order[0][0] for layer, _ in order):
        groups = [[head for head in order if head[0] == layer] for layer in sorted({layer for layer, _ in order})]
    return [list(group[i : i + columns]) for group in groups for i in range(0, len(group), columns)]
