"""What there is to open, described from config and header alone; torch is not needed."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from explorer.core import catalog
from explorer.core.catalog import Found
from explorer.core.formatting import visible
from model import layout
from model.errors import ModelError

_LONGEST_PATH = 4096
_MOST_LISTED = 500


def described(found: Found) -> tuple[str, ...]:
    """Layers, heads, head_size, context, vocabulary, parameters, kind of tokenizer and size on disk.

    Raises ModelError or OSError when it is not a model that can be opened.
    """
    summary = layout.summarize(found.path)
    config = summary.config
    return (
        str(config.n_layer),
        str(config.n_head),
        str(config.head_size),
        str(config.n_positions),
        f"{config.vocab_size:,}",
        short_count(summary.parameters),
        _tokenizer(layout.locate(found.path)),
        f"{short_count(summary.bytes_on_disk)}B",
    )


def short_count(count: int) -> str:
    """A count in three digits: 812, 13.4k, 3.21M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}" if count < 999.5 * size else f"{count / size:,.0f}{letter}"
    return str(count)


def _tokenizer(directory: Path) -> str:
    from model import tokenizer

    return tokenizer.kind(tokenizer.load(directory))


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list: the name to open it by, and either its sizes or why it cannot be opened."""

    name: str
    sizes: tuple[str, ...] = ()
    damage: str = ""

    @classmethod
    def of(cls, found: Found) -> "Entry":
        """Look at a model on disk."""
        try:
            return cls(found.name, described(found))
        except (ModelError, OSError) as error:
            return cls(found.name, (), " ".join(str(error).split()))

    @property
    def words(self) -> str:
        """Its sizes in words, the most telling first; or the damage."""
        if not self.sizes:
            return visible(self.damage)
        layers, heads, head_size, context, vocabulary, parameters, tokenizer, disk = self.sizes
        return (
            f"{layers} layers × {heads} heads of {head_size} · {parameters} parameters · {tokenizer} · {disk} · "
            f"context {context} · vocabulary {vocabulary}"
        )


def known(opened: Iterable[str] = ()) -> tuple[Entry, ...]:
    """What can be asked for by name, and what else was `opened` before: by its path, as long as it is there."""
    found = list(catalog.available())
    names = {each.name for each in found}
    places = {_real(each.path) for each in found}
    for name in opened:
        path = Path(name)
        if name not in names and path.exists() and _real(path) not in places:
            found.append(Found(name, path))
    return tuple(Entry.of(each) for each in found[:_MOST_LISTED])


def is_path(typed: str) -> bool:
    """Whether what is typed means a directory and not a part of a name."""
    return typed.startswith(("~", ".")) or "/" in typed or os.sep in typed


def expanded(typed: str) -> str:
    """A typed path as models are asked for: with the home directory in place of ~, without a slash at its end."""
    try:
        path = Path(typed.strip()).expanduser()
    except RuntimeError:  # a home directory that nobody has
        return typed.strip()
    return str(path)


def below(typed: str) -> tuple[Entry, ...]:
    """The checkpoint that a typed path names, then those in the directory that it names or begins to name."""
    if not typed or len(typed) > _LONGEST_PATH or "\0" in typed:
        return ()
    path = Path(expanded(typed))
    itself = [Found(str(path), path)] if _is_checkpoint(path) else []
    whole = typed.endswith(("/", os.sep)) or path.is_dir()
    directory, begun = (path, "") if whole else (path.parent, path.name)
    try:
        children = sorted(child for child in directory.iterdir() if child.name.startswith(begun))
    except OSError:
        children = []
    inside = [Found(str(child), child) for child in children if _is_checkpoint(child)]
    return tuple(Entry.of(each) for each in (itself + inside)[:_MOST_LISTED])


def _is_checkpoint(path: Path) -> bool:
    try:
        return (layout.locate(path) / layout.CONFIG).is_file()
    except OSError:
        return False


def _real(path: Path) -> str:
    return os.path.realpath(path)
