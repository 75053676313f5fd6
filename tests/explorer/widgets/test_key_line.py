"""The footer: keys are greyed and possible again, in the colours of the theme in use."""

from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from explorer.actions import EXPLORE, footer
from explorer.widgets.key_line import KeyLine


class Footer(App[None]):
    impossible = ""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"footer-key-greyed": "#808080"}

    def compose(self) -> ComposeResult:
        yield KeyLine(footer(EXPLORE), lambda name: name != self.impossible)


def styles(strip: Strip) -> list[tuple[str, Style | None]]:
    """The text and the style of each part, without what a click does."""
    return [(text, style and style.clear_meta_and_links()) for text, style, _ in strip]


async def test_a_line_drawn_before_is_the_line_drawn_anew() -> None:
    app = Footer()
    async with app.run_test(size=(200, 5)) as pilot:
        line = app.query_one(KeyLine)
        seen = []
        for app.theme in ("textual-dark", "textual-light"):
            await pilot.pause()
            drawn = []
            for app.impossible in ("", "query_next", ""):
                line.update()
                drawn.append(styles(line.render_line(0)))
                line.refresh()
                assert drawn[-1] == styles(Widget.render_line(line, 0))
            assert drawn[0] == drawn[2] != drawn[1]
            line.say("something else")
            assert line.render_line(0).text.strip() == "something else"
            line.say("")
            assert styles(line.render_line(0)) == drawn[0]
            seen.append(drawn[0])
        assert seen[0] != seen[1]
        await pilot.resize_terminal(60, 5)
        line.refresh()
        assert styles(line.render_line(0)) == styles(Widget.render_line(line, 0))
        assert line.render_line(0).cell_length == 60
