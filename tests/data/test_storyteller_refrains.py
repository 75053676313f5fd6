"""Refrains: reproducible, repetitive at random lengths and distances, annotated like the stories."""

import hashlib
import re
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.storyteller import Story, documents, refrain, refrains, story
from data.storyteller.lexicon import refrain_words
from data.storyteller.refrains import genres

CHECKED = settings(max_examples=150, deadline=None)
SEEDS = st.integers(min_value=0, max_value=10**9)

RECORDED = "fda11f28da51f772b3eee0aef6b92fa4fc1005e5265639f24de34702d18df374"
"""SHA-256 of the first 1,500 refrains of seeds 1337 and 7: a run resumes only with the text it began with."""


@pytest.fixture(scope="module")
def sung() -> list[Story]:
    return list(islice(refrains(12), 1000))


def spoken(each: Story) -> list[str]:
    """Return what stands in quotation marks, without the mark at its end."""
    return [quote.rstrip(".,!").lower() for quote in re.findall(r'"([^"]*)"', each.text)]


def test_refrains_of_a_seed_are_the_recorded_ones() -> None:
    text = "\n".join(refrain(seed, index).text for seed in (1337, 7) for index in range(1500))
    assert hashlib.sha256(text.encode()).hexdigest() == RECORDED


def test_a_refrain_depends_on_seed_and_index_only() -> None:
    first = list(islice(refrains(3), 20))
    assert [refrain(3, index) for index in reversed(range(20))] == first[::-1]
    assert refrain(4, 0) != refrain(3, 0)


def test_negative_index_is_an_error() -> None:
    with pytest.raises(ValueError, match="counts from 0"):
        refrain(1, -1)


def test_every_genre_occurs(sung: list[Story]) -> None:
    counts = Counter(each.plot for each in sung)
    assert counts.keys() == set(genres())
    assert min(counts.values()) >= 0.04 * len(sung)


def test_refrains_differ(sung: list[Story]) -> None:
    assert len({each.text for each in sung}) == len(sung)


def test_rows_of_words_are_repeated(sung: list[Story]) -> None:
    for each in sung:
        if each.plot in ("copycat", "echo", "spell", "steps"):
            said = Counter(quote.rpartition(": ")[2] for quote in spoken(each))
            assert max(said.values()) >= 2, each.text


def test_lengths_and_distances_of_what_is_repeated_vary(sung: list[Story]) -> None:
    lengths, distances = Counter[int](), Counter[int]()
    for each in sung:
        if each.plot == "everyone_says":
            rows = list(re.finditer(r"said: ([^.]*)\.", each.text))
            assert len({row[1] for row in rows}) == 1
            lengths[len(re.split(r",? ", rows[0][1]))] += 1
            distances[len(each.text[rows[0].start() : rows[1].start()].split())] += 1
    assert set(range(2, 14)) <= lengths.keys()
    assert max(lengths) <= 16
    assert len(distances) >= 12


def test_the_backwards_game_is_won(sung: list[Story]) -> None:
    game = next(each for each in sung if each.plot == "backwards")
    rows = [quote.split(", ") for quote in spoken(game)]
    assert len(rows) >= 4
    assert all(answer == row[::-1] for row, answer in zip(rows[::2], rows[1::2], strict=True))


@CHECKED
@given(SEEDS)
def test_words_and_annotations_are_where_they_say(seed: int) -> None:
    each = refrain(seed)
    words = each.words
    for position, word in enumerate(words):
        assert word.index == position
        assert each.text[word.start : word.end] == word.text
    for sentence in each.sentences:
        for note in sentence.annotations:
            assert note.word in range(sentence.words[0].index, sentence.words[-1].index + 1)
            assert 0 <= note.refers_to < len(words)


@CHECKED
@given(SEEDS)
def test_sentences_join_up_to_the_text(seed: int) -> None:
    each = refrain(seed)
    at = 0
    for sentence in each.sentences:
        at = each.text.index(sentence.text, at) + len(sentence.text)
        assert each.text[at : at + 1] in ("\n", " ", "")
    assert at == len(each.text)


@CHECKED
@given(SEEDS)
def test_spelling_and_punctuation(seed: int) -> None:
    text = refrain(seed).text
    assert text.count('"') % 2 == 0
    assert text.endswith((".", "!", '"'))
    assert not re.search(r"  |\n\n\n| [,.!?;:]|\.\.|,,|[{}\[\]|_*~#%^<>/]", text), text


def test_word_lists_have_no_duplicates() -> None:
    for listed in refrain_words().values():
        assert len(set(listed)) == len(listed)


def test_one_document_in_four_is_a_refrain() -> None:
    mixed = documents(8, 20_000)
    stories = [text for number, text in enumerate(mixed, 1) if number % 4]
    assert stories == [story(8, index).text for index in range(len(stories))]
    assert mixed[3::4] == [refrain(8, index).text for index in range(len(mixed) // 4)]
    assert documents(8, 5_000, refrain_every=0) == [
        story(8, index).text for index in range(len(documents(8, 5_000, refrain_every=0)))
    ]
    with pytest.raises(ValueError, match="give 0 for none"):
        documents(8, 5_000, refrain_every=-1)
