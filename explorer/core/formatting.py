"""Text and numbers for the terminal: text from outside is made safe, and widths are counted in cells."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len

MINUS = "−"
INFINITY = "∞"
DOTTED_CIRCLE = "◌"

_MARKS = {
    " ": "␣",
    "\n": "⏎",
    "\t": "⇥",
    "\x7f": "␡",
    "\u00a0": "⍽",
    "\u200b": "‹ZWSP›",
    "\u200c": "‹ZWNJ›",
    "\u200d": "‹ZWJ›",
    "\u200e": "‹LRM›",
    "\u200f": "‹RLM›",
    "\u202a": "‹LRE›",
    "\u202b": "‹RLE›",
    "\u202c": "‹PDF›",
    "\u202d": "‹LRO›",
    "\u202e": "‹RLO›",
    "\u2066": "‹LRI›",
    "\u2067": "‹RLI›",
    "\u2068": "‹FSI›",
    "\u2069": "‹PDI›",
    "\u2028": "‹LS›",
    "\u2029": "‹PS›",
    "\ufeff": "‹BOM›",
}
_SHORT_MARKS = {"\n": "⏎", "\r": "⏎", "\t": "⇥", "\x7f": "␡", "\u200d": "∘"}
_SHAPELESS = "·"
_CONTROL_PICTURES = 0x2400  # U+2400 + n pictures the control character n
_IGNORABLE = re.compile(
    "[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164"
    "\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]"
)
"""Characters with the property Default_Ignorable_Code_Point, as of Unicode 16; `unicodedata` does not have it."""

# Control, format, surrogate, private use, unassigned, and separators other than the space itself.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


@lru_cache(maxsize=8192)
def visible(text: str) -> str:
    """Replace everything invisible by visible marks, so that the text is safe to send to any terminal.

    Spaces, line ends, tabs, control characters, zero-width characters and direction controls become marks; a combining
    character without a letter before it is put on a dotted circle. The result has no control characters.
    """
    if text.isascii() and text.isalnum():
        return text
    shown: list[str] = []
    has_base = False
    for character in text:
        mark = _mark(character)
        if mark is not None:
            shown.append(mark)
            has_base = False
        elif cell_len(character) == 0:
            shown.append(character if has_base else DOTTED_CIRCLE + character)
            has_base = True
        else:
            shown.append(character)
            has_base = True
    return "".join(shown)


def _mark(character: str) -> str | None:
    if character in _MARKS:
        return _MARKS[character]
    code = ord(character)
    if code < 32:
        return chr(_CONTROL_PICTURES + code)
    if unicodedata.category(character) in _INVISIBLE or _IGNORABLE.match(character):
        return f"‹{code:02X}›"
    return None


def printable(text: str) -> str:
    """Write control characters, lone surrogates and everything else that `is_shown` rejects as Python escapes."""
    return "".join(c if is_shown(c) else c.encode("unicode_escape").decode() for c in text)


def is_shown(text: str) -> bool:
    """Return True if all characters are printable, and none is one that a terminal may leave out altogether.

    The latter are those with Unicode's property Default_Ignorable_Code_Point, such as variation selectors and fillers.
    """
    return text.isprintable() and (text.isascii() or not _IGNORABLE.search(text))


def named_characters(characters: Iterable[str], most: int = 8) -> str:
    """Return different characters for a message, the first `most` of them: ‘ç’ if visible, otherwise U+000A."""
    different = list(dict.fromkeys(characters))
    named = " ".join(f"‘{c}’" if is_shown(c) and not c.isspace() else f"U+{ord(c):04X}" for c in different[:most])
    return named + (f" and {len(different) - most} more" if len(different) > most else "")


def one_line(text: str) -> str:
    """Put text from outside, such as a message that repeats a file name, on one line of printable characters."""
    return printable(" ".join(text.split()))


def marked(text: str) -> str:
    """Replace each invisible character by one mark, so that the text fits on one line and keeps its length.

    The result has no control characters: no escape sequence, and nothing that moves the cursor or changes the writing
    direction. Unlike in `visible`, a mark is a single character, so that a text cursor can be placed on it.
    """
    return "".join(map(_marked, text))


def _marked(character: str) -> str:
    code = ord(character)
    if character in _SHORT_MARKS:
        return _SHORT_MARKS[character]
    if code < 32:
        return chr(_CONTROL_PICTURES + code)
    if unicodedata.category(character) == "Zs":
        return " " if character == " " else "⍽"
    return character if is_shown(character) else _SHAPELESS


@lru_cache(maxsize=8192)
def label(token: str, alike: frozenset[str] = frozenset()) -> str:
    """Return a token as a label: visible, without the single leading space of tokens that begin a word.

    A token among those that look `alike` keeps the space, as in ␣man.
    """
    begins_word = len(token) > 1 and token[0] == " " and token[1] != " "
    return visible(token[1:] if begins_word and token not in alike else token)


@lru_cache(maxsize=8)
def labels_of(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels of all tokens of a text, which many widgets show."""
    return tuple(map(label, tokens))


