"""The sentence: a one-line input that keeps every character and shows those without a shape of their own as marks."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import clamp
from textual.message import Message
from textual.widgets import Input

from explorer.core.formatting import marked
from explorer.core.history import Recall

LONGEST = 100_000
"""Characters that can be typed or pasted; no model here reads so many at once."""


class SentenceInput(Input):
    """Shows the sentence; becomes editable with `edit` and is left with `leave`.

    Its value is the text itself, line breaks included; only what is drawn is marked.
    """

    HELP = """# The sentence

    What is typed is shown at once. Enter keeps it, escape gives it up. ↑ and ↓ go through earlier sentences. A
    paste keeps all its lines.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", "Earlier sentence", show=False),
        Binding("down", "recall(1)", "Later sentence", show=False),
        Binding("tab,shift+tab", "stay", "Stay", show=False),
    ]

    class Asked(Message):
        """A click on the sentence, which asks to edit it."""

    def __init__(self, text: str, *, id: str) -> None:
        super().__init__(text, id=id, compact=True, select_on_focus=False, max_length=LONGEST)
        self.can_focus = False
        self.cursor_blink = False
        self._recall = Recall((), text)

    @property
    def editing(self) -> bool:
        """Whether keys go into the sentence."""
        return self.can_focus

    def show(self, text: str) -> None:
        """Show another sentence; not while one is typed."""
        if not self.editing and text != self.value:
            with self.prevent(Input.Changed):
                self.value = text
            self.cursor_position = 0

    def edit(self, earlier: Sequence[str] = ()) -> None:
        """Let the person type, from the end of what is there; `earlier` sentences are there with ↑ and ↓."""
        self._recall = Recall(earlier, self.value)
        self.can_focus = True
        self.screen.set_focus(self)
        self.cursor_position = len(self.value)

    def leave(self) -> None:
        """Stop typing."""
        self.can_focus = False
        if self.has_focus:
            self.screen.set_focus(None)
        self.cursor_position = 0

    def action_stay(self) -> None:
        """The focus is not moved while a sentence is typed: enter keeps it, esc gives it up."""

    def action_recall(self, by: int) -> None:
        """Go to an earlier sentence, or to a later one."""
        text = self._recall.step(by, self.value)
        if text is not None:
            self.value = text
            self.cursor_position = len(text)

    @property
    def _value(self) -> Text:
        return Text(marked(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(marked(self.value[:position]))

    def _cell_offset_to_index(self, offset: int) -> int:
        offset += self.scroll_offset.x
        width = 0
        for index, character in enumerate(marked(self.value)):
            width += cell_len(character)
            if offset < width:
                return index
        return len(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        # Textual's own takes the first line of what is pasted; a sentence may have many.
        event.stop()
        event.prevent_default()
        if self.editing:
            self.insert_pasted(event.text)

    def insert_pasted(self, text: str) -> None:
        """Insert a text with all its lines in place of what is selected, as far as there is room."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        start, end = sorted(self.selection)
        room = LONGEST - len(self.value) + (end - start)
        if len(text) > room:
            self.app.notify(
                f"a sentence has at most {LONGEST:,} characters: the last {len(text) - room:,} pasted are left out",
                severity="warning",
                markup=False,
            )
            text = text[: max(0, room)]
        self.replace(text, start, end)
        self.cursor_position = clamp(start + len(text), 0, len(self.value))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        if self.editing:
            await super()._on_mouse_down(event)
            return
        event.prevent_default()
        self.post_message(self.Asked())
