import json
import math
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import BpeTrainer

from model import tokenizer as tok
from model.tokenizer import TokenizerError, UnknownCharacter

PLAY = """\
First Citizen:
Before we proceed any further, hear me speak.

All:
Speak, speak. Who is the guy who spoke?
"""
STORY = (
    "the fox\nOnce upon a time there was a little fox. The fox is the one who ate the sandwich; happy — Zoë too! 😀\n"
    * 40
)

CHAR = tok.train_char(PLAY)
BPE = tok.train_bpe([STORY, PLAY], 320)

STRANGE = [
    "",
    " ",
    "a  b \n\n c\t\td\r\n",
    "Ivan is the guy who ate the sandwich",
    "👩‍👩‍👧‍👦 and 🇫🇷, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "שלום עולם، مرحبا",
    "e\u0301 a\u0308\u0323 \u200b\u200d\u2060\ufeff\u202e",
    "\x00\x01\x1b[31mred\x1b[0m [red]text[/red] \x7f\x85\u2028",
    "日本語のテキスト",
    "<0xF0> Ġ Ċ ▁ ##x",
    "<|endoftext|>",
    "x<|endoftext|> y <|endoftext|",
]


def spans_slice_to_tokens(encoding: tok.Encoding) -> None:
    assert len(encoding) == len(encoding.ids) == len(encoding.tokens) == len(encoding.spans)
    for token, (start, end) in zip(encoding.tokens, encoding.spans, strict=True):
        if "<0x" not in token:
            assert encoding.text[start:end] == token


# Character level


def test_char_vocabulary_is_the_sorted_characters() -> None:
    assert CHAR.get_vocab() == {character: index for index, character in enumerate(sorted(set(PLAY)))}
    assert tok.vocab_size(CHAR) == len(set(PLAY))
    assert tok.kind(CHAR) == "char"


def test_sixty_five_characters_make_ln_65() -> None:
    text = "".join(map(chr, range(0x30, 0x30 + 65)))
    assert math.log(tok.vocab_size(tok.train_char(text))) == pytest.approx(4.174387, abs=1e-6)


def test_char_can_be_trained_on_many_texts() -> None:
    assert tok.train_char(iter(["ab", "", "bc"])).get_vocab() == {"a": 0, "b": 1, "c": 2}


@given(st.text(min_size=1))
@example("\x00\ufeff\u0301😀")
def test_char_round_trip(text: str) -> None:
    tokenizer = tok.train_char(text)
    encoding = tok.encode(tokenizer, text)
    expected = sorted(set(text))
    assert encoding.ids == tuple(expected.index(character) for character in text)
    assert encoding.tokens == tuple(text)
    assert encoding.spans == tuple((i, i + 1) for i in range(len(text)))
    assert encoding.unknown == ()
    assert tok.decode(tokenizer, encoding.ids) == text


@given(st.text())
def test_char_reports_every_unknown_character(text: str) -> None:
    encoding = tok.encode(CHAR, text)
    known = [character in set(PLAY) for character in text]
    assert encoding.unknown == tuple(UnknownCharacter(i, c) for i, c in enumerate(text) if not known[i])
    assert encoding.spans == tuple((i, i + 1) for i in range(len(text)) if known[i])
    assert "".join(encoding.tokens) == "".join(c for i, c in enumerate(text) if known[i])


def test_char_needs_a_text() -> None:
    for empty in ("", [], [""]):
        with pytest.raises(TokenizerError, match="empty"):
            tok.train_char(empty)


# Byte-level BPE


def test_bpe_has_the_size_asked_for_and_the_end_of_text() -> None:
    assert tok.vocab_size(BPE) == 320
    assert tok.kind(BPE) == "bpe"
    end = BPE.token_to_id("<|endoftext|>")
    assert end is not None
    assert tok.token_texts(BPE, [end]) == ("<|endoftext|>",)
    assert tok.encode(BPE, "<|endoftext|>").ids == (end,)


def test_bpe_is_the_same_each_time() -> None:
    again = tok.train_bpe(iter([STORY, PLAY]), 320)
    assert again.to_str() == BPE.to_str()


def test_bpe_learns_words_of_its_text() -> None:
    assert tok.encode(BPE, "the fox who ate").tokens == ("the", " fox", " who", " ate")


