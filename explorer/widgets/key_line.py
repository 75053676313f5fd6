"""KeyLine: the footer, a line of the most useful keys in which keys that do nothing now are greyed."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from explorer.actions import Action, Place

Hints = tuple[tuple[str, str, str], ...]
"""Keys, what they do, and the action that a click runs, for the time that a part of the screen has its own keys."""


class KeyLine(Widget):
    """A line of as many places of the footer as fit, by importance; a click on a key runs its action."""

    COMPONENT_CLASSES = {"key-line--key", "key-line--caption", "key-line--disabled"}  # noqa: RUF012
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyLine {
        height: 1;
        dock: bottom;
        background: $footer-background;
        & > .key-line--key { color: $footer-key-foreground; text-style: bold; }
        & > .key-line--caption { color: $footer-description-foreground; }
        & > .key-line--disabled { color: $footer-key-greyed; }
        &:ansi > .key-line--disabled { text-style: dim; }
    }
    """

    class Pressed(Message):
        """Posted when a key is clicked; `command` is its action in Textual's notation."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    def __init__(self, places: Sequence[Place], is_possible: Callable[[str], bool] = lambda name: True) -> None:
        """Show `places` from left to right; an action is greyed while `is_possible(name)` is False."""
        super().__init__()
        self._is_possible = is_possible
        self._places = tuple(places)
        self._named = {action.name: action for place in self._places for action in place.actions}
        self._shown: tuple[bool, ...] = ()
        self._hints: Hints = ()
        self._said = ""
        self._strips: dict[tuple[int, int, tuple[bool, ...]], Strip] = {}

    def say(self, line: str) -> None:
        """Show a line instead of the keys, or the keys again if the line is empty."""
        if line != self._said:
            self._said = line
            self._draw_again()

    def show_hints(self, hints: Hints) -> None:
        """Show hints instead of the footer, or the footer again if there are none."""
        self._hints = hints
        self._draw_again()

    def _draw_again(self) -> None:
        self._shown = self._possible()
        self.tooltip = None
        self.refresh()

    def update(self) -> None:
        """Redraw the line if other actions have become possible.

        Drawing does not ask which are, so this has to be called whenever that may change.
        """
        possible = self._possible()
        if possible != self._shown:
            self._shown = possible
            self.refresh()

    def _possible(self) -> tuple[bool, ...]:
        return tuple(map(self._is_possible, self._named))

    def notify_style_update(self) -> None:
        """Draw the line again in the new style."""
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """Draw the line, or take it from the last time that the same keys were possible, which is often."""
        if self._said or self._hints:
            return super().render_line(y)
        state = y, self.size.width, self._shown
        if state not in self._strips:
            self._strips[state] = super().render_line(y)
        return self._strips[state]

    def render(self) -> Text:
        """Draw the line without the least important places if it would be too long."""
        if self._said:
            return Text(self._said, no_wrap=True, overflow="ellipsis")
        if self._hints:
            return self._render_hints()
        possible = dict(zip(self._named, self._shown or self._possible(), strict=True))
        styles = {kind: self.get_component_rich_style(f"key-line--{kind}") for kind in ("key", "caption", "disabled")}
        texts = [_text(place, possible, styles) for place in self._places]
        kept: set[int] = set()
        room = self.size.width
        for index in sorted(range(len(texts)), key=lambda index: self._places[index].rank):
            if texts[index].cell_len <= room:
                kept.add(index)
                room -= texts[index].cell_len
        return Text(no_wrap=True, overflow="crop").join(text for index, text in enumerate(texts) if index in kept)

    def _render_hints(self) -> Text:
        """Draw as many hints as fit, the first ones first."""
        line = Text(no_wrap=True, overflow="crop")
        for key, caption, command in self._hints:
            if line and line.cell_len + cell_len(f"{key} {caption}") > self.size.width:
                continue
            meta = Style(meta={"command": command}) if command else Style()
            line.append(key, self.get_component_rich_style("key-line--key") + meta)
            line.append(f" {caption}  ", self.get_component_rich_style("key-line--caption") + meta)
        return line

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show the help of the action below the mouse as a tooltip."""
        name = event.style.meta.get("action_name")
        self.tooltip = Text(self._named[name].help) if name else None

    def on_click(self, event: events.Click) -> None:
        """Run the action below the mouse."""
        if command := event.style.meta.get("command"):
            self.post_message(self.Pressed(command))


def _text(place: Place, possible: Mapping[str, bool], styles: Mapping[str, Style]) -> Text:
    text = Text()
    for action in place.actions:
        text.append(action.label, styles["key" if possible[action.name] else "disabled"] + _meta(action))
    some = any(possible[action.name] for action in place.actions)
    text.append(f" {place.caption}  ", styles["caption" if some else "disabled"] + _meta(place.actions[-1]))
    return text


@cache
def _meta(action: Action) -> Style:
    return Style(meta={"action_name": action.name, "command": action.command})
