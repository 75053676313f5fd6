"""The storyteller as a corpus: reproducible, rich enough, and in good English."""

import hashlib
import re
import subprocess
import sys
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import storyteller
from data.storyteller import END_OF_STORY, STORY_SEPARATOR, Story, documents, frames, plots, stories, story, text
from data.storyteller.grammar import past
from data.storyteller.lexicon import verb_phrases

CHECKED = settings(max_examples=150, deadline=None)
SEEDS = st.integers(min_value=0, max_value=10**9)


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    return documents(11, 500_000, refrain_every=0)


@pytest.fixture(scope="module")
def told() -> list[Story]:
    return list(islice(stories(12), 1500))


def test_same_seed_same_text_in_another_process() -> None:
    here = hashlib.sha256(text(5, 30_000).encode()).hexdigest()
    code = (
        "import hashlib; from data import storyteller as s;"
        "print(hashlib.sha256(s.text(5, 30_000).encode()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here
    assert text(6, 30_000) != text(5, 30_000)


def test_a_story_depends_on_seed_and_index_only() -> None:
    first = list(islice(stories(3), 20))
    assert [story(3, index) for index in reversed(range(20))] == first[::-1]
    assert len({each.text for each in first}) == 20
    assert story(4, 0) != story(3, 0)


def test_text_is_whole_stories_between_separators() -> None:
    whole = text(8, 5_000)
    parts = whole.split(STORY_SEPARATOR)
    assert END_OF_STORY in STORY_SEPARATOR
    assert parts == documents(8, 5_000)
    assert sum(map(len, parts)) >= 5_000
    assert sum(map(len, parts[:-1])) < 5_000
    assert not any(END_OF_STORY in part for part in parts)


@pytest.mark.parametrize("characters", [0, -1])
def test_too_few_characters_is_an_error_that_says_so(characters: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        documents(1, characters)


def test_negative_index_is_an_error() -> None:
    with pytest.raises(ValueError, match="counts from 0"):
        story(1, -1)


def test_package_imports_only_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import data.storyteller;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'data'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.slow
def test_distinct_words() -> None:
    corpus = documents(11, 2_000_000, refrain_every=0)
    counts = Counter(word for document in corpus for word in re.findall(r"[a-z]+(?:['-][a-z]+)*", document.lower()))
    assert len(counts) >= 2_500
    # Invented words are all different and say nothing about the vocabulary: they are rare, so ask for ten uses.
    assert sum(count >= 10 for count in counts.values()) >= 1_500


def test_frames_and_plots_are_really_used(told: list[Story]) -> None:
    used = {sentence.frame for each in told for sentence in each.sentences}
    assert used <= frames().keys()
    assert len({frames()[name].template for name in used}) >= 500
    assert len({each.plot for each in told}) == len(plots()) >= 20


def test_corpus_does_not_repeat_itself(corpus: list[str]) -> None:
    assert len(set(corpus)) == len(corpus)
    openings = Counter(document[:60] for document in corpus)
    assert openings.most_common(1)[0][1] < 0.01 * len(corpus)


def test_verbs_double_their_last_letter_where_english_does() -> None:
    heads = {phrase.split()[0] for phrases in verb_phrases().values() for phrase in phrases}
    for verb in heads:
        if re.fullmatch(r"[^aeiou]*[aeiou][bdfgklmnprtvz]", verb) and past(verb) == verb + "ed":
            raise AssertionError(f"{past(verb)} should double its {verb[-1]}")


def test_mistakes_of_earlier_versions_do_not_return(corpus: list[str]) -> None:
    whole = "\n".join(corpus)
    for slip in ("grow never", "sat down and cry", "How long did it take to mend", "sobed"):
        assert slip not in whole


def test_invented_words_return_and_are_new_in_each_story(told: list[Story]) -> None:
    with_one = [each for each in told if each.invented]
    assert 0.28 <= len(with_one) / len(told) <= 0.42
    mentioned = []
    for each in with_one:
        for word in each.invented:
            mentioned.append(len(re.findall(rf"\b{word}s?\b", each.text.lower())))
    assert min(mentioned) >= 3
    assert sum(mentioned) / len(mentioned) >= 5
    kinds = [word for each in with_one for word in each.invented]
    assert len(set(kinds)) >= 0.8 * len(kinds)


def test_wanted_constructions_occur(corpus: list[str]) -> None:
    joined = "\n".join(corpus[:1500])
    for pattern in (
        r"[A-Z]\w+ is the (?:guy|girl|boy|man|woman|lady|kid|\w+) who \w+ the \w+",
        r"did not \w+",
        r"didn't \w+",
        r'"\w[^"]*\?" \w+ (?:\w+ )?asked',
        r"\b(?:had|has|have) \w+(?:en|ed|t)\b",
        r"\bwill \w+",
        r"\bwas \w+ing\b",
        r"\w+, \w+ and \w+",
        r"'s \w+",
        r"\b(?:himself|herself|yourself|myself)\b|\bwhose\b|\bwho\b",
        r"\b(?:On|One) \w+day\b",
    ):
        assert re.search(pattern, joined), pattern


# -- grammar, on every sentence ---------------------------------------------------------------------------------


@CHECKED
@given(SEEDS)
def test_words_are_exactly_where_they_say(seed: int) -> None:
    each = story(seed)
    covered = [" "] * len(each.text)
    for position, word in enumerate(each.words):
        assert word.index == position
        assert each.text[word.start : word.end] == word.text
        covered[word.start : word.end] = "x" * len(word.text)
    rest = "".join(c for c, mark in zip(each.text, covered, strict=True) if mark == " ")
    assert not re.search(r"[A-Za-z0-9]", rest)


@CHECKED
@given(SEEDS)
def test_sentences_join_up_to_the_text(seed: int) -> None:
    each = story(seed)
    at = 0
    for sentence in each.sentences:
        at = each.text.index(sentence.text, at)
        assert sentence.words[0].start >= at
        at += len(sentence.text)
        assert each.text[at : at + 2] == "\n\n" or each.text[at : at + 1] in (" ", "")
    assert at == len(each.text)


@CHECKED
@given(SEEDS)
def test_spelling_and_punctuation(seed: int) -> None:
    each = story(seed)
    for sentence in each.sentences:
        assert re.match(r'"?[A-Z]', sentence.text), sentence.text
        assert re.search(r'[.!?]"?$', sentence.text), sentence.text
        assert sentence.text.count('"') % 2 == 0, sentence.text
    assert not re.search(r"  |\n\n\n| [,.!?;:]|(?<!\.)\.\.(?!\.)|,,|[{}\[\]|_*~#%^<>/]", each.text), each.text
    assert not re.search(r"\ba (?:[aeio]|u[^ns])", each.text, re.IGNORECASE) or _only_false_vowels(each.text)
    assert not re.search(r"\ban (?:[^aeiouh\W])", each.text, re.IGNORECASE), each.text
    assert not re.search(r"\b(\w+) \1\b", each.text.replace("had had", "")), each.text


def _only_false_vowels(whole: str) -> bool:
    """Return True if every "a" before a vowel letter stands before a consonant sound ("a ukulele")."""
    found = re.findall(r"\ba ((?:[aeio]|u[^ns])\w*)", whole, re.IGNORECASE)
    return all(word.startswith(("uk", "one", "eu")) for word in found)


@CHECKED
@given(SEEDS)
def test_a_new_voice_starts_a_paragraph(seed: int) -> None:
    for paragraph in story(seed).text.split("\n\n"):
        assert paragraph
        assert not re.search(r'"[^"]*" "', paragraph), paragraph


def test_public_names() -> None:
    for name in storyteller.__all__:
        assert hasattr(storyteller, name)
