"""AttentionPanel: the attention of one head while the model learns, for a sentence of the user's own."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from explorer.core.formatting import marked, named_characters
from explorer.training.messages import WatchTokens
from explorer.training.run_state import RunState
from explorer.training.session import TrainingSession
from explorer.view import Change, Stage, View, fitted, go_to
from explorer.widgets.matrix.matrix import Matrix
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from explorer.training.messages import HeadsSent
    from model.tokenizer import Encoding

_LONGEST_TITLE = 200


class AttentionPanel(Container):
    """Requests q, k and v for the tokens of a sentence from the training process, and draws one head from them."""

    DEFAULT_CSS = """
    AttentionPanel > Matrix { width: 1fr; height: 1fr; }
    """

    def __init__(self, session: TrainingSession, run: RunState, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session = session
        self._run = run
        self._encoding: Encoding | None = None
        self._problem = ""  # the reason if the sentence cannot be watched
        self._warned_text = ""
        self._reading: Reading | None = None
        self._read_from: tuple[HeadsSent, Encoding] | None = None

    def compose(self) -> ComposeResult:
        """Create the matrix."""
        yield Matrix()

    @property
    def matrix(self) -> Matrix:
        """The matrix of the stage in view."""
        return self.query_one(Matrix)

    @property
    def view(self) -> View:
        """The sentence, layer, head, query, key and stage in view, which the session stores."""
        return self._session.display.view or View("", "")

    @view.setter
    def view(self, view: View) -> None:
        self._session.display.view = view

    @property
    def reading(self) -> "Reading | None":
        """The attention after the last step for which it was sent; None until it is known for this sentence."""
        read, heads, encoding = self._session.read_heads, self._run.heads, self._encoding
        if read is None or heads is None or encoding is None:
            return None
        if self._read_from is None or self._read_from[0] is not heads or self._read_from[1] is not encoding:
            self._read_from = heads, encoding
            self._reading = read(self._run, encoding, self.view)
        return self._reading.at(fitted(self.view, self._reading.bounds)) if self._reading is not None else None

    def set_default_view(self, view: View) -> None:
        """Watch the sentence and head of a view of Explore, unless the user has chosen others for this run."""
        if self._session.display.view is None:
            as_trained = view.as_trained()
            self.view = replace(as_trained, stage=Stage.WEIGHTS, stepping=False, model=self._run.request.name)

    def show_run(self, run: RunState) -> None:
        """Draw the latest known attention of a run."""
        if run is not self._run:
            self._run, self._encoding = run, None
        reading = self.reading
        # Until the attention of a new sentence comes, that of the one before is shown; after the run it never comes.
        self.matrix.display = reading is not None or run.status.is_alive
        if reading is None:
            self._show_title(self._problem or f"{self._waiting} · {self._sentence}")
            return
        self.view = reading.view
        self.matrix.show(reading, self.view.stage)
        assert run.heads is not None  # otherwise there is no reading
        shown = len(reading.encoding)
        is_cut = reading.encoding.spans[-1][1] < len(self.view.text.rstrip())
        cut = f", the first {shown} tokens" if is_cut else ""
        head = f"{self.view.stage.value} L{self.view.layer} H{self.view.head}"
        self._show_title(f"{head} after step {run.heads.step:,}{cut} · {self._sentence}")

    def request_heads(self) -> None:
        """Ask the process to send q, k and v for the sentence in view, now and as the model learns."""
        try:
            self._encoding, self._problem = self._run.encode(self.view.text), ""
        except ModelError as error:
            self._encoding, self._problem = None, str(error)
        if self._encoding is not None:
            self._session.send(WatchTokens(self._encoding.ids))
        self.show_run(self._run)

    def change(self, change: Change) -> None:
        """Look at another head, query, key or stage."""
        if (reading := self.reading) is not None:
            self.view = change(reading.view, reading.bounds)
            self._session.display.is_chosen |= self.view != reading.view
            self.show_run(self._run)

    def look_at(self, view: View, *, quiet: bool = False) -> None:
        """Watch the sentence of another view, unless it has no token that the model knows.

        Unless `quiet`, a notification says which characters the model does not know.
        """
        try:
            encoding = self._run.encode(view.text)
        except ModelError as error:
            if not quiet:
                self._warn(str(error))
            return
        if encoding is not None and not quiet:
            self._warn_of_unknown(encoding, view.text)
        is_same = view.text == self.view.text
        self.view = view
        if not is_same:
            self.request_heads()

    def _warn_of_unknown(self, encoding: "Encoding", text: str) -> None:
        """Notify the user, once for each sentence, of characters that the tokenizer does not know."""
        if encoding.unknown and text != self._warned_text:
            self._warned_text = text
            named = named_characters(unknown.text for unknown in encoding.unknown)
            self._warn(f"{self._run.request.name} does not know {named}: left out of the tokens")

    def _warn(self, message: str) -> None:
        self.app.notify(" ".join(message.split()), severity="warning", markup=False)

    @property
    def _sentence(self) -> str:
        return f"‘{marked(self.view.text[:_LONGEST_TITLE])}’"

    @property
    def _waiting(self) -> str:
        if self._run.status.is_alive:
            return "attention comes with the next step"
        opens = self._run.openable is not None
        return "the run has ended: enter opens its model" if opens else "the run ended before its attention was sent"

    def _show_title(self, title: str) -> None:
        self.border_title = Content(title)

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        event.stop()
        self.change(go_to(event.query, event.key))
