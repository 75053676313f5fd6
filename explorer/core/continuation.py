"""Continuation: lets the model write on, token by token, and takes tokens back."""

from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.core.formatting import quoted
from explorer.view import View
from model.errors import ModelError
from model.tokenizer import decode

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_LONGEST_MEMORY = 1000


def appended(reading: "Reading", token_id: int) -> str:
    """Return the text up to the end of the query, followed by one more token; what stood after the query is left out.

    Raises ModelError if the token is no text by itself, or if the context has no room for it.
    """
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


class Continuation:
    """Remembers the views before each appended token, as long as nothing else changes the sentence."""

    def __init__(self) -> None:
        self._earlier: tuple[View, ...] = ()  # the oldest first
        self._text: str | None = None  # what the last of them led to

    def added(self, before: View, text: str) -> None:
        """Remember that a token was appended to the sentence of `before`, which gave `text`."""
        earlier = self._earlier if self._text == before.text else ()
        self._earlier = (*earlier, before)[-_LONGEST_MEMORY:]
        self._text = text

    def can_take_back(self, view: View) -> bool:
        """Return True if the sentence of `view` ends with an appended token."""
        return bool(self._earlier) and self._text == view.text

    def take_back(self, view: View) -> View:
        """Return `view` with the sentence from before the last token; whatever was switched since stays."""
        *earlier, before = self._earlier
        self._earlier, self._text = tuple(earlier), before.text
        return replace(view, text=before.text, query=before.query, key=before.key, stepping=False)
