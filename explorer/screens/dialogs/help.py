"""The help screen: the part that has the focus first, then every action with its keys, made from the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from explorer.screens.dialogs.base import Dialog

_WORDS = (
    ("query, key", "the token that looks (row) and the token looked at (column), both counted from 0"),
    ("scores", "q · k, raw dot products"),
    ("scaled", "scores × scale; 1/√head_size unless changed"),
    ("masked", "scaled, with keys that a query may not see at −∞"),
    ("weights", "softmax of each row of masked: rows sum to 1"),
    ("mixed", "the values averaged by the weights"),
    ("peakedness", "largest weight, entropy in bits, and effective number of keys 2^entropy of a row of weights"),
    ("loss, KL", "next-token cross-entropy, and divergence of the predictions from those as trained, both in nats"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """Help for one part of a screen: what it is, and the keys of its own by Textual's names."""

    title: str
    text: str
    keys: tuple[tuple[str, str], ...] = ()


_ARROWS = ("left", "right", "up", "down")
"""They mean the same everywhere, and are in the list of all actions."""


def help_for(widget: Widget) -> Part | None:
    """Return the heading and the text of a widget's `HELP`, with its own keys; None if it has no help."""
    if widget.HELP is None:
        return None
    heading, _, text = widget.HELP.partition("\n")
    keys = [
        (binding.key, binding.description)
        for binding in type(widget).BINDINGS
        if isinstance(binding, Binding) and binding.description and binding.key not in _ARROWS
    ]
    return Part(heading.lstrip("# "), " ".join(text.split()), tuple(keys))


LABS = tuple(sorted({action.lab for action in ACTIONS if action.lab}))
"""The labs that help leads to."""


class HelpScreen(Dialog[int | None]):
    """Lists all keys of a screen. Escape, ? or q close it, or the number of a lab that one of the actions leads to."""

    CSS_PATH = "help.tcss"
    BINDINGS = [  # noqa: RUF012
        ("escape,question_mark,f1,q", "dismiss", "Close"),
        ("j", "scroll(1)", "Down"),
        ("k", "scroll(-1)", "Up"),
        *((str(lab), f"dismiss({lab})", f"Lab {lab}") for lab in LABS),
    ]

    def __init__(self, screen: str, part: Part | None = None) -> None:
        """List the actions of a screen under their headings, below the help for `part`."""
        super().__init__()
        self._of = screen
        self._part = part

    def compose(self) -> ComposeResult:
        """Lay out one scrolling list."""
        with VerticalScroll() as scroll:
            scroll.border_title = "Help"
            scroll.border_subtitle = "esc closes"
            yield Static(_help(help_groups(self._of), self._part), markup=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Labs open only where there is such an action."""
        if action == "dismiss" and parameters:
            return any(found.lab == parameters[0] for found in actions_of(self._of))
        return super().check_action(action, parameters)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def _help(groups: Mapping[str, Sequence[Action]], part: Part | None) -> RenderableType:
    parts: list[RenderableType] = []
    if part is not None:
        rows = [(_keys((key,)), what) for key, what in part.keys]
        parts += [Text(part.title, "bold"), Padding(Text(part.text), (0, 1)), *([_table(rows)] if rows else []), Text()]
    for name, actions in groups.items():
        rows = [(_keys(action.keys), action.help + _lab_hint(action)) for action in actions]
        parts += [Text(name, "bold"), _table(rows), Text()]
    return Group(*parts, Text("Words", "bold"), _table(_WORDS))


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
    "f1": "F1",
}


def _keys(keys: tuple[str, ...]) -> str:
    return "  ".join(_NAMES.get(key) or (format_key(key) if "_" in key else key) for key in keys)
