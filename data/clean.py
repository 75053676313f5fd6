"""Repairs and normalizes prose: broken encoding, quotes, dashes, spaces, hard-wrapped lines.

This changes characters, so it is optional: a corpus such as tinyshakespeare must keep its own.
"""

import re
from itertools import pairwise

# UTF-8 that was decoded as Windows-1252: a lead byte appears as Â, Ã or â and is followed by one or two continuation
# bytes. Bytes 0x80–0x9F appear as their Windows-1252 characters, or as C1 controls where it has none.
_C1 = {bytes([b]).decode("cp1252", "ignore") or chr(b): b for b in range(0x80, 0xA0)}
_CONTINUATION = {**_C1, **{chr(b): b for b in range(0xA0, 0xC0)}}
_TAIL = "[" + re.escape("".join(_CONTINUATION)) + "]"
_MOJIBAKE = re.compile(f"â{_TAIL}{{2}}|[ÂÃ]{_TAIL}")
_LEAD = {"Â": 0xC2, "Ã": 0xC3, "â": 0xE2}

_PLAIN = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'",
        "–": "-", "—": "--", "‐": "-", "‑": "-", "…": "...", "\u00a0": " ", "\t": " ", "\u00ad": "", "\ufeff": "",
    }
)  # fmt: skip

_WRAP = range(45, 81)  # characters in a full line of hard-wrapped text
_UNFINISHED = re.compile(r"[\w,;]$")  # the end of a line that was broken inside a sentence
_FEWEST_UNFINISHED = 8  # lines; with fewer there is too little evidence
_SLACK = 12  # characters by which a wrapped line and the next word may fall short of the width


def repair_encoding(text: str) -> str:
    """Repair UTF-8 that was decoded as Windows-1252: `â€™` becomes `’`, `Ã©` becomes `é`. Other text is unchanged.

    The last byte of the closing quote, 0x9D, is undefined in Windows-1252 and often lost: `â€` alone becomes `”`.
    """
    return _MOJIBAKE.sub(_decode_again, text).replace("â€", "”")


def _decode_again(match: re.Match[str]) -> str:
    shown = match.group()
    try:
        return bytes([_LEAD[shown[0]], *(_CONTINUATION[character] for character in shown[1:])]).decode("utf-8")
    except UnicodeDecodeError:
        return shown


def clean_text(text: str) -> str:
    """Normalize a document of prose.

    - Broken encoding is repaired.
    - Curly quotes become straight, an em dash `--`, an en dash `-`, an ellipsis `...`; `_emphasis_` loses its marks.
    - Hard-wrapped lines are joined into paragraphs.
    - Repeated spaces and spaces at the ends of lines are removed.
    - Paragraphs and lines of verse are separated by one newline. White space alone becomes an empty text.
    """
    text = repair_encoding(text).translate(_PLAIN)
    text = re.sub(r"(?<!\w)_([^_\n]+)_(?!\w)", r"\1", text)
    text = _join_wrapped(text)
    text = re.sub(r" {2,}", " ", text)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def _join_wrapped(text: str) -> str:
    """Join the lines of paragraphs that were wrapped at a fixed width. Other documents are returned unchanged.

    A line break is due to the wrapping if the first word of the next line did not fit; otherwise it was intended.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    width = _wrap_width(lines)
    if width is None:
        return text
    joined = [lines[0]]
    for previous, line in pairwise(lines):
        first_word = line.split(" ", 1)[0]
        if previous and line and not line.startswith(" ") and len(previous) + 1 + len(first_word) > width - _SLACK:
            joined[-1] += " " + line
        else:
            joined.append(line)
    return "\n".join(joined)


def _wrap_width(lines: list[str]) -> int | None:
    """Return the width at which lines were wrapped, or None unless many of them end inside a sentence."""
    followed = [previous for previous, line in pairwise(lines) if previous and line]
    unfinished = [len(line) for line in followed if len(line) in _WRAP and _UNFINISHED.search(line)]
    if len(unfinished) < _FEWEST_UNFINISHED or len(unfinished) < len(followed) / 3:
        return None
    return max(unfinished)
