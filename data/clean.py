"""Mends and evens out the text of prose: broken encoding, quotes, dashes, spaces, hard-wrapped lines.

Nothing here is applied unless asked for: it changes characters, and a corpus such as tinyshakespeare must keep its own.
"""

import re
from itertools import pairwise

# UTF-8 that was once decoded as Windows-1252: a lead byte as Â, Ã or â, then one or two continuation bytes. Those of
# 0x80–0x9F show as the characters that Windows-1252 has there, or stay C1 controls where it has none.
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

_WRAP = range(45, 81)  # characters: how long the lines of hard-wrapped text are
_UNFINISHED = re.compile(r"[\w,;]$")  # how a line ends that the wrapping broke inside a sentence
_FEWEST_UNFINISHED = 8  # lines: below this there is too little to judge by
_SLACK = 12  # characters that a wrapped line may fall short of the width, its next word included


def repair_encoding(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252: `â€™` becomes `’`, `Ã©` becomes `é`; other text stays as it is.

    The closing quote's last byte, 0x9D, does not exist in Windows-1252 and is often lost: `â€` alone becomes `”`.
    """
    return _MOJIBAKE.sub(_reread, text).replace("â€", "”")


def _reread(match: re.Match[str]) -> str:
    shown = match.group()
    try:
        return bytes([_LEAD[shown[0]], *(_CONTINUATION[character] for character in shown[1:])]).decode("utf-8")
    except UnicodeDecodeError:
        return shown


def clean_text(text: str) -> str:
    """Even out a document of prose.

    Broken encoding is repaired; curly quotes become straight, an em dash `--`, an en dash `-`, an ellipsis `...`;
    `_emphasis_` loses its marks; hard-wrapped lines are joined into paragraphs; spaces at the ends of lines and doubled
    spaces go; paragraphs and lines of verse are separated by one newline. White space alone gives an empty text.
    """
    text = repair_encoding(text).translate(_PLAIN)
    text = re.sub(r"(?<!\w)_([^_\n]+)_(?!\w)", r"\1", text)
    text = _join_wrapped(text)
    text = re.sub(r" {2,}", " ", text)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def _join_wrapped(text: str) -> str:
    """Join the lines of paragraphs that were wrapped at a fixed width; leave every other document alone.

    A line was broken by the wrapping when the first word of the next would not have fitted; a shorter one was meant.
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
    """The width at which lines were wrapped; None unless many of them break off inside a sentence."""
    followed = [previous for previous, line in pairwise(lines) if previous and line]
    unfinished = [len(line) for line in followed if len(line) in _WRAP and _UNFINISHED.search(line)]
    if len(unfinished) < _FEWEST_UNFINISHED or len(unfinished) < len(followed) / 3:
        return None
    return max(unfinished)
