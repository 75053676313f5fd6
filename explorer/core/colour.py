"""Colour arithmetic: lightness, contrast, and OKLCH, a space in which equal steps look equal.

sRGB and relative luminance are those of WCAG 2.2, lightness L* that of CIE 1976, and OKLCH that of Björn Ottosson,
"A perceptual color space for image processing" (2020).
"""

import math
from functools import lru_cache

RGB = tuple[int, int, int]

BLACK: RGB = (0, 0, 0)
WHITE: RGB = (255, 255, 255)


def linear(channel: int) -> float:
    """Convert an sRGB channel, 0 to 255, to linear light, 0 to 1."""
    c = channel / 255
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def _channel(light: float) -> int:
    c = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * min(1.0, max(0.0, c)))


def luminance(rgb: RGB) -> float:
    """Return the relative luminance, from 0 (black) to 1 (white)."""
    red, green, blue = map(linear, rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(rgb: RGB) -> float:
    """Return the CIE lightness L*, from 0 (black) to 100 (white): luminance on a perceptual scale."""
    y = luminance(rgb)
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


def contrast(one: RGB, other: RGB) -> float:
    """Return the WCAG contrast ratio, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def blend(colour: RGB, towards: RGB, amount: float) -> RGB:
    """Move a colour towards another by `amount`, from 0 to 1."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(colour, towards, strict=True))
    return red, green, blue


def ink(paper: RGB) -> RGB:
    """Return black or white, whichever has more contrast with the background `paper`: at least 4.58."""
    return max(BLACK, WHITE, key=lambda colour: contrast(colour, paper))


def faint_ink(paper: RGB, ratio: float) -> RGB:
    """Return the faintest text colour whose contrast with `paper` is at least `ratio`; else black or white."""
    best = ink(paper)
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if contrast(blend(best, paper, middle), paper) >= ratio:
            low = middle
        else:
            high = middle
    return blend(best, paper, low)


def _linear_of_oklch(light: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l_ = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )


def oklab(rgb: RGB) -> tuple[float, float, float]:
    """Convert a colour to OKLab, in which Euclidean distance approximates perceived difference."""
    red, green, blue = map(linear, rgb)
    l_ = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    m_ = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    s_ = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_,
        1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_,
        0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_,
    )


def from_lightness(target: float, chroma: float, hue: float) -> RGB:
    """Return the colour of CIE lightness `target` and this OKLCH hue, with as much of `chroma` as sRGB can show."""
    while True:
        light = _solve(target, chroma, hue)
        channels = _linear_of_oklch(light, chroma, hue)
        if chroma <= 0.0 or all(-1e-3 <= c <= 1 + 1e-3 for c in channels):
            red, green, blue = map(_channel, channels)
            return red, green, blue
        chroma = max(0.0, chroma - 0.004)


def _solve(target: float, chroma: float, hue: float) -> float:
    """Return the OKLCH lightness at which a colour has the CIE lightness `target`."""
    wanted = ((target + 16) / 116) ** 3 if target > 8 else target * 27 / 24389
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        red, green, blue = _linear_of_oklch(middle, chroma, hue)
        if 0.2126 * red + 0.7152 * green + 0.0722 * blue < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache(maxsize=1)
def xterm_colours() -> tuple[RGB, ...]:
    """Return colours 16 to 255 of 256-colour terminals, a 6 × 6 × 6 cube and 24 greys; users choose the first 16."""
    steps = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in steps for green in steps for blue in steps]
    return (*cube, *((grey, grey, grey) for grey in range(8, 239, 10)))


@lru_cache(maxsize=1)
def _xterm_in_oklab() -> tuple[tuple[RGB, float, tuple[float, float, float]], ...]:
    return tuple((rgb, luminance(rgb), oklab(rgb)) for rgb in xterm_colours())


def nearest_xterm(rgb: RGB, lightest: float = 1.0, darkest: float = 0.0) -> RGB:
    """Return the most similar xterm colour whose luminance is between `darkest` and `lightest`.

    Hue counts more than lightness: the cube is coarse, and a ramp that changes its hue would be misleading.
    """
    wanted = oklab(rgb)
    allowed = [(_distance(seen, wanted), xterm) for xterm, y, seen in _xterm_in_oklab() if darkest <= y <= lightest]
    return min(allowed)[1]


def _distance(seen: tuple[float, float, float], wanted: tuple[float, float, float]) -> float:
    """Return a distance in OKLab that weighs the wrong hue most, and the loss of all chroma."""
    chroma = math.hypot(wanted[1], wanted[2])
    if chroma < 0.03:
        return math.dist(seen, wanted)
    along = (seen[1] * wanted[1] + seen[2] * wanted[2]) / chroma  # chroma in the wanted hue
    across = (seen[1] * wanted[2] - seen[2] * wanted[1]) / chroma  # chroma in other hues
    return math.hypot(seen[0] - wanted[0], 0.7 * (along - chroma) + min(0.0, along - 0.06), 3.0 * across)
