"""The themes that a key goes through: dark, light, the terminal's own colours, and grey."""

import os
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

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