def test_bpe_ends_early_when_there_is_nothing_to_merge() -> None:
    assert tok.vocab_size(tok.train_bpe("abc", 1000)) == 257
    assert tok.vocab_size(tok.train_bpe([], 257)) == 257


@pytest.mark.parametrize("vocab_size", [256, 0, -5])
def test_bpe_vocabulary_too_small(vocab_size: int) -> None:
    with pytest.raises(TokenizerError, match=rf"{vocab_size} is too small: it needs at least 257"):
        tok.train_bpe(PLAY, vocab_size)


@given(st.text())
def test_bpe_round_trip(text: str) -> None:
    encoding = tok.encode(BPE, text)
    assert tok.decode(BPE, encoding.ids) == text
    assert encoding.unknown == ()
    assert encoding.text == text
    spans_slice_to_tokens(encoding)
    if not any("<0x" in token for token in encoding.tokens):
        assert "".join(encoding.tokens) == text


@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts(text: str) -> None:
    encoding = tok.encode(BPE, text)
    assert tok.decode(BPE, encoding.ids) == text
    spans_slice_to_tokens(encoding)
    # The spans cover the text without a gap.
    covered = [False] * len(text)
    for start, end in encoding.spans:
        covered[start:end] = [True] * (end - start)
    assert all(covered)
    tok.encode(CHAR, text)


def test_parts_of_a_character_are_shown_as_bytes() -> None:
    plain = tok.train_bpe([], 257)
    encoding = tok.encode(plain, "a𝔘é")
    assert encoding.tokens == ("a", "<0xF0>", "<0x9D>", "<0x94>", "<0x98>", "<0xC3>", "<0xA9>")
    assert encoding.spans == ((0, 1), (1, 2), (1, 2), (1, 2), (1, 2), (2, 3), (2, 3))
    assert tok.token_texts(plain, encoding.ids) == encoding.tokens


def test_a_token_may_hold_text_and_part_of_a_character() -> None:
    mixed = tok.train_bpe([" 😀 😁 😂 " * 20], 261)
    encoding = tok.encode(mixed, "x 😎 y")
    assert " <0xF0><0x9F><0x98>" in encoding.tokens
    index = encoding.tokens.index(" <0xF0><0x9F><0x98>")
    assert encoding.spans[index : index + 2] == ((1, 3), (2, 3))
    assert tok.decode(mixed, encoding.ids) == "x 😎 y"


# What both do


@pytest.mark.parametrize("tokenizer", [CHAR, BPE], ids=["char", "bpe"])
def test_lone_surrogates_are_replaced(tokenizer: Tokenizer) -> None:
    encoding = tok.encode(tokenizer, "we \ud83d\udcffare")
    assert encoding.text == "we \ufffd\ufffdare"
    json.dumps(encoding.tokens).encode()
    assert tok.decode(tokenizer, encoding.ids) in ("we are", "we \ufffd\ufffdare")
    assert len(encoding.unknown) in (0, 2)
    assert tok.encode_ids(tokenizer, ["\ud800we"]) == [list(tok.encode(tokenizer, "\ufffdwe").ids)]
    tok.train_char("a\udc80")
    tok.train_bpe("a\udc80", 257)


@pytest.mark.parametrize("tokenizer", [CHAR, BPE], ids=["char", "bpe"])
def test_the_quick_way_gives_the_same_ids(tokenizer: Tokenizer) -> None:
    texts = [PLAY, "", "who is é"]
    assert tok.encode_ids(tokenizer, texts) == [list(tok.encode(tokenizer, text).ids) for text in texts]


@pytest.mark.parametrize("tokenizer", [CHAR, BPE], ids=["char", "bpe"])
@pytest.mark.parametrize("bad", [-1, 10**6, 2**32, 2**70])
def test_an_id_that_is_not_in_the_vocabulary(tokenizer: Tokenizer, bad: int) -> None:
    size = tok.vocab_size(tokenizer)
    for ask in (tok.decode, tok.token_texts):
        with pytest.raises(TokenizerError, match=f"token id {bad} is not in the vocabulary of {size}"):
            ask(tokenizer, [0, bad])


