"""Annotations of the storyteller, compared with hand-annotated stories and with rules that use the text alone."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.storyteller import AnnotationKind, Sentence, Story, story
from data.storyteller.casting import Entity
from data.storyteller.frames import parse_frame
from data.storyteller.lexicon import names
from data.storyteller.writer import Writer

MARA = Entity("girl", "she", name="Mara", adjectives=("kind",))
IVAN = Entity("boy", "he", name="Ivan", adjectives=("funny",), relation="brother")
FOX = Entity("fox", "he", animal=True)
KEY = Entity("key", "it", adjectives=("old",))
SHOES = Entity("shoes", "they", number="pl", adjectives=("red",))
PARK = Entity("park", "it", preposition="in")
CAST = {"A": MARA, "B": IVAN, "C": FOX, "T": KEY, "U": SHOES, "P": PARK}

CHECKED = settings(max_examples=150, deadline=None)
SEEDS = st.integers(min_value=0, max_value=10**9)


def write(*templates: str, rng: Random | None = None, invented: tuple[str, ...] = ()) -> tuple[Sentence, ...]:
    writer = Writer(rng or _AlwaysPronoun(), CAST, invented)
    for at, template in enumerate(templates):
        writer.write(parse_frame(f"test.{at}", template), " ")
    return writer.sentences


class _AlwaysPronoun(Random):
    """A generator that makes pronouns likely and adjectives unlikely, and always takes the first choice."""

    def random(self) -> float:
        return 0.5

    def choice(self, seq):  # type: ignore[no-untyped-def]
        return seq[0]


def links(sentences: tuple[Sentence, ...], kind: AnnotationKind) -> list[tuple[str, str]]:
    """Return annotations as (word, target), both with their index in the story: ("ate:6", "guy:4")."""
    words = [word for sentence in sentences for word in sentence.words]
    name = [f"{word.text}:{word.index}" for word in words]
    return [
        (name[note.word], name[note.refers_to])
        for sentence in sentences
        for note in sentence.annotations
        if note.kind is kind
    ]


def test_golden_relative_clause_has_the_head_noun_as_subject() -> None:
    sentences = write(
        "There [^B:be] [B.intro].", "[B.n] [B:be/s] the [B.g] who [B:eat] the sandwich.", "Then [B] [B:-sleep]."
    )
    assert [sentence.text for sentence in sentences] == [
        "There was a funny boy named Ivan.",
        "Ivan is the boy who ate the sandwich.",
        "Then he did not sleep.",
    ]
    assert links(sentences, AnnotationKind.SUBJECT) == [
        ("was:1", "boy:4"),
        ("is:8", "Ivan:7"),
        ("ate:12", "boy:10"),
        ("did:17", "he:16"),
    ]
    assert links(sentences, AnnotationKind.PREVIOUS_MENTION) == [("Ivan:7", "Ivan:6"), ("boy:10", "boy:4")]
    assert links(sentences, AnnotationKind.PRONOUN) == [("he:16", "boy:10")]


def test_golden_direct_speech_knows_speaker_and_hearer() -> None:
    sentences = write(
        "[A.intro] [A:meet] [B.intro] [P.in].",
        '"[A>B][^you:have/s] [you] seen my [T.b]?" [A] [A:ask].',
        '"[B>A]No, [I] [I:-see/has] [T.o]," [^B:say] [B.n].',
        '"[A>B]Then [we] [we:must] look for [T.o] together," [^A:say] [A.n].',
    )
    assert [sentence.text for sentence in sentences] == [
        "A kind girl named Mara met a funny boy named Ivan in the park.",
        '"Have you seen my key?" she asked.',
        '"No, I haven\'t seen it," said Ivan.',
        '"Then we must look for it together," said Mara.',
    ]
    assert links(sentences, AnnotationKind.SUBJECT) == [
        ("met:5", "girl:2"),
        ("Have:14", "you:15"),
        ("asked:20", "she:19"),
        ("haven't:23", "I:22"),
        ("said:26", "Ivan:27"),
        ("must:30", "we:29"),
        ("said:35", "Mara:36"),
    ]
    assert links(sentences, AnnotationKind.PRONOUN) == [
        ("you:15", "Ivan:10"),
        ("my:17", "Mara:4"),
        ("she:19", "Mara:4"),
        ("I:22", "Ivan:10"),
        ("it:25", "key:18"),
        ("we:29", "Mara:4"),
        ("we:29", "Ivan:27"),
        ("it:33", "key:18"),
    ]


def test_golden_plurals_possessives_and_groups() -> None:
    sentences = write(
        "[A.n] [A:buy] [U.a].",
        "[U] [U:be] [A.np] favorite [U.b], but [A.his] [~~feet] [~:hurt].",
        "At noon, [AC] [AC:be] late.",
    )
    assert [sentence.text for sentence in sentences] == [
        "Mara bought some red shoes.",
        "They were Mara's favorite shoes, but her feet hurt.",
        "At noon, Mara and the fox were late.",
    ]
    assert links(sentences, AnnotationKind.SUBJECT) == [
        ("bought:1", "Mara:0"),
        ("were:6", "They:5"),
        ("hurt:14", "feet:13"),
        ("were:21", "Mara:17"),
        ("were:21", "fox:20"),
    ]
    assert links(sentences, AnnotationKind.PRONOUN) == [("They:5", "shoes:4"), ("her:12", "Mara:7")]
    assert links(sentences, AnnotationKind.PREVIOUS_MENTION) == [
        ("Mara:7", "Mara:0"),
        ("shoes:10", "shoes:4"),
        ("Mara:17", "Mara:7"),
    ]


def test_golden_same_noun_in_singular_and_plural_is_a_previous_mention() -> None:
    sentences = write(
        "[A.n] [A:see] a fox.", "[~~Foxes] [~:like/s] foxes and a letter.", "In [letter.it] [^~:be] [~a key]."
    )
    assert links(sentences, AnnotationKind.PREVIOUS_MENTION) == [("Foxes:4", "fox:3"), ("foxes:6", "Foxes:4")]
    assert links(sentences, AnnotationKind.PRONOUN) == [("it:11", "letter:9")]
    assert links(sentences, AnnotationKind.SUBJECT)[-1] == ("was:12", "key:14")


def test_golden_objects_stand_right_after_their_verb() -> None:
    sentences = write(
        "[A.n] [A:find/had] [T.a] in [U.b], and [B.n] [B:-want] [T.o].",
        "[A.n] [A:love] [A.self], [A:eat] [B.np] big apples and [A:look] for [T.n].",
        "[A.n] [A:think] [B.n] [B:be] a [B.k], [A:practice] every day and [A:go] home.",
    )
    assert [sentence.text for sentence in sentences] == [
        "Mara had found an old key in shoes, and Ivan did not want it.",
        "Mara loved herself, ate Ivan's big apples and looked for the key.",
        "Mara thought Ivan was a boy, practiced every day and went home.",
    ]
    assert links(sentences, AnnotationKind.OBJECT) == [
        ("key:5", "found:2"),
        ("it:13", "want:12"),
        ("herself:16", "loved:15"),
        ("apples:21", "ate:17"),
    ]


def test_two_of_a_gender_are_called_by_name() -> None:
    cast = {"A": MARA, "B": Entity("girl", "she", name="Lin")}
    writer = Writer(_AlwaysPronoun(), cast, ())
    for at, template in enumerate(["[A.n] [A:see] [B.n].", "[A] [A:wave].", "[A] [A:smile].", "[A] [A:go] home."]):
        writer.write(parse_frame(f"test.{at}", template), " ")
    assert writer.text == "Mara saw Lin. Mara waved. She smiled. She went home."


def test_a_verb_that_looks_like_a_noun_is_no_mention() -> None:
    sentences = write("[A.n] [A:have] a saw.", "[A.n] [A:see] [B.n].", "[~The saw] [~:fall].")
    assert links(sentences, AnnotationKind.PREVIOUS_MENTION) == [("Mara:4", "Mara:0"), ("saw:8", "saw:3")]


def test_frames_that_cannot_be_filled_say_so() -> None:
    with pytest.raises(ValueError, match=r"test\.0.*has not been named"):
        write("[A.he] [A:smile].")
    with pytest.raises(ValueError, match=r"test\.0.*no subject"):
        write("[A:smile].")
    with pytest.raises(ValueError, match=r"test\.0.*waits for its subject"):
        write("There [^A:be] nobody.")
    with pytest.raises(ValueError, match=r"test\.0.*quote"):
        write('"[A>B]Oh.')
    with pytest.raises(ValueError, match=r"test\.0.*\[A:go/soon\]"):
        write("[A] [A:go/soon].")
    with pytest.raises(ValueError, match=r"test\.0.*nobody plays"):
        write("[Z.n] sleeps.")


# -- rules that hold for every story, read off the text ---------------------------------------------------------

GIRLS, BOYS = names()["girls"], names()["boys"]
FEMALE_KIN = {part for name in names()["female_kin"] for part in name.split()}
MALE_KIN = {part for name in names()["male_kin"] for part in name.split()}
FEMALE = {*GIRLS, *FEMALE_KIN, "girl", "woman", "lady", "queen", "princess"}
FEMALE |= {"sister", "witch", "seamstress", "waitress"}
MALE = {*BOYS, *MALE_KIN, "boy", "man", "guy", "fellow", "king", "prince"}
MALE |= {"brother", "wizard", "waiter", "postman"}
GENDERED = {"she": "f", "her": "f", "herself": "f", "he": "m", "him": "m", "his": "m", "himself": "m"}
FIRST_AND_SECOND = {"i", "me", "my", "myself", "you", "your", "yourself", "we", "us", "our"}
NAMES = {*GIRLS, *BOYS, *FEMALE_KIN, *MALE_KIN}


def _forms(word: str) -> set[str]:
    """Return the word and its possible singulars: approximate, but independent of the generator's own tables."""
    word = word.lower()
    irregular = {"mice": "mouse", "geese": "goose", "children": "child", "feet": "foot", "leaves": "leaf",
                 "wolves": "wolf", "shelves": "shelf", "loaves": "loaf", "scarves": "scarf", "men": "man",
                 "women": "woman", "teeth": "tooth", "knives": "knife", "calves": "calf"}  # fmt: skip
    forms = {word, irregular.get(word, word)}
    for ending, instead in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending):
            forms.add(word[: -len(ending)] + instead)
    return forms


