"""The themes that a key goes through: dark, light, the terminal's own colours, and grey."""

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

from explorer.core.colour import RGB, blend, contrast, ink

if TYPE_CHECKING:
    from textual.app import App

GREY = Theme(
    name="grey",
    primary="#c8c8c8",
    secondary="#a0a0a0",
    warning="#e8e8e8",
    error="#ffffff",
    success="#d0d0d0",
    accent="#f4f4f4",
    foreground="#e4e4e4",
    background="#101010",
    surface="#1c1c1c",
    panel="#282828",
    dark=True,
    variables={"footer-key-foreground": "#ffffff"},
)
"""Without hue: shades and glyphs carry everything, as on a monochrome terminal or a printed page."""

CYCLE = ("textual-dark", "textual-light", "ansi-dark", "ansi-light", GREY.name)
WITHOUT_COLOURS = ("ansi-dark", "ansi-light")
"""Under NO_COLOR: in any other theme Textual would take the colours away too late."""

_CONTRAST = 4.5
"""WCAG 2.2, AA: of text and the paper behind it."""
_CONTRAST_GREYED = 3.5
"""Of a key that does nothing now: less, but not so near to 3 that the nearest of 256 colours falls below it."""
_PAGE = ("background", "surface")
_INKS = {
    "text-primary": _PAGE,
    "text-accent": _PAGE,
    "text-warning": _PAGE,
    "text-error": _PAGE,
    "text-success": _PAGE,
    "footer-key-foreground": ("footer-background",),
    "footer-description-foreground": ("footer-background",),
}
"""Variables of coloured texts, and of what is behind them."""
GREYED = "footer-key-greyed"
"""The variable of ours for keys that do nothing now."""
_RGB = re.compile("#[0-9a-fA-F]{6}")


def legible(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme; coloured texts that are too faint on what is behind them are darker or lighter."""
    changed = dict(variables)
    for name, behind in _INKS.items():
        papers = [_rgb(variables[paper]) for paper in behind if _RGB.fullmatch(variables.get(paper, ""))]
        if papers and _RGB.fullmatch(colour := variables.get(name, "")):
            changed[name] = _written(_readable(_rgb(colour), papers))
    changed[GREYED] = "ansi_default"  # there the terminal dims it
    if _RGB.fullmatch(paper := variables.get("footer-background", "")):
        changed[GREYED] = _written(_readable(_rgb(paper), [_rgb(paper)], _CONTRAST_GREYED))
    return changed


def _written(colour: RGB) -> str:
    return "#{:02X}{:02X}{:02X}".format(*colour)


def _rgb(written: str) -> RGB:
    red, green, blue = (int(written[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _readable(colour: RGB, papers: list[RGB], wanted: float = _CONTRAST) -> RGB:
    """The colour, moved as little as it takes towards black or white to be read on every paper."""
    end = ink(papers[0])
    steps = (blend(colour, end, step / 20) for step in range(21))
    return next((near for near in steps if all(contrast(near, paper) >= wanted for paper in papers)), end)


def register(app: "App[Any]") -> None:
    """Make our own themes known."""
    app.register_theme(GREY)


def suit_terminal(app: "App[Any]") -> None:
    """Begin with a theme that the terminal can show.

    The nearest of 16 colours to those of a theme are often too near to each other: there the person's own are used,
    unless TEXTUAL_THEME asks for another.
    """
    if not app.no_color and app.console.color_system in (None, "standard", "windows"):
        app.theme = os.environ.get("TEXTUAL_THEME", "ansi-dark")


def following(theme: str, *, no_color: bool) -> str:
    """The theme after this one; the first after one that is not in turn."""
    themes = WITHOUT_COLOURS if no_color else CYCLE
    return themes[(themes.index(theme) + 1) % len(themes)] if theme in themes else themes[0]
