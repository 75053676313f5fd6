"""Which token is meant by a word or a number that a person has typed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.formatting import label, quoted
from model.errors import ModelError

if TYPE_CHECKING:
    from model.tokenizer import Encoding

_LISTED = 12
"""Tokens named in an error."""


@dataclass(frozen=True, slots=True)
class FoundToken:
    """The position that is meant, and the other positions of the same text."""

    position: int
    others: tuple[int, ...] = ()


def find_token(encoding: "Encoding", wanted: str, before: int | None = None) -> FoundToken:
    """Return the position that is meant by `wanted`: a position from 0, a token, or a part of the text.

    A part of the text that is several tokens means the last of them, which has read all of it. Of several places the
    last is taken, or the last one up to the position `before` if there is such a place. The case of letters only
    matters where the text has both.

    Raises ModelError if there is no such position or token.
    """
    count = len(encoding)
    if wanted.isascii() and wanted.isdecimal():
        if int(wanted[:9]) >= count or len(wanted) > 9:
            raise ModelError(f"token {wanted[:9]} does not exist: the text has tokens 0 to {count - 1}")
        return FoundToken(int(wanted))
    places = sorted(set(_positions(encoding, wanted))) if wanted else []
    if not places:
        tokens = ", ".join(f"{i} {label(token)}" for i, token in enumerate(encoding.tokens[:_LISTED]))
        more = f" and {count - _LISTED} more" if count > _LISTED else ""
        raise ModelError(f"there is no {quoted(wanted, 40)} in the text, write one of its tokens: {tokens}{more}")
    seen = [place for place in places if before is None or place <= before] or places
    chosen = seen[-1]
    return FoundToken(chosen, tuple(place for place in places if place != chosen))


def _positions(encoding: "Encoding", wanted: str) -> list[int]:
    """All positions at which `wanted` stands: as a token, else as words, else as any part of the text."""
    word = wanted.strip() or wanted
    for text, sought, tokens in (
        (encoding.text, word, encoding.tokens),
        (encoding.text.lower(), word.lower(), tuple(token.lower() for token in encoding.tokens)),
    ):
        exact = [i for i, token in enumerate(tokens) if token in (wanted, sought) or token.strip() == sought]
        ends = list(_ends(text, sought))
        whole = [end for end in ends if not _inside_word(text, end - len(sought), end)]
        for found in (exact, *(_tokens_at(encoding, group) for group in (whole, ends))):
            if found:
                return found
    return []


def _ends(text: str, sought: str) -> Iterator[int]:
    """Where each occurrence of `sought` ends."""
    start = text.find(sought) if sought else -1
    while start >= 0:
        yield start + len(sought)
        start = text.find(sought, start + 1)


def _inside_word(text: str, start: int, end: int) -> bool:
    """Return True if letters go on before or after text[start:end]."""
    goes_back = start > 0 and text[start - 1 : start + 1].isalnum()
    return goes_back or (end < len(text) and text[end - 1 : end + 1].isalnum())


def _tokens_at(encoding: "Encoding", ends: list[int]) -> list[int]:
    """The tokens to which the characters before these places belong."""
    return [i for i, (start, end) in enumerate(encoding.spans) if any(start < place <= end for place in ends)]