def _notes(told: Story, kind: AnnotationKind) -> list[tuple[int, int]]:
    return [(n.word, n.refers_to) for s in told.sentences for n in s.annotations if n.kind is kind]


@CHECKED
@given(SEEDS)
def test_he_and_she_refer_back_to_someone_of_that_gender(seed: int) -> None:
    told = story(seed)
    words = told.words
    gender_of: dict[str, str] = {}
    for at, target in _notes(told, AnnotationKind.PRONOUN):
        assert target < at
        gender = GENDERED.get(words[at].text.lower())
        head = words[target].text
        assert head.lower() not in GENDERED, "a pronoun points to a noun or a name, not to another pronoun"
        assert head.lower() not in FIRST_AND_SECOND
        if gender is None:
            continue
        assert head not in (MALE if gender == "f" else FEMALE)
        if head not in {"kid", "one", "friend", "cousin", "neighbor", "classmate"}:
            assert gender_of.setdefault(head, gender) == gender, f"{head} changes gender"


@CHECKED
@given(SEEDS)
def test_no_other_name_of_the_gender_stands_between(seed: int) -> None:
    told = story(seed)
    words = told.words
    for at, target in _notes(told, AnnotationKind.PRONOUN):
        group = {"f": FEMALE, "m": MALE}.get(GENDERED.get(words[at].text.lower(), ""))
        if group is None or words[target].text not in NAMES:
            continue
        between = {word.text for word in words[target + 1 : at] if word.text in group & NAMES}
        assert between <= {words[target].text}, told.text


