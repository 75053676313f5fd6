"""Numbers and names from files that someone else may have written. Imports no torch."""

import json
import math
import reprlib
from typing import Any

_MOST_DIGITS = 40
"""Of a whole number: no size or token id has as many, and a float can still hold all of them."""

_brief = reprlib.Repr()
_brief.maxlevel = 2
_brief.maxstring = _brief.maxlong = _brief.maxother = 80


def parse_json(content: str | bytes) -> Any:
    """Parse JSON. A whole number that is too large becomes infinite, as 1e999 does: each reader refuses that anyway.

    Raises ValueError for what is not JSON, or is nested too deeply.
    """
    try:
        text = content if isinstance(content, str) else content.decode(json.detect_encoding(content))
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


_DECODER = json.JSONDecoder(parse_int=_whole_number)  # made once: a log has as many lines as the run has steps


def is_finite(value: object) -> bool:
    """Return True for an int or float, apart from bool, that is a finite float."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def brief(value: object) -> str:
    """Return the `repr` of a value from outside for a message, with its middle left out if it is long."""
    return _brief.repr(value)


def reason_of(error: Exception) -> str:
    """Return the first words of an error of another library, in one printable line; its type if it has none."""
    words = " ".join(str(error).split())
    return "".join(c if c.isprintable() else "?" for c in words)[:300] or type(error).__name__
