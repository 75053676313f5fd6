"""Coloured texts can be read in every theme that the palette offers."""

import re

import pytest
from textual.theme import BUILTIN_THEMES

from explorer import themes
from explorer.app import ExplorerApp
from explorer.colour import contrast

PAPERS = {"footer-key-foreground": ("footer-background",)}


def rgb(written: str) -> tuple[int, int, int]:
    red, green, blue = (int(written[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


@pytest.mark.parametrize("theme", [*BUILTIN_THEMES, themes.GREY.name])
def test_coloured_texts_can_be_read(theme: str) -> None:
    app = ExplorerApp()
    app.theme = theme
    variables = app.get_css_variables()
    for name in ("text-primary", "text-accent", "text-warning", "text-error", "text-success", "footer-key-foreground"):
        for paper in PAPERS.get(name, ("background", "surface")):
            found = variables[name], variables[paper]
            if all(re.fullmatch("#[0-9a-fA-F]{6}", colour) for colour in found):
                assert contrast(*map(rgb, found)) >= 4.5, (name, paper)


def test_the_light_theme_had_to_be_darkened_and_the_dark_one_not() -> None:
    app = ExplorerApp()
    for theme, changed in (("textual-dark", False), ("textual-light", True)):
        app.theme = theme
        own = app.current_theme.to_color_system().generate()["text-accent"]
        assert (app.get_css_variables()["text-accent"] != own) == changed
