"""SentenceEditor: shows the sentence on one line, line breaks and other invisible characters included, and edits it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import clamp
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from explorer.core.formatting import marked
from explorer.core.history import Recall
from explorer.view import LAST, LONGEST_TEXT, View
from explorer.widgets.key_line import Hints
from explorer.widgets.marked_input import MarkedInput

EDITING_HINTS: Hints = (
    ("enter", "keep", "app.submit_sentence"),
    ("esc", "discard", "back"),
    ("↑↓", "earlier sentences", ""),
    ("ctrl+u", "clear before the cursor", ""),
)
"""The footer while a sentence is typed."""


class SentenceInput(MarkedInput):
    """An input whose value is the text itself; line breaks and other invisible characters are drawn as marks.

    It cannot be focused until `edit` is called, and not after `leave`. Enter calls `keep` and escape `discard` at once:
    keys and pastes that are already queued for the input by then are not typed, but bubble to the screen.
    """

    HELP = """# The sentence

    What is typed is shown at once. Enter keeps it, escape discards it. ↑ and ↓ go through earlier sentences. A
    paste keeps all its lines.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", "Earlier sentence", show=False),
        Binding("down", "recall(1)", "Later sentence", show=False),
        Binding("tab,shift+tab", "stay", "Stay", show=False),
    ]

    class Clicked(Message):
        """Posted when the sentence is clicked while it is not edited."""

    def __init__(self, text: str, keep: Callable[[], None], discard: Callable[[], None]) -> None:
        super().__init__(text, id="sentence", compact=True, select_on_focus=False, max_length=LONGEST_TEXT)
        self._endings = {"enter": keep, "escape": discard}
        self.can_focus = False
        self.cursor_blink = False
        self._recall = Recall((), text)

    @property
    def editing(self) -> bool:
        """True while the sentence is edited."""
        return self.can_focus

    def show(self, text: str) -> None:
        """Show another sentence, unless one is being typed."""
        if not self.editing and text != self.value:
            with self.prevent(Input.Changed):
                self.value = text
            self.cursor_position = 0

    def edit(self, earlier: Sequence[str] = ()) -> None:
        """Take the focus with the cursor at the end; ↑ and ↓ recall `earlier` sentences."""
        self._recall = Recall(earlier, self.value)
        self.can_focus = True
        self.screen.set_focus(self)
        self.cursor_position = len(self.value)

    def leave(self) -> None:
        """End the editing, and give up the focus."""
        self.can_focus = False
        if self.screen.focused is self:  # `has_focus` is False until the input has handled its Focus event
            self.screen.set_focus(None)
        self.cursor_position = 0

    def action_stay(self) -> None:
        """Keep the focus: only enter and escape end the editing."""

    def action_recall(self, by: int) -> None:
        """Recall an earlier sentence, or a later one."""
        text = self._recall.step(by, self.value)
        if text is not None:
            self.value = text
            self.cursor_position = len(text)

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

    async def _on_key(self, event: events.Key) -> None:
        if not self.editing:
            event.prevent_default()
        elif self.end_by(event):
            event.stop()

    def end_by(self, event: events.Key) -> bool:
        """End the editing if the key is enter or escape. Return True if it is."""
        ending = self._endings.get(event.key)
        if ending is not None:
            event.prevent_default()
            ending()
        return ending is not None

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()  # Textual pastes only the first line; a sentence may have many.
        if self.editing:
            event.stop()
            self.insert_pasted(event.text)

    def insert_pasted(self, text: str) -> None:
        """Replace the selection by a text with all its lines, as far as there is room."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        start, end = sorted(self.selection)
        room = LONGEST_TEXT - len(self.value) + (end - start)
        if (more := len(text) - room) > 0:
            self.app.notify(
                f"a sentence has at most {LONGEST_TEXT:,} characters: the last {more:,} pasted are left out",
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
        self.post_message(self.Clicked())


class Look(Protocol):
    """Shows a view, and returns the view that is shown afterwards: the earlier one if the new one cannot be shown."""

    def __call__(self, view: View, *, quiet: bool = False) -> View:
        """Show a view; `quiet` suppresses notifications."""
        ...


class SentenceEditor(Horizontal):
    """Shows the sentence of a view behind a prompt, and lets the user type another one.

    The typed sentence is shown after a short pause, and when it is kept. The screen then calls `show` with the sentence
    in view.
    """

    DEFAULT_CSS = """
    SentenceEditor {
        height: 1;
        &.-hidden { display: none; }
        & > #prompt { width: 2; }
        & > #sentence { width: 1fr; }
    }
    """

    preview_delay: ClassVar[float] = 0.12
    """Seconds without a keypress after which the sentence typed so far is shown."""

    class EditRequested(Message):
        """Posted when the sentence is clicked; the screen may call `edit`."""

    class Ended(Message):
        """Posted when editing has ended; `text` is the sentence now in view, `before` the one before editing."""

        def __init__(self, text: str, before: str) -> None:
            super().__init__()
            self.text = text
            self.before = before

    def __init__(self, text: str, look: Look, *, hidden: bool = False) -> None:
        """Show a text; a `hidden` editor is displayed only while a sentence is typed."""
        super().__init__(id="sentence-line", classes="-hidden" if hidden else None)
        self._look = look
        self._input = SentenceInput(text, self.submit, self.cancel)
        self._hidden = hidden
        self._before: View | None = None
        self._at_end = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Create the prompt and the input."""
        yield Static("❯", id="prompt", markup=False)
        yield self._input

    @property
    def is_editing(self) -> bool:
        """True while a sentence is typed."""
        return self._before is not None

    @property
    def text(self) -> str:
        """The sentence that is shown, or that has been typed so far."""
        return self._input.value

    @property
    def hints(self) -> Hints:
        """The keys while a sentence is typed; none otherwise."""
        return EDITING_HINTS if self.is_editing else ()

    def show(self, text: str) -> None:
        """Show another sentence, unless one is being typed."""
        self._input.show(text)

    # Editing

    def edit(self, view: View, earlier: Sequence[str] = (), *, at_end: bool = False, pasted: str | None = None) -> None:
        """Edit the sentence of `view`; ↑ and ↓ recall `earlier` ones, and a `pasted` text replaces it.

        The query and key stay as in `view` however short the sentence is meanwhile; `at_end` lets the query be the
        last token of what is typed.
        """
        self._before, self._at_end = view, at_end
        self.remove_class("-hidden")
        self._input.show(view.text)
        self._input.edit(earlier)
        if pasted is not None:
            self._input.action_select_all()
            self._input.insert_pasted(pasted)

    def type_early(self, event: events.Key) -> bool:
        """Handle a key that was pressed before the input had the focus. Return True while editing."""
        if not self.is_editing:
            return False
        if not self._input.end_by(event) and event.character and event.is_printable:
            self._input.insert_text_at_cursor(event.character)
            event.prevent_default()
        return True

    def submit(self) -> None:
        """Keep what is typed, as enter does; if it cannot be shown, return to the sentence before."""
        if (before := self._before) is not None:
            view = self._typed(before)
            self._leave()
            text = self._look(view).text
            if text != view.text:
                text = self._look(before, quiet=True).text
            self.post_message(self.Ended(text, before.text))

    def cancel(self) -> None:
        """Discard what is typed, as escape does."""
        if (before := self._before) is not None:
            self._leave()
            self.post_message(self.Ended(self._look(before).text, before.text))

    def _typed(self, before: View) -> View:
        return replace(before, text=self.text, query=LAST if self._at_end else before.query)

    def _leave(self) -> None:
        self._before = None
        self._stop_timer()
        self._input.leave()
        self.set_class(self._hidden, "-hidden")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what is typed after a pause in typing."""
        event.stop()
        self._stop_timer()
        if not self.is_editing:
            return
        if self.preview_delay:
            self._timer = self.set_timer(self.preview_delay, self._preview)
        else:
            self._preview()

    def _preview(self) -> None:
        if self._before is not None:
            self._look(self._typed(self._before), quiet=True)

    def on_sentence_input_clicked(self, event: SentenceInput.Clicked) -> None:
        """Ask the screen to edit the sentence."""
        event.stop()
        self.post_message(self.EditRequested())
