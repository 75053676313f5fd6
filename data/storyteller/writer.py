"""Writes sentences from frames and knows, by construction, what each word stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from data.storyteller.annotations import Annotation, AnnotationKind, Sentence, Word
from data.storyteller.entities import Entity
from data.storyteller.frames import Choice, Frame, FromList, Generic, Mention, Piece, Speech, Text, Verb
from data.storyteller.grammar import Case, Person, article, conjugate, gerund, person_of, plural, pronoun
from data.storyteller.lexicon_nouns import NOUN_LEMMAS
from data.storyteller.lexicon_words import PHRASES, VERB_PHRASES, WORDS

_TOKEN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|\d+|[^\sA-Za-z\d]|\s+")
_INNER_CHOICE = re.compile(r"\{([^{}]*)\}")

_PRONOUN_CHANCE = 0.9
_INVENTED_PRONOUN_CHANCE = 0.4
_SHORT_CHANCE = 0.6
_ADJECTIVE_CHANCE = 0.2
_LONG_AGO = -100

_FORCED: dict[str, Case] = {"he": "subject", "him": "object", "his": "possessive", "self": "reflexive"}
_AUTO: dict[str, Case] = {"auto": "subject", "o": "object", "p": "possessive"}

_LOOSE_KINDS = {
    "boy": ("boy", "guy", "kid"),
    "man": ("man", "guy", "fellow"),
    "girl": ("girl", "girl", "kid"),
    "woman": ("woman", "lady"),
}


@dataclass(slots=True)
class _Memory:
    """When an entity was last spoken of: its latest nominal head word, and in which sentences."""

    head: int | None = None
    named_in: int = _LONG_AGO
    mentioned_in: int = _LONG_AGO


class Writer:
    """Writes one story sentence by sentence; `write` appends the next sentence, `text` is the story so far."""

    def __init__(self, rng: Random, cast: dict[str, Entity], invented: tuple[str, ...]) -> None:
        self.rng = rng
        self.cast = cast
        self.alias: dict[str, str] = {}
        self.sentences: list[Sentence] = []
        self.text = ""
        self._invented = frozenset(invented)
        self._lemmas = {plural(word): word for word in invented} | {word: word for word in invented}
        self._name_words = {
            part.lower() for entity in cast.values() if entity.name for part in entity.name.split()
        }  # fmt: skip
        self._memory = {role: _Memory() for role in cast}
        self._last_seen: dict[str, int] = {}
        self._kept: dict[str, str] = {}
        self._word_count = 0

    # -- one sentence -------------------------------------------------------------------------------------------

    def write(self, frame: Frame, separator: str) -> None:
        """Writes the frame's sentence after `separator`; raises ValueError if the frame cannot be filled."""
        self.text += separator if self.sentences else ""
        self._start = len(self.text)
        self._first_word = self._word_count
        self._words: list[Word] = []
        self._annotations: list[Annotation] = []
        self._subjects: dict[str, tuple[int, ...]] = {}
        self._waiting: dict[str, list[int]] = {}
        self._capital = True
        self._space = False
        self._article = ""
        self._in_quote = self._generic_plural = False
        self._speaker = self._hearer = ""
        self._frame = frame
        self._pieces(frame.pieces)
        if self._waiting or self._in_quote or self._article:
            raise ValueError(f"frame {frame.name}: a verb waits for its subject, or a quote for its end")
        self._annotations.sort(key=lambda note: (note.word, note.kind, note.refers_to))
        written = self.text[self._start :]
        self.sentences.append(Sentence(written, tuple(self._words), tuple(self._annotations), frame.name))

    @property
    def _now(self) -> int:
        return len(self.sentences)

    def new_scene(self) -> None:
        """Forgets who was spoken of last, so that the next sentences name everyone again."""
        for memory in self._memory.values():
            memory.named_in = memory.mentioned_in = _LONG_AGO

    def is_new(self, role: str) -> bool:
        """Whether the entity in this role has not been named yet."""
        return self._memory[role].head is None

    def is_invented(self, role: str) -> bool:
        """Whether what plays this role has an invented word for its name or its kind."""
        entity = self.cast[role]
        return entity.noun in self._invented or (entity.name or "").lower() in self._invented

    def _pieces(self, pieces: tuple[Piece, ...]) -> None:
        for piece in pieces:
            match piece:
                case Text(text):
                    self._say(text)
                case Choice(options):
                    self._pieces(self.rng.choice(options))
                case Mention(role, form):
                    self._mention(self.alias.get(role, role), form)
                case Verb():
                    self._verb(piece)
                case Generic(text, is_plural):
                    self._generic(text, is_plural)
                case FromList():
                    self._from_list(piece)
                case Speech(speaker, hearer):
                    self._speaker, self._hearer = speaker, hearer

    # -- characters and words -----------------------------------------------------------------------------------

    def _say(self, text: str) -> int:
        """Writes plain text; returns the index of its last word."""
        last = -1
        for token in _TOKEN.findall(text):
            if token[0].isalnum():
                last = self._word(token)
            elif token.isspace():
                self._space = True
            else:
                self._punctuation(token)
        return last

    def _punctuation(self, mark: str) -> None:
        if mark == '"' and not self._in_quote:
            self._put(mark)
            self._in_quote, self._capital, self._space = True, True, False
            return
        self._space = False
        self._put(mark)
        if mark == '"':
            self._in_quote, self._capital, self._speaker = False, False, ""
        elif mark in ".!?":
            self._capital = True

    def _put(self, text: str) -> int:
        """Appends text, after a space if one is due; returns the character it starts at."""
        if self._space and len(self.text) > self._start and not self.text.endswith((" ", "\n")):
            self.text += " "
        self._space = False
        start = len(self.text)
        self.text += text
        return start

    def _word(self, word: str, *, is_verb: bool = False, attach: bool = False) -> int:
        """Writes one word and returns its index in the story; "a" waits for the word that decides its form."""
        if word.lower() == "a" and not is_verb:
            self._article = word
            self._space = True
            return self._word_count
        if self._article:
            self._article = ""
            self._write_word(article(word), is_verb=True)
            self._space = True
        if attach:
            self._space = False
        return self._write_word(word, is_verb=is_verb)

    def _write_word(self, word: str, *, is_verb: bool) -> int:
        index = self._word_count
        if self._capital:
            word = word[0].upper() + word[1:]
            self._capital = False
        start = self._put(word)
        self._words.append(Word(word, start, start + len(word), index))
        self._word_count += 1
        if not is_verb:
            self._remember(word, index)
        return index

    def _remember(self, word: str, index: int) -> None:
        """Notes an occurrence of a noun or name, and says where the one before was."""
        lower = word.lower()
        lemma = self._lemmas.get(lower) or NOUN_LEMMAS.get(lower) or (lower if lower in self._name_words else None)
        if lemma is None:
            return
        if lemma in self._last_seen:
            self._note(AnnotationKind.PREVIOUS_MENTION, index, self._last_seen[lemma])
        self._last_seen[lemma] = index

    def _note(self, kind: AnnotationKind, word: int, refers_to: int) -> None:
        self._annotations.append(Annotation(kind, word, refers_to))

    def _gap(self) -> None:
        self._space = True

    # -- lists --------------------------------------------------------------------------------------------------

    def _choose(self, name: str, lists: dict[str, tuple[str, ...]], kept: bool) -> str:
        if name not in lists:
            raise ValueError(f"frame {self._frame.name}: there is no list {name!r}")
        if not kept:
            return self.rng.choice(lists[name])
        if name not in self._kept:
            self._kept[name] = self.rng.choice(lists[name])
        return self._kept[name]

    def _from_list(self, piece: FromList) -> None:
        if not piece.is_verb:
            self._say(self._choose(piece.name, PHRASES if piece.name in PHRASES else WORDS, piece.kept))
            return
        base, _, tail = self._choose(piece.name, VERB_PHRASES, piece.kept).partition(" ")
        self._word(gerund(base) if piece.gerund else base, is_verb=True)
        self._tail(tail)

    def _tail(self, tail: str) -> None:
        if tail:
            self._gap()
            self._say(tail)

    # -- verbs --------------------------------------------------------------------------------------------------

    def _verb(self, piece: Verb) -> None:
        role = self.alias.get(piece.role, piece.role)
        lemma = piece.lemma
        if lemma.startswith("%"):
            lemma = self._choose(lemma[1:].rstrip("*"), VERB_PHRASES, lemma.endswith("*"))
        base, _, tail = lemma.partition(" ")
        person = self._person(role)
        short = piece.negative and self._in_quote and self.rng.random() < _SHORT_CHANCE
        first, *rest = conjugate(base, person, piece.form, negative=piece.negative, short=short).split()
        index = self._word(first, is_verb=True)
        key = self._resolve(role)
        if piece.inverted:
            self._waiting.setdefault(key, []).append(index)
        else:
            if key not in self._subjects:
                raise ValueError(f"frame {self._frame.name}: {piece.lemma!r} has no subject {role} in its sentence")
            for head in self._subjects[key]:
                self._note(AnnotationKind.SUBJECT, index, head)
        for word in rest:
            self._gap()
            self._word(word, is_verb=True)
        self._tail(tail)

    def _resolve(self, role: str) -> str:
        """The role behind "I", "you" and "we"; members of a group in their order of casting."""
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
        """The subject form of the pronoun that stands for this role here."""
        members = set(role)
        if self._in_quote and self._speaker:
            if role == self._speaker:
                return "I"
            if members & set(self._speaker):
                return "we"
            if members & set(self._hearer):
                return "you"
        return self.cast[role].pronoun if len(role) == 1 else "they"

    def _person(self, role: str) -> Person:
        if role == "~":
            return "pl" if self._generic_plural else "3sg"
        return person_of(self._series(self._resolve(role)))

    def _generic(self, text: str, is_plural: bool) -> None:
        self._generic_plural = is_plural
        text = _INNER_CHOICE.sub(lambda match: self.rng.choice(match.group(1).split("|")), text)
        before, _, after = text.partition("*")
        head = self._say(before)
        self._say(after)
        self._set_subject("~", (head,))

    def _set_subject(self, role: str, heads: tuple[int, ...]) -> None:
        self._subjects[role] = heads
        for verb in self._waiting.pop(role, ()):
            for head in heads:
                self._note(AnnotationKind.SUBJECT, verb, head)

    # -- mentions -----------------------------------------------------------------------------------------------

    def _mention(self, role: str, form: str) -> None:
        if role in ("I", "you", "we"):
            self._write_pronoun(self._resolve(role), _AUTO.get(form) or _FORCED[form])
            return
        if any(member not in self.cast for member in role):
            raise ValueError(f"frame {self._frame.name}: nobody plays {role}")
        if form in _FORCED:
            self._write_pronoun(role, _FORCED[form])
        elif form in _AUTO:
            in_person = self._series(role) in ("I", "you", "we")
            if in_person or self._is_clear(role):
                self._write_pronoun(role, _AUTO[form])
            else:
                self._full(role, possessive=form == "p")
        elif form in ("n", "np"):
            self._full(role, possessive=form == "np")
        else:
            self._special(role, form)

    def _is_clear(self, role: str) -> bool:
        """Whether a reader can tell whom a pronoun means: spoken of just now, and nobody else it might be."""
        now = self._now
        if role in self._subjects and len(role) == 1:
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

    def _write_pronoun(self, role: str, case: Case) -> None:
        index = self._word(pronoun(self._series(role), case), is_verb=True)
        for member in role:
            memory = self._memory[member]
            if memory.head is None:
                raise ValueError(f"frame {self._frame.name}: a pronoun for {member}, who has not been named")
            self._note(AnnotationKind.PRONOUN, index, memory.head)
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
        """The name, or "the" and the noun; several are joined by commas and "and"."""
        heads = []
        for place, member in enumerate(role):
            if place:
                self._say(" and " if place == len(role) - 1 else ", ")
            heads.append(self._definite(self.cast[member]))
            self._named(member, heads[-1], is_subject=not possessive)
        if possessive:
            clitic = "'" if self.cast[role[-1]].number == "pl" else "'s"
            self._word(clitic, is_verb=True, attach=True)
        elif len(role) > 1:
            self._set_subject(role, tuple(heads))

    def _definite(self, entity: Entity) -> int:
        if entity.name:
            return self._say(entity.name)
        is_thing = entity.pronoun in ("it", "they")
        adjective = entity.adjectives[:1] if is_thing and self.rng.random() < _ADJECTIVE_CHANCE else ()
        return self._say(" ".join(("the", *adjective, entity.noun)))

    def _special(self, role: str, form: str) -> None:
        entity = self.cast[role]
        looks = " ".join(entity.adjectives)
        match form:
            case "intro":
                self._introduce(role, entity)
            case "of":
                self._relative(role, entity)
            case "k" | "g":
                self._named(role, self._say(self._kind(entity, loose=form == "g")))
            case "a":
                some = "some" if entity.number != "sg" else "a"
                self._named(role, self._say(entity.name or f"{some} {looks} {entity.noun}"))
            case "b" | "ab":
                self._named(role, self._say(entity.name or (f"{looks} " if form == "ab" else "") + entity.noun))
            case "s":
                many = entity.noun if entity.number != "sg" else plural(entity.noun)
                self._set_subject("~", (self._say(many),))
                self._generic_plural = entity.number != "mass"
            case "gen":
                one = entity.noun if entity.number != "sg" else f"a {entity.noun}"
                self._set_subject("~", (self._say(entity.name or one),))
                self._generic_plural = entity.number == "pl"
            case "gloss":
                self._say(entity.gloss)
            case "in" | "to":
                self._say((entity.preposition if form == "in" else "to") + " ")
                self._named(role, self._definite(entity))
            case _:
                raise ValueError(f"frame {self._frame.name}: unknown form {form!r} of {role}")

    def _kind(self, entity: Entity, *, loose: bool) -> str:
        """What to call someone after "is the": "girl", or more loosely "guy"; "one" for an animal without a name."""
        if not entity.name:
            return "one" if entity.animal else {"she": "woman", "he": "man"}[entity.pronoun]
        return self.rng.choice(_LOOSE_KINDS.get(entity.noun, (entity.noun,))) if loose else entity.noun

    def _introduce(self, role: str, entity: Entity) -> None:
        """ "a kind girl named Mara": the noun is the subject's head, the name is what a pronoun goes back to."""
        if entity.kin:
            self._named(role, self._say(entity.name or entity.noun))
            return
        head = self._say(" ".join(("a", *entity.adjectives, entity.noun)))
        self._named(role, head)
        if entity.name:
            self._say(f" {self.rng.choice(('named', 'named', 'called'))} ")
            self._named(role, self._say(entity.name), is_subject=False)

    def _relative(self, role: str, entity: Entity) -> None:
        """ "her brother Ivan", with A as the one it is told of; relatives such as "Grandma" are names already."""
        if not entity.kin:
            self._mention("A", "p")
            self._gap()
            head = self._say(entity.relation or "friend")
            self._named(role, head)
            if not entity.name:
                self._say(" the ")
                self._named(role, self._say(entity.noun), is_subject=False)
                return
            self._gap()
            self._named(role, self._say(entity.name), is_subject=False)
            return
        self._named(role, self._say(entity.name or entity.noun))

