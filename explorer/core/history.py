"""The sentences that were typed: walked through with ↑ and ↓, kept for the session and in a small file besides.

The file is a convenience: whatever is wrong with it, the application goes on without a word. What it holds is not
trusted: a file too large, of another kind or of another shape is taken for empty.
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
"""Sentences kept."""

LONGEST_KEPT = 4_000
"""Characters of a sentence that is kept between sessions; longer ones are kept for the session."""

_LARGEST_FILE = 8 * 2**20


def history_file() -> Path:
    """Where a person's sentences are kept between sessions."""
    return platformdirs.user_state_path("attention-explorer") / "sentences.json"


class History:
    """Sentences, oldest first, each once. Without a path they are kept for the session only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._sentences = read(path) if path else []

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, oldest first."""
        return tuple(self._sentences)

    def add(self, *sentences: str) -> None:
        """Put sentences at the end; the oldest beyond the most that are kept are forgotten."""
        for sentence in sentences:
            _append(self._sentences, sentence)
        if self.path is not None:
            kept = read(self.path)  # another session may have written since
            for sentence in sentences:
                if len(sentence) <= LONGEST_KEPT:
                    _append(kept, sentence)
            write(self.path, kept)


def _append(sentences: list[str], sentence: str) -> None:
    if not sentence:
        return
    if sentence in sentences:
        sentences.remove(sentence)
    sentences.append(sentence)
    del sentences[:-MOST]


def read(path: Path) -> list[str]:
    """The sentences in a file, oldest first; none when it cannot be read or is not what `write` writes."""
    try:
        # Without O_NONBLOCK, opening a pipe that somebody put there would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return []
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            return []
        found = json.loads(content)
    except (OSError, ValueError, RecursionError):  # ValueError: not JSON, not UTF-8, or a path with a null character
        return []
    sentences: list[str] = []
    for sentence in found if isinstance(found, list) else []:
        if isinstance(sentence, str) and len(sentence) <= LONGEST_KEPT:
            _append(sentences, sentence)
    return sentences


def write(path: Path, sentences: Sequence[str]) -> None:
    """Write sentences to a file that only its owner can read, whole or not at all; failures are silent."""
    with suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, mode=0o600) as file:
            file.write(json.dumps(list(sentences), indent=0).encode("ascii"))


class Recall:
    """A walk through earlier sentences that begins and ends at what is being typed, as in a shell."""

    def __init__(self, earlier: Sequence[str], draft: str) -> None:
        self._lines = [*(sentence for sentence in earlier if sentence != draft), draft]
        self._place = len(self._lines) - 1

    def step(self, by: int, typed: str) -> str | None:
        """The sentence `by` places on, backwards where negative; None where there is none.

        What was `typed` at this place is kept for the way back.
        """
        place = self._place + by
        if not 0 <= place < len(self._lines):
            return None
        self._lines[self._place] = typed
        self._place = place
        return self._lines[place]