@lru_cache(maxsize=8)
def widest(labels: tuple[str, ...]) -> int:
    """Return the width in cells of the widest label."""
    return max(map(cell_len, labels))


def lookalikes(tokens: Iterable[str]) -> frozenset[str]:
    """Return those tokens that have the label of another one, as " man" and "man" have."""
    by_label: dict[str, set[str]] = {}
    for token in tokens:
        by_label.setdefault(label(token), set()).add(token)
    return frozenset(token for alike in by_label.values() if len(alike) > 1 for token in alike)


def quoted(token: str, cells: int | None = None, alike: frozenset[str] = frozenset()) -> str:
    """Return the label of a token in quotes, ‘guy’; a label wider than `cells` is cut with …."""
    text = label(token, alike)
    return f"‘{text if cells is None or cell_len(text) <= cells else fit(text, cells).rstrip()}’"


def quoted_at(tokens: tuple[str, ...], position: int, cells: int | None = None) -> str:
    """Return the token at a position of a text in quotes, with the position if others have the same label."""
    labels, name = labels_of(tokens), quoted(tokens[position], cells)
    return f"{name} at {position}" if labels.count(labels[position]) > 1 else name


@lru_cache(maxsize=16384)
def fit(text: str, cells: int, align: str = "left") -> str:
    """Pad a text to exactly `cells` cells (`align` is left, right or center), or cut it and end it with ….

    Apply `visible` to text from outside first.
    """
    if cells <= 0:
        return ""
    width = cell_len(text)
    if width > cells:
        text, width = _cut(text, cells - 1, "…")
    room = cells - width
    if align == "right":
        return " " * room + text
    if align == "center":
        return " " * (room // 2) + text + " " * (room - room // 2)
    return text + " " * room


@lru_cache(maxsize=16384)
def crop(text: str, cells: int) -> str:
    """Pad or cut a text to exactly `cells` cells, without …: for labels of two or three cells."""
    if cells <= 0:
        return ""
    width = cell_len(text)
    if width > cells:
        text, width = _cut(text, cells, "")
    return text + " " * (cells - width)


def wrapped(text: str, first: int, others: int) -> list[str]:
    """Break a text into lines at spaces: the first at most `first` cells wide, the others `others`.

    A word that is wider gets a line of its own and is not broken.
    """
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if current and cell_len(longer) > (others if lines else first):
            lines.append(current)
            longer = word
        current = longer
    return [*lines, current]


def fullest(wordings: Sequence[str], room: int) -> str:
    """Return the first wording that fits, or else the last one; empty if there are no wordings."""
    return next((text for text in wordings if cell_len(text) <= room), wordings[-1] if wordings else "")


def _cut(text: str, cells: int, end: str) -> tuple[str, int]:
    """Return the longest start of `text` in at most `cells` cells, with `end` appended, and its width."""
    kept = ""
    for character in text:
        if cell_len(kept + character) > cells:
            break
        kept += character
    kept += end
    return kept, cell_len(kept)


def fixed(x: float, digits: int, thousands: str = "") -> str:
    """Return a number with `digits` decimals: with a true minus sign, ∞ for infinities, and no minus before zero."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return INFINITY if x > 0 else MINUS + INFINITY
    text = f"{abs(x):{thousands}.{digits}f}"
    return MINUS + text if x < 0 and text.strip("0.") else text


def rise(x: float, digits: int = 3) -> str:
    """Return a change of a loss with its sign."""
    return ("+" if x > 0 else "") + fixed(x, digits)


def short_count(count: int) -> str:
    """Return a count in three digits: 812, 13.4k, 3.21M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}" if count < 999.5 * size else f"{count / size:,.0f}{letter}"
    return str(count)


