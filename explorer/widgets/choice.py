"""Choice: a widget to choose one of a few values; a filled circle marks the chosen one, even without colours."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

_CHOSEN, _OTHER = "● ", "○ "


class Choice(Widget, can_focus=True):
    """`● bpe  ○ char`: space and → choose the next value, ← the previous one, and a letter the value it starts."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,right", "choose(1)", "Next", show=False),
        Binding("left", "choose(-1)", "Previous", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: 1; width: 1fr; }
    """

    class Changed(Message):
        """Posted when another value is chosen."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> "Choice":
            """The widget."""
            return self.choice

    value: reactive[str] = reactive("", init=False)

    def __init__(self, values: Sequence[str], value: str, *, id: str | None = None) -> None:
        """Offer `values`, with `value` chosen at first."""
        super().__init__(id=id)
        self.values = tuple(values)
        self.set_reactive(Choice.value, value)

    def watch_value(self) -> None:
        """Post that another value is chosen."""
        self.post_message(self.Changed(self))

    def render(self) -> Text:
        """Draw all values, or only the chosen one if there is too little room."""
        if self._cramped:
            return Text(_CHOSEN + self.value, Style(bold=True, reverse=self.has_focus), no_wrap=True)
        line = Text(no_wrap=True)
        for value in self.values:
            chosen = value == self.value
            style = Style(bold=chosen, reverse=chosen and self.has_focus, dim=not chosen, meta={"choice": value})
            line.append((_CHOSEN if chosen else _OTHER) + value, style)
            line.append("  ")
        return line

    def action_choose(self, by: int) -> None:
        """Choose the value at a distance from the present one; the first follows the last."""
        self.value = self.values[(self.values.index(self.value) + by) % len(self.values)]

    def on_key(self, event: events.Key) -> None:
        """Choose the value that starts with a typed letter."""
        beginning = [value for value in self.values if event.character and value.startswith(event.character)]
        if beginning:
            event.stop()
            self.value = beginning[0]

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked value, or the next value if only one is drawn."""
        if (value := event.style.meta.get("choice")) is not None:
            self.value = value
        elif self._cramped:
            self.action_choose(1)

    @property
    def _cramped(self) -> bool:
        return cell_len("  ".join(_CHOSEN + value for value in self.values)) > self.size.width
