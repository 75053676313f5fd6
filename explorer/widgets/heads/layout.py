"""Where the pictures of all heads stand: how large a picture is, and how many stand on a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from model.settings import Head

LEAST_PIXELS = 7
"""Pictures are not made smaller than this to have them all in view at once: they scroll instead."""
SCROLLED_WIDTH = 12
"""Cells of a picture where they do not fit at once."""
LARGEST = 4
"""Half lines that a pixel may be high; it may be up to twice as wide as that in cells, which is about 2 : 1."""
WORTH = 1.2
"""A picture grows by at least this factor or not at all, as it makes some pixels larger than others."""
_POOLED = ((2, 1), (2, 2))
"""Cells and half lines of larger pixels that several weights share."""
SCROLLED = 1.5
"""Pictures in which every weight has its own pixel may be up to this many times as high as the view together; beyond
that, several weights share a pixel."""


@dataclass(frozen=True, slots=True)
class PictureSize:
    """A picture of n × n pixels, each of them a block of `block` queries by `block` keys.

    Where `width` or `halves` is no multiple of n, some pixels are larger than others by a cell or half a line.
    """

    pixels: int
    block: int
    width: int  # in cells
    halves: int  # the height in half lines

    @classmethod
    def of(cls, pixels: int, block: int, across: int, down: int) -> "PictureSize":
        """Return the picture whose pixels are all `across` cells wide and `down` half lines high."""
        return cls(pixels, block, pixels * across, pixels * down)

    @property
    def height(self) -> int:
        """The height in lines."""
        return -(-self.halves // 2)

    @property
    def columns(self) -> list[int]:
        """The column of pixels at each cell."""
        return [x * self.pixels // self.width for x in range(self.width)]

    @property
    def rows(self) -> list[int]:
        """The row of pixels at each half line."""
        return [y * self.pixels // self.halves for y in range(self.halves)]

    def grown(self, width: int, lines: int) -> "PictureSize":
        """Return the picture enlarged to this room if that is worth it; its width is one to two times its height."""
        halves = _grown(self.halves, min(2 * lines, LARGEST * self.pixels))
        wide = _grown(self.width, min(width, 2 * halves))
        return replace(self, width=wide, halves=max(self.halves, min(halves, wide)))


def _grown(length: int, room: int) -> int:
    """Return `room` if it exceeds `length` enough to be worth pixels of unequal sizes, else `length`."""
    return room if room >= WORTH * length else length


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
    """Return every size of a picture of `positions`, from the most pixels to the fewest, the largest of each first.

    With colours, two pixels share a cell, one above the other. Without colours, a pixel is at least one character.
    """
    magnified = [(4, 4), (2, 2)]
    if has_pixels:
        magnified = [(wide, k) for k in range(LARGEST, 0, -1) for wide in range(max(2, k), 2 * k + 1)]
    sizes = [PictureSize.of(positions, 1, across, down) for across, down in magnified]
    for block, pixels in _blocks(positions):
        shapes = [(1, 1), *_POOLED * (block > 1)] if has_pixels else [(1, 2)] if block == 1 else [(2, 2), (1, 2)]
        sizes += [PictureSize.of(pixels, block, across, down) for across, down in shapes]
    return sorted(sizes, key=lambda size: (size.pixels, size.width * size.halves), reverse=True)


def _blocks(positions: int) -> Iterator[tuple[int, int]]:
    """Yield block sizes with the number of blocks, each number once."""
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
    """Return the layout with the most pixels, and then the largest pictures, with all pictures in view.

    If they would not be legible then, they scroll.

    `larger` goes up by that many sizes from there, or down if negative. A picture is never larger than the view;
    pictures grow into the remaining room, those that scroll in width alone.
    A tile has room for a number of `value` cells beside the name of its head.
    """
    longest = len(f"{n_layer - 1}.{n_head - 1}") + 2 + (value + 1 if value else 0)  # ▶ before it and a mark after it
    sizes = picture_sizes(positions, has_pixels)
    shown = [size for size in sizes if size.width <= width and size.height < height] or sizes[-1:]

    def layout(size: PictureSize) -> GridLayout:
        tile = max(size.width, min(longest, width))
        room = max(1, (width + 1) // (tile + 1))
        columns = _whole_layers(n_layer, n_head, room) if by_layer else room
        return GridLayout(size, tile, columns, by_layer)

    def rows(made: GridLayout) -> int:
        lines = -(-n_head // made.columns) * n_layer if made.columns < n_head and by_layer else 0
        return lines or -(-n_head * n_layer // made.columns)

    def fits(size: PictureSize, most: float = 1.0) -> bool:
        made = layout(size)
        return size.pixels >= min(positions, LEAST_PIXELS) and rows(made) * made.lines <= most * height

    chosen = next((i for i, size in enumerate(shown) if fits(size)), None)
    if chosen is None or shown[chosen].block > 1:
        unpooled = (
            i for i, size in enumerate(shown) if size.block == 1 and (layout(size).columns >= n_head or not by_layer)
        )
        chosen = next((i for i in unpooled if fits(shown[i], SCROLLED)), chosen)
    if chosen is None:
        legible = [
            size for size in shown if size.width <= SCROLLED_WIDTH and size.pixels >= min(positions, LEAST_PIXELS)
        ]
        abreast = [size for size in legible if layout(size).columns >= n_head]
        chosen = shown.index((abreast or legible or shown[-1:])[0])
    made = layout(shown[max(0, min(len(shown) - 1, chosen - larger))])
    if larger:
        return made
    lines = height // rows(made) - 1 if rows(made) * made.lines <= height else 0  # what scrolls grows in width alone
    grown = made.picture.grown((width + 1) // made.columns - 1, lines)
    return replace(made, picture=grown, tile=max(made.tile, grown.width))


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