def test_every_id_has_a_text() -> None:
    for tokenizer in (CHAR, BPE):
        texts = tok.token_texts(tokenizer, range(tok.vocab_size(tokenizer)))
        assert all(texts)
        assert len(set(texts)) == len(texts)


# Saved, loaded, and opened by transformers


@pytest.mark.parametrize("tokenizer", [CHAR, BPE], ids=["char", "bpe"])
@pytest.mark.parametrize("with_config", [False, True])
def test_transformers_reads_the_same(tokenizer: Tokenizer, with_config: bool, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tok.save(tokenizer, tmp_path, model_max_length=64)
    if with_config:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", "bos_token_id": 0, "eos_token_id": 0}))
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert len(theirs) == tok.vocab_size(tokenizer)
    assert theirs.model_max_length == 64
    for text in [PLAY, " who  is the guy , n't  who ?\n\n", *STRANGE]:
        ids = theirs(text, truncation=False)["input_ids"]
        assert tuple(ids) == tok.encode(tokenizer, text).ids
        assert theirs.decode(ids) == tok.decode(tokenizer, ids)
    if tokenizer is BPE:
        assert theirs.bos_token_id == theirs.eos_token_id == BPE.token_to_id("<|endoftext|>")
    else:
        assert theirs.eos_token is None


@pytest.mark.parametrize("tokenizer", [CHAR, BPE], ids=["char", "bpe"])
def test_save_and_load(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tok.save(tokenizer, tmp_path)
    assert tok.load(tmp_path).to_str() == tokenizer.to_str()
    assert tok.load(str(tmp_path / "tokenizer.json")).to_str() == tokenizer.to_str()
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"


def test_padding_and_truncation_in_the_file_are_ignored(tmp_path: Path) -> None:
    stored = Tokenizer.from_str(BPE.to_str())
    stored.enable_truncation(3)
    stored.enable_padding(length=50)
    stored.save(str(tmp_path / "tokenizer.json"))
    assert tok.encode(tok.load(tmp_path), PLAY).ids == tok.encode(BPE, PLAY).ids


def write_gpt2_files(directory: Path) -> None:
    stored = json.loads(BPE.to_str())["model"]
    (directory / "vocab.json").write_text(json.dumps(stored["vocab"]), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in stored["merges"])]
    (directory / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_gpt2_files(tmp_path: Path) -> None:
    write_gpt2_files(tmp_path)
    loaded = tok.load(tmp_path)
    assert tok.kind(loaded) == "bpe"
    for text in [STORY, *STRANGE]:
        assert tok.encode(loaded, text) == tok.encode(BPE, text)


def test_spans_include_the_space_whatever_the_file_says() -> None:
    trimming = Tokenizer.from_str(BPE.to_str())
    trimming.post_processor = processors.ByteLevel(trim_offsets=True)
    assert tok.encode(trimming, "the fox 😀 is") == tok.encode(BPE, "the fox 😀 is")


def load_error(path: Path) -> str:
    with pytest.raises(TokenizerError) as caught:
        tok.load(path)
    message = str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert message.isprintable()
    return message


BROKEN = {
    "empty": "",
    "half": BPE.to_str()[:500],
    "not a tokenizer": '{"a": 1}',
    "a list": "[1, 2]",
    "deep": "[" * 100_000,
    "no vocabulary": '{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}}',
    "bad ids": '{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}',
    "escape": '{"version": "\\u001b[31m\\n[red]", "model": {"type": "\\u001b[2J"}}',
    "bad pattern": '{"version":"1.0","pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated",'
    '"invert":false},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    assert "does not hold a tokenizer that can be read" in load_error(tmp_path)


def test_a_tokenizer_without_tokens(tmp_path: Path) -> None:
    Tokenizer(models.BPE()).save(str(tmp_path / "tokenizer.json"))
    assert "without tokens" in load_error(tmp_path)


PUBLISHED = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lo}\p{M}]*[\p{Ll}\p{Lo}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}|\s*[\r\n]+|\s+(?!\S)|\s+",
)
"""Of GPT-2, and of the kinds of Llama 3's and GPT-4o's."""


