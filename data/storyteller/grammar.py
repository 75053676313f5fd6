"""English word forms: plurals, verb forms, the indefinite article, pronouns.

The exceptions to the rules are listed in `words/grammar.txt`.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Literal

from data.storyteller.text_files import Line, read_lists

Person = Literal["1sg", "2", "3sg", "pl"]
"""Agreement class of a subject: "1sg" I; "2" you; "3sg" he, she, it, one name; "pl" we, they, several names."""

MODALS = frozenset({"can", "could", "will", "would", "must", "should", "may", "might", "shall"})

_CONTRACTIONS = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "can not": "can't", "could not": "couldn't", "will not": "won't",
    "would not": "wouldn't", "should not": "shouldn't", "have not": "haven't", "has not": "hasn't",
    "had not": "hadn't", "must not": "mustn't",
}  # fmt: skip

_BE = {"1sg": ("am", "was"), "2": ("are", "were"), "3sg": ("is", "was"), "pl": ("are", "were")}

_SILENT_H = frozenset({"hour", "hours", "honest", "honor", "heir"})
# Beginnings of words that are spelled with a vowel and sound like "you" or "won"; then exceptions among them.
_CONSONANT_SOUND = ("uni", "use", "usu", "eu", "one", "once", "ukulele")
_VOWEL_SOUND = ("unin", "unim", "onei")
_PLURAL_IN_OES = frozenset({"potato", "tomato", "hero", "echo", "mosquito", "mango"})


@cache
def _lists() -> dict[str, list[Line]]:
    return read_lists("grammar")


def _rows(name: str, columns: int) -> list[list[str]]:
    """Return the entries of a list in `words/grammar.txt`, each split into its forms."""
    rows = []
    for entry in _lists()[name]:
        row = entry.text.split()
        if len(row) != columns:
            raise entry.error(f"expected {columns} forms separated by spaces, not {entry.text!r}")
        rows.append(row)
    return rows


@cache
def _irregular_plurals() -> dict[str, str]:
    """Map singular to plural."""
    return {row[0]: row[1] for row in _rows("irregular_plurals", 2)}


@cache
def _irregular_verbs() -> dict[str, tuple[str, str]]:
    """Map a base form to its past and past participle."""
    return {row[0]: (row[1], row[2]) for row in _rows("irregular_verbs", 3)}


@cache
def _doubling_verbs() -> frozenset[str]:
    """Return the verbs that double their last letter before -ed and -ing."""
    return frozenset(row[0] for row in _rows("doubling_verbs", 1))


@lru_cache(maxsize=4096)
def plural(noun: str) -> str:
    """Return the plural of a singular noun. Of several words the last one changes: "ice skates"."""
    head, _, last = noun.rpartition(" ")
    irregular = _irregular_plurals()
    if last in irregular:
        form = irregular[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        form = last + "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        form = last[:-1] + "ies"
    elif last in _PLURAL_IN_OES:
        form = last + "es"
    else:
        form = last + "s"
    return f"{head} {form}" if head else form


def article(following: str) -> str:
    """Return the indefinite article before the word `following`: "a" or "an"."""
    word = following.lower()
    if word in _SILENT_H:
        return "an"
    if word.startswith(_CONSONANT_SOUND) and not word.startswith(_VOWEL_SOUND):
        return "a"
    return "an" if word[0] in "aeiou" else "a"


@lru_cache(maxsize=4096)
def past(verb: str) -> str:
    """Return the past tense of a base form other than "be"."""
    irregular = _irregular_verbs()
    if verb in irregular:
        return irregular[verb][0]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + verb[-1] + "ed" if verb in _doubling_verbs() else verb + "ed"


def past_participle(verb: str) -> str:
    """Return the past participle of a base form."""
    if verb == "be":
        return "been"
    irregular = _irregular_verbs()
    return irregular[verb][1] if verb in irregular else past(verb)


@lru_cache(maxsize=4096)
def gerund(verb: str) -> str:
    """Return the -ing form of a base form."""
    if verb in ("lie", "die", "tie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith("ee") and verb != "be":
        return verb[:-1] + "ing"
    return verb + verb[-1] + "ing" if verb in _doubling_verbs() else verb + "ing"


@lru_cache(maxsize=4096)
def third_person(verb: str) -> str:
    """Return the present tense after he, she or it."""
    if verb in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _finite(verb: str, person: Person, is_past: bool) -> str:
    """Return the finite form of a base form for a subject."""
    if verb == "be":
        return _BE[person][int(is_past)]
    if verb in MODALS:
        return verb
    if is_past:
        return past(verb)
    return third_person(verb) if person == "3sg" else verb


# form: (auxiliary, True if the auxiliary is in the past, the form of the main verb after it)
_PERIPHRASTIC: dict[str, tuple[str, bool, Callable[[str], str]]] = {
    "ing": ("be", True, gerund),
    "sing": ("be", False, gerund),
    "had": ("have", True, past_participle),
    "has": ("have", False, past_participle),
}

FORMS = frozenset({"past", "s", *_PERIPHRASTIC, *MODALS})
"""past "went"; s "goes"; ing "was going"; sing "is going"; had "had gone"; has "has gone"; a modal "could go"."""


def conjugate(verb: str, person: Person, form: str = "past", *, negative: bool = False, short: bool = False) -> str:
    """Return the verb group of `verb` for a subject. Its first word is the finite verb.

    Args:
        verb: a base form, possibly with words after it ("look for").
        person: the agreement class of the subject.
        form: one of `FORMS`.
        negative: add "not", with "do" if there is no auxiliary.
        short: contract the negation: "didn't go".

    Raises:
        ValueError: the form is unknown.
    """
    if form not in FORMS:
        raise ValueError(f"unknown verb form {form!r}: use one of {', '.join(sorted(FORMS))}")
    base, _, tail = verb.partition(" ")
    if form in MODALS:
        finite, rest = form, base
    elif form in _PERIPHRASTIC:
        auxiliary, is_past, make = _PERIPHRASTIC[form]
        finite, rest = _finite(auxiliary, person, is_past), make(base)
    elif negative and base != "be" and base not in MODALS:
        finite, rest = _finite("do", person, form == "past"), base
    else:
        finite, rest = _finite(base, person, form == "past"), ""
    if negative:
        full = f"{finite} not"
        finite = _CONTRACTIONS.get(full, full) if short else "cannot" if full == "can not" else full
    return " ".join(part for part in (finite, rest, tail) if part)


_PRONOUNS = {
    "I": ("I", "me", "my", "myself"),
    "you": ("you", "you", "your", "yourself"),
    "we": ("we", "us", "our", "ourselves"),
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "her", "herself"),
    "it": ("it", "it", "its", "itself"),
    "they": ("they", "them", "their", "themselves"),
}

Case = Literal["subject", "object", "possessive", "reflexive"]


def pronoun(series: str, case: Case) -> str:
    """Return a pronoun in a case. `series` is its subject form: "he" and "possessive" give "his"."""
    return _PRONOUNS[series][("subject", "object", "possessive", "reflexive").index(case)]


def person_of(series: str) -> Person:
    """Return the agreement class of a pronoun, given its subject form."""
    match series:
        case "I":
            return "1sg"
        case "you":
            return "2"
        case "we" | "they":
            return "pl"
        case _:
            return "3sg"
