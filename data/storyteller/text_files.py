"""Reads the text files of the storyteller: word lists in `words/`, plots in `genres/`.

README.md documents the formats. In all of them, blank lines and lines that start with "#" are skipped.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class TextFileError(ValueError):
    """A text file that cannot be used. The message starts with the file's name and the line number."""


class Line(NamedTuple):
    """A line of a text file, or a part of one, and where it stands."""

    file: str
    number: int
    text: str

    def error(self, problem: str) -> TextFileError:
        """Return an error about this line."""
        return TextFileError(f"{self.file}:{self.number}: {problem}")


_HERE = Path(__file__).parent


def split_lines(file: str, text: str) -> Iterator[Line]:
    """Yield the lines of a text without blank lines and comments."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield Line(file, number, line.rstrip())


def read_lines(folder: str) -> Iterator[Line]:
    """Yield the lines of every text file in a folder of this package, in alphabetical order of the files."""
    for path in sorted((_HERE / folder).glob("*.txt")):
        yield from split_lines(f"{folder}/{path.name}", path.read_text(encoding="utf-8"))


def read_lists(name: str) -> dict[str, list[Line]]:
    """Return the lists of `words/NAME.txt`, by name. Every entry knows its line."""
    file = f"words/{name}.txt"
    return parse_lists(split_lines(file, (_HERE / file).read_text(encoding="utf-8")))


def parse_lists(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Parse lists: a `[name]` line, then entries separated by commas.

    Raises:
        TextFileError: an entry before the first name, an empty entry, a name given twice or without entries.
    """
    lists: dict[str, list[Line]] = {}
    heads: dict[str, Line] = {}
    entries: list[Line] | None = None
    for line in lines:
        if line.text.startswith("["):
            name = line.text.removeprefix("[").removesuffix("]")
            if line.text != f"[{name}]" or not name.isidentifier():
                raise line.error(f"expected a list name such as [toy], not {line.text!r}")
            if name in lists:
                raise line.error(f"the list {name!r} is already defined on line {heads[name].number}")
            heads[name] = line
            entries = lists[name] = []
        elif entries is None:
            raise line.error("expected a list name such as [toy] before the first entry")
        else:
            entries += _entries(line)
    for name, found in lists.items():
        if not found:
            raise heads[name].error(f"the list {name!r} is empty")
    return lists


def _entries(line: Line) -> list[Line]:
    entries = [entry.strip() for entry in line.text.removesuffix(",").split(",")]
    if not all(entries):
        raise line.error("an entry is empty: separate entries by one comma")
    return [Line(line.file, line.number, entry) for entry in entries]
