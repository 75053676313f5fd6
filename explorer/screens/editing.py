"""Editing the sentence on the Explore screen: shown live while it is typed, kept or given up."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from explorer.view import LAST, View
from explorer.widgets.key_line import KeyLine
from explorer.widgets.sentence import SentenceInput

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

HINTS = (
    ("enter", "keep", "keep_sentence"),
    ("esc", "give up", "back"),
    ("↑↓", "earlier sentences", ""),
    ("ctrl+u", "clear before the cursor", ""),
)
"""What the footer says while a sentence is typed: keys, what they do, and what a click does."""


class Editing(Screen[None]):
    """The part of a screen that edits the sentence of its view."""

    typing_pause: ClassVar[float] = 0.12
    """Seconds without a keypress after which what was typed is shown."""

    app: "ExplorerApp"
    _before_editing: View | None = None
    _at_end = False
    """Whether the query was the last token: then it goes along with what is typed."""
    _typing: Timer | None = None

    if TYPE_CHECKING:

        @property
        def sentence(self) -> SentenceInput: ...  # noqa: D102
        def is_possible(self, name: str) -> bool: ...  # noqa: D102

    @property
    def edited(self) -> View:
        """The view whose sentence is edited; while that is typed, with the cursor from before, not that of a stump."""
        view, before = self.app.view, self._before_editing
        if before is None:
            return view
        return replace(view, query=LAST if self._at_end else before.query, key=before.key)

    def look_at(self, view: View, *, quiet: bool = False) -> None:
        """Show another view in its place."""
        self.app.look(view, quiet=quiet)

    def action_edit(self) -> None:
        """Type another sentence."""
        reading = self.app.reading
        self._at_end = reading is not None and self.app.view.query == len(reading.encoding) - 1
        self._before_editing = self.edited
        self.sentence.edit(self.app.history.sentences)
        self.query_one(KeyLine).show_hints(HINTS)

    def action_keep_sentence(self) -> None:
        """Do what enter does."""
        if self._before_editing is not None:
            self._keep(self.sentence.value)

    @on(SentenceInput.Asked)
    def _asked_to_edit(self) -> None:
        if self.is_possible("edit"):
            self.action_edit()

    def typed_early(self, event: events.Key) -> bool:
        """Take a character typed so soon after the key of editing that it went to the screen; whether it was so."""
        if self._before_editing is not None and event.character and event.is_printable:
            self.sentence.insert_text_at_cursor(event.character)
            event.prevent_default()
        return self._before_editing is not None

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted outside the sentence becomes the sentence to edit."""
        event.stop()
        if self.is_possible("edit"):
            self.action_edit()
            self.sentence.action_select_all()
            self.sentence.insert_pasted(event.text)

    @on(Input.Changed)
    def _typed(self) -> None:
        if self._typing is not None:
            self._typing.stop()
        if self._before_editing is None:
            return
        if self.typing_pause:
            self._typing = self.set_timer(self.typing_pause, self._preview)
        else:
            self._preview()

    def _preview(self) -> None:
        if self._before_editing is not None:
            self.look_at(replace(self.edited, text=self.sentence.value), quiet=True)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._keep(event.value)

    def _keep(self, text: str) -> None:
        before = self._before_editing
        if before is None:
            return
        self._leave_editing(replace(self.edited, text=text))
        if self.edited.text != text:
            self.look_at(before, quiet=True)
            self.sentence.show(before.text)
        elif text != before.text:
            self.app.history.add(before.text, text)

    def _leave_editing(self, view: View) -> None:
        self._before_editing = None
        if self._typing is not None:
            self._typing.stop()
        self.sentence.leave()
        self.look_at(view)
        self.sentence.show(self.edited.text)
        self.query_one(KeyLine).show_hints(())
