"""English word forms: plurals, verb forms, the article before a sound, pronouns."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from data.storyteller.wordlists import words

Person = Literal["1sg", "2", "3sg", "pl"]
"""The agreement class of a subject: I; you; he, she, it, one name; we, they, several."""

_IRREGULAR_PLURALS = dict(
    pair.split(":")
    for pair in words("""
    mouse:mice goose:geese child:children man:men woman:women foot:feet tooth:teeth sheep:sheep fish:fish deer:deer
    wolf:wolves leaf:leaves knife:knives shelf:shelves loaf:loaves scarf:scarves calf:calves wife:wives thief:thieves
    elf:elves half:halves piano:pianos photo:photos kangaroo:kangaroos ox:oxen person:people moose:moose
    cello:cellos banjo:banjos flamingo:flamingos yo-yo:yo-yos policeman:policemen snowman:snowmen
    fisherman:fishermen dragonfly:dragonflies salmon:salmon radio:radios kimono:kimonos poncho:ponchos taco:tacos
    """)
)

# base: past, past participle
_IRREGULAR_VERBS = {
    base: (past, participle)
    for base, past, participle in (
        entry.split(":")
        for entry in words("""
    become:became:become begin:began:begun bend:bent:bent bite:bit:bitten blow:blew:blown break:broke:broken
    bring:brought:brought build:built:built burn:burned:burned buy:bought:bought catch:caught:caught
    choose:chose:chosen come:came:come creep:crept:crept cut:cut:cut dig:dug:dug do:did:done draw:drew:drawn
    dream:dreamed:dreamed drink:drank:drunk drive:drove:driven eat:ate:eaten fall:fell:fallen feed:fed:fed
    feel:felt:felt fight:fought:fought fit:fit:fit find:found:found fly:flew:flown forget:forgot:forgotten
    forgive:forgave:forgiven freeze:froze:frozen get:got:gotten give:gave:given go:went:gone grow:grew:grown
    hang:hung:hung have:had:had hear:heard:heard hide:hid:hidden hit:hit:hit hold:held:held hurt:hurt:hurt
    keep:kept:kept kneel:knelt:knelt know:knew:known lead:led:led leave:left:left lend:lent:lent let:let:let
    lie:lay:lain light:lit:lit lose:lost:lost make:made:made mean:meant:meant meet:met:met pay:paid:paid put:put:put
    read:read:read ride:rode:ridden ring:rang:rung rise:rose:risen run:ran:run say:said:said see:saw:seen
    seek:sought:sought sell:sold:sold send:sent:sent set:set:set sew:sewed:sewn shake:shook:shaken
    shine:shone:shone show:showed:shown shut:shut:shut sing:sang:sung sink:sank:sunk sit:sat:sat sleep:slept:slept
    slide:slid:slid speak:spoke:spoken spend:spent:spent spill:spilled:spilled spin:spun:spun spread:spread:spread
    stand:stood:stood steal:stole:stolen stick:stuck:stuck sting:stung:stung sweep:swept:swept swim:swam:swum
    swing:swung:swung take:took:taken teach:taught:taught tear:tore:torn tell:told:told think:thought:thought
    throw:threw:thrown understand:understood:understood wake:woke:woken wear:wore:worn weep:wept:wept win:won:won
    write:wrote:written leap:leaped:leaped weave:wove:woven wind:wound:wound stride:strode:stridden
    overhear:overheard:overheard
    """)
    )
}

_DOUBLING = frozenset(
    words("""beg chat chop clap drag drop drum fan fit flap flip grab grin hop hug hum jog jot knit mop nap nod pack pat
    peg pet pin plan plop pop rip rub scrub ship shop skip slam slip snap sob spot step stir stop tap tip trip trot tug
    wag whip wrap zip trim snug dip dig run sit swim win get put set cut hit let spin stun tag forget begin skid
    chug scrap swap tap blur strum pedal unzip""")
) - {"pack", "pedal"}

MODALS = frozenset(words("can could will would must should may might shall"))

_CONTRACTIONS = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "can not": "can't", "could not": "couldn't", "will not": "won't",
    "would not": "wouldn't", "should not": "shouldn't", "have not": "haven't", "has not": "hasn't",
    "had not": "hadn't", "must not": "mustn't",
}  # fmt: skip

_BE = {"1sg": ("am", "was"), "2": ("are", "were"), "3sg": ("is", "was"), "pl": ("are", "were")}

_VOWEL_SOUND = frozenset(words("hour hours honest honor heir"))
_CONSONANT_SOUND = ("uni", "use", "usu", "eu", "one", "once", "ukulele")
_CONSONANT_EXCEPT = ("unin", "unim", "onei")


@lru_cache(maxsize=4096)
def plural(noun: str) -> str:
    """The plural of a singular noun; of several words the last is changed ("ice skate" gives "ice skates")."""
    head, _, last = noun.rpartition(" ")
    if last in _IRREGULAR_PLURALS:
        form = _IRREGULAR_PLURALS[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        form = last + "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        form = last[:-1] + "ies"
    elif last.endswith("o") and last in ("potato", "tomato", "hero", "echo", "mosquito", "mango"):
        form = last + "es"
    else:
        form = last + "s"
    return f"{head} {form}" if head else form


def article(following: str) -> str:
    """The indefinite article that goes before the word `following`: "a" or "an"."""
    word = following.lower()
    if word in _VOWEL_SOUND:
        return "an"
    if word.startswith(_CONSONANT_SOUND) and not word.startswith(_CONSONANT_EXCEPT):
        return "a"
    return "an" if word[0] in "aeiou" else "a"


@lru_cache(maxsize=4096)
def past(verb: str) -> str:
    """The past tense of a base form other than "be"."""
    if verb in _IRREGULAR_VERBS:
        return _IRREGULAR_VERBS[verb][0]
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + verb[-1] + "ed" if verb in _DOUBLING else verb + "ed"


def past_participle(verb: str) -> str:
    """The past participle of a base form."""
    if verb == "be":
        return "been"
    return _IRREGULAR_VERBS[verb][1] if verb in _IRREGULAR_VERBS else past(verb)


@lru_cache(maxsize=4096)
def gerund(verb: str) -> str:
    """The -ing form of a base form."""
    if verb in ("lie", "die", "tie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith("ee") and verb != "be":
        return verb[:-1] + "ing"
    return verb + verb[-1] + "ing" if verb in _DOUBLING else verb + "ing"


@lru_cache(maxsize=4096)
def third_person(verb: str) -> str:
    """The present tense form after he, she or it."""
    if verb in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[verb]
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _finite(verb: str, person: Person, is_past: bool) -> str:
    """The finite form of one base form for a subject."""
    if verb == "be":
        return _BE[person][int(is_past)]
    if verb in MODALS:
        return verb
    if is_past:
        return past(verb)
    return third_person(verb) if person == "3sg" else verb


# form: (auxiliary, whether it is in the past, which form of the main verb follows)
_PERIPHRASTIC: dict[str, tuple[str, bool, Callable[[str], str]]] = {
    "ing": ("be", True, gerund),
    "sing": ("be", False, gerund),
    "had": ("have", True, past_participle),
    "has": ("have", False, past_participle),
}

FORMS = frozenset({"past", "s", *_PERIPHRASTIC, *MODALS})
"""past "went"; s "goes"; ing "was going"; sing "is going"; had "had gone"; has "has gone"; a modal "could go"."""


def conjugate(verb: str, person: Person, form: str = "past", *, negative: bool = False, short: bool = False) -> str:
    """The verb group of `verb` for a subject; its first word is the finite one.

    `form` is one of `FORMS`; `verb` may carry words after it ("look for"). `negative` puts "not" where English wants
    it, with "do" where there is no auxiliary; `short` contracts it ("did not go" to "didn't go").
    Raises ValueError for an unknown form.
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
    """The form of a pronoun in a case; `series` is its subject form ("he" with "possessive" gives "his")."""
    return _PRONOUNS[series][("subject", "object", "possessive", "reflexive").index(case)]


def person_of(series: str) -> Person:
    """The agreement class of a pronoun's subject form."""
    match series:
        case "I":
            return "1sg"
        case "you":
            return "2"
        case "we" | "they":
            return "pl"
        case _:
            return "3sg"
