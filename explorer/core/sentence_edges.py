"""The tokens at which sentences of a text end and start, whatever the tokenizer."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

_END = re.compile(r'[.!?](?="?(?:\s|$))')
_START = re.compile(r'[.!?]"?\s+(?="?[A-Z])')


def sentence_edges(text: str, spans: Sequence[tuple[int, int]], window: range) -> dict[str, list[int]]:
    """Return the tokens of a window of a text that end a sentence and those that start one, in positions of the window.

    A sentence ends with a full stop, question mark or exclamation mark before white space, also within quotation marks.
    It starts with the opening quotation mark, if there is one. The first token of the window is left out: heads look at
    it for want of anything else. `spans` has the start and end of each token in the text, in characters.
    """
    starts, ends = [start for start, _ in spans], [end for _, end in spans]

    def tokens_at(places: list[int]) -> list[int]:
        tokens = {token for at in places for token in range(bisect_right(ends, at), bisect_left(starts, at + 1))}
        return sorted(token - window.start for token in tokens if token in window[1:])

    return {
        "sentence_end": tokens_at([found.start() for found in _END.finditer(text)]),
        "sentence_start": tokens_at([found.end() for found in _START.finditer(text)]),
    }