@CHECKED
@given(SEEDS)
def test_every_personal_pronoun_is_annotated(seed: int) -> None:
    told = story(seed)
    annotated = {at for at, _ in _notes(told, AnnotationKind.PRONOUN)}
    personal = GENDERED.keys() | FIRST_AND_SECOND | {"they", "them", "their"}
    for word in told.words:
        assert word.index in annotated or word.text.lower() not in personal, told.text


@CHECKED
@given(SEEDS)
def test_verbs_agree_with_the_subject_they_point_to(seed: int) -> None:
    told = story(seed)
    words = told.words
    subjects: dict[int, list[int]] = {}
    for at, target in _notes(told, AnnotationKind.SUBJECT):
        subjects.setdefault(at, []).append(target)
    finite = {"am", "is", "are", "was", "were", "has", "does", "did", "had", "said", "asked", "went"}
    for word in told.words:
        verb = word.text.lower()
        if verb not in finite:
            continue
        assert word.index in subjects, f"{verb} has no subject in: {told.text}"
        heads = [words[target].text.lower() for target in subjects[word.index]]
        if verb in ("is", "has", "does"):
            assert len(heads) == 1
            assert heads[0] not in ("i", "you", "we", "they")
        if verb == "am":
            assert heads == ["i"]
        if verb in ("are", "were") and heads not in (["you"], ["they"], ["we"]):
            assert len(heads) > 1 or len(_forms(heads[0])) > 1 or heads[0] in {"people", "these", "glasses"}
        if verb == "was":
            assert len(heads) == 1
            assert heads[0] not in ("you", "we", "they")


