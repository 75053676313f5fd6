"""Link lines: a command line that opens a view again, with escapes for text that a line cannot hold."""

import re
import shlex
from collections.abc import Iterator

from data import bundled
from data.samples import SAMPLES
from explorer.view import LAST, Stage, View
from model.errors import ModelError
from model.families import OpenOptions
from model.settings import Scope

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\\ntr]|)", re.ASCII)
_SHORT = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


def escaped(text: str) -> str:
    r"""Write everything that is not printable, and the backslash, as Python escapes.

    >>> escaped("two\nlines")
    'two\\nlines'
    """
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def unescaped(text: str) -> str:
    r"""Undo `escaped`. Raises ModelError for a backslash that begins no escape."""

    def character(found: re.Match[str]) -> str:
        code = found[1]
        if code in _SHORT:
            return _SHORT[code]
        if not code or int(code[1:], 16) > 0x10FFFF:
            shown = text[found.start() : found.start() + 10]
            raise ModelError(rf"{shown!a} is no escape: there are \n \t \r \\ \xhh \uhhhh and \Uhhhhhhhh")
        return chr(int(code[1:], 16))

    return _ESCAPE.sub(character, text)


def link_line(view: View, opening: OpenOptions | None = None) -> str:
    """Return the command that opens `view`, as one line for any POSIX shell; `opening` is how its model was opened.

    Raises ModelError for a model whose path has unprintable characters.
    """
    return shlex.join(["explorer", *link_arguments(view, opening)])


def link_arguments(view: View, opening: OpenOptions | None = None) -> list[str]:
    """Return the arguments of `explorer` that open `view`, without those that equal the defaults."""
    words = (word for words in _arguments(view) for word in words)
    return [*words, *_opening_arguments(opening or OpenOptions())]


def _opening_arguments(opening: OpenOptions) -> Iterator[str]:
    default = OpenOptions()
    for name in ("dtype", "device", "context"):
        if (value := getattr(opening, name)) != getattr(default, name):
            yield from (f"--{name}", str(value))
    if opening.bos:
        yield "--bos"


def _arguments(view: View) -> Iterator[tuple[str, ...]]:
    if not view.model.isprintable():
        raise ModelError(f"the path {view.model!a} cannot be written on one line: rename the directory")
    # A lone dash would mean standard input.
    if not view.text.isprintable() or view.text == "-":
        yield "--escaped", "--text", r"\x2d" if view.text == "-" else escaped(view.text)
    elif view.text != SAMPLES[0].text:
        yield "--text", view.text
    if view.model != bundled.DEFAULT:
        yield "--model", view.model
    if view.layer:
        yield "--layer", str(view.layer)
    if view.head:
        yield "--head", str(view.head)
    if view.query != LAST:
        yield "--query", str(view.query)
    if view.key:
        yield "--key", str(view.key)
    if view.stage is not Stage.WEIGHTS:
        yield "--stage", view.stage.value.replace(" ", "-")
    if view.stepping:
        yield ("--stepping",)
    if view.scale is not None:
        yield "--scale", repr(float(view.scale))
    if view.causal is not None:
        yield ("--mask" if view.causal else "--no-mask",)
    if view.scope is not Scope.HEAD:
        yield "--scope", view.scope.value
    for layer, head in sorted(view.ablated):
        yield "--ablate", f"{layer}.{head}"
