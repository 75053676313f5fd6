"""The tokens at which sentences of a text end and start, whatever the tokenizer."""

import re

from explorer.core.token_spans import TokenSpans

_END = re.compile(r'[.!?](?="?(?:\s|$))')
_START = re.compile(r'[.!?]"?\s+(?="?[A-Z])')


def sentence_edges(text: str, spans: TokenSpans, window: range) -> dict[str, list[int]]:
    """Return the tokens of a window of a text that end a sentence and those that start one, in positions of the window.

    A sentence ends with a full stop, question mark or exclamation mark before white space, also within quotation marks.
    It starts with the opening quotation mark, if there is one. The first token of the window is left out: heads
    that find nothing else look at it.
    """

    def tokens_at(places: list[int]) -> list[int]:
        tokens = {token for at in places for token in spans.at(at, at + 1)}
        return sorted(token - window.start for token in tokens if token in window[1:])

    return {
        "sentence_end": tokens_at([found.start() for found in _END.finditer(text)]),
        "sentence_start": tokens_at([found.end() for found in _START.finditer(text)]),
    }
