"""Palettes for every kind of terminal: diverging around 0 for scores, sequential for weights.

On each side of 0, lightness changes in equal steps and in one direction, so that a palette still works in greyscale.
Colour-blind readers can distinguish the hues: blue and orange, and blue-green to yellow. A terminal without enough
colours shows the same levels as glyphs from light to dark.
"""

import math
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from textual import constants

from explorer.core import colour
from explorer.core.colour import RGB, blend, contrast, faint_ink, from_lightness, ink, luminance, nearest_xterm
from explorer.widgets.themes import GREY

if TYPE_CHECKING:
    from textual.app import App
    from torch import Tensor

ARM = 15
"""The number of levels on each side of 0 in the diverging palette, which has 31 with 0 itself."""
SEQUENTIAL_LEVELS = 32
CONTRAST = 4.5
"""The least contrast between numbers and the colour behind them: level AA of WCAG 2.2."""

HATCH = "╱"
"""The character that fills hidden cells, which have no number rather than 0."""

_DIMMING = 0.62
_POSITIVE = " ░▒▓█"
_NEGATIVE = " ·-=#"


class Depth(Enum):
    """How many colours a terminal can show."""

    TRUE = "truecolor"
    EIGHT_BIT = "256"
    STANDARD = "16"
    NONE = "none"


def depth_of(app: "App[object]") -> Depth:
    """Return the colour depth of the terminal of `app`: NONE if NO_COLOR is set or the theme is grey."""
    if app.no_color or app.theme == GREY.name:
        return Depth.NONE
    if app.is_headless and constants.COLOR_SYSTEM == "auto":
        return Depth.TRUE
    found = {"truecolor": Depth.TRUE, "256": Depth.EIGHT_BIT, "standard": Depth.STANDARD, "windows": Depth.STANDARD}
    system = app.console.color_system
    return found.get(system, Depth.TRUE) if system else Depth.NONE


@lru_cache(maxsize=16)
def diverging_colours(dark: bool, eight_bit: bool = False) -> tuple[RGB, ...]:
    """Return 31 colours, blue below 0 and orange above, with equal lightness at equal distances from 0."""
    zero, end = (18.0, 86.0) if dark else (96.0, 34.0)
    chroma = 0.15 if dark else 0.17

    def arm(hue: float) -> list[RGB]:
        steps = [step / ARM for step in range(ARM + 1)]
        colours = [from_lightness(zero + (end - zero) * t, chroma * t**0.7, hue) for t in steps]
        return _on_xterm(colours) if eight_bit else colours

    negative, positive = arm(256.0), arm(62.0)
    return (*reversed(negative[1:]), positive[0], *positive[1:])


@lru_cache(maxsize=16)
def sequential_colours(dark: bool, eight_bit: bool = False) -> tuple[RGB, ...]:
    """Return 32 colours for 0 to 1 whose lightness moves away from the background and whose hue changes."""
    steps = [step / (SEQUENTIAL_LEVELS - 1) for step in range(SEQUENTIAL_LEVELS)]
    if dark:
        colours = [from_lightness(18 + 74 * t, 0.13 * t**0.5, 230 - 125 * t) for t in steps]
    else:
        colours = [from_lightness(96 - 68 * t, 0.13 * t**0.5, 120 + 135 * t) for t in steps]
    return tuple(_on_xterm(colours)) if eight_bit else tuple(colours)


def _on_xterm(colours: list[RGB]) -> list[RGB]:
    """Return the nearest xterm colours, chosen so that luminance never reverses its direction."""
    rising = luminance(colours[-1]) > luminance(colours[0])
    found = [nearest_xterm(colours[0])]
    for rgb in colours[1:]:
        last = luminance(found[-1])
        found.append(nearest_xterm(rgb, darkest=last) if rising else nearest_xterm(rgb, lightest=last))
    return found


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a palette is drawn.

    `pixel` is its colour, None if the terminal has too few colours. `glyph` fills one cell and `block` two; both are
    spaces if the level is shown by its background colour. The `dim_` variants are for what the model has not read yet.
    """

    style: Style
    dim_style: Style
    pixel: Color | None
    dim_pixel: Color | None
    glyph: str
    block: str


@dataclass(frozen=True, slots=True)
class Ramp:
    """The levels of one palette in ascending order, with 0 at index `zero`."""

    levels: tuple[Level, ...]
    zero: int

    def level(self, x: float, limit: float) -> int:
        """Return the index of the level of a number; ±`limit` are the ends, and NaN has the level of 0.

        A sequential palette uses the square root of the share, as most weights of a long text are small.
        """
        if x != x or limit <= 0.0:
            return self.zero
        share = max(-1.0, min(1.0, x / limit))
        if self.zero == 0:
            return round(math.sqrt(max(0.0, share)) * (len(self.levels) - 1))
        return self.zero + round(share * self.zero)

    def levels_of(self, numbers: "Tensor", limit: float) -> "Tensor":
        """Return the `level` of every number of a tensor, as an integer tensor of its shape.

        This is computed in double precision, as `level` is, so that both agree at the edges of the levels.
        """
        shares = numbers.double() / (limit if limit > 0.0 else math.inf)
        shares.nan_to_num_(0.0, 1.0, -1.0).clamp_(0.0 if self.zero == 0 else -1.0, 1.0)
        if self.zero == 0:
            return shares.sqrt_().mul_(len(self.levels) - 1).round_().int()
        return shares.mul_(self.zero).round_().add_(self.zero).int()


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The precomputed styles with which matrices and coloured tokens are painted; see `make_palette`."""

    depth: Depth
    diverging: Ramp
    sequential: Ramp
    hidden: Style
    dim_hidden: Style
    hidden_pixel: Color | None

    @property
    def has_pixels(self) -> bool:
        """True if cells are distinguished by colour alone, which half blocks need."""
        return self.hidden_pixel is not None


