"""Numbers as they are written on the screen: one notation for powers of ten, whoever writes them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.core.formatting import (
    exponential,
    is_shown,
    label,
    lookalikes,
    marked,
    named_characters,
    number,
    printable,
    quoted,
    quoted_at,
    scientific,
    significant,
    table_number,
    visible,
)
from explorer.widgets.training.histograms import compact

POWER = re.compile(r"−?\d(?:\.\d+)?×10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


def read(text: str) -> float:
    """What a written number says."""
    mantissa, _, exponent = text.translate(_PLAIN).replace(",", "").strip().partition("×10")
    return float(mantissa) * 10.0 ** int(exponent or 0)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (significant(1e-14), "1×10⁻¹⁴"),
        (significant(-1.234e-7), "−1.23×10⁻⁷"),
        (significant(1.5e6), "1.5×10⁶"),
        (scientific(9.996e5, 2), "1.00×10⁶"),
        (exponential(math.log(1.97e-4)), "1.97×10⁻⁴"),
        (exponential(-5000.0), "3.37×10⁻²¹⁷²"),
        (number(123456.0, 7), " 123456"),
        (number(1.23e9, 7), "1.2×10⁹"),
        (number(-2.1e38, 7), "−2×10³⁸"),
        (number(-2.1e38, 3), "  <"),
        (compact(6.5e-4), "6.5×10⁻⁴"),
        (table_number(123456.0), "1.23×10⁵"),
    ],
)
def test_powers_of_ten_are_written_in_one_way(written: str, told: str) -> None:
    assert written == told


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or 1e-290 < abs(x) < 1e300))
def test_what_is_written_is_the_number(x: float) -> None:
    for text, error in ((significant(x), 0.006), (scientific(x, 1), 0.06), (significant(x, 2), 0.06)):
        assert "e" not in text
        assert "×" not in text or POWER.fullmatch(text)
        assert read(text) == pytest.approx(x, rel=error, abs=1e-300)
    for width in range(1, 12):
        assert len(number(x, width)) == width


@pytest.mark.parametrize(
    "character", ["\ufe0f", "\u3164", "\u115f", "\u034f", "\U000e0100", "\u00ad", "\u180b", "\u2065"]
)
def test_characters_that_a_terminal_may_leave_out_are_written_as_escapes(character: str) -> None:
    assert not is_shown(character)
    assert printable(f"a{character}b") == "a" + character.encode("unicode_escape").decode() + "b"
    assert character not in visible(f"a{character}b")
    assert marked(f"a{character}b") in ("a·b", "a∘b")
    assert is_shown("é语a\u0301")


def test_tokens_that_only_a_space_tells_apart_are_told_apart() -> None:
    alike = lookalikes([" man", "man", " dog", "dogs", " dog"])
    assert alike == {" man", "man"}
    assert [quoted(token, 8, alike) for token in (" man", "man", " dog")] == ["‘␣man’", "‘man’", "‘dog’"]
    assert [label(token, alike) for token in (" man", "man", " dog")] == ["␣man", "man", "dog"]
    assert quoted(" man") == "‘man’"


def test_a_token_has_its_position_if_another_looks_the_same() -> None:
    tokens = ("cat", " sees", " cat", " dogs")
    assert [quoted_at(tokens, i, 3) for i in range(4)] == ["‘cat’ at 0", "‘se…’", "‘cat’ at 2", "‘do…’"]


def test_characters_in_a_message_are_named_once_each_and_only_the_first_of_many() -> None:
    assert named_characters("içi\n\x1bç") == "‘i’ ‘ç’ U+000A U+001B"
    assert named_characters("abcabcdd", most=3) == "‘a’ ‘b’ ‘c’ and 1 more"