@CHECKED
@given(SEEDS)
def test_the_subject_of_a_relative_clause_is_the_noun_before_who(seed: int) -> None:
    told = story(seed)
    words = told.words
    subject = dict(_notes(told, AnnotationKind.SUBJECT))
    for word in words[2:-1]:
        comes_right_after = words[word.index - 1].end + 1 == word.start
        if (
            word.text == "who"
            and comes_right_after
            and words[word.index - 2].text == "the"
            and word.index + 1 in subject
        ):
            assert subject[word.index + 1] == word.index - 1


@CHECKED
@given(SEEDS)
def test_a_subject_is_in_the_sentence_of_its_verb(seed: int) -> None:
    for sentence in story(seed).sentences:
        inside = {word.index for word in sentence.words}
        for note in sentence.annotations:
            assert note.word in inside
            if note.kind is AnnotationKind.SUBJECT:
                assert note.refers_to in inside


@CHECKED
@given(SEEDS)
def test_an_object_follows_its_verb_without_a_pause_or_a_preposition(seed: int) -> None:
    told = story(seed)
    words = told.words
    subjects = {target for _, target in _notes(told, AnnotationKind.SUBJECT)}
    for at, verb in _notes(told, AnnotationKind.OBJECT):
        assert verb < at
        assert at not in subjects
        between = told.text[words[verb].end : words[at].start]
        assert not set(between) & set('.,;:!?"'), told.text
        assert len(between.split()) <= 5
        assert not {"for", "to", "with", "in", "on", "at", "of", "and", "that", "who"} & set(between.split()), between
        assert words[verb].text.lower() not in {"is", "are", "was", "were", "be", "been", "could", "can", "must"}
        assert words[at].text.lower() not in {"i", "he", "she", "they", "we", "my", "your", "his", "their"}


@CHECKED
@given(SEEDS)
def test_previous_mention_is_the_nearest_equal_word(seed: int) -> None:
    told = story(seed)
    words = told.words
    verbs = {at for at, _ in _notes(told, AnnotationKind.SUBJECT)}
    for at, target in _notes(told, AnnotationKind.PREVIOUS_MENTION):
        assert target < at
        assert _forms(words[at].text) & _forms(words[target].text)
        between = [w.text for w in words[target + 1 : at] if w.index not in verbs and w.text == words[at].text]
        assert not between, f"{between} between the mentions of {words[at].text} in: {told.text}"


@CHECKED
@given(SEEDS)
def test_every_name_that_returns_has_a_previous_mention(seed: int) -> None:
    told = story(seed)
    annotated = {at for at, _ in _notes(told, AnnotationKind.PREVIOUS_MENTION)}
    seen: set[str] = set()
    for word in told.words:
        if word.text in NAMES:
            assert (word.index in annotated) == (word.text in seen)
            seen.add(word.text)
