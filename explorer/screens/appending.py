"""Letting the model write on the Explore screen, token by token: a predicted token is appended to the sentence."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events, on
from textual.screen import Screen

from explorer.core.formatting import quoted
from explorer.view import LAST, View
from explorer.widgets.key_line import KeyLine
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.sentence import SentenceInput

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.reading import Reading

APPENDING = ("candidates", "append", "take_back")

HINTS = (
    ("↑↓", "choose", ""),
    ("enter", "append", "append"),
    ("⌫", "take back", "take_back"),
    ("esc", "leave", "back"),
    ("?", "help", "help"),
)
"""What the footer says while a token is chosen: keys, what they do, and what a click does."""

_LONGEST_MEMORY = 1000


def appended(reading: "Reading", token_id: int) -> str:
    """The text up to the end of the query, and one more token: what stood after the query is left out.

    Raises ModelError where that is no text, or where the context has no room for it.
    """
    from model.errors import ModelError
    from model.tokenizer import decode

    query = reading.view.query
    fits = reading.shape.n_positions
    if query + 1 >= fits:
        raise ModelError(f"the context is full: {reading.model_name} reads at most {fits} tokens at once")
    name = quoted(reading.token_text(token_id))
    kept = reading.encoding.text[: reading.encoding.spans[query][1]]
    more = ""
    if reading.tokenizer.id_to_token(token_id) is not None:
        # With the tokens before it: alone it may lose the space that it begins with.
        before = reading.encoding.ids[: query + 1]
        whole, so_far = decode(reading.tokenizer, (*before, token_id)), decode(reading.tokenizer, before)
        more = whole[len(so_far) :] if whole.startswith(so_far) else ""
    # Not every token is text: it may be a part of a character, or a row of the embedding without a token.
    if not more or "\ufffd" in more:
        raise ModelError(f"{name} is no text by itself and cannot stand in a sentence: choose another")
    return kept + more


class Appending(Screen[None]):
    """The part of the Explore screen that appends tokens."""

    app: "ExplorerApp"
    _taken_back: tuple[View, ...] = ()  # the views before each token appended, oldest first
    _written: str | None = None  # the text that the last of them led to

    if TYPE_CHECKING:

        @property
        def sentence(self) -> SentenceInput: ...  # noqa: D102

    @property
    def _predictions(self) -> PredictionsPanel:
        return self.query_one(PredictionsPanel)

    def can_append(self, name: str) -> bool:
        """Whether an action of `APPENDING` makes sense now."""
        if self.app.reading is None:
            return False
        if name == "candidates":
            return True
        if not self._predictions.has_focus:
            return False
        return name == "append" or bool(self._taken_back and self._written == self.app.view.text)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The predictions get room while a token is chosen."""
        self._make_room()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """And give it back."""
        self._make_room()

    def _make_room(self) -> None:
        choosing = isinstance(self.focused, PredictionsPanel)
        if choosing == self.has_class("-choosing"):
            return
        self.set_class(choosing, "-choosing")
        if not self.sentence.editing:  # which has hints of its own
            self.query_one(KeyLine).show_hints(HINTS if choosing else ())

    def action_candidates(self) -> None:
        """Choose among the predictions."""
        self._predictions.focus()

    def action_append(self) -> None:
        """Append the chosen token."""
        token_id = self._predictions.candidate
        if token_id is not None:
            self._append_token(token_id)

    @on(PredictionsPanel.TokenChosen)
    def _token_chosen(self, event: PredictionsPanel.TokenChosen) -> None:
        self._append_token(event.token_id)

    def _append_token(self, token_id: int) -> None:
        from model.errors import ModelError

        reading = self.app.reading
        if reading is None or reading.view != self.app.view:
            return
        try:
            text = appended(reading, token_id)
        except ModelError as error:
            self.app.warn(str(error))
            return
        before = self.app.view
        self.app.look(replace(before, text=text, query=LAST, stepping=False))
        if self.app.view.text == text:
            earlier = self._taken_back if self._written == before.text else ()
            self._taken_back = (*earlier, before)[-_LONGEST_MEMORY:]
            self._written = text

    def action_take_back(self) -> None:
        """Take back the token appended last."""
        before = self._taken_back[-1]
        self._taken_back = self._taken_back[:-1]
        self._written = before.text
        # Only the sentence comes back: whatever was switched since stays.
        self.app.look(replace(self.app.view, text=before.text, query=before.query, key=before.key, stepping=False))
