"""The dialog on a head's weights: which tokens it writes, and which keys a query looks for."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from explorer.actions import EXPLORE, action_named
from explorer.core.formatting import bar, fixed, one_line, significant, visible
from explorer.core.throttle import Throttle
from explorer.screens.dialogs.base import Dialog
from explorer.screens.dialogs.help import HelpScreen, help_for
from explorer.widgets.marked_input import MarkedInput
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError
from model.settings import Head

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.circuits import CircuitReader, CircuitReading, RankedToken, Ranking

_KEYS = "←→ query  ↑↓ key  [],. head  e token  ? help  esc"
_KEYS_WHILE_TYPING = "type a token  enter shows it  esc discards it"
_KEY_HELP = (
    ("e", "Type any token: OV looks at it, and it is the query of QK. Moving the query or the key ends that."),
    ("pagedown", "Scroll the sentences; page up scrolls back."),
    ("escape", "Close; i and q do the same. The arrow keys, [ ] , and . move query, key and head as in Explore."),
)
_LONGEST_TOKEN = 100
_BAR = 8
_WIDE = 100
"""The width of the terminal from which on headings are sentences."""

_COUNTS = ((18, 4, 2), (24, 6, 3), (36, 10, 5))
"""The number of tokens listed from the top and from the bottom, by the least number of lines of the terminal."""


def _change(key: str, name: str) -> Binding:
    """Return the binding of a key that does what it does in Explore."""
    return Binding(key, f"change_view('{name}')", show=False)


class CircuitsScreen(Dialog[None]):
    """Shows the circuits of the head in view, for the key and the query in view or for a token that is typed.

    Query, key and head move in the application's view, so that Explore behind the dialog follows. A head is read in a
    worker; leaving the dialog, or choosing another head, cancels it.
    """

    CSS_PATH = "circuits.tcss"
    AUTO_FOCUS = ""
    HELP = """# Why look inside a head?

    On a sentence a head shows what it does with the tokens that stand there. Its weights say what it would do with any
    token. OV, output and value, is what becomes of a token that is looked at: its value goes on to the output, where it
    raises some tokens and lowers others. QK, query and key, is who looks at whom: the score of a query with each key.

    A head that raises the token it looks at copies. If its queries find the token that came after the same word before,
    it is an induction head: it continues a text that has occurred before.

    The numbers of OV are what is added to logits, up to one positive factor; those of QK are scaled scores as trained.
    Both are differences from the mean of all tokens.
    """
    TERMS = ("OV, copying", "QK, matching", "L2 H3", "head_size")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", show=False),
        Binding("escape", "back", "Close", show=False),
        Binding("q,i", "dismiss(None)", "Close", show=False),
        _change("left,h", "query_previous"),
        _change("right,l", "query_next"),
        _change("home", "query_first"),
        _change("end", "query_last"),
        _change("up,k", "key_previous"),
        _change("down,j", "key_next"),
        _change("left_square_bracket", "head_previous"),
        _change("right_square_bracket", "head_next"),
        _change("comma", "layer_previous"),
        _change("full_stop", "layer_next"),
        Binding("e", "edit", "Type a token", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]

    app: "ExplorerApp"

    class Progressed(WorkerMessage):
        """Posted when the worker has computed the streams of more tokens."""

        def __init__(self, done: int) -> None:
            super().__init__()
            self.done = done

    class Finished(WorkerMessage):
        """Posted when the worker has read a head, or has failed for a `reason`."""

        def __init__(self, of: Head, found: "CircuitReading | None", reason: str = "") -> None:
            super().__init__()
            self.of = of
            self.found = found
            self.reason = reason

    def __init__(self, reader: "CircuitReader") -> None:
        super().__init__()
        self._reader = reader
        self._typed: int | None = None
        self.found: CircuitReading | None = None
        """What is shown: the head in view, or the one before as long as that is being read."""

    def compose(self) -> ComposeResult:
        """Lay out the two rankings, the sentences, and an input that is hidden until a token is typed."""
        with Vertical(id="circuits") as box:
            box.border_subtitle = _KEYS
            yield MarkedInput(max_length=_LONGEST_TOKEN, compact=True, disabled=True)
            with Horizontal(id="rankings"):
                yield Static(id="written", markup=False)
                yield Static(id="looked-for", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(id="sentences", markup=False)

    def on_mount(self) -> None:
        """Read the head in view."""
        self.query_one(MarkedInput).cursor_blink = False
        self._read()

    def on_resize(self, event: events.Resize) -> None:
        """List as many tokens as there is room for."""
        self.show()

    # Reading

    def _read(self) -> None:
        """Let a worker read the head in view."""
        of, reader = self._in_view, self._reader
        self._show_state("computing…")

        def work() -> None:
            worker = get_current_worker()
            throttle = Throttle()

            def go_on(done: int) -> bool:
                if throttle.is_due():
                    self.post_message(self.Progressed(done))
                return not worker.is_cancelled

            try:
                found = reader.read(*of, go_on)
            except ModelError as error:
                self.post_message(self.Finished(of, None, str(error)))
            except Exception as error:
                reason = f"the head cannot be read: {type(error).__name__}: {error}"
                self.post_message(self.Finished(of, None, reason))
            else:
                if found is not None and not worker.is_cancelled:
                    self.post_message(self.Finished(of, found))

        self.run_worker(work, group="circuits", thread=True, exclusive=True, exit_on_error=False)

    @on(Progressed)
    def _progressed(self, message: Progressed) -> None:
        if not self.is_settled:
            total = self._reader.model.config.vocab_size
            self._show_state(f"computing, once for this model: {message.done:,} of {total:,} tokens…")

    @on(Finished)
    def _finished(self, message: Finished) -> None:
        if message.of != self._in_view:
            return
        self.found = message.found
        if self.found is None:
            self._show_state(one_line(message.reason))
        else:
            self.show()

    @property
    def _in_view(self) -> Head:
        return self.app.view.layer, self.app.view.head

    @property
    def is_settled(self) -> bool:
        """True if the head in view is shown."""
        return self.found is not None and (self.found.layer, self.found.head) == self._in_view

    def _show_state(self, line: str) -> None:
        """Show the progress or an error, in the title if another head is still shown."""
        if self.found is not None:
            below = f"below L{self.found.layer} H{self.found.head}"
            self._set_title("Inside L{} H{}: {} · {}".format(*self._in_view, line, below))
            return
        self._set_title("Inside L{} H{}".format(*self._in_view))
        for place in ("#written", "#looked-for"):
            self.query_one(place, Static).update("")
        self.query_one("#sentences", Static).update(Text(line))

    def _set_title(self, title: str) -> None:
        self.query_one("#circuits").border_title = Content(title)

    # Drawing

    def show(self) -> None:
        """Draw what the head does with the tokens in view, or with the one that was typed."""
        found, reading = self.found, self.app.reading
        if found is None or reading is None:
            return
        if self.is_settled:
            self._set_title(f"Inside L{found.layer} H{found.head}: what its weights do with tokens")
        ids, view = reading.encoding.ids, reading.view
        source = ids[view.key] if self._typed is None else self._typed
        query = ids[view.query] if self._typed is None else self._typed
        key = ids[view.key] if self._typed is None else None
        written, looked_for = found.written_at(source), found.looked_for_by(query)
        of_source, of_query = visible(written.token), visible(looked_for.token)
        headings = f"OV: looking at {of_source}, it raises", f"QK: the query {of_query} looks for"
        if self.app.size.width < _WIDE:
            headings = f"OV {of_source}: it raises", f"QK {of_query}: it looks for"
        self._list("#written", headings[0], "… and lowers", written)
        self._list("#looked-for", headings[1], "… and looks away from", looked_for)
        lines = (
            found.writing_sentence(written),
            found.copying_sentence,
            found.looking_sentence(looked_for, key),
            found.matching_sentence,
        )
        text = Text("\n".join(lines))
        text.append(f"\n{found.approximation}", "dim")
        self.query_one("#sentences", Static).update(text)

    def _list(self, place: str, heading: str, below: str, ranking: "Ranking") -> None:
        """Draw one ranking: its tokens from the top and from the bottom."""
        top, bottom = next((row[1:] for row in reversed(_COUNTS) if self.app.size.height >= row[0]), _COUNTS[0][1:])
        bottom = min(bottom, max(0, len(ranking.values) - top))
        highest, lowest = ranking.highest(top), ranking.lowest(bottom)[::-1]
        most = max(abs(token.value) for token in (*highest, *lowest))
        parts: list[RenderableType] = [Text(heading, "bold", no_wrap=True, overflow="ellipsis"), _table(highest, most)]
        if lowest:
            parts += [Text(below, "dim", no_wrap=True, overflow="ellipsis"), _table(lowest, most)]
        self.query_one(place, Static).update(Group(*parts))

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable all keys but escape while a token is typed."""
        if action in ("help", "change_view", "edit", "dismiss", "page") and self.is_typing:
            return False
        return super().check_action(action, parameters)

    @property
    def is_typing(self) -> bool:
        """True while a token is typed."""
        return self.query_one(MarkedInput).has_focus

    def action_change_view(self, name: str) -> None:
        """Move the query, the key or the head; moving the query or the key replaces the token that was typed."""
        action, before = action_named(EXPLORE, name), self.app.view
        if action is None or action.change is None:
            return
        self.app.change(action.change)
        view = self.app.view
        if (view.layer, view.head) != (before.layer, before.head):
            self._read()
        else:
            self._typed = None
            self.show()

    def action_help(self) -> None:
        """Explain what is shown, above the list of Explore's keys."""
        part = help_for(self)
        assert part is not None  # there is a HELP
        self.app.push_screen(HelpScreen(EXPLORE, replace(part, keys=_KEY_HELP), self.app.reading), self._help_closed)

    def _help_closed(self, lab: int | None) -> None:
        """Open the lab that was chosen in the help; 0 or None if it was just closed."""
        if lab:
            self.dismiss(None)
            self.app.explore.open_lab(lab)

    def action_page(self, by: int) -> None:
        """Scroll the sentences by one page."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False)

    def action_back(self) -> None:
        """Discard what is typed, or close the dialog."""
        if self.is_typing:
            self._stop_typing()
        else:
            self.dismiss(None)

    def action_edit(self) -> None:
        """Type a token."""
        typed = self.query_one(MarkedInput)
        typed.value, typed.disabled, typed.display = "", False, True
        typed.focus()
        self.query_one("#circuits").border_subtitle = _KEYS_WHILE_TYPING

    def _stop_typing(self) -> None:
        typed = self.query_one(MarkedInput)
        self.set_focus(None)
        typed.disabled, typed.display = True, False
        self.query_one("#circuits").border_subtitle = _KEYS

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            self._typed = self._reader.token_id(event.value)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self._stop_typing()
        self.show()


def _table(tokens: "tuple[RankedToken, ...]", most: float) -> Table:
    """Return a table with a line for each token: its text, its value, and a bar."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(width=_BAR, no_wrap=True)
    for token in tokens:
        value = fixed(token.value, 2) if abs(token.value) < 1e4 else significant(token.value)
        table.add_row(Text(visible(token.text)), Text(value), Text(bar(abs(token.value) / most if most else 0.0, _BAR)))
    return table
