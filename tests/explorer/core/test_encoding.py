"""Texts become tokens by the same rules everywhere: not empty, not all unknown, no longer than the context."""

import pytest

from explorer.core.encoding import EmptyTextError, UnknownTextError, encode_end, encode_text
from model.checkpoint import Checkpoint


def test_a_text_that_fits_is_read_whole(char_model: Checkpoint) -> None:
    encoding, left_out = encode_text(char_model.tokenizer, "a bad é", 16, "tiny")
    assert (encoding.text, len(encoding), left_out) == ("a bad é", 7, 0)


def test_a_long_text_is_cut_at_a_token(char_model: Checkpoint) -> None:
    encoding, left_out = encode_text(char_model.tokenizer, "aZbbYYdX", 3, "tiny")
    assert (encoding.text, encoding.tokens, left_out) == ("aZbb", ("a", "b", "b"), 1)
    assert [unknown.text for unknown in encoding.unknown] == ["Z"]  # not those behind the cut
    assert encoding.spans == ((0, 1), (2, 3), (3, 4))


def test_only_a_beginning_of_a_very_long_text_is_encoded(char_model: Checkpoint) -> None:
    text = "a bad fed cab " * 20_000
    encoding, left_out = encode_text(char_model.tokenizer, text, 16, "tiny")
    assert (encoding.text, encoding.tokens) == (text[:16], tuple(text[:16]))
    assert 0 < left_out < len(text) // 2
    encoding, _ = encode_text(char_model.tokenizer, "Z" * 300_000 + text, 16, "tiny")  # the beginning has no tokens
    assert encoding.tokens == tuple(text[:16])


def test_only_an_end_of_a_very_long_text_is_encoded(char_model: Checkpoint) -> None:
    text = "a bad fed cab " * 20_000
    encoding, left_out = encode_end(char_model.tokenizer, text, 16)
    assert encoding.text == text[left_out:]
    assert encoding.tokens[-16:] == tuple(text[-16:])
    assert left_out > len(text) // 2
    encoding, _ = encode_end(char_model.tokenizer, text + "Z" * 300_000, 16)  # the end has no tokens
    assert encoding.tokens[-16:] == tuple(text[-16:])
    encoding, left_out = encode_end(char_model.tokenizer, text[:5000], 16)
    assert (len(encoding), left_out) == (5000, 0)


def test_texts_without_tokens_are_refused(char_model: Checkpoint) -> None:
    with pytest.raises(EmptyTextError, match="empty"):
        encode_text(char_model.tokenizer, "", 16, "tiny")
    with pytest.raises(UnknownTextError, match="known to 'tiny'") as caught:
        encode_text(char_model.tokenizer, "XYZ", 16, "tiny")
    assert caught.value.model_name == "tiny"
