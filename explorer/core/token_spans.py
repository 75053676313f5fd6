"""TokenSpans: from characters of a text to its tokens, whatever the tokenizer."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence


class TokenSpans:
    """Where each token of a text starts and ends, in characters."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._starts, self._ends = [start for start, _ in spans], [end for _, end in spans]

    def at(self, start: int, end: int) -> range:
        """Return the tokens that contain characters from `start` up to `end`."""
        return range(bisect_right(self._ends, start), bisect_left(self._starts, end))