def charsmap(longest: str) -> bytes:
    """A map of SentencePiece with an empty trie and these replacements."""
    return struct.pack("<I", 1024) + bytes(1024) + b"abc\0" + longest.encode() + b"\0"


def nested(before: str, after: str) -> list[Any]:
    """Six steps, each of which replaces a letter that the one before has inserted by ten of the next."""
    return [normalizers.Replace(a, b * 10) for a, b in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    ("part", "times"),
    [
        (normalizers.Sequence(nested("abcdef", "bcdefg")), "1,000,000"),
        (normalizers.Sequence([normalizers.Sequence([step, normalizers.NFKC()]) for step in nested("abc", "xyz")]), ""),
        (normalizers.Sequence([normalizers.Replace(Regex(""), "a")] * 30), ""),
        (normalizers.Sequence([normalizers.Prepend("ab"), *nested("ab", "bc")]), "300"),
        (normalizers.Replace("a", "b" * 1000), "1,000"),
        (normalizers.Precompiled(charsmap("y" * 40_000)), "1,001"),
        (normalizers.Sequence([normalizers.Precompiled(charsmap("y" * 1000))] * 2), "676"),
        (decoders.Sequence([decoders.Replace(a, b * 10) for a, b in zip("abcdef", "bcdefg", strict=True)]), ""),
    ],
)
def test_a_tokenizer_that_makes_a_text_explode_is_refused(part: Any, times: str, tmp_path: Path) -> None:
    tokenizer = tok.train_char("abc")
    setattr(tokenizer, "normalizer" if isinstance(part, normalizers.Normalizer) else "decoder", part)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert f"can make a text {times}" in load_error(tmp_path)


@pytest.mark.parametrize(
    ("part", "pattern"),
    [
        ("normalizer", r"(a+)+$"),
        ("pre_tokenizer", r"(\w|\w\w)+[^\w\s]$"),
        ("decoder", r"[\s\S]*[\s\S]*[\s\S]*\d"),
    ],
)
def test_a_pattern_that_takes_for_ever_is_refused(part: str, pattern: str, tmp_path: Path) -> None:
    tokenizer = tok.train_char("abc")
    made = {
        "normalizer": normalizers.Replace(Regex(pattern), "x"),
        "pre_tokenizer": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated")]),
        "decoder": decoders.Sequence([decoders.Replace(Regex(pattern), "x")]),
    }
    setattr(tokenizer, part, made[part])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert "takes too long on ordinary texts" in load_error(tmp_path)


def splitting(pattern: str) -> Tokenizer:
    tokenizer = tok.train_char("ab ")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
    return tokenizer


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a|b|ab)+$", "ab" * 1500 + "!"),  # exponential: the library gives up, in words of its own
        pytest.param(r"\s+$", " " * 99_999 + "a", marks=pytest.mark.slow),  # DeepSeek's, which is quadratic
    ],
    ids=["exponential", "quadratic"],
)
def test_a_long_text_on_which_a_pattern_takes_for_ever_is_refused(
    pattern: str, text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    splitting(pattern).save(str(tmp_path / "tokenizer.json"))
    tokenizer = tok.load(tmp_path)
    assert tok.encode(tokenizer, "a b" * 1000).ids
    with pytest.raises(TokenizerError, match=f"takes too long on this text of {len(text):,} characters"):
        tok.encode(tokenizer, text)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pattern", PUBLISHED)
def test_published_patterns_are_fine(pattern: str, tmp_path: Path) -> None:
    splitting(pattern).save(str(tmp_path / "tokenizer.json"))
    assert tok.encode(tok.load(tmp_path), "ab").ids


@pytest.mark.parametrize(("longest", "is_refused"), [(100, False), (501, True), (10**9, True)])
def test_words_that_wordpiece_takes_for_ever_to_take_apart_are_refused(
    longest: int, is_refused: bool, tmp_path: Path
) -> None:
    vocabulary = {"[UNK]": 0, "a": 1, "##a": 2}
    pieces = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=longest)
    Tokenizer(pieces).save(str(tmp_path / "tokenizer.json"))
    if is_refused:
        with pytest.raises(TokenizerError, match=f"up to {longest:,} characters, which can take for ever: set max_inp"):
            tok.load(tmp_path)
    else:
        assert tok.encode(tok.load(tmp_path), "aa").ids == (1, 2)


