"""Trains, loads, saves and applies tokenizers: character-level and byte-level BPE.

Tokenizers are objects of the `tokenizers` library, stored as `tokenizer.json`. This module adds what the application
shows: the text of every token, its position in the sentence, and the characters that the tokenizer does not know.
Imports no torch.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from model.errors import ModelError
from model.files import quoted
from model.layout import TOKENIZER, TOKENIZER_CONFIG
from model.outside import parse_json
from model.text_growth import MOST_GROWTH, text_growth
from model.tokenizer_trial import TRIED_LENGTH, has_usable_patterns

END_OF_TEXT = "<|endoftext|>"
SMALLEST_BPE_VOCABULARY = 257  # every byte, and the end of text
LONGEST_WORD = 500  # characters that WordPiece takes apart, which takes cubic time; BERT has 100

_LARGEST_FILE = 256 * 2**20  # bytes; the largest published tokenizer.json are about 35 MiB
_SURROGATES = re.compile("[\ud800-\udfff]")


class TokenizerError(ModelError):
    """A tokenizer that cannot be trained, loaded or applied."""


@dataclass(frozen=True, slots=True)
class UnknownCharacter:
    """A character that the tokenizer does not know, at offset `start` of the text."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as tokens; `ids`, `tokens` and `spans` have one entry per token.

    Attributes:
        text: the text that was encoded, with lone surrogates replaced by U+FFFD; its length is unchanged.
        ids: rows of the embedding.
        tokens: the text of each token; bytes that are only part of a character are written `<0xF0>`.
        spans: start and end of each token in `text`, in characters; tokens that share a character overlap.
        unknown: the characters that are left out or mapped to the token for unknown text, in order.
    """

    text: str
    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    unknown: tuple[UnknownCharacter, ...]

    def __len__(self) -> int:
        return len(self.ids)


def train_char(texts: str | Iterable[str]) -> Tokenizer:
    """Make a character-level tokenizer, whose vocabulary is the distinct characters of the texts in code-point order.

    There is no token for unknown characters, so ln(vocab_size) is the loss of a uniform guess over characters.

    Raises:
        TokenizerError: the texts are empty.
    """
    characters: set[str] = set()
    for text in [texts] if isinstance(texts, str) else texts:
        characters.update(_without_surrogates(text))
    if not characters:
        raise TokenizerError("the text is empty: a character tokenizer needs at least one character")
    vocabulary = {character: index for index, character in enumerate(sorted(characters))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    # Split into characters first: otherwise offsets would not count the characters that the model does not know.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def train_bpe(texts: str | Iterable[str], vocab_size: int, end_of_text: str = END_OF_TEXT) -> Tokenizer:
    """Train a byte-level BPE tokenizer like GPT-2's (Radford et al. 2019), which can encode every text.

    The vocabulary is the special token, the 256 bytes and the merges. It is smaller than `vocab_size` if too few pairs
    of tokens occur twice in the texts. The same texts give the same tokenizer.

    Raises:
        TokenizerError: `vocab_size` is below 257.
    """
    if vocab_size < SMALLEST_BPE_VOCABULARY:
        raise TokenizerError(
            f"a byte-level BPE vocabulary of {vocab_size} is too small: it needs at least {SMALLEST_BPE_VOCABULARY}, "
            "for 256 bytes and the end of text"
        )
    tokenizer = Tokenizer(models.BPE())
    _make_byte_level(tokenizer)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[end_of_text],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    documents = [texts] if isinstance(texts, str) else texts
    tokenizer.train_from_iterator((_without_surrogates(text) for text in documents), trainer)
    return tokenizer


def _make_byte_level(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)


def load(path: Path | str) -> Tokenizer:
    """Load a `tokenizer.json`, or a directory with one or with GPT-2's `vocab.json` and `merges.txt`.

    Padding and truncation settings in the file are ignored. No code is executed and nothing is downloaded.

    Raises:
        TokenizerError: there is no tokenizer, it cannot be read, is damaged, or has no tokens.
    """
    path = Path(path)
    try:
        tokenizer = _open(path)
    except OSError as error:
        raise TokenizerError(f"{quoted(path)} cannot be read: {error.strerror or type(error).__name__}") from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if not tokenizer.get_vocab_size():
        raise TokenizerError(f"{quoted(path)} holds a tokenizer without tokens: use another file")
    check_harmless(tokenizer, path)
    return tokenizer


def check_harmless(tokenizer: Tokenizer, path: Path) -> None:
    """Raise TokenizerError if the tokenizer of a file could fill all memory, or take for ever, with a short text."""
    if (growth := text_growth(tokenizer)) > MOST_GROWTH:
        times = f"{growth:,}" if growth < 10**12 else "more than a million million"
        raise TokenizerError(
            f"{quoted(path)} holds a tokenizer that can make a text {times} times as long: it is damaged, or made to "
            "do harm"
        )
    model = tokenizer.model
    if isinstance(model, models.WordPiece) and (longest := model.max_input_chars_per_word) > LONGEST_WORD:
        raise TokenizerError(
            f"{quoted(path)} holds a WordPiece tokenizer that takes words apart up to {longest:,} characters, which "
            f"can take for ever: set max_input_chars_per_word to {LONGEST_WORD} or less"
        )
    if not has_usable_patterns(tokenizer):
        raise TokenizerError(
            f"{quoted(path)} holds a tokenizer with a pattern that fails or takes too long on ordinary texts: it is "
            "damaged, or made to do harm"
        )


def _open(path: Path) -> Tokenizer:
    if not path.is_dir():
        return _parse(path)
    if (path / TOKENIZER).exists():
        return _parse(path / TOKENIZER)
    vocabulary, merges = path / "vocab.json", path / "merges.txt"
    if vocabulary.exists() and merges.exists():
        return _from_gpt2_files(vocabulary, merges)
    raise TokenizerError(
        f"{quoted(path)} has neither {TOKENIZER} nor vocab.json with merges.txt: it is not a checkpoint"
    )


def _parse(path: Path) -> Tokenizer:
    content = _read(path)
    try:
        return Tokenizer.from_str(content)
    except BaseException as error:
        raise _failure(f"{quoted(path)} does not hold a tokenizer that can be read", error) from None


def _from_gpt2_files(vocabulary: Path, merges: Path) -> Tokenizer:
    try:
        entries = parse_json(_read(vocabulary))
        lines = [line for line in _read(merges).split("\n") if line and not line.startswith("#version")]
        pairs = [(first, second) for first, second in (line.rstrip("\r").split(" ") for line in lines)]
        tokenizer = Tokenizer(models.BPE(vocab=entries, merges=pairs))
    except (TokenizerError, OSError):
        raise
    except BaseException as error:
        raise _failure(f"{quoted(vocabulary.parent)} holds no readable vocab.json and merges.txt", error) from None
    _make_byte_level(tokenizer)
    if END_OF_TEXT in entries:
        tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def _read(path: Path) -> str:
    if not path.exists():
        raise TokenizerError(f"{quoted(path)} does not exist: a checkpoint needs its tokenizer")
    if not path.is_file():
        raise TokenizerError(f"{quoted(path)} is not a regular file: a tokenizer is a JSON file")
    if (size := path.stat().st_size) > _LARGEST_FILE:
        raise TokenizerError(f"{quoted(path)} has {size:,} bytes, more than a tokenizer can have: use another file")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TokenizerError(f"{quoted(path)} is not UTF-8 at byte {error.start}: the file is damaged") from None


def _failure(what: str, error: BaseException) -> BaseException:
    """The error to raise for an exception of the library, whose Rust panics derive from BaseException."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
        return error
    reason = ascii(" ".join(str(error).split()))[1:-1][:200]
    return TokenizerError(f"{what}: {reason or type(error).__name__}")


