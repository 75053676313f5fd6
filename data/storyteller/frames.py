"""The language in which sentence frames are written, and its parser.

A frame is the template of one sentence. Outside brackets it is plain text; `{one|another|}` is a random choice; `[...]`
is a slot. In the slots below, A, B, P and T are roles of the plot.

Mentions of the entity in a role:

    [A]  [A.o]  [A.p]      as subject, object, possessive: a pronoun where it is unambiguous, else the name
    [A.n]  [A.np]          the name or "the fox"; its possessive
    [A.he] [A.him] [A.his] [A.self]   the pronoun, in that case
    [A.intro]              first mention: "a kind girl named Mara"
    [A.of]                 first mention by the relation to the hero, who is role A: "her brother Ivan"
    [A.k]  [A.g]           only the noun of a person, "girl"; the same or a looser one, "guy"
    [T.a]  [T.b]  [T.ab]   "a red kite"; "kite"; "red kite"
    [T.s]  [T.gen]         the kind: "kites"; "a kite"
    [T.gloss]              what an invented word means
    [P.in]  [P.to]         "in the park"; "to the park"
    [AB]                   several: "Mara and Ivan", "they"

Pronouns without a role:

    [I] [you] [we]         speaker, hearer, both, in the same cases: [I.o] "me", [you.p] "your"
    [letter.it]            "it" for the latest "letter"; a subject for [~:be]

Verbs, which agree with their subject:

    [A:go]  [A:go/ing]     the subject is the latest mention of A in this sentence; the form is one of `grammar.FORMS`
    [A:-go]                negated
    [^A:go]                the subject follows ("said Mara"); also [^~:be], [^~~:be]
    [~The sun] [~:shine]   a subject that is no entity, and its verb; [~~The stars] is plural; "*" ends the head

Random choices from the word lists:

    [#list]                an entry of `words/words.txt`
    [%list]  [%list/ing]   a verb phrase of `words/verb_phrases.txt`, base or -ing form; [A:%list] conjugated
    [#list*]  [%list*]     the same entry whenever it is used in this story
    [%list*1]  [%list*2]   likewise, and different from each other

Direct speech:

    [A>B]                  right after an opening quote: A speaks to B; [A>] to nobody in particular

Inside a quote, every mention of the speaker becomes "I" and every mention of the hearer "you".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from data.storyteller.grammar import FORMS


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice between sequences of pieces, all equally likely."""

    options: tuple[tuple["Piece", ...], ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity, or several, in one of `MENTION_FORMS`."""

    role: str
    form: str


@dataclass(frozen=True, slots=True)
class ItFor:
    """The pronoun "it" for the latest occurrence of a noun that is no entity."""

    noun: str


@dataclass(frozen=True, slots=True)
class Verb:
    """A finite verb. `role` is its subject's, or "~" or "~~"; `lemma` is a base form, or a list such as "%game*1"."""

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
    """An entry of a word list, or of a list of verb phrases. Entries with the same `kept` mark are equal in a story."""

    name: str
    is_verb: bool
    gerund: bool
    kept: str


@dataclass(frozen=True, slots=True)
class Speech:
    """The start of direct speech from a speaker to a hearer."""

    speaker: str
    hearer: str


Piece = Text | Choice | Mention | ItFor | Verb | Generic | FromList | Speech

PRONOUN_FORMS = frozenset({"auto", "o", "p", "he", "him", "his", "self"})
"""The forms of a mention that can be a pronoun; "auto" is the form of a slot that names none, such as [A]."""

MENTION_FORMS = PRONOUN_FORMS | frozenset(
    {"n", "np", "intro", "of", "k", "g"}  # names and people
    | {"a", "b", "ab", "s", "gen", "gloss", "in", "to"}  # things and places
)
"""All forms of a mention."""

PRONOUN_ROLES = frozenset({"I", "you", "we"})
"""The mentions that stand for speaker and hearer instead of a role."""

_VERB = re.compile(r"(\^?)(~~?|[A-Z]+|you|we):(-?)([a-z%*_ '\d-]+?)(?:/([a-z]+))?")
_MENTION = re.compile(r"([A-Z]+|you|we)(?:\.([a-z]+))?")
_IT = re.compile(r"([a-z]+)\.it")
_LIST = re.compile(r"([#%])([a-z_]+)(?:/(ing))?(\*\d?)?")
_SPEECH = re.compile(r"([A-Z]+)>([A-Z]*)")
_PLAIN = re.compile(r"[^\[{|}]+")


@dataclass(frozen=True, slots=True)
class Frame:
    """A sentence frame.

    Attributes:
        name: the plot, the beat, and the numbers of telling and sentence: "lost.trip.0.1".
        template: the text it was parsed from.
        pieces: the parsed text.
        speaker: the role that is the first to speak in it, or None.
        roles: the roles that it mentions.
        lists: the lists that it draws from, each with its sign: "#colour", "%game".
    """

    name: str
    template: str
    pieces: tuple[Piece, ...]
    speaker: str | None
    roles: frozenset[str]
    lists: frozenset[str]


def parse_frame(name: str, template: str) -> Frame:
    """Parse one frame.

    Raises:
        ValueError: a slot or a choice is malformed; the message gives the frame's name and the slot.
    """
    try:
        pieces, _ = _parse(template, 0, top=True)
    except ValueError as error:
        raise ValueError(f"frame {name}: {error}") from error
    speaker: str | None = None
    roles: set[str] = set()
    lists: set[str] = set()
    for piece in walk(pieces):
        match piece:
            case Mention(role=role):
                roles.update(() if role in PRONOUN_ROLES else role)
            case Verb(role=role, lemma=lemma):
                roles.update(() if role in PRONOUN_ROLES or role.startswith("~") else role)
                if lemma.startswith("%"):
                    lists.add(lemma.partition("*")[0])
            case FromList(name=listed, is_verb=is_verb):
                lists.add(f"{'%' if is_verb else '#'}{listed}")
            case Speech():
                speaker = speaker or piece.speaker
                roles.update(piece.speaker + piece.hearer)
    return Frame(name, template, pieces, speaker, frozenset(roles), frozenset(lists))


def walk(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
    """Yield every piece, including those inside choices."""
    for piece in pieces:
        if isinstance(piece, Choice):
            for option in piece.options:
                yield from walk(option)
        else:
            yield piece


def _parse(template: str, at: int, *, top: bool) -> tuple[tuple[Piece, ...], int]:
    """Parse from `at` to the end, or to the "|" or "}" that ends an option. Return the pieces and where they end."""
    pieces: list[Piece] = []
    while at < len(template):
        character = template[at]
        if character == "[":
            end = template.find("]", at)
            if end < 0:
                raise ValueError(f"the slot {template[at:]!r} has no closing bracket")
            pieces.append(_slot(template[at + 1 : end]))
            at = end + 1
        elif character == "{":
            choice, at = _choice(template, at + 1)
            pieces.append(choice)
        elif character in "|}" and not top:
            break
        else:
            match = _PLAIN.match(template, at)
            if match is None:
                raise ValueError(f"unexpected {character!r} outside a choice in {template!r}")
            pieces.append(Text(match.group()))
            at = match.end()
    return tuple(pieces), at


def _choice(template: str, at: int) -> tuple[Choice, int]:
    """Parse a choice whose first option starts at `at`. Return it and where it ends."""
    options = []
    while True:
        option, at = _parse(template, at, top=False)
        if at >= len(template):
            raise ValueError(f"a choice in {template!r} has no closing brace")
        options.append(option)
        if template[at] == "}":
            return Choice(tuple(options)), at + 1
        at += 1


@cache
def _slot(text: str) -> Piece:
    """Parse the inside of a slot. Cached, because most slots occur in many frames."""
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
        if (form or "auto") in (PRONOUN_FORMS if role in PRONOUN_ROLES else MENTION_FORMS):
            return Mention(role, form or "auto")
    raise ValueError(f"unknown slot [{text}]")
