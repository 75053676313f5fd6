"""The storyteller's text files: what is in them is used, and mistakes are reported with file and line."""

import re
from typing import Any

import pytest

from data.storyteller import frames, plots
from data.storyteller.casting import role_kinds
from data.storyteller.lexicon import noun_lemmas, nouns, places, verb_phrases, words
from data.storyteller.plots import Genre, load_genre, parse_genre
from data.storyteller.text_files import Line, TextFileError, parse_lists, read_lists, split_lines

DRAWN_FOR_ROLES = frozenset(
    {"character", "size", "young", "small_size", "look", "toy_look", "cloth_look", "food_look", "place_look"}
    | {"relation_f", "relation_m"}
)
"""Lists of `words.txt` that the entities of roles are described with."""

PLOT = """\
plot walk
roles A:hero P:outdoor
= start
- [A.intro] [A:go]
  [P.to]. // [A] [A:be] [#happy].
"""


def parse(text: str) -> Genre:
    return parse_genre(split_lines("genre/file.txt", text))


def lists(text: str) -> dict[str, list[Line]]:
    return parse_lists(split_lines("words/file.txt", text))


def test_every_word_list_is_used() -> None:
    used = {name for frame in frames().values() for name in frame.lists}
    used |= {f"#{name}" for name in DRAWN_FOR_ROLES}
    assert used == {f"#{name}" for name in words()} | {f"%{name}" for name in verb_phrases()}


def test_every_noun_list_can_be_cast() -> None:
    # Animals are cast as heroes and beasts; `other` holds nouns of the frames.
    assert nouns().keys() - {"wild", "other"} <= role_kinds()
    assert places().keys() <= role_kinds()


def test_notes_of_nouns_become_their_number() -> None:
    numbers = {noun.text: noun.number for noun in nouns()["errand"]}
    assert (numbers["loaf"], numbers["bread"], numbers["matches"]) == ("sg", "mass", "pl")
    assert noun_lemmas()["loaves"] == "loaf"
    assert noun_lemmas()["matches"] == "matches"


def test_blocks_come_from_any_file_of_the_genre() -> None:
    genre = load_genre("tales")
    assert len(genre.plots) == len(plots()) == 26
    opening = next(plot for plot in genre.plots if plot.name == "noise").beats[0]
    assert opening.tellings == genre.blocks["open"].tellings


def test_a_plot_is_parsed_with_its_continued_lines() -> None:
    plot = parse(PLOT + "= end?\n- ¶[A] [A:sleep].\n").plots[0]
    start, end = plot.beats
    assert plot.roles == {"A": "hero", "P": "outdoor"}
    assert [step.frame.template for step in start.tellings[0]] == ["[A.intro] [A:go] [P.to].", "[A] [A:be] [#happy]."]
    assert (start.optional, end.optional) == (False, True)
    assert end.tellings[0][0].new_scene
    assert end.tellings[0][0].frame.name == "walk.end.0.0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tale x\n", "1: expected 'plot NAME'"),
        ("  - One.\n", "1: an indented line continues"),
        ("# A comment.\n\nplot x\nroles A:dragon\n", "4: unknown kind of role 'dragon'"),
        ("plot x\nroles AB:hero\n", "2: a role is a capital letter"),
        ("plot x\nroles I:hero\n", "2: a role is a capital letter"),
        ("plot x\nanimal\n", "2: expected 'roles', 'animals' or a beat"),
        ("plot x\n= start\n", "2: there is no telling"),
        ("plot x\n= start\nOne.\n", "3: expected a telling that starts with '- '"),
        ("plot x\n= @open\n", "2: there is no block 'open'"),
        ("block open\n- One.\nplot x\n= @open\n- Two.\n", "5: the beat '@open' is a shared block"),
        ("block open\n- [A.intro].\nplot x\n= @open\n", "4: frame @open.0.0: the plot has no role A"),
        (PLOT + PLOT, "6: 'plot walk' is already defined"),
        (PLOT + "= end\n- [B] [B:go].\n", "6: frame walk.end.0.0: the plot has no role B"),
        (PLOT + "= end\n- [#nothing].\n", "7: frame walk.end.0.0: there is no list [#nothing]"),
        (PLOT + "= end\n- [A:%nothing*1].\n", "7: frame walk.end.0.0: there is no list [%nothing]"),
        (PLOT + "= end\n- One. // [A.what].\n", "7: frame walk.end.0.1: unknown slot [A.what]"),
        (PLOT + "= end\n- [you.n].\n", "7: frame walk.end.0.0: unknown slot [you.n]"),
        (PLOT + "= end\n- [A\n", "7: frame walk.end.0.0: the slot '[A' has no closing bracket"),
        (PLOT + "= end\n- {one|two\n", "7: frame walk.end.0.0: a choice in '{one|two' has no closing brace"),
    ],
)
def test_mistakes_in_plots_are_reported_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(TextFileError, match=re.escape(f"genre/file.txt:{message}")) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kite\n", "1: expected a list name"),
        ("[toy\nkite\n", "1: expected a list name such as [toy], not '[toy'"),
        ("[toy]\nkite\n\n[toy]\nball\n", "4: the list 'toy' is already defined on line 1"),
        ("[toy]\n# kite\n[snack]\napple\n", "1: the list 'toy' is empty"),
        ("[toy]\nkite,, ball\n", "2: an entry is empty"),
    ],
)
def test_mistakes_in_lists_are_reported_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(TextFileError, match=re.escape(f"words/file.txt:{message}")):
        lists(text)


def test_lists_keep_order_repetitions_and_line_numbers() -> None:
    parsed = lists("# Toys.\n[toy]\nkite, teddy bear,\nkite\n")
    assert [(entry.text, entry.number) for entry in parsed["toy"]] == [("kite", 3), ("teddy bear", 3), ("kite", 4)]


@pytest.mark.parametrize(
    ("function", "entry", "message"),
    [
        (nouns, "bread (some)", "expected (mass) or (plural) after 'bread', not (some)"),
        (nouns, "bread (mass", "expected (mass) or (plural) after 'bread', not (mass"),
        (places, "park", "expected a preposition and a noun such as 'in park', not 'park'"),
    ],
)
def test_a_malformed_entry_is_reported(
    monkeypatch: pytest.MonkeyPatch, function: Any, entry: str, message: str
) -> None:
    monkeypatch.setattr("data.storyteller.lexicon.read_lists", lambda _: lists(f"[toy]\n{entry}\n"))
    with pytest.raises(TextFileError, match=re.escape(f"words/file.txt:2: {message}")):
        function.__wrapped__()  # not the cached result


def test_every_word_file_is_read() -> None:
    names = "glosses grammar invented names nouns places refrains verb_phrases words workers"
    for name in names.split():
        assert read_lists(name)
