"""Coloured texts can be read in every theme that the palette offers, and T goes through some of them."""

import re
from collections.abc import Callable

import pytest
from textual.theme import BUILTIN_THEMES

from explorer.app import ExplorerApp
from explorer.core.colour import contrast
from explorer.widgets import themes
from explorer.widgets.key_line import KeyLine
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.helpers import drawn, screen_text

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


async def test_greyed_keys_are_legible_and_differ_from_the_others(
    make_app: Callable[..., ExplorerApp], ready: Ready
) -> None:
    app = make_app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        for theme in (*BUILTIN_THEMES, themes.GREY.name):
            app.theme = theme
            await pilot.pause()
            check_greyed_keys(app.explore.query_one(KeyLine))


def check_greyed_keys(line: KeyLine) -> None:
    greyed, key, caption = (line.get_component_rich_style(f"key-line--{x}") for x in ("disabled", "key", "caption"))
    paper = line.background_colors[1]
    if paper.ansi is not None:
        assert greyed.dim  # the terminal's own colours: how dim is the terminal's to say
        assert not key.dim
        return
    assert greyed.color
    assert greyed.color.triplet
    assert not greyed.dim
    assert contrast(greyed.color.triplet, paper.rgb) >= 3
    for other in (key, caption):
        assert other.color
        assert other.color.triplet
        assert contrast(other.color.triplet, paper.rgb) >= contrast(greyed.color.triplet, paper.rgb)


async def test_colours_go_round(make_app: Callable[..., ExplorerApp], ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        seen = [app.theme]
        for _ in themes.CYCLE:
            await pilot.press("T")
            await pilot.pause()
            seen.append(app.theme)
            assert SENTENCES[0] in screen_text(app)
        assert sorted(seen[1:]) == sorted(themes.CYCLE)
        assert seen[0] == seen[-1]


async def test_without_colours_only_those_themes_that_need_none(
    make_app: Callable[..., ExplorerApp], ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for _ in range(3):
            await pilot.press("T")
            assert app.theme in themes.WITHOUT_COLOURS
        styles = [part.style for strip in drawn(app) for part in strip if part.style]
        assert not any(style.color and not style.color.is_default for style in styles)
