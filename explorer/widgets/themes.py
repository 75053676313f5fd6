"""The themes that a key cycles through: dark, light, the terminal's own colours, and grey."""

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
"""A theme without hue, in which shades and glyphs carry all information, as on a monochrome terminal."""

CYCLE = ("textual-dark", "textual-light", "ansi-dark", "ansi-light", GREY.name)
WITHOUT_COLOURS = ("ansi-dark", "ansi-light")
"""The themes to use under NO_COLOR; in any other one, Textual would remove the colours too late."""

_CONTRAST = 4.5
"""The least contrast between text and the background behind it: level AA of WCAG 2.2."""
_CONTRAST_GREYED = 3.5
"""The least contrast of a greyed key: high enough that it stays above 3 in the nearest of 256 colours."""
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
"""The theme variables of coloured texts, each with those of the backgrounds behind it."""
GREYED = "footer-key-greyed"
"""The theme variable, added by this application, for keys that do nothing now."""
_RGB = re.compile("#[0-9a-fA-F]{6}")


def legible(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a theme, with the colours of texts adjusted to have enough contrast."""
    changed = dict(variables)
    for name, behind in _INKS.items():
        papers = [_rgb(variables[paper]) for paper in behind if _RGB.fullmatch(variables.get(paper, ""))]
        if papers and _RGB.fullmatch(colour := variables.get(name, "")):
            changed[name] = _written(_readable(_rgb(colour), papers))
    changed[GREYED] = "ansi_default"  # the terminal dims it
    if _RGB.fullmatch(paper := variables.get("footer-background", "")):
        changed[GREYED] = _written(_readable(_rgb(paper), [_rgb(paper)], _CONTRAST_GREYED))
    return changed


def _written(colour: RGB) -> str:
    return "#{:02X}{:02X}{:02X}".format(*colour)


def _rgb(written: str) -> RGB:
    red, green, blue = (int(written[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _readable(colour: RGB, papers: list[RGB], wanted: float = _CONTRAST) -> RGB:
    """Return the colour, moved just far enough towards black or white to be readable on all `papers`."""
    end = ink(papers[0])
    steps = (blend(colour, end, step / 20) for step in range(21))
    return next((near for near in steps if all(contrast(near, paper) >= wanted for paper in papers)), end)


def register(app: "App[Any]") -> None:
    """Register the themes of this application."""
    app.register_theme(GREY)


def suit_terminal(app: "App[Any]") -> None:
    """Choose the first theme so that the terminal can show it.

    On a terminal with 16 colours, several colours of a theme would look the same: its own colours are used instead,
    unless TEXTUAL_THEME names another theme.
    """
    if not app.no_color and app.console.color_system in (None, "standard", "windows"):
        app.theme = os.environ.get("TEXTUAL_THEME", "ansi-dark")


def following(theme: str, *, no_color: bool) -> str:
    """Return the next theme of the cycle; the first one if `theme` is not in the cycle."""
    themes = WITHOUT_COLOURS if no_color else CYCLE
    return themes[(themes.index(theme) + 1) % len(themes)] if theme in themes else themes[0]
