"""Texts as SentencePiece's tokenizers of Llama 2, Mistral and Gemma cut them: every token is shown, with its place."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers

from explorer.core.encoding import encode_text
from model.families import load
from tests.model.families.making import family, write


def sentencepiece() -> Tokenizer:
    """Metaspace, bytes for what is unknown, and special tokens, as in Llama 2's tokenizer.json."""
    pieces = ["<unk>", "<s>", "</s>", "▁", *"theca", "▁t", "he", "▁the", "▁c", "at", "▁cat"]
    vocabulary = {piece: i for i, piece in enumerate([*pieces, *(f"<0x{byte:02X}>" for byte in (0xC3, 0xA9, 0x0A))])}
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("▁", "c"), ("a", "t"), ("▁c", "at")]
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    made.add_special_tokens(["<unk>", "<s>", "</s>"])
    return made


def test_tokens_of_sentencepiece_are_shown_with_their_places(tmp_path: Path) -> None:
    write(family("mistral"), tmp_path)
    (tmp_path / "tokenizer.json").write_text(sentencepiece().to_str())
    opened = load(tmp_path)
    encoding, left_out = encode_text(opened.tokenizer, "the cat é", 32, "x", (1,))
    assert encoding.tokens == ("<s>", " the", " cat", " ", "<0xC3>", "<0xA9>")
    assert encoding.spans[0] == (0, 0)
    assert [encoding.text[a:b] for a, b in encoding.spans[1:3]] == ["the", " cat"]
    assert (encoding.unknown, left_out) == ((), 0)
    assert opened.trace(encoding.ids).logits.shape == (6, 48)


@pytest.mark.parametrize("most", [1, 2, 4])
def test_the_first_token_counts_towards_the_context(most: int) -> None:
    encoding, left_out = encode_text(sentencepiece(), "the cat", most, "x", (1,))
    assert (len(encoding), left_out) == (min(most, 3), max(0, 3 - most))
    assert encoding.ids[0] == 1
