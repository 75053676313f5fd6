import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.clean import clean_text, repair_encoding


def broken(text: str) -> str:
    """How UTF-8 looks when read as Windows-1252 by a program that passes the five undefined bytes through."""
    return "".join(
        bytes([b]).decode("cp1252") if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(b) for b in text.encode()
    )


@pytest.mark.parametrize("character", "“”‘’–—…•™éüñßÀÝÏç£½\u00a0")
def test_broken_characters_are_repaired(character: str) -> None:
    assert broken(character) != character
    assert repair_encoding(f"a {broken(character)}b") == f"a {character}b"


def test_a_closing_quote_that_lost_its_last_byte() -> None:
    assert repair_encoding("â€œHello!â€ she said, â€œitâ€™s me.â€\n") == "“Hello!” she said, “it’s me.”\n"


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_characters="âÂÃ")))
def test_sound_text_is_left_alone(text: str) -> None:
    assert repair_encoding(text) == text


@pytest.mark.parametrize("text", ["château", "Âge", "São Paulo", "Ã", "pâté “x”", "âme"])
def test_sound_text_with_the_lead_letters_is_left_alone(text: str) -> None:
    assert repair_encoding(text) == text


def test_quotes_dashes_and_spaces_become_plain() -> None:
    assert clean_text("“It’s  me” — he said…\u00a0 \n\n\n  ‘no’ – yes_no _really_ so\t\n") == (
        "\"It's me\" -- he said...\n'no' - yes_no really so"
    )


def test_white_space_alone_is_nothing() -> None:
    assert clean_text(" \n\t\u00a0\n") == ""


WRAPPED = """\
Once upon a time there was a miller who had three sons, and when he
died he left them his mill, his donkey and his cat, which was all he had
in the world. The eldest took the mill, and the second took the donkey,
and for the youngest there was nothing left but the cat.
The end of it was told by many.

"Alas," said he, "my brothers can get their living handsomely enough by
joining their stocks together, but for my part, when I have eaten up my
cat, and made me a muff of his skin, I must die of hunger and of cold in
the winter that is coming over the hills."

    Cat, cat, what have you got
    under your hat?

The cat, who heard all this, but made as if he did not, said to him with
a grave and serious air: "Do not thus afflict yourself, my good master,
you have nothing else to do but to give me a bag."
"""


def test_hard_wrapped_paragraphs_are_joined_and_verse_is_not() -> None:
    lines = clean_text(WRAPPED).split("\n")
    assert [line[:8] for line in lines] == ["Once upo", "The end ", '"Alas," ', "Cat, cat", "under yo", "The cat,"]
    assert lines[0].endswith("nothing left but the cat.")
    assert "when he died he left them" in lines[0]
    assert " ".join(clean_text(WRAPPED).split()) == " ".join(WRAPPED.split())


def test_long_lines_and_short_lines_are_not_joined() -> None:
    prose = "\n".join(f"Line {i}: " + "word " * 30 + "end." for i in range(30))
    verse = "\n".join(f"A short line of verse {i}," for i in range(30))
    talk = "\n".join(f'"I should think that this is number {i} of them," said the old man.' for i in range(30))
    for text in (prose, verse, talk):
        assert clean_text(text).count("\n") == 29


@given(st.text())
def test_cleaning_never_fails_and_leaves_single_newlines(text: str) -> None:
    cleaned = clean_text(text)
    assert "\n\n" not in cleaned
    assert cleaned == cleaned.strip()
