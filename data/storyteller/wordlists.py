"""How word lists are written down: compactly, in one string."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a text; "_" stands for a space inside one ("ice_cream")."""
    return tuple(word.replace("_", " ") for word in text.split())


def entries(text: str) -> tuple[str, ...]:
    """The entries of a text, between slashes; line ends inside one count as a space."""
    return tuple(" ".join(entry.split()) for entry in text.split("/"))
