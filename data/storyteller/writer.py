"""Writes sentences from frames, and annotates what each word refers to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from data.storyteller.annotations import AnnotationKind, Sentence
from data.storyteller.casting import Entity
from data.storyteller.frames import (
    PRONOUN_ROLES,
    Choice,
    Frame,
    FromList,
    Generic,
    ItFor,
    Mention,
    Piece,
    Speech,
    Text,
    Verb,
)
from data.storyteller.grammar import MODALS, Case, Person, conjugate, gerund, person_of, plural, pronoun
from data.storyteller.lexicon import noun_lemmas, verb_phrases, words
from data.storyteller.page import Page

_INNER_CHOICE = re.compile(r"\{([^{}]*)\}")

_PRONOUN_CHANCE = 0.9
_INVENTED_PRONOUN_CHANCE = 0.4
_SHORT_CHANCE = 0.6
_ADJECTIVE_CHANCE = 0.2
_LONG_AGO = -100  # the number of a sentence before any story

# Forms of a mention that are always a pronoun; then those that are a pronoun where it is unambiguous.
_FORCED: dict[str, Case] = {"he": "subject", "him": "object", "his": "possessive", "self": "reflexive"}
_AUTO: dict[str, Case] = {"auto": "subject", "o": "object", "p": "possessive"}

# "me": ("I", "object"), and so on. Where two cases have the same form, the subject wins.
_PERSON_CASES: dict[str, tuple[str, Case]] = {
    pronoun(series, case): (series, case)
    for series in ("I", "you", "we")
    for case in ("reflexive", "possessive", "object", "subject")
}
_PERSON_CASES["i"] = _PERSON_CASES.pop("I")
_PERSON_WORD = re.compile(rf"\b({'|'.join(_PERSON_CASES)})\b", re.IGNORECASE)

_LINKING_VERBS = frozenset(("be", "become", "look", "seem", "sound", "stay"))

# What "the guy who ..." may call someone; a repeated noun is more likely.
_LOOSE_KINDS = {
    "boy": ("boy", "guy", "kid"),
    "man": ("man", "guy", "fellow"),
    "girl": ("girl", "girl", "kid"),
    "woman": ("woman", "lady"),
}


@dataclass(slots=True)
class _Memory:
    """The latest mentions of an entity: the head word of the latest one by name or noun, and the sentence numbers."""

    head: int | None = None
    named_in: int = _LONG_AGO
    mentioned_in: int = _LONG_AGO


def _story_lemmas(cast: Mapping[str, Entity], invented: tuple[str, ...]) -> dict[str, str]:
    """Map the names and invented words of a story, in lower case, to their singular."""
    lemmas = {part: part for entity in cast.values() if entity.name for part in entity.name.lower().split()}
    return lemmas | {plural(word): word for word in invented} | {word: word for word in invented}


class Writer:
    """Writes a story sentence by sentence.

    Attributes:
        rng: the source of all randomness.
        cast: the entity in each role.
        alias: roles that stand for another one, as X in the blocks that explain an invented word.
    """

    def __init__(self, rng: Random, cast: dict[str, Entity], invented: tuple[str, ...]) -> None:
        self.rng = rng
        self.cast = cast
        self.alias: dict[str, str] = {}
        self._invented = frozenset(invented)
        self._page = Page(noun_lemmas() | _story_lemmas(cast, invented))
        self._memory = {role: _Memory() for role in cast}
        self._kept: dict[str, dict[str, str]] = {}

    # -- one sentence -------------------------------------------------------------------------------------------

    def write(self, frame: Frame, separator: str) -> None:
        """Write the sentence of a frame after `separator`.

        Raises:
            ValueError: the frame does not fit the story so far, for example because a verb has no subject.
        """
        self._page.begin(separator)
        self._subjects: dict[str, tuple[int, ...]] = {}
        self._plain_subjects: set[str] = set()
        self._waiting: dict[str, list[int]] = {}
        self._generic_plural = False
        self._speaker = self._hearer = ""
        self._frame = frame
        self._pieces(frame.pieces)
        if self._waiting:
            raise ValueError(f"frame {frame.name}: a verb waits for its subject {', '.join(self._waiting)}")
        self._page.end(frame.name)

    @property
    def text(self) -> str:
        """The text so far."""
        return self._page.text

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences so far."""
        return tuple(self._page.sentences)

    @property
    def _now(self) -> int:
        return len(self._page.sentences)

    def new_scene(self) -> None:
        """Forget the latest mentions, so that the next sentences name everyone again."""
        for memory in self._memory.values():
            memory.named_in = memory.mentioned_in = _LONG_AGO

    def is_new(self, role: str) -> bool:
        """Return True if the entity in this role has not been named yet."""
        return self._memory[role].head is None

    def is_invented(self, role: str) -> bool:
        """Return True if the name or the noun of the entity in this role is an invented word."""
        entity = self.cast[role]
        return entity.noun in self._invented or (entity.name or "").lower() in self._invented

    def _pieces(self, pieces: tuple[Piece, ...]) -> None:
        for piece in pieces:
            match piece:
                case Text(text):
                    self._text(text)
                case Choice(options):
                    self._pieces(self.rng.choice(options))
                case Mention(role, form):
                    self._mention(self.alias.get(role, role), form)
                case ItFor(noun):
                    self._it_for(noun)
                case Verb():
                    self._verb(piece)
                case Generic(text, is_plural):
                    self._generic(text, is_plural)
                case FromList():
                    self._from_list(piece)
                case Speech(speaker, hearer):
                    self._speaker, self._hearer = speaker, hearer

    def _text(self, text: str) -> None:
        """Write plain text. In direct speech, "I" and "you" refer to speaker and hearer."""
        for part in _PERSON_WORD.split(text):
            found = _PERSON_CASES.get(part.lower())
            if found and self._speaking:
                self._write_pronoun(self._resolve(found[0]), found[1])
            else:
                self._page.say(part)

    @property
    def _speaking(self) -> bool:
        return self._page.in_quote and bool(self._speaker)

    # -- lists --------------------------------------------------------------------------------------------------

    def _choose(self, name: str, lists: Mapping[str, tuple[str, ...]], kept: str) -> str:
        """Return an entry of a list: the one chosen before with the mark `kept` ("*", "*1") if there is one."""
        if name not in lists:
            raise ValueError(f"frame {self._frame.name}: there is no list {name!r}")
        if not kept:
            return self.rng.choice(lists[name])
        chosen = self._kept.setdefault(name, {})
        if kept not in chosen:
            chosen[kept] = self.rng.choice([entry for entry in lists[name] if entry not in chosen.values()])
        return chosen[kept]

    def _from_list(self, piece: FromList) -> None:
        if not piece.is_verb:
            self._page.say(self._choose(piece.name, words(), piece.kept))
            return
        base, _, tail = self._choose(piece.name, verb_phrases(), piece.kept).partition(" ")
        index = self._page.word(gerund(base) if piece.gerund else base, is_noun=False)
        self._expect_object(base, index)
        self._tail(tail)

    def _expect_object(self, base: str, verb: int) -> None:
        if base not in _LINKING_VERBS and base not in MODALS:
            self._page.expect_object(verb)

    def _tail(self, tail: str) -> None:
        if tail:
            self._page.gap()
            self._page.say(tail)

    # -- verbs --------------------------------------------------------------------------------------------------

    def _verb(self, piece: Verb) -> None:
        role = self.alias.get(piece.role, piece.role)
        lemma = piece.lemma
        if lemma.startswith("%"):
            name, mark, number = lemma[1:].partition("*")
            lemma = self._choose(name, verb_phrases(), mark + number)
        base, _, tail = lemma.partition(" ")
        if role == "~" and self._generic_plural and not piece.inverted:
            role = "~~"
        person = self._person(role)
        short = piece.negative and self._page.in_quote and self.rng.random() < _SHORT_CHANCE
        first, *rest = conjugate(base, person, piece.form, negative=piece.negative, short=short).split()
        index = self._page.word(first, is_noun=False)
        key = "~" if role == "~~" else self._resolve(role)
        if piece.inverted:
            self._waiting.setdefault(key, []).append(index)
        else:
            if key not in self._subjects:
                raise ValueError(f"frame {self._frame.name}: {piece.lemma!r} has no subject {role} in its sentence")
            for head in self._subjects[key]:
                self._page.note(AnnotationKind.SUBJECT, index, head)
        last = index
        for word in rest:
            self._page.gap()
            last = self._page.word(word, is_noun=False)
        if not piece.inverted:
            self._expect_object(base, last)
        self._tail(tail)

    def _resolve(self, role: str) -> str:
        """Return the role, or roles in alphabetical order, that "I", "you" or "we" stands for."""
        match role:
            case "I":
                return self._speaker
            case "you":
                return self._hearer
            case "we":
                return "".join(sorted(set(self._speaker + self._hearer)))
            case _:
                return role

    def _series(self, role: str) -> str:
        """Return the subject form of the pronoun for this role at this place."""
        members = set(role)
        if self._speaking:
            if role == self._speaker:
                return "I"
            if members & set(self._speaker):
                return "we"
            if members & set(self._hearer):
                return "you"
        return self.cast[role].pronoun if len(role) == 1 else "they"

    def _person(self, role: str) -> Person:
        if role.startswith("~"):
            return "pl" if role == "~~" else "3sg"
        return person_of(self._series(self._resolve(role)))

    def _generic(self, text: str, is_plural: bool) -> None:
        self._generic_plural = is_plural
        text = _INNER_CHOICE.sub(lambda match: self.rng.choice(match.group(1).split("|")), text)
        before, _, after = text.partition("*")
        head = self._page.say(before)
        self._page.say(after)
        self._set_subject("~", (head,))

    def _set_subject(self, role: str, heads: tuple[int, ...]) -> None:
        self._subjects[role] = heads
        if not self._page.in_quote and len(role) == 1:
            self._plain_subjects.add(role)
        for verb in self._waiting.pop(role, ()):
            for head in heads:
                self._page.note(AnnotationKind.SUBJECT, verb, head)

    # -- mentions -----------------------------------------------------------------------------------------------

    def _mention(self, role: str, form: str) -> None:
        if role in PRONOUN_ROLES:
            self._write_pronoun(self._resolve(role), _AUTO.get(form) or _FORCED[form])
            return
        if any(member not in self.cast for member in role):
            raise ValueError(f"frame {self._frame.name}: nobody plays {role}")
        if form in _FORCED:
            self._write_pronoun(role, _FORCED[form])
        elif form in _AUTO:
            in_person = self._series(role) in PRONOUN_ROLES
            if in_person or self._is_clear(role):
                self._write_pronoun(role, _AUTO[form])
            else:
                self._full(role, possessive=form == "p")
        elif form in ("n", "np"):
            self._full(role, possessive=form == "np")
        else:
            self._special(role, form)

    def _is_clear(self, role: str) -> bool:
        """Return True if a pronoun is unambiguous here: mentioned recently, and nobody else with the same pronoun.

        Even then it is False now and then, for variety.
        """
        now = self._now
        if role in self._plain_subjects and not self._page.in_quote:
            rivals = (other for other, memory in self._memory.items() if other != role and memory.mentioned_in == now)
            if all(self.cast[other].pronoun != self._series(role) for other in rivals):
                return True
        memories = [self._memory[member] for member in role]
        if any(memory.mentioned_in < now - 1 or memory.named_in < now - 2 for memory in memories):
            return False
        series = self._series(role)
        for other, memory in self._memory.items():
            if other in role or memory.mentioned_in < now - 1:
                continue
            rival = self.cast[other].pronoun
            if rival == series or (len(role) > 1 and rival in ("he", "she")):
                return False
        chance = _INVENTED_PRONOUN_CHANCE if self.cast[role[0]].noun in self._invented else _PRONOUN_CHANCE
        return self.rng.random() < chance

    def _it_for(self, noun: str) -> None:
        head = self._page.last_seen(noun)
        if head is None:
            raise ValueError(f"frame {self._frame.name}: 'it' stands for {noun!r}, which has not occurred")
        index = self._page.word("it", is_object=True, is_noun=False)
        self._page.note(AnnotationKind.PRONOUN, index, head)
        self._generic_plural = False
        self._set_subject("~", (index,))

    def _write_pronoun(self, role: str, case: Case) -> None:
        is_object = case in ("object", "reflexive")
        index = self._page.word(pronoun(self._series(role), case), is_noun=False, is_object=is_object)
        for member in role:
            memory = self._memory[member]
            if memory.head is None:
                raise ValueError(f"frame {self._frame.name}: a pronoun for {member}, who has not been named")
            self._page.note(AnnotationKind.PRONOUN, index, memory.head)
            memory.mentioned_in = self._now
        if case == "subject":
            self._set_subject(role, (index,))

    def _named(self, role: str, head: int, *, is_subject: bool = True) -> None:
        memory = self._memory[role]
        memory.head = head
        memory.named_in = memory.mentioned_in = self._now
        if is_subject:
            self._set_subject(role, (head,))

    def _full(self, role: str, *, possessive: bool) -> None:
        """Write the name, or "the" and the noun. Several are joined by commas and "and"."""
        heads = []
        for place, member in enumerate(role):
            if place:
                self._page.say(" and " if place == len(role) - 1 else ", ")
            heads.append(self._definite(self.cast[member]))
            self._named(member, heads[-1], is_subject=not possessive)
        if possessive:
            clitic = "'" if self.cast[role[-1]].number == "pl" else "'s"
            self._page.clitic(clitic)
        elif len(role) > 1:
            self._set_subject(role, tuple(heads))

    def _definite(self, entity: Entity) -> int:
        if entity.name:
            return self._page.say(entity.name)
        is_thing = entity.pronoun in ("it", "they")
        adjective = entity.adjectives[:1] if is_thing and self.rng.random() < _ADJECTIVE_CHANCE else ()
        return self._page.say(" ".join(("the", *adjective, entity.noun)))

    def _special(self, role: str, form: str) -> None:
        entity = self.cast[role]
        looks = " ".join(entity.adjectives)
        match form:
            case "intro":
                self._introduce(role, entity)
            case "of":
                self._relative(role, entity)
            case "k" | "g":
                self._named(role, self._page.say(self._kind(entity, loose=form == "g")))
            case "a":
                some = "some" if entity.number != "sg" else "a"
                self._named(role, self._page.say(entity.name or f"{some} {looks} {entity.noun}"))
            case "b" | "ab":
                self._named(role, self._page.say(entity.name or (f"{looks} " if form == "ab" else "") + entity.noun))
            case "s":
                many = entity.noun if entity.number != "sg" else plural(entity.noun)
                self._set_subject("~", (self._page.say(many),))
                self._generic_plural = entity.number != "mass"
            case "gen":
                one = entity.noun if entity.number != "sg" else f"a {entity.noun}"
                self._set_subject("~", (self._page.say(entity.name or one),))
                self._generic_plural = entity.number == "pl"
            case "gloss":
                self._page.say(entity.gloss)
            case "in" | "to":
                self._page.say((entity.preposition if form == "in" else "to") + " ")
                self._named(role, self._definite(entity))
            case _:
                raise ValueError(f"frame {self._frame.name}: unknown form {form!r} of {role}")

    def _kind(self, entity: Entity, *, loose: bool) -> str:
        """Return the noun after "is the": "girl", more loosely "kid", or "one" for an animal without a name."""
        if not entity.name:
            return "one" if entity.animal else {"she": "woman", "he": "man"}[entity.pronoun]
        return self.rng.choice(_LOOSE_KINDS.get(entity.noun, (entity.noun,))) if loose else entity.noun

    def _introduce(self, role: str, entity: Entity) -> None:
        """Write "a kind girl named Mara". The noun is the head of the subject; a later pronoun refers to the name."""
        if entity.kin:
            self._named(role, self._page.say(entity.name or entity.noun))
            return
        head = self._page.say(" ".join(("a", *entity.adjectives, entity.noun)))
        self._named(role, head)
        if entity.name:
            self._page.say(f" {self.rng.choice(('named', 'named', 'called'))} ")
            self._named(role, self._page.say(entity.name), is_subject=False)

    def _relative(self, role: str, entity: Entity) -> None:
        """Write "her brother Ivan", relative to role A. Names such as "Grandma" state the relation themselves."""
        if not entity.kin:
            self._mention("A", "p")
            self._page.gap()
            head = self._page.say(entity.relation or "friend")
            self._named(role, head)
            if not entity.name:
                self._page.say(" the ")
                self._named(role, self._page.say(entity.noun), is_subject=False)
                return
            self._page.gap()
            self._named(role, self._page.say(entity.name), is_subject=False)
            return
        self._named(role, self._page.say(entity.name or entity.noun))
