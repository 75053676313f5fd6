"""By what factor the steps of a tokenizer can lengthen a text. Imports no torch.

Each step of a normalizer or decoder may replace a character by several. A few steps that replace what the ones before
them have inserted make any text grow without bounds: ten times in each of six steps is a million times.
"""

import json
import re
import struct
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

MOST_GROWTH = 100
"""Published tokenizers replace a character by at most a few."""

_LONGEST_NORMAL_FORM = 40  # bytes; U+FDFA becomes 33 of them in NFKC


@dataclass(frozen=True, slots=True)
class _Step:
    """Inserts `content` for what matches; without content, a step that maps each character to others."""

    content: str = ""
    pattern: str | None = None  # the text that is replaced; None if it can be any
    factor: int = 1


def text_growth(tokenizer: Tokenizer) -> int:
    """Return an upper bound of how many characters the normalizer or the decoder makes of one.

    Mappings of single characters count as 1 if they are no longer than those of Unicode's normal forms.
    """
    parts = (part for part in (tokenizer.normalizer, tokenizer.decoder) if part is not None)
    return max((_growth(_steps(json.loads(part.__getstate__()))) for part in parts), default=1)


def _growth(steps: list[_Step]) -> int:
    growth: list[int] = []  # of what a step replaces, by it and all later steps; the last step first
    for place in range(len(steps) - 1, -1, -1):
        later = [growth[len(steps) - 1 - after] for after in _affected(steps, place)]
        growth.append(steps[place].factor * max(later, default=1))
    return max(growth, default=1)


def _affected(steps: list[_Step], place: int) -> list[int]:
    """Return the later steps that may replace what this one inserts."""
    found, is_mapped = [], not steps[place].content
    for after in range(place + 1, len(steps)):
        step = steps[after]
        if is_mapped or step.pattern is None or step.pattern[:1] in steps[place].content:
            found.append(after)
        is_mapped = is_mapped or not step.content
    return found


def _steps(part: dict[str, Any]) -> list[_Step]:
    """Return the steps of a normalizer or decoder as the library describes it, those in sequences one by one."""
    kind = part.get("type")
    if kind == "Sequence":
        return [step for each in part.get("normalizers") or part.get("decoders") or () for step in _steps(each)]
    if kind == "Prepend":
        return [_Step(part["prepend"], factor=len(part["prepend"]) + 1)]
    if kind == "Precompiled":
        return [_Step(factor=_longest_mapping(part) // _LONGEST_NORMAL_FORM + 1)]
    if kind != "Replace":
        return [_Step()]
    content, pattern = str(part["content"]), part["pattern"]
    if text := pattern.get("String"):
        return [_Step(content, text, max(1, -(-len(content) // len(text))))]
    inserts = _matches_nothing(str(pattern.get("Regex", "")))
    return [_Step(content, None, max(1, len(content) + inserts))]


def _longest_mapping(part: dict[str, Any]) -> int:
    """Return how many bytes a map of SentencePiece makes of a character at most.

    The map is a trie, with its size before it, followed by all replacements, each with a null character at its end.
    """
    content = b64decode(part["precompiled_charsmap"])
    (size,) = struct.unpack_from("<I", content)
    return max(map(len, content[4 + size :].split(b"\0")))


def _matches_nothing(pattern: str) -> bool:
    """Return True if a regular expression may match between two characters, where it inserts."""
    try:
        return re.search(pattern, "") is not None
    except (re.error, RecursionError, OverflowError):  # of another dialect
        return True
