"""KeyLine: the footer, one line of the most useful keys, those that do nothing now greyed."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from explorer.actions import Action, footer

IMPORTANCE = (
    "help",
    "query",
    "stage",
    "edit",
    "mask",
    "scale",
    "amount",
    "head",
    "layer",
    "play",
    "heads",
    "key",
    "details",
    "zoom",
    "full",
    "scope",
    "ablate",
    "reset",
    "compare",
    "time",
    "samples",
    "write",
    "copy",
    "train",
)
"""Captions of the footer, those that stay on a narrow terminal first."""


Places = Sequence[tuple[str, tuple[Action, ...]]]
"""Captions and the actions that share each."""

Hints = tuple[tuple[str, str, str], ...]
"""Keys, what they do, and the action of a click: what is shown while a part has keys of its own."""


class KeyLine(Widget):
    """As many places of the footer as fit, help always among them; a click on a key does what the key does."""

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
        """A click on the key of an action."""

        def __init__(self, action: Action) -> None:
            super().__init__()
            self.action = action

    def __init__(self, possible: Callable[[str], bool], places: Places | None = None) -> None:
        """Make the footer of the registry, or one of other `places`, the most important first."""
        super().__init__()
        self._possible = possible
        self._places = places or footer()
        self._importance = [caption for caption, _ in places] if places else IMPORTANCE
        self._named = {action.name: action for _, actions in self._places for action in actions}
        self._shown: tuple[bool, ...] = ()
        self._hints: Hints = ()
        self._said = ""

    def say(self, line: str) -> None:
        """Show a line instead of the keys, or the keys again when it is empty."""
        if line != self._said:
            self._said = line
            self.tooltip = None
            self.refresh()

    def show_hints(self, hints: Hints) -> None:
        """Show these instead of the footer, or the footer again when there are none."""
        self._hints = hints
        self.tooltip = None
        self.refresh()

    def update(self) -> None:
        """Draw again if other actions are possible now."""
        possible = tuple(self._possible(action.name) for _, actions in self._places for action in actions)
        if possible != self._shown:
            self._shown = possible
            self.refresh()

    def render(self) -> Text:
        """The line, as wide as there is room: places are dropped from the least important on."""
        if self._said:
            return Text(self._said, no_wrap=True, overflow="ellipsis")
        if self._hints:
            return self._render_hints()
        places = {caption: self._place(caption, actions) for caption, actions in self._places}
        kept: set[str] = set()
        room = self.size.width
        for caption in self._importance:
            if places[caption].cell_len <= room:
                kept.add(caption)
                room -= places[caption].cell_len
        return Text(no_wrap=True, overflow="crop").join(place for caption, place in places.items() if caption in kept)

    def _render_hints(self) -> Text:
        """As many as fit, the first ones first."""
        line = Text(no_wrap=True, overflow="crop")
        for key, caption, action in self._hints:
            if line and line.cell_len + cell_len(f"{key} {caption}") > self.size.width:
                continue
            meta = Style(meta={"@click": action}) if action else Style()
            line.append(key, self.get_component_rich_style("key-line--key") + meta)
            line.append(f" {caption}  ", self.get_component_rich_style("key-line--caption") + meta)
        return line

    def _place(self, caption: str, actions: tuple[Action, ...]) -> Text:
        place = Text()
        for action in actions:
            kind = "key" if self._possible(action.name) else "disabled"
            style = self.get_component_rich_style(f"key-line--{kind}")
            place.append(action.label, style + Style(meta={"key_line": action.name}))
        alive = any(self._possible(action.name) for action in actions)
        style = self.get_component_rich_style("key-line--caption" if alive else "key-line--disabled")
        place.append(f" {caption}  ", style + Style(meta={"key_line": actions[-1].name}))
        return place

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The tooltip is that of the key below the mouse."""
        name = event.style.meta.get("key_line")
        self.tooltip = Text(self._named[name].help) if name else None

    def on_click(self, event: events.Click) -> None:
        """Do what the key below the mouse does."""
        if name := event.style.meta.get("key_line"):
            self.post_message(self.Pressed(self._named[name]))
