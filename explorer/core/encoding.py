"""From a text to the tokens that a model reads: the one place with rules for empty, unknown and long texts."""

from dataclasses import replace
from typing import TYPE_CHECKING

from model.errors import ModelError
from model.tokenizer import Encoding, encode, token_texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer


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

    `prefix` are token ids that stand before the text and belong to no character of it.

    Raises EmptyTextError and UnknownTextError for a text without tokens.
    """
    if not text:
        raise EmptyTextError
    encoding = encode(tokenizer, text)
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
