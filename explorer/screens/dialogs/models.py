"""The model picker: a list of the models that can be opened, with their sizes, or any directory by its path."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.catalog import ONLY_LISTED
from explorer.core.formatting import visible, wrapped
from explorer.core.model_list import ModelEntry, complete_path, expand_path, is_path, list_models, problem_of
from explorer.screens.dialogs.base import Dialog
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.options import Options

_INDENT = " " * 6
_BESIDE = 4
"""Cells of a line that are taken by its padding and by a scrollbar."""

_HINT = "↑ ↓ choose   enter opens   esc closes   type a part of a name, or the path of a directory"


class ModelsScreen(Dialog[str | None]):
    """Returns the name or path of the model to open, or None.

    Keys go into the input, apart from those for up and down, which move through the list. The list is filtered by what
    is typed; for a typed path, it shows the checkpoints found there.
    """

    CSS_PATH = "models.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close"),
        Binding("up", "cursor_up", "Up", show=False),
        Binding("down", "cursor_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

    class Listed(WorkerMessage):
        """Posted when a worker has listed the models for what was typed."""

        def __init__(self, typed: str, entries: Sequence[ModelEntry]) -> None:
            super().__init__()
            self.typed = typed
            self.entries = entries

    def __init__(self, current: str, opened: Sequence[str] = ()) -> None:
        """Mark `current` as the model in view, and `opened` as those that open at once."""
        super().__init__()
        self._current = current
        self._opened = opened
        self._known: Sequence[ModelEntry] | None = None
        self.entries: Sequence[ModelEntry] = ()
        """The models in the list."""
        self.listed_for: str | None = None
        """What was typed when they were listed; None before the first list."""
        self._pointed: int | None = None

    def compose(self) -> ComposeResult:
        """Lay out an input, the list, and a line of keys."""
        with Vertical(id="models") as box:
            box.border_title = "Open a model"
            # No control characters, which a paste might bring as part of an escape sequence.
            yield Input(placeholder="name or directory", restrict=r"[^\x00-\x1f\x7f-\x9f]*", compact=True)
            yield Options(markup=False)
            yield Static(Text(_HINT, no_wrap=True, overflow="ellipsis"), id="hint")

    def on_mount(self) -> None:
        """List the models in a worker, as directories may be slow."""
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()
        options = self.query_one(OptionList)
        options.can_focus = False
        options.loading = True
        opened = (*self._opened, self._current)
        self._look("", lambda: list_models(opened))

    def _look(self, typed: str, job: Callable[[], Sequence[ModelEntry]]) -> None:
        def work() -> None:
            self.post_message(self.Listed(typed, job()))

        self.run_worker(work, group="models", thread=True, exit_on_error=False)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        if not message.typed:
            self._known = message.entries
            self.query_one(OptionList).loading = False
        self._fill(message.typed, message.entries)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        typed = event.value.strip()
        self.query_one("#hint", Static).update(Text(_HINT, no_wrap=True, overflow="ellipsis"))
        if is_path(typed) and not self.app.is_web:  # a visitor is not shown the directories of the host
            self._look(typed, lambda: complete_path(typed))
        elif self._known is not None:
            self._fill(typed, [entry for entry in self._known if typed.lower() in entry.name.lower()])

    def _fill(self, typed: str, entries: Sequence[ModelEntry]) -> None:
        """Show the models for what was typed, unless something else has been typed since."""
        now = self.query_one(Input).value.strip()
        if typed != now and (typed or is_path(now)):
            return
        if not typed and now:
            entries = [entry for entry in entries if now.lower() in entry.name.lower()]
        self.entries, self.listed_for, self._pointed = entries, now, None
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._prompt(entry)) for entry in entries])
        if entries:
            places = [place for place, entry in enumerate(entries) if self._is_current(entry)]
            options.highlighted = places[0] if places and not now else 0

    def _is_current(self, entry: ModelEntry) -> bool:
        return self._current in (entry.name, entry.finished)

    @on(OptionList.OptionHighlighted)
    def _point(self, event: OptionList.OptionHighlighted) -> None:
        """Put a pointer before the highlighted line, which looks like the others without colours."""
        options = event.option_list
        for index in {self._pointed, event.option_index}:
            if index is not None and index < min(len(self.entries), options.option_count):
                chosen = index == options.highlighted
                options.replace_option_prompt_at_index(index, self._prompt(self.entries[index], chosen))
        self._pointed = options.highlighted

    def _prompt(self, entry: ModelEntry, chosen: bool = False) -> Content:
        is_open = entry.name in self._opened or entry.finished in self._opened
        mark = "▶ " if self._is_current(entry) else "● " if is_open else "  "
        mark = ("❯ " if chosen else "  ") + mark
        words = entry.description if entry.details else f"cannot be opened: {entry.description}"
        room = self.query_one("#models").size.width - len(_INDENT) - _BESIDE
        below = "".join(f"\n{_INDENT}{part}" for part in wrapped(words, room, room))
        return Content(f"{mark}{visible_name(entry.name)}").stylize("bold") + Content(below).stylize("dim")

    # Keys and mouse

    def action_close(self) -> None:
        """Close the dialog without a model."""
        self.dismiss(None)

    def action_cursor_up(self) -> None:
        """Choose the model above."""
        self.query_one(Options).action_cursor_up()

    def action_cursor_down(self) -> None:
        """Choose the model below."""
        self.query_one(Options).action_cursor_down()

    def action_page_up(self) -> None:
        """Choose a model one page above."""
        self.query_one(Options).action_page_up()

    def action_page_down(self) -> None:
        """Choose a model one page below."""
        self.query_one(Options).action_page_down()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        place = self.query_one(OptionList).highlighted
        if self.entries and place is not None and self.listed_for == typed:
            self._open(self.entries[place])
        elif typed and self.app.is_web:
            self.app.notify(ONLY_LISTED, severity="warning", markup=False)
        elif typed:  # the list is empty, or not of this text yet
            name = expand_path(typed) if is_path(typed) else typed
            if problem := problem_of(name):
                words = visible_name(problem)
                self.query_one("#hint", Static).update(Text(words))
            else:
                self.dismiss(name)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._open(self.entries[event.option_index])

    def _open(self, entry: ModelEntry) -> None:
        if entry.details:
            self.dismiss(self._current if self._is_current(entry) else entry.name)
        else:
            self.app.notify(
                f"{visible_name(entry.name)} cannot be opened: {entry.description}", severity="warning", markup=False
            )


def visible_name(name: str) -> str:
    """Return a name or path with control characters made visible, and with its spaces."""
    return " ".join(visible(part) if part else "" for part in name.split(" "))