def palette_of(app: "App[object]", background: RGB | None) -> Palette:
    """Return the palette for the theme and terminal of `app` on `background`, or on the terminal's own for None."""
    dark = app.current_theme.dark
    return make_palette(dark, depth_of(app), background or (colour.BLACK if dark else colour.WHITE))


@lru_cache(maxsize=16)
def make_palette(dark: bool, depth: Depth, background: RGB) -> Palette:
    """Return the palette for one kind of theme and terminal."""
    if depth in (Depth.STANDARD, Depth.NONE):
        return _glyph_palette(dark, depth)
    eight_bit = depth is Depth.EIGHT_BIT
    diverging = tuple(_painted(rgb, background, eight_bit) for rgb in diverging_colours(dark, eight_bit))
    sequential = tuple(_painted(rgb, background, eight_bit) for rgb in sequential_colours(dark, eight_bit))
    return Palette(
        depth,
        Ramp(diverging, ARM),
        Ramp(sequential, 0),
        Style(color=_rich(faint_ink(background, 2.4))),
        Style(color=_rich(faint_ink(background, 1.7))),
        _rich(blend(background, ink(background), 0.04)),
    )


def _painted(rgb: RGB, background: RGB, eight_bit: bool) -> Level:
    dimmed = blend(rgb, background, _DIMMING)
    dim_ink = faint_ink(dimmed, CONTRAST + 0.1)
    if eight_bit:
        dimmed = nearest_xterm(dimmed)
        dim_ink = nearest_xterm(faint_ink(dimmed, CONTRAST + 0.1))
        if contrast(dim_ink, dimmed) < CONTRAST:
            dim_ink = ink(dimmed)
    return Level(
        Style(color=_rich(ink(rgb)), bgcolor=_rich(rgb)),
        Style(color=_rich(dim_ink), bgcolor=_rich(dimmed)),
        _rich(rgb),
        _rich(dimmed),
        " ",
        "  ",
    )


def _glyph_palette(dark: bool, depth: Depth) -> Palette:
    """Return a palette of glyphs, in the terminal's own blue and red if it has 16 colours."""
    bright = "bright_" if dark else ""
    names = (f"{bright}blue", f"{bright}red", f"{bright}cyan" if dark else "blue") if depth is Depth.STANDARD else None
    below, above, weights = (Style(color=name) for name in names) if names else (Style(), Style(), Style())
    diverging = (
        *(_drawn(_NEGATIVE, step / ARM, below, "−") for step in range(ARM, 0, -1)),
        *(_drawn(_POSITIVE, step / ARM, above, "") for step in range(ARM + 1)),
    )
    sequential = tuple(_drawn(_POSITIVE, i / (SEQUENTIAL_LEVELS - 1), weights, "") for i in range(SEQUENTIAL_LEVELS))
    dim = Style(dim=True)
    return Palette(depth, Ramp(diverging, ARM), Ramp(sequential, 0), dim, dim, None)


def _drawn(glyphs: str, share: float, style: Style, sign: str) -> Level:
    glyph = glyphs[min(len(glyphs) - 1, round(share * (len(glyphs) - 1)))]
    # A block has room for a sign, so it can have the same shades on both sides of 0.
    shade = _POSITIVE[_NEGATIVE.index(glyph)] if sign else glyph
    block = sign + shade if sign and shade != " " else shade * 2
    return Level(style, style + Style(dim=True), None, None, glyph, block)


def _rich(rgb: RGB) -> Color:
    return Color.from_rgb(*rgb)
