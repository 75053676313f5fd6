"""The history of typed sentences, for ↑ and ↓: in memory, and in a small file for the next session.

The file is a convenience, so errors are ignored. Its content is not trusted: a file that is too large, is not a regular
file or has another format counts as empty.
"""

import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import platformdirs

from model.files import atomic_write

MOST = 200
"""The number of sentences in a history."""

LONGEST_KEPT = 4_000
"""The length in characters of the longest sentence that is saved; longer ones last for the session only."""

_LARGEST_FILE = 8 * 2**20


def history_file() -> Path:
    """Return the path of the user's history file."""
    return platformdirs.user_state_path("attention-explorer") / "sentences.json"


class History:
    """Sentences, oldest first, without duplicates. Without a path they last for the session only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._sentences = read(path) if path else []

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences, oldest first."""
        return tuple(self._sentences)

    def add(self, *sentences: str) -> None:
        """Append sentences, and drop the oldest ones beyond the limit."""
        for sentence in sentences:
            _append(self._sentences, sentence)
        if self.path is not None:
            saved = read(self.path)  # another session may have written to it
            for sentence in sentences:
                if len(sentence) <= LONGEST_KEPT:
                    _append(saved, sentence)
            write(self.path, saved)


def _append(sentences: list[str], sentence: str) -> None:
    if not sentence:
        return
    if sentence in sentences:
        sentences.remove(sentence)
    sentences.append(sentence)
    del sentences[:-MOST]


def read(path: Path) -> list[str]:
    """Return the sentences in a file, oldest first; none if it cannot be read or was not written by `write`."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return []
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            return []
        stored = json.loads(content)
    except (OSError, ValueError, RecursionError):  # ValueError: not JSON, not UTF-8, or a path with a null character
        return []
    sentences: list[str] = []
    for sentence in stored if isinstance(stored, list) else []:
        if isinstance(sentence, str) and len(sentence) <= LONGEST_KEPT:
            _append(sentences, sentence)
    return sentences


def write(path: Path, sentences: Sequence[str]) -> None:
    """Write sentences atomically to a file that only its owner can read; errors are ignored."""
    with suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, mode=0o600) as file:
            file.write(json.dumps(list(sentences), indent=0).encode("ascii"))


class Recall:
    """Steps through earlier sentences, starting at the draft that is being typed, as a shell does."""

    def __init__(self, earlier: Sequence[str], draft: str) -> None:
        self._lines = [*(sentence for sentence in earlier if sentence != draft), draft]
        self._place = len(self._lines) - 1

    def step(self, by: int, typed: str) -> str | None:
        """Return the sentence `by` places on, or back if negative; None if there is none.

        `typed`, the text as edited at the current place, is what a later step back to this place returns.
        """
        place = self._place + by
        if not 0 <= place < len(self._lines):
            return None
        self._lines[self._place] = typed
        self._place = place
        return self._lines[place]