def table_number(x: float) -> str:
    """Return a number with two decimals, three if it is below 1, or as a power of ten from 100,000 on."""
    size = abs(x)
    if 1e5 <= size < math.inf:
        return scientific(x, 2)
    return fixed(x, 2 if size >= 0.9995 else 3)


def number(x: float, width: int, digits: int = 2) -> str:
    """Return a number right-aligned in `width` cells, with `digits` decimals, or fewer if they do not fit.

    A number that still does not fit is written as a power of ten, and as a last resort as > or <, by its sign.
    """
    for decimals in range(digits, -1, -1):
        text = fixed(x, decimals)
        if len(text) <= width:
            return text.rjust(width)
    for decimals in (1, 0):
        text = scientific(x, decimals)
        if len(text) <= width:
            return text.rjust(width)
    return ("<" if x < 0 else ">").rjust(max(width, 0))[: max(width, 0)]


def weight(x: float, digits: int = 2) -> str:
    """Return a weight or probability: `.61`; exactly 0 is `0`, exactly 1 is `1`, and what rounds to 1 is `1.0`."""
    if x == 0.0 or x == 1.0:
        return str(int(x))
    text = f"{x:.{digits}f}"
    if text.startswith("1"):
        return text[: digits + 1]
    return text[1:] if text.startswith("0.") else fixed(x, digits)


_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def scientific(x: float, decimals: int, *, keep_zeros: bool = True) -> str:
    """Return a finite number as a power of ten, in the notation of all screens: 1.97×10⁻⁴."""
    mantissa, _, exponent = f"{x:.{decimals}e}".partition("e")
    return _power_of_ten(mantissa.replace("-", MINUS), int(exponent), keep_zeros)


def _power_of_ten(mantissa: str, exponent: int, keep_zeros: bool = True) -> str:
    if not keep_zeros and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}×10{str(exponent).translate(_SUPERSCRIPT)}"


def significant(x: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, without trailing zeros: 0.25, 0.177, 83.1, 1,050."""
    if not math.isfinite(x) or x == 0.0:
        return fixed(x, 0)
    magnitude = math.floor(math.log10(abs(x)))
    if not -5 <= magnitude < 6:
        return scientific(x, digits - 1, keep_zeros=False)
    text = f"{abs(x):,.{max(0, digits - 1 - magnitude)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return MINUS + text if x < 0 else text


_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(fraction: float, cells: int) -> str:
    """Return a horizontal bar for a fraction from 0 to 1 in exactly `cells` cells, drawn to an eighth of a cell."""
    if not fraction > 0.0:  # NaN as well
        return " " * cells
    eighths = max(1, round(min(1.0, fraction) * cells * 8))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else ""))[:cells].ljust(cells)


_HEIGHTS = "▁▂▃▄▅▆▇█"


def height(fraction: float) -> str:
    """Return one cell of a sparkline for a fraction from 0 to 1."""
    if not fraction > 0.0:
        return _HEIGHTS[0]
    return _HEIGHTS[min(7, int(min(1.0, fraction) * 8))]


def exponential(x: float, digits: int = 3) -> str:
    """Return e^x with `digits` significant digits, for x of any size: 9.78, or 2.35×10¹⁷."""
    if x == -math.inf:
        return "0"
    if not math.isfinite(x):
        return fixed(x, 0)
    if -6.9 < x < 11.5:  # from about 0.001 to about 100,000
        return significant(math.exp(x), digits)
    exponent = math.floor(x / math.log(10))
    mantissa = f"{math.exp(x - exponent * math.log(10)):.{digits - 1}f}"
    if mantissa.startswith("10"):
        exponent, mantissa = exponent + 1, f"{1:.{digits - 1}f}"
    return _power_of_ten(mantissa, exponent)
