"""The language sentence frames are written in, and its parser.

A frame is one sentence. Outside brackets it is plain text; `{one|another|}` is a choice; brackets are slots:

    [A]  [A.o]  [A.p]      the entity in role A as subject, object, possessive: a pronoun where clear, else its name
    [A.n]  [A.np]          always the name or "the fox"; its possessive
    [A.he] [A.him] [A.his] [A.self]   always the pronoun, in that case
    [A.intro]              first mention: "a kind girl named Mara"; [A.of] "her brother Ivan", of the hero A
    [A.k]  [A.g]           just the noun of a person, "girl"; the same or a looser one, "guy"
    [T.a]  [T.b]  [T.ab]   "a red kite"; "kite"; "red kite";  [T.s] "kites"
    [T.gen]  [T.gloss]     "A kite" as a kind; what an invented thing is like
    [P.in]  [P.to]         "in the park"; "to the park"
    [AB]                   several: "Mara and Ivan", "they"
    [I] [you] [we]         speaker, hearer, both, with the same cases: [I.o] "me", [you.p] "your"
    [letter.it]            "it", standing for the latest "letter"; a subject for [~:be]
    [A:go]  [A:go/ing]     the verb, agreeing with A's latest mention in this sentence, in a form of `grammar.FORMS`
    [A:-go]                negated;  [^A:go], [^~:be], [^~~:be] its subject comes later ("said Mara")
    [~The sun] [~:shine]   a subject that is no entity, and its verb; [~~The stars] if plural; "*" ends its head
    [%list]  [%list/ing]   a verb phrase, base or -ing form; [A:%list] conjugated; [%list*] the same all story long;
                           [%list*1] and [%list*2] are kept too, and differ
    [#list]  [#list*]      a word or phrase of a list, likewise
    [A>B]                  right after an opening quote: A speaks to B;  [A>] to nobody in particular

Inside a quote every mention of speaker and hearer turns into "I" and "you" by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data.storyteller.grammar import FORMS
from data.storyteller.wordlists import words


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences of pieces, all equally likely."""

    options: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity, or several, in a form: one of `MENTION_FORMS`."""

    role: str
    form: str


@dataclass(frozen=True, slots=True)
class ItFor:
    """The pronoun "it" for a noun that is no entity: its latest occurrence."""

    noun: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A finite verb and its subject's role ("~" for a generic one); `phrase_list` replaces `lemma` if not empty."""

    role: str
    lemma: str
    form: str
    negative: bool
    inverted: bool


@dataclass(frozen=True, slots=True)
class Generic:
    """A subject that is no entity: "The sun"."""

    text: str
    is_plural: bool


@dataclass(frozen=True, slots=True)
class FromList:
    """An entry of a word list, or (`is_verb`) of verb phrases; entries with the same `kept` are the same in a story."""

    name: str
    is_verb: bool
    gerund: bool
    kept: str


@dataclass(frozen=True, slots=True)
class Speech:
    """The start of direct speech: who speaks to whom."""

    speaker: str
    hearer: str


Piece = Text | Choice | Mention | ItFor | Verb | Generic | FromList | Speech

MENTION_FORMS = frozenset(words("auto o p n np he him his self intro of k g a b ab s gen gloss in to"))

_VERB = re.compile(r"(\^?)(~~?|[A-Z]+|you|we):(-?)([a-z%*_ '\d-]+?)(?:/([a-z]+))?")
_MENTION = re.compile(r"([A-Z]+|you|we)(?:\.([a-z]+))?")
_IT = re.compile(r"([a-z]+)\.it")
_LIST = re.compile(r"([#%])([a-z_]+)(?:/(ing))?(\*\d?)?")
_SPEECH = re.compile(r"([A-Z]+)>([A-Z]*)")


@dataclass(frozen=True, slots=True)
class Frame:
    """A sentence frame: its name, its pieces, and who is the first to speak in it, if anyone is."""

    name: str
    template: str
    pieces: tuple[Piece, ...]
    speaker: str | None


def parse_frame(name: str, template: str) -> Frame:
    """Parses one frame; raises ValueError that names the frame and the slot that is wrong."""
    try:
        pieces, _ = _parse(template, 0, top=True)
    except ValueError as error:
        raise ValueError(f"frame {name}: {error}") from error
    speaker = next((piece.speaker for piece in walk(pieces) if isinstance(piece, Speech)), None)
    return Frame(name, template, pieces, speaker)


def walk(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
    """Every piece, those inside choices too."""
    for piece in pieces:
        if isinstance(piece, Choice):
            for option in piece.options:
                yield from walk(option)
        else:
            yield piece


def _parse(template: str, at: int, *, top: bool) -> tuple[tuple[Piece, ...], int]:
    """Pieces from `at` to the end, or to the "|" or "}" that ends an option; and where that is."""
    pieces: list[Piece] = []
    while at < len(template):
        character = template[at]
        if character == "[":
            end = template.find("]", at)
            if end < 0:
                raise ValueError(f"a slot is never closed: {template[at:]!r}")
            pieces.append(_slot(template[at + 1 : end]))
            at = end + 1
        elif character == "{":
            choice, at = _choice(template, at + 1)
            pieces.append(choice)
        elif character in "|}" and not top:
            break
        else:
            match = re.compile(r"[^\[{|}]+").match(template, at)
            if match is None:
                raise ValueError(f"{character!r} out of place in {template!r}")
            pieces.append(Text(match.group()))
            at = match.end()
    return tuple(pieces), at


def _choice(template: str, at: int) -> tuple[Choice, int]:
    options = []
    while True:
        option, at = _parse(template, at, top=False)
        if at >= len(template):
            raise ValueError(f"a choice is never closed: {template!r}")
        options.append(option)
        if template[at] == "}":
            return Choice(tuple(options)), at + 1
        at += 1


def _slot(text: str) -> Piece:
    if text.startswith("~~") and not text.startswith("~~:"):
        return Generic(text[2:], is_plural=True)
    if text.startswith("~") and not text.startswith("~:"):
        return Generic(text[1:], is_plural=False)
    if match := _SPEECH.fullmatch(text):
        return Speech(*match.groups())
    if match := _LIST.fullmatch(text):
        sign, name, gerund, kept = match.groups()
        return FromList(name, sign == "%", bool(gerund), kept or "")
    if match := _VERB.fullmatch(text):
        inverted, role, negative, lemma, form = match.groups()
        if (form or "past") in FORMS:
            return Verb(role, lemma, form or "past", bool(negative), bool(inverted))
    if match := _IT.fullmatch(text):
        return ItFor(match.group(1))
    if match := _MENTION.fullmatch(text):
        role, form = match.groups()
        if (form or "auto") in MENTION_FORMS:
            return Mention(role, form or "auto")
    raise ValueError(f"cannot read slot [{text}]")