def test_many_replacements_that_do_not_meet_are_fine(tmp_path: Path) -> None:
    tokenizer = tok.train_char("abc")
    ordinary = [normalizers.Replace(chr(0x2000 + i), "...") for i in range(40)]
    more = [normalizers.Replace(Regex(" {2,}"), " "), normalizers.NFKD(), normalizers.Replace(Regex("[.]+$"), "▁")]
    more.append(normalizers.Precompiled(charsmap("y" * 33)))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), *ordinary, *more])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert tok.encode(tok.load(tmp_path), "abc").ids


@pytest.mark.parametrize(
    ("vocabulary", "merges"),
    [
        ("{", "a b\n"),
        ('{"a": 0}', "a b c\n"),
        ('{"a": 0}', "a b\n"),
        ('{"a": "x"}', ""),
        ("[]", ""),
        ('{"a": 1e99}', ""),
    ],
)
def test_broken_gpt2_files(vocabulary: str, merges: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(vocabulary)
    (tmp_path / "merges.txt").write_text(merges)
    assert "no readable vocab.json and merges.txt" in load_error(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    assert "does not exist" in load_error(tmp_path / "nowhere")
    assert "neither tokenizer.json nor vocab.json" in load_error(tmp_path)
    (tmp_path / "tokenizer.json").mkdir()
    assert "not a regular file" in load_error(tmp_path)
    assert "not a regular file" in load_error(Path("/dev/zero"))
    assert load_error(tmp_path / "\x1b[31m\n")
    assert "File name too long" in load_error(tmp_path / ("long" * 200))
    assert "does not exist" in load_error(tmp_path / "nul\0")


def test_not_utf8_and_too_large(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(b'{"\xff')
    assert "not UTF-8 at byte 2" in load_error(path)
    with path.open("wb") as file:
        os.truncate(file.fileno(), 2**30)
    assert "1,073,741,824 bytes" in load_error(path)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"cannot be written: No such file"):
        tok.save(BPE, tmp_path / "nowhere")


# Tokenizers of others


def words(**options: Any) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "fox": 2}, **options))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def test_text_mapped_to_the_unknown_token_is_reported() -> None:
    encoding = tok.encode(words(unk_token="[UNK]"), "the  red fox")
    assert encoding.ids == (1, 0, 2)
    assert encoding.tokens == ("the", "[UNK]", "fox")
    assert encoding.unknown == tuple(UnknownCharacter(5 + i, c) for i, c in enumerate("red"))
    assert tok.kind(words(unk_token="[UNK]")) == "other"


def test_a_tokenizer_that_fails_on_a_text() -> None:
    with pytest.raises(TokenizerError, match=r"the tokenizer fails on this text: .*UNK"):
        tok.encode(words(unk_token="[GONE]"), "red")
    with pytest.raises(TokenizerError, match=r"the tokenizer fails on these texts: .*UNK"):
        tok.encode_ids(words(unk_token="[GONE]"), ["the", "red"])


def test_a_character_tokenizer_with_an_unknown_token_is_one_of_characters() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, " ": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    assert tok.kind(tokenizer) == "char"
    assert tok.encode(tokenizer, "a b").unknown == (UnknownCharacter(2, "b"),)


def test_holes_in_the_ids_count_as_rows() -> None:
    assert tok.vocab_size(Tokenizer(models.BPE(vocab={"a": 0, "b": 9}, merges=[]))) == 10


def test_sentencepiece_spaces_are_shown_as_spaces() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(["the fox the fox"] * 5, BpeTrainer(vocab_size=30, show_progress=False))
    assert tok.encode(tokenizer, "the fox").tokens == (" the", " fox")
    assert tok.decode(tokenizer, tok.encode(tokenizer, "the fox").ids) == "the fox"


def test_a_byte_level_tokenizer_that_changes_the_text_keeps_the_library_s_spans() -> None:
    tokenizer = Tokenizer.from_str(BPE.to_str())
    tokenizer.normalizer = normalizers.Lowercase()
    encoding = tok.encode(tokenizer, "THE fox")
    assert encoding.tokens == ("the", " fox")
    assert encoding.spans == ((0, 3), (3, 7))
