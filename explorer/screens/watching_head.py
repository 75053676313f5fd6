"""The part of the Train screen that watches the attention of one head, for a sentence of the person's own."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from explorer.core.formatting import marked
from explorer.screens.editing import Editing
from explorer.training.messages import HeadsSent, WatchTokens
from explorer.training.run_state import RunState
from explorer.view import Change, Stage, View, fitted, go_to
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.sentence import SentenceInput
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.tokenizer import Encoding


class WatchingHead(Editing):
    """The sentence goes to the process of the run, q, k and v come back as it learns."""

    live: RunState
    _encoding: "Encoding | None" = None
    _unreadable = ""
    _told_of = ""
    _reading: "Reading | None" = None
    _read_from: "tuple[HeadsSent, Encoding] | None" = None

    @property
    def sentence(self) -> SentenceInput:
        """The sentence whose attention is watched, while it is typed."""
        return self.query_one(SentenceInput)

    @property
    def matrix(self) -> Matrix:
        """The attention of one head."""
        return self.query_one(Matrix)

    @property
    def view(self) -> View:
        """The sentence, layer and head that are watched."""
        return self.app.training.display.view or View("", "")

    @view.setter
    def view(self, view: View) -> None:
        self.app.training.display.view = view

    @property
    def seen(self) -> "Reading | None":
        """The attention of now."""
        read = self.app.training.read_heads
        if read is None or self._encoding is None or self.live.heads is None:
            return None
        if self._read_from != (self.live.heads, self._encoding):
            self._read_from = self.live.heads, self._encoding
            self._reading = read(self.live, self._encoding, self.view)
        return self._reading and self._reading.at(fitted(self.view, self._reading.bounds))

    def _begin_with_explore(self) -> None:
        if self.app.training.display.view is None:
            shown = self.app.view
            self.view = replace(shown.as_trained(), stage=Stage.WEIGHTS, stepping=False, model=self.live.request.name)
        self.sentence.show(self.view.text)

    def _watch_tokens(self) -> None:
        """Let the process send q, k and v for the sentence, from now on as it learns."""
        try:
            self._encoding, self._unreadable = self.live.encode(self.view.text), ""
        except ModelError as error:
            self._encoding, self._unreadable = None, str(error)
        if self._encoding is not None:
            self.app.training.send(WatchTokens(self._encoding.ids))
        self._show_heads()

    def _show_heads(self) -> None:
        matrix, reading = self.matrix, self.seen
        words = marked(self.view.text[:200])
        if reading is None:
            waits = "comes with the next step" if self.live.status.is_alive else "of this sentence was not told"
            matrix.border_title = Content(self._unreadable or f"attention {waits} · ‘{words}’")
            return
        self.view = replace(reading.view, text=self.view.text)
        matrix.show(reading, self.view.stage)
        shown = len(reading.encoding)
        more = f", the first {shown} tokens" if reading.encoding.spans[-1][1] < len(self.view.text.rstrip()) else ""
        assert self.live.heads is not None  # otherwise there is no reading
        matrix.border_title = Content(
            f"{self.view.stage.value} L{self.view.layer} H{self.view.head} after step {self.live.heads.step:,}{more} · "
            f"‘{words}’"
        )

    def change(self, change: Change) -> None:
        """Look at another head, query, key or stage."""
        if (reading := self.seen) is not None:
            self.view = replace(change(reading.view, reading.bounds), text=self.view.text)
            self._show_heads()

    @property
    def edited(self) -> View:
        """The view whose sentence is edited."""
        return self.view

    def look_at(self, view: View, *, quiet: bool = False) -> None:
        """Watch another sentence; one that the model knows nothing of changes nothing."""
        try:
            found = self.live.encode(view.text)
        except ModelError as error:
            if not quiet:
                self.app.warn(str(error))
            return
        if found is not None and found.unknown and not quiet and view.text != self._told_of:
            self._told_of = view.text
            characters = " ".join(dict.fromkeys(f"‘{marked(unknown.text)}’" for unknown in found.unknown[:8]))
            self.app.warn(f"{self.live.request.name} does not know {characters}: left out of the tokens")
        same = view.text == self.view.text
        self.view = view
        if not same:
            self._watch_tokens()

    def action_edit(self) -> None:
        """Type another sentence."""
        self.query_one("#sentence-line").display = True
        super().action_edit()

    def _leave_editing(self, view: View) -> None:
        super()._leave_editing(view)
        self.query_one("#sentence-line").display = False

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        self.change(go_to(event.query, event.key))
