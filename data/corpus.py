"""Reads UTF-8 text files as documents, and splits them into a training and a validation part.

`<|endoftext|>`, usually on a line of its own, ends a document; a file without one is a single document whose characters
are kept exactly. Two further steps are taken only when asked for: `split_stories` finds the stories in a file that
packs them one after another, and `clean_text` mends and evens out prose.

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
from data.stories import split_stories as stories_in

END_OF_TEXT = "<|endoftext|>"

# With fewer documents than this a choice of whole documents is too coarse: each one is cut instead.
_WHOLE_DOCUMENTS = 20


class CorpusError(ValueError):
    """A text that cannot be used: the message is one line that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where text came from: a file's name without folders, the SHA-256 of its bytes, its length in characters."""

    name: str
    sha256: str
    characters: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in reading order, none of them empty, and the sources they came from."""

    documents: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def characters(self) -> int:
        """Length of all documents together, in characters, without the boundaries between them."""
        return sum(map(len, self.documents))

    def __add__(self, other: "Corpus") -> "Corpus":
        """Both corpora, one after the other."""
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
        split_stories: also look for stories packed one after another inside each document.
        clean: also mend broken encoding and even out quotes, dashes, spaces and paragraphs (see `clean_text`).

    Raises:
        CorpusError: a file is missing, a directory, unreadable, empty, not UTF-8 or binary; or no file was given.
    """
    documents: list[str] = []
    sources: list[Source] = []
    for path in map(Path, paths):
        content = _read_bytes(path)
        text = _decode(content, path)
        found = _documents(text)
        if split_stories:
            found = [story for document in found for story in stories_in(document)]
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
    """A corpus of documents that were made rather than read; its SHA-256 is that of the documents joined by boundaries.

    Raises:
        CorpusError: there is no document with any text in it.
    """
    kept = tuple(document for document in documents if document.strip())
    if not kept:
        raise CorpusError(f"{name} holds no text: give it at least one document")
    joined = f"\n{END_OF_TEXT}\n".join(kept)
    digest = hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()
    return Corpus(kept, (Source(name, digest, sum(map(len, kept))),))


def split(corpus: Corpus, validation: float = 0.1) -> Split:
    """Hold out about a fraction of the corpus.

    With few documents (fewer than 20 different ones) each is cut: its first `int(n * (1 - validation))` characters
    train and the rest validates, as nanoGPT cuts tinyshakespeare. With more, whole documents are held out, chosen by a
    hash of their text: neither their order nor the rest of the corpus changes where one goes; duplicates stay together.

    Args:
        corpus: what to split.
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
    # By chance a small corpus may have no hash on one side of the fraction; then that side gets the nearest one alone.
    limit = min(max(validation, math.nextafter(min(hashes), 1)), max(hashes))
    return Split(
        tuple(document for document, h in zip(documents, hashes, strict=True) if h >= limit),
        tuple(document for document, h in zip(documents, hashes, strict=True) if h < limit),
    )


def _unit_hash(document: str) -> float:
    """A number in [0, 1) that depends on the text alone, uniform over texts."""
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
        # A pipe is fine (`<(…)` in a shell); a device such as /dev/zero would never end.
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise CorpusError(f"{shown} is not a regular file: give a text file")
        return path.read_bytes()
    except FileNotFoundError:
        raise CorpusError(f"{shown} does not exist: check the name") from None
    except PermissionError:
        raise CorpusError(f"{shown} may not be read: check its permissions") from None
    except OSError as error:
        raise CorpusError(f"{shown} cannot be read: {error.strerror or type(error).__name__}") from None
    except ValueError as error:
        # A NUL in the path itself; a CorpusError from above passes unchanged.
        if isinstance(error, CorpusError):
            raise
        raise CorpusError(f"{shown} is not a possible file name: check it") from None


def _decode(content: bytes, path: Path) -> str:
    shown = _shown(path)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CorpusError(f"{shown} is UTF-16, not UTF-8: convert it, for example with iconv -f UTF-16 -t UTF-8")
    if (at := content.find(b"\0")) >= 0:
        raise CorpusError(f"{shown} looks binary: it has a NUL byte at offset {at}; give a text file")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{content[error.start]:02X} at offset {error.start}"
        raise CorpusError(f"{shown} is not UTF-8: {byte}; convert it to UTF-8") from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _shown(path: Path) -> str:
    """The path for a message: control characters and lone surrogates of a hostile name are escaped."""
    return repr(str(path))
