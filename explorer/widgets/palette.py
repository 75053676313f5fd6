"""The palettes: diverging about 0 for scores, sequential for weights, for every kind of terminal.

On each arm lightness changes in equal steps and in one direction, so that a palette survives as grey; the hues, blue
and orange, and blue-green to yellow, are told apart by colour-blind eyes. Where there are no colours to choose from,
glyphs from light to dark carry the same levels.
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

ARM = 15
"""Levels on each side of 0 in the diverging palette; with 0 itself it has 31."""
SEQUENTIAL_LEVELS = 32
CONTRAST = 4.5
"""WCAG 2.2, AA: the least contrast of numbers and the colour behind them."""

HATCH = "╱"
"""Fills hidden cells: they hold no number, which is not the same as 0."""

_DIMMING = 0.62
_POSITIVE = " ░▒▓█"
_NEGATIVE = " ·-=#"


class Depth(Enum):
    """What colours a terminal can show."""

    TRUE = "truecolor"
    EIGHT_BIT = "256"
    STANDARD = "16"
    NONE = "none"


def depth_of(app: "App[object]") -> Depth:
    """What colours the terminal of `app` shows; none when the person asked for none by NO_COLOR or the grey theme."""
    if app.no_color or app.theme == GREY.name:
        return Depth.NONE
    if app.is_headless and constants.COLOR_SYSTEM == "auto":
        return Depth.TRUE
    found = {"truecolor": Depth.TRUE, "256": Depth.EIGHT_BIT, "standard": Depth.STANDARD, "windows": Depth.STANDARD}
    system = app.console.color_system
    return found.get(system, Depth.TRUE) if system else Depth.NONE


@lru_cache(maxsize=16)
def diverging_colours(dark: bool, eight_bit: bool = False) -> tuple[RGB, ...]:
    """31 colours, blue below 0 and orange above, of the same lightness at the same distance from 0."""
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
    """32 colours from none to all: away from the background in lightness, blue-green to yellow or back in hue."""
    steps = [step / (SEQUENTIAL_LEVELS - 1) for step in range(SEQUENTIAL_LEVELS)]
    if dark:
        colours = [from_lightness(18 + 74 * t, 0.13 * t**0.5, 230 - 125 * t) for t in steps]
    else:
        colours = [from_lightness(96 - 68 * t, 0.13 * t**0.5, 120 + 135 * t) for t in steps]
    return tuple(_on_xterm(colours)) if eight_bit else tuple(colours)


def _on_xterm(colours: list[RGB]) -> list[RGB]:
    """The nearest of xterm's colours, never turning back in luminance along the way."""
    rising = luminance(colours[-1]) > luminance(colours[0])
    found = [nearest_xterm(colours[0])]
    for rgb in colours[1:]:
        last = luminance(found[-1])
        found.append(nearest_xterm(rgb, darkest=last) if rising else nearest_xterm(rgb, lightest=last))
    return found


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a palette is drawn.

    `pixel` is its colour, None where the terminal has none to give; `glyph` fills one cell and `block` two, both of
    them spaces where the colour does the work. The styles with `dim_` are for what the model has not read yet.
    """

    style: Style
    dim_style: Style
    pixel: Color | None
    dim_pixel: Color | None
    glyph: str
    block: str


@dataclass(frozen=True, slots=True)
class Ramp:
    """The levels of one palette, from `low` to `high`, with 0 at index `zero`."""

    levels: tuple[Level, ...]
    zero: int

    def level(self, x: float, limit: float) -> int:
        """The index for a number, where ±`limit` are the ends; NaN is shown as 0.

        A sequential palette takes the square root of the share: most weights of a long text are small.
        """
        if x != x or limit <= 0.0:
            return self.zero
        share = max(-1.0, min(1.0, x / limit))
        if self.zero == 0:
            return round(math.sqrt(max(0.0, share)) * (len(self.levels) - 1))
        return self.zero + round(share * self.zero)


@dataclass(frozen=True, slots=True)
class Palette:
    """Everything that a matrix or a coloured token is painted with, ready made."""

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
    """The palette for the theme and the terminal of `app`, on `background`; None is the terminal's own."""
    dark = app.current_theme.dark
    return make_palette(dark, depth_of(app), background or (colour.BLACK if dark else colour.WHITE))


@lru_cache(maxsize=16)
def make_palette(dark: bool, depth: Depth, background: RGB) -> Palette:
    """The palette for one kind of theme and terminal."""
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
    """Levels as glyphs, in the terminal's own blue and red where it has 16 colours."""
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
    # Two cells have room for the sign, so that the shades can be the same on both sides of 0.
    shade = _POSITIVE[_NEGATIVE.index(glyph)] if sign else glyph
    block = sign + shade if sign and shade != " " else shade * 2
    return Level(style, style + Style(dim=True), None, None, glyph, block)


def _rich(rgb: RGB) -> Color:
    return Color.from_rgb(*rgb)
