"""Reads UTF-8 text files as documents, and splits them into a training and a validation part.

`<|endoftext|>`, usually on a line of its own, ends a document. A file without it is a single document, and its
characters are kept exactly. Two more steps are optional: `split_stories` separates stories that follow each other
without a mark, and `clean_text` normalizes prose.

    corpus = read_corpus([Path("stories.txt")], split_stories=True, clean=True)
    parts = split(corpus, validation=0.1)
    parts.train, parts.validation  # tuples of documents
"""

import hashlib
import math
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.clean import clean_text
from data.packed_stories import split_stories as find_stories

END_OF_TEXT = "<|endoftext|>"

# With fewer documents, holding out whole ones is too coarse: each one is cut instead.
_WHOLE_DOCUMENTS = 20
_START = 2**20  # bytes in which a binary file has a NUL


class CorpusError(ValueError):
    """A text cannot be used. The message is one line that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of text: a file's name without folders, the SHA-256 of its bytes, its length in characters."""

    name: str
    sha256: str
    characters: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in reading order, none of them empty, and their sources."""

    documents: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def characters(self) -> int:
        """Total length of the documents in characters, without the boundaries between them."""
        return sum(map(len, self.documents))

    def __add__(self, other: "Corpus") -> "Corpus":
        """Return this corpus followed by another one."""
        return Corpus(self.documents + other.documents, self.sources + other.sources)


@dataclass(frozen=True, slots=True)
class Split:
    """The documents to train on and the documents held out. Neither part is empty."""

    train: tuple[str, ...]
    validation: tuple[str, ...]


def read_corpus(paths: Iterable[Path | str], *, split_stories: bool = False, clean: bool = False) -> Corpus:
    """Read files into documents.

    Args:
        paths: UTF-8 text files. A byte-order mark is dropped and line ends become `\\n`.
        split_stories: split each document into the stories in it (see `packed_stories`).
        clean: repair the encoding, and normalize quotes, dashes, spaces and paragraphs (see `clean_text`).

    Raises:
        CorpusError: no file was given, or one is missing, a directory, unreadable, empty, binary or not UTF-8.
    """
    documents: list[str] = []
    sources: list[Source] = []
    for path in map(Path, paths):
        content = _read_bytes(path)
        text = _decode(content, path)
        found = _documents(text)
        if split_stories:
            found = [story for document in found for story in find_stories(document)]
        if clean:
            found = [cleaned for document in found if (cleaned := clean_text(document))]
        if not found:
            raise CorpusError(f"{_shown(path)} is empty: there is no text in it to read")
        documents += found
        sources.append(Source(path.name, hashlib.sha256(content).hexdigest(), len(text)))
    if not sources:
        raise CorpusError("no text file was given: name at least one")
    return Corpus(tuple(documents), tuple(sources))


def corpus_of(name: str, documents: Iterable[str]) -> Corpus:
    """Return a corpus of generated documents. Its SHA-256 is that of the documents joined by boundaries.

    Raises:
        CorpusError: no document contains any text.
    """
    kept = tuple(document for document in documents if document.strip())
    if not kept:
        raise CorpusError(f"{name} holds no text: give it at least one document")
    joined = f"\n{END_OF_TEXT}\n".join(kept)
    digest = hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()
    return Corpus(kept, (Source(name, digest, sum(map(len, kept))),))


def split(corpus: Corpus, validation: float = 0.1) -> Split:
    """Hold out approximately a fraction of the corpus for validation.

    With fewer than 20 different documents each one is cut: its first `int(n * (1 - validation))` characters are for
    training and the rest for validation, as nanoGPT cuts tinyshakespeare. With more, whole documents are held out,
    chosen by a hash of their text. The choice depends neither on their order nor on the rest of the corpus, and
    duplicates stay together.

    Args:
        corpus: the corpus to split.
        validation: the fraction to hold out, between 0 and 1.

    Raises:
        CorpusError: the fraction is not between 0 and 1, or a part would be empty.
    """
    if not 0 < validation < 1:
        raise CorpusError(f"the validation part must be a fraction between 0 and 1, not {validation}")
    if len(set(corpus.documents)) < _WHOLE_DOCUMENTS:
        parts = _cut_each(corpus.documents, validation)
    else:
        parts = _choose_whole(corpus.documents, validation)
    if not parts.train or not parts.validation:
        raise CorpusError(
            f"the text has {corpus.characters} characters, too few to hold out {validation:.0%} for validation: "
            "give more text"
        )
    return parts


def _cut_each(documents: Sequence[str], validation: float) -> Split:
    cuts = [(document, int(len(document) * (1 - validation))) for document in documents]
    return Split(
        tuple(document[:cut] for document, cut in cuts if document[:cut]),
        tuple(document[cut:] for document, cut in cuts if document[cut:]),
    )


def _choose_whole(documents: Sequence[str], validation: float) -> Split:
    hashes = [_unit_hash(document) for document in documents]
    # In a small corpus all hashes may lie on one side of the fraction. The other side then gets the nearest document.
    limit = min(max(validation, math.nextafter(min(hashes), 1)), max(hashes))
    return Split(
        tuple(document for document, h in zip(documents, hashes, strict=True) if h >= limit),
        tuple(document for document, h in zip(documents, hashes, strict=True) if h < limit),
    )


def _unit_hash(document: str) -> float:
    """Return a number in [0, 1) that depends on the text alone and is uniform over texts."""
    digest = hashlib.sha256(document.encode("utf-8", "replace")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _documents(text: str) -> list[str]:
    if END_OF_TEXT not in text:
        return [text] if text.strip() else []
    return [document for part in text.split(END_OF_TEXT) if (document := part.strip("\n")).strip()]


def _read_bytes(path: Path) -> bytes:
    shown = _shown(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise CorpusError(f"{shown} is a directory: give the text files in it")
        # A pipe is allowed (`<(…)` in a shell); a device such as /dev/zero would never end.
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise CorpusError(f"{shown} is not a regular file: give a text file")
        with path.open("rb") as file:
            start = file.read(_START)
            _check_is_text(start, shown)  # before the rest, which may be gigabytes, is read
            return start + file.read()
    except FileNotFoundError:
        raise CorpusError(f"{shown} does not exist: check the name") from None
    except PermissionError:
        raise CorpusError(f"{shown} may not be read: check its permissions") from None
    except OSError as error:
        raise CorpusError(f"{shown} cannot be read: {error.strerror or type(error).__name__}") from None
    except ValueError as error:
        # The path contains a NUL. CorpusError is a ValueError too: let those raised above through.
        if isinstance(error, CorpusError):
            raise
        raise CorpusError(f"{shown} is not a possible file name: check it") from None


def _decode(content: bytes, path: Path) -> str:
    shown = _shown(path)
    _check_is_text(content, shown)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{content[error.start]:02X} at offset {error.start}"
        raise CorpusError(f"{shown} is not UTF-8: {byte}; convert it to UTF-8") from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _check_is_text(content: bytes, shown: str) -> None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CorpusError(f"{shown} is UTF-16, not UTF-8: convert it, for example with iconv -f UTF-16 -t UTF-8")
    if (at := content.find(b"\0")) >= 0:
        raise CorpusError(f"{shown} looks binary: it has a NUL byte at offset {at}; give a text file")


def _shown(path: Path) -> str:
    """Return the path for a message, with control characters and lone surrogates escaped."""
    return repr(str(path))
