"""Command lines that can be copied into a shell."""

import os
import shlex
from collections.abc import Sequence


def shell_join(words: Sequence[str]) -> str:
    """Quote words for a shell, like `shlex.join`, but without any control character in the result.

    A word that is not printable is written in the `$'…'` form that bash, zsh and ksh understand.
    """
    return " ".join(shlex.quote(word) if word.isprintable() else f"$'{_ansi_c_quoted(word)}'" for word in words)


def _ansi_c_quoted(word: str) -> str:
    return "".join(
        c if c.isprintable() and c not in "\\'" else "".join(f"\\x{byte:02x}" for byte in os.fsencode(c)) for c in word
    )
