"""The help screen: the part that has the focus first, then every action with its keys, made from the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.widget import Widget
from textual.widgets import Static

from explorer.actions import ACTIONS, Action, actions_of, help_groups
from explorer.core.glossary import GLOSSARY, explained
from explorer.screens.dialogs.base import Dialog

if TYPE_CHECKING:
    from explorer.core.reading import Reading


@dataclass(frozen=True, slots=True)
class Part:
    """Help for one part of a screen: what it is for, its own keys by Textual's names, and the words on it."""

    title: str
    text: str
    keys: tuple[tuple[str, str], ...] = ()
    terms: tuple[tuple[str, str], ...] = ()


_ARROWS = ("left", "right", "up", "down")
"""Keys that mean the same everywhere, and are in the list of all actions."""


def help_for(widget: Widget) -> Part | None:
    """Return heading and text of a widget's `HELP`, its own keys and its `TERMS` of the glossary, or None.

    Where the widget shows a reading, the terms say what is measured there. A widget without `HELP` has no help.
    """
    if widget.HELP is None:
        return None
    heading, _, text = widget.HELP.partition("\n")
    keys = [
        (binding.key, binding.description)
        for binding in type(widget).BINDINGS
        if isinstance(binding, Binding) and binding.description and binding.key not in _ARROWS
    ]
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
    terms = explained(getattr(widget, "TERMS", ()), getattr(widget, "reading", None))
    return Part(heading.lstrip("# "), "\n\n".join(paragraphs), tuple(keys), terms)


LABS = tuple(sorted({action.lab for action in ACTIONS if action.lab}))
"""The numbers of the labs that the help leads to."""


class HelpScreen(Dialog[int | None]):
    """Lists all keys of a screen. Escape, ? or q close it, or the number of a lab that one of the actions leads to."""

    CSS_PATH = "help.tcss"
    BINDINGS = [  # noqa: RUF012
        ("escape,question_mark,f1,q", "dismiss", "Close"),
        ("j", "scroll(1)", "Down"),
        ("k", "scroll(-1)", "Up"),
        *((str(lab), f"dismiss({lab})", f"Lab {lab}") for lab in LABS),
    ]

    def __init__(self, screen: str, part: Part | None = None, reading: "Reading | None" = None) -> None:
        """List the actions of a screen under their headings, below the help for `part`, and all words below them.

        The words say what is measured in `reading`.
        """
        super().__init__()
        self._reading = reading
        self._of = screen
        self._part = part

    def compose(self) -> ComposeResult:
        """Lay out one scrolling list."""
        with VerticalScroll() as scroll:
            scroll.border_title = "Help"
            scroll.border_subtitle = "esc closes"
            yield Static(_help(help_groups(self._of), self._part, self._reading), markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the number of a lab only if an action of the list leads to it."""
        if action == "dismiss" and parameters:
            return any(found.lab == parameters[0] for found in actions_of(self._of))
        return super().check_action(action, parameters)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _help(groups: Mapping[str, Sequence[Action]], part: Part | None, reading: "Reading | None") -> RenderableType:
    words = explained(tuple(GLOSSARY), reading)
    parts: list[RenderableType] = []
    if part is not None:
        rows = [(_keys(tuple(key.split(","))), what) for key, what in part.keys]
        parts += [Text(part.title, "bold"), Padding(Text(part.text), (0, 1)), *([_table(rows)] if rows else []), Text()]
        if part.terms:
            parts += [Text("What it shows", "bold"), _table(part.terms), Text()]
            words = tuple(word for word in words if word not in part.terms)
    for name, actions in groups.items():
        rows = [(_keys(action.keys), action.help + _lab_hint(action)) for action in actions]
        parts += [Text(name, "bold"), _table(rows), Text()]
    return Group(*parts, Text("Words and numbers", "bold"), _table(words))


def _lab_hint(action: Action) -> str:
    return f" Why? {action.lab} opens lab {action.lab} from here." if action.lab else ""


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 1))
    table.add_column(no_wrap=True, min_width=12)
    table.add_column()
    for left, right in rows:
        table.add_row(Text(left), Text(right))
    return table


_NAMES = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "comma": ",",
    "full_stop": ".",
    "minus": "−",
    "plus": "+",
    "escape": "esc",
    "backspace": "⌫",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}


def _keys(keys: tuple[str, ...]) -> str:
    return "  ".join(_NAMES.get(key) or (format_key(key) if "_" in key else key) for key in keys)