def save(tokenizer: Tokenizer, directory: Path | str, *, model_max_length: int | None = None) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`, which `transformers` can open, into an existing directory.

    Args:
        tokenizer: the tokenizer to save.
        directory: where to save it.
        model_max_length: the model's context in tokens, for other programs.

    Raises:
        TokenizerError: the files cannot be written.
    """
    # Without a class, transformers would silently load a character tokenizer as GPT-2's.
    config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    if model_max_length is not None:
        config["model_max_length"] = model_max_length
    if tokenizer.token_to_id(END_OF_TEXT) is not None:
        config |= {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT}
    directory = Path(directory)
    try:
        (directory / TOKENIZER).write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
        (directory / TOKENIZER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TokenizerError(f"{quoted(directory)} cannot be written: {reason}") from None


def encode(tokenizer: Tokenizer, text: str) -> Encoding:
    """Encode a text, without adding special tokens.

    Raises:
        TokenizerError: the tokenizer itself fails on the text, or would take too long.
    """
    text = _without_surrogates(text)
    if len(text) > TRIED_LENGTH and not has_usable_patterns(tokenizer, text):
        raise TokenizerError(
            f"a pattern of the tokenizer fails or takes too long on this text of {len(text):,} characters: shorten it"
        )
    try:
        found = tokenizer.encode(text, add_special_tokens=False)
    except BaseException as error:
        raise _failure("the tokenizer fails on this text", error) from None
    ids = tuple(found.ids)
    if _is_byte_level(tokenizer):
        pieces = _token_bytes(tokenizer, ids)
        spans = _byte_spans(pieces, text) or tuple(found.offsets)
        return Encoding(text, ids, tuple(map(_readable, pieces)), spans, ())
    spans = tuple(found.offsets)
    return Encoding(text, ids, token_texts(tokenizer, ids), spans, _unknown(tokenizer, text, ids, spans))


def encode_ids(tokenizer: Tokenizer, texts: Iterable[str]) -> list[list[int]]:
    """Only the token ids of each text, which is fast enough for a corpus. Unknown characters are left out.

    Raises:
        TokenizerError: the tokenizer itself fails on one of the texts.
    """
    batch = [_without_surrogates(text) for text in texts]
    try:
        return [found.ids for found in tokenizer.encode_batch_fast(batch, add_special_tokens=False)]
    except BaseException as error:
        raise _failure("the tokenizer fails on these texts", error) from None


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The text of token ids, including special tokens; the inverse of `encode` for known characters.

    Raises:
        TokenizerError: an id is not in the vocabulary.
    """
    _spelling(tokenizer, ids)
    return tokenizer.decode(list(ids), skip_special_tokens=False)


def token_texts(tokenizer: Tokenizer, ids: Sequence[int]) -> tuple[str, ...]:
    """The text of each token, as in `Encoding.tokens`.

    Raises:
        TokenizerError: an id is not in the vocabulary.
    """
    if _is_byte_level(tokenizer):
        return tuple(map(_readable, _token_bytes(tokenizer, ids)))
    # U+2581 is how SentencePiece writes a space.
    return tuple(token.replace("▁", " ") for token in _spelling(tokenizer, ids))


def vocab_size(tokenizer: Tokenizer) -> int:
    """Number of rows that an embedding needs: the largest id plus one."""
    return max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1


def kind(tokenizer: Tokenizer) -> Literal["char", "bpe", "other"]:
    """`"bpe"` if byte-level, `"char"` if every token but the special ones is one character, else `"other"`."""
    if _is_byte_level(tokenizer):
        return "bpe"
    special = {_unknown_token(tokenizer), *(str(token) for token in tokenizer.get_added_tokens_decoder().values())}
    ordinary = tokenizer.get_vocab(with_added_tokens=False).keys() - special
    return "char" if ordinary and all(len(token) == 1 for token in ordinary) else "other"


def _unknown_token(tokenizer: Tokenizer) -> str | None:
    """The token for unknown text, if the model has one; Unigram models do not say."""
    token = getattr(tokenizer.model, "unk_token", None)
    return token if isinstance(token, str) else None


def _is_byte_level(tokenizer: Tokenizer) -> bool:
    return isinstance(tokenizer.decoder, decoders.ByteLevel)


def _spelling(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """Each id as it is spelled in the vocabulary."""
    spelling: dict[int, str] = {}
    for index in set(ids):
        token = tokenizer.id_to_token(index) if 0 <= index < 2**32 else None
        if token is None:
            raise TokenizerError(f"token id {index} is not in the vocabulary of {vocab_size(tokenizer)}")
        spelling[index] = token
    return [spelling[index] for index in ids]


def _byte_characters() -> dict[str, int]:
    """GPT-2's spelling of bytes: printable Latin-1 characters stand for themselves, others are mapped to U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


_BYTES = _byte_characters()


def _token_bytes(tokenizer: Tokenizer, ids: Sequence[int]) -> list[bytes]:
    """The bytes of each token of a byte-level tokenizer; added tokens are not spelled in byte characters."""
    added = tokenizer.get_added_tokens_decoder()
    pieces: dict[int, bytes] = {}
    for index, token in zip(ids, _spelling(tokenizer, ids), strict=True):
        if index not in pieces:
            byte_level = index not in added and all(character in _BYTES for character in token)
            pieces[index] = bytes(_BYTES[c] for c in token) if byte_level else _without_surrogates(token).encode()
    return [pieces[index] for index in ids]


def _readable(piece: bytes) -> str:
    """Decode bytes; those that are only part of a character become `<0xF0>`."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = "".join(f"<0x{byte:02X}>" for byte in piece[error.start : error.end])
        return piece[: error.start].decode("utf-8") + bad + _readable(piece[error.end :])


def _byte_spans(pieces: Sequence[bytes], text: str) -> tuple[tuple[int, int], ...] | None:
    """Start and end of each piece in the text, in characters; None if the pieces do not add up to the text.

    The library's offsets are not used because with some tokenizer files they exclude a token's leading space.
    """
    data = text.encode()
    if b"".join(pieces) != data:
        return None
    spans = []
    begun = 0  # characters that began before the current piece
    for piece in pieces:
        continues = bool(piece) and piece[0] & 0xC0 == 0x80  # starts within a character
        starts = sum(byte & 0xC0 != 0x80 for byte in piece)
        spans.append((begun - continues, begun + starts))
        begun += starts
    return tuple(spans)


def _unknown(
    tokenizer: Tokenizer, text: str, ids: Sequence[int], spans: Sequence[tuple[int, int]]
) -> tuple[UnknownCharacter, ...]:
    """The characters covered by no token, or only by the token for unknown text."""
    unknown_token = _unknown_token(tokenizer)
    unknown_id = tokenizer.token_to_id(unknown_token) if unknown_token else None
    known = bytearray(len(text))
    mapped = bytearray(len(text))
    for index, (start, end) in zip(ids, spans, strict=True):
        (mapped if index == unknown_id else known)[start:end] = b"\1" * (end - start)
    # A word tokenizer drops spaces between words on purpose; a character tokenizer does not.
    spaces_count = tokenizer.token_to_id(" ") is not None or kind(tokenizer) == "char"
    return tuple(
        UnknownCharacter(start, character)
        for start, character in enumerate(text)
        if not known[start] and (mapped[start] or spaces_count or not character.isspace())
    )


def _without_surrogates(text: str) -> str:
    """Replace lone surrogates, which cannot be encoded in UTF-8, by U+FFFD; the length stays the same."""
    return _SURROGATES.sub("\ufffd", text)
