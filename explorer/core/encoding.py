"""Turns a text into the tokens that a model reads: the only place with rules for empty, unknown and long texts."""

from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.view import LONGEST_TEXT
from model.errors import ModelError
from model.tokenizer import Encoding, encode, token_texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CHARACTERS_PER_TOKEN = 16  # more than the average of any text
_MARGIN = 1000  # tokens; near a cut they may differ from the tokens of the whole text


class EmptyTextError(ModelError):
    """A text without a single character."""

    def __init__(self) -> None:
        super().__init__("the sentence is empty: type at least one character")


class UnknownTextError(ModelError):
    """A text of which the tokenizer of a model knows no character."""

    def __init__(self, model_name: str) -> None:
        super().__init__(f"no character of the sentence is known to {model_name!r}: type others")
        self.model_name = model_name


def encode_text(
    tokenizer: "Tokenizer", text: str, most: int, model_name: str, prefix: tuple[int, ...] = ()
) -> tuple[Encoding, int]:
    """Return the first `most` tokens of a text, and how many are left out.

    The end of a text longer than `LONGEST_TEXT` characters is not encoded: at least that many tokens are left out.

    `prefix` holds token ids to put before the text, which belong to none of its characters.

    Raises EmptyTextError and UnknownTextError for a text without tokens.
    """
    if not text:
        raise EmptyTextError
    encoding = _encode_part(tokenizer, text, most)
    if not encoding.ids:
        raise UnknownTextError(model_name)
    if prefix:
        encoding = replace(
            encoding,
            ids=(*prefix, *encoding.ids),
            tokens=(*token_texts(tokenizer, prefix), *encoding.tokens),
            spans=(*((0, 0) for _ in prefix), *encoding.spans),
        )
    left_out = len(encoding) - most
    if left_out <= 0:
        return encoding, 0
    end = encoding.spans[most - 1][1]
    first = replace(
        encoding,
        text=encoding.text[:end],
        ids=encoding.ids[:most],
        tokens=encoding.tokens[:most],
        spans=encoding.spans[:most],
        unknown=tuple(unknown for unknown in encoding.unknown if unknown.start < end),
    )
    return first, left_out


def encode_end(tokenizer: "Tokenizer", text: str, most: int) -> tuple[Encoding, int]:
    """Return the tokens of the end of a text, and how many characters before it are not encoded.

    A text of up to `LONGEST_TEXT` characters is encoded whole. Of a longer one it is as much as its last `most` tokens
    need.
    """
    encoding = _encode_part(tokenizer, text, most, from_end=True)
    return encoding, len(text) - len(encoding.text)


def _encode_part(tokenizer: "Tokenizer", text: str, most: int, *, from_end: bool = False) -> Encoding:
    """Encode as much of a text as its first or last `most` tokens need; encoding megabytes takes seconds."""
    length = max(LONGEST_TEXT, _CHARACTERS_PER_TOKEN * most)
    while True:
        encoding = encode(tokenizer, text[-length:] if from_end else text[:length])
        if length >= len(text) or len(encoding) >= 2 * most + _MARGIN:
            return encoding
        length *= 4
