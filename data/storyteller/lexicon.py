"""The storyteller's vocabulary: names, nouns, places, words and verb phrases, read from `words/` at first use."""

from functools import cache
from typing import Literal, NamedTuple, cast

from data.storyteller.grammar import plural
from data.storyteller.text_files import Line, read_lists

Number = Literal["sg", "mass", "pl"]
"""Grammatical number of a noun: singular, without a plural ("some bread"), or always plural ("some shoes")."""

_NUMBERS: dict[str, Number] = {"": "sg", "mass": "mass", "plural": "pl"}


class Noun(NamedTuple):
    """A noun as it is listed, which is the plural if `number` is "pl"."""

    text: str
    number: Number


class Place(NamedTuple):
    """A noun for a place and the preposition before it: "in" and "park"."""

    preposition: str
    noun: str


class Worker(NamedTuple):
    """A noun for a person by their work. `pronoun` is "he", "she", or empty if either is possible."""

    noun: str
    pronoun: Literal["he", "she", ""]


@cache
def names() -> dict[str, tuple[str, ...]]:
    """Return the lists of names: `girls`, `boys`, `pets`, `female_kin`, `male_kin`."""
    return _texts("names")


@cache
def glosses() -> dict[str, tuple[str, ...]]:
    """Return what an invented word can mean, by kind of role."""
    return _texts("glosses")


@cache
def word_parts() -> dict[str, tuple[str, ...]]:
    """Return the parts of invented words, and under `english` the words they must not form."""
    return _texts("invented")


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Return the lists of adjectives, adverbs, times and phrases that a frame refers to by `[#list]`."""
    return _texts("words")


@cache
def refrain_words() -> dict[str, tuple[str, ...]]:
    """Return the lists of words that rows in refrains are made of: `common`, `sounds`, `steps`, `numbers`."""
    return _texts("refrains")


@cache
def verb_phrases() -> dict[str, tuple[str, ...]]:
    """Return the lists of verb phrases, base form first, that a frame refers to by `[%list]`."""
    return _texts("verb_phrases")


@cache
def nouns() -> dict[str, tuple[Noun, ...]]:
    """Return the nouns by kind of role."""
    return {kind: tuple(map(_noun, entries)) for kind, entries in read_lists("nouns").items()}


@cache
def places() -> dict[str, tuple[Place, ...]]:
    """Return the places by kind of role."""
    return {kind: tuple(map(_place, entries)) for kind, entries in read_lists("places").items()}


@cache
def workers() -> dict[str, tuple[Worker, ...]]:
    """Return the nouns for people at work by kind of role."""
    return {kind: tuple(map(_worker, entries)) for kind, entries in read_lists("workers").items()}


@cache
def noun_lemmas() -> dict[str, str]:
    """Map the last word of every noun, in the singular and the plural, to its singular. All are lower case."""
    found = {noun for listed in nouns().values() for noun in listed}
    found |= {Noun(place.noun, "sg") for listed in places().values() for place in listed}
    found |= {Noun(worker.noun, "sg") for listed in workers().values() for worker in listed}
    lemmas: dict[str, str] = {}
    # Singulars come first, so that "glass" stands for "glasses", which is also listed as a plural.
    for noun, number in sorted(found, key=lambda noun: (noun.number != "sg", noun)):
        head = noun.split()[-1]
        lemmas.setdefault(head, head)
        if number == "sg":
            lemmas.setdefault(plural(head), head)
    return lemmas


def _texts(file: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(entry.text for entry in entries) for name, entries in read_lists(file).items()}


def _split_note(entry: Line, allowed: tuple[str, ...]) -> tuple[str, str]:
    """Split "bread (mass)" into "bread" and "mass"; the note is empty if there is none."""
    text, bracket, rest = entry.text.partition(" (")
    note = rest.removesuffix(")")
    if bracket and (note not in allowed or not rest.endswith(")")):
        choices = " or ".join(f"({choice})" for choice in allowed)
        raise entry.error(f"expected {choices} after {text!r}, not {bracket.strip()}{rest}")
    return text, note


def _noun(entry: Line) -> Noun:
    text, note = _split_note(entry, ("mass", "plural"))
    return Noun(text, _NUMBERS[note])


def _place(entry: Line) -> Place:
    preposition, _, noun = entry.text.partition(" ")
    if not noun:
        raise entry.error(f"expected a preposition and a noun such as 'in park', not {entry.text!r}")
    return Place(preposition, noun)


def _worker(entry: Line) -> Worker:
    noun, pronoun = _split_note(entry, ("he", "she"))
    return Worker(noun, cast(Literal["he", "she", ""], pronoun))
