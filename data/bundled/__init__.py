"""The trained models that ship with the program, by name: checkpoint directories beside this file."""

from pathlib import Path

DEFAULT = "stories"
"""The model that opens when none is named."""

_HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The bundled models, the default one first and the others in alphabetical order."""
    found = sorted(entry.name for entry in _HERE.iterdir() if (entry / "config.json").is_file())
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def path(name: str) -> Path:
    """The directory of a bundled model. Raises ValueError, naming those there are, for an unknown name."""
    known = names()
    if name not in known:
        there_are = f"there are {', '.join(known)}" if known else "none is installed, install the program again"
        raise ValueError(f"no bundled model is called {name!r}: {there_are}")
    return _HERE / name
