"""The entities of a story, and how the roles of a plot are cast with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from data.storyteller.invented_words import invented_word
from data.storyteller.lexicon import Number, glosses, names, nouns, places, words, workers

_ANIMAL_WORLD_SHARE = 0.28
_ADULT_SHARE = 0.22
_NAMED_ANIMAL_SHARE = 0.7
_NO_ADJECTIVE_SHARE = 0.33
_OTHER_GENDER_SHARE = 0.75
# Of all castings that have room for an invented word. Some are cast again because their word does not recur.
_INVENTED_SHARE = 0.48


@dataclass(frozen=True, slots=True)
class Entity:
    """A person, animal, thing or place that plays a role in a story.

    Attributes:
        noun: what it is: "girl", "ice cream". Already a plural if `number` is "pl".
        pronoun: its pronoun as a subject: "she".
        number: the grammatical number of the noun.
        name: what it is called: "Mara".
        adjectives: adjectives that may go before the noun.
        preposition: the preposition before a place: "in".
        relation: what a friend is to the hero: "brother".
        kin: True for a relative of the hero, whose name says so: "Grandma".
        animal: True for an animal.
        category: the kind of role of a thing; "place" or "creature".
        gloss: what an invented word means: "a strange kind of *toy*".
    """

    noun: str
    pronoun: str
    number: Number = "sg"
    name: str | None = None
    adjectives: tuple[str, ...] = ()
    preposition: str = "in"
    relation: str = ""
    kin: bool = False
    animal: bool = False
    category: str = ""
    gloss: str = ""


@dataclass(slots=True)
class _Casting:
    """The state of casting one story. No name or noun is used twice."""

    rng: Random
    animal_world: bool
    adults: bool
    invent: Literal["thing", "place", "creature"] | None
    taken: set[str] = field(default_factory=set)
    invented: list[str] = field(default_factory=list)
    genders: list[str] = field(default_factory=list)

    def fresh(self, choices: tuple[str, ...]) -> str:
        """Return a choice none of whose words has been used in this story."""
        while True:
            choice = self.rng.choice(choices)
            parts = set(choice.split())
            if not parts & self.taken:
                self.taken |= parts
                return choice

    def gender(self) -> str:
        """Return "he" or "she", usually not the previous one, so that pronouns are unambiguous."""
        if self.genders and self.rng.random() < _OTHER_GENDER_SHARE:
            chosen = "he" if self.genders[-1] == "she" else "she"
        else:
            chosen = self.rng.choice(("he", "she"))
        self.genders.append(chosen)
        return chosen

    def invents(self, what: str) -> bool:
        """Return True if the next entity of this sort is the one with the invented word."""
        return self.invent == what and not self.invented

    def invented_word(self, kind: Literal["thing", "place"]) -> str:
        """Return a new invented word."""
        word = invented_word(self.rng, kind, self.taken)
        self.taken.add(word)
        self.invented.append(word)
        return word

    def adjectives(self, *lists: str) -> tuple[str, ...]:
        """Return one adjective of these lists, or none a third of the time."""
        if self.rng.random() < _NO_ADJECTIVE_SHARE:
            return ()
        return (self.rng.choice(words()[self.rng.choice(lists)]),)


def _person(casting: _Casting) -> Entity:
    gender = casting.gender()
    female, male = ("woman", "man") if casting.adults else ("girl", "boy")
    noun, given = (female, names()["girls"]) if gender == "she" else (male, names()["boys"])
    return Entity(noun, gender, name=casting.fresh(given))


def _animal(casting: _Casting, *, named: bool) -> Entity:
    gender = casting.gender()
    if casting.invents("creature"):
        noun = casting.invented_word("thing")
    else:
        noun = casting.fresh(tuple(noun.text for noun in nouns()["wild"]))
    name = casting.fresh(names()["pets"]) if named else None
    return Entity(noun, gender, name=name, animal=True, category="creature")


def _hero(casting: _Casting) -> Entity:
    if casting.animal_world:
        hero = _animal(casting, named=casting.rng.random() < _NAMED_ANIMAL_SHARE)
    else:
        hero = _person(casting)
    return replace(hero, adjectives=(casting.rng.choice(words()["character"]),))


def _friend(casting: _Casting) -> Entity:
    friend = _hero(casting)
    if casting.animal_world:
        return replace(friend, relation="friend")
    relations = words()["relation_f" if friend.pronoun == "she" else "relation_m"]
    if casting.adults:
        relations = tuple(relation for relation in relations if relation != "classmate")
    return replace(friend, relation=casting.rng.choice(relations))


def _elder(casting: _Casting) -> Entity:
    gender = casting.gender()
    noun, kin = ("woman", "female_kin") if gender == "she" else ("man", "male_kin")
    return Entity(noun, gender, name=casting.fresh(names()[kin]), kin=True)


def _beast(casting: _Casting) -> Entity:
    return _animal(casting, named=False)


def _novelty(casting: _Casting) -> Entity:
    """Cast something that nobody has seen before, and that therefore always has an invented word."""
    return Entity(casting.invented_word("thing"), "it", category="novelty", gloss="machine")


def _worker(casting: _Casting, kind: str) -> Entity:
    pronouns = {worker.noun: worker.pronoun for worker in workers()[kind]}
    noun = casting.fresh(tuple(pronouns))
    gender = pronouns[noun] or casting.gender()
    if pronouns[noun]:
        casting.genders.append(gender)
    return Entity(noun, gender, adjectives=casting.adjectives("character"))


def _thing(casting: _Casting, kind: str) -> Entity:
    number: Number = "sg"
    gloss = ""
    if kind in glosses() and casting.invents("thing"):
        noun = casting.invented_word("thing")
        gloss = casting.rng.choice(glosses()[kind])
    else:
        numbers = {noun.text: noun.number for noun in nouns()[kind]}
        noun = casting.fresh(tuple(numbers))
        number = numbers[noun]
    lists = _THINGS[kind]
    adjectives = casting.adjectives(*lists) if lists else ()
    pronoun = "they" if number == "pl" else "it"
    return Entity(noun, pronoun, number, adjectives=adjectives, category=kind, gloss=gloss)


def _place(casting: _Casting, kind: str) -> Entity:
    if kind in _SETTINGS and casting.invents("place"):
        name = casting.invented_word("place").capitalize()
        noun = casting.rng.choice(glosses()["place"])
        return Entity(noun, "it", name=name, category="place", gloss=noun)
    while True:
        preposition, noun = casting.rng.choice(places()[kind])
        if noun not in casting.taken:
            break
    casting.taken.update(noun.split())
    adjectives = casting.adjectives("place_look") if kind in _SETTINGS else ()
    return Entity(noun, "it", adjectives=adjectives, preposition=preposition, category="place")


_CHARACTERS: Mapping[str, Callable[[_Casting], Entity]] = {
    "hero": _hero,
    "friend": _friend,
    "elder": _elder,
    "beast": _beast,
    "novelty": _novelty,
}

# Lists of `words/nouns.txt` that are kinds of roles, and the lists of `words/words.txt` their adjectives come from.
_THINGS: Mapping[str, tuple[str, ...]] = {
    "toy": ("colour", "toy_look"),
    "instrument": ("colour", "toy_look"),
    "small": ("colour", "look"),
    "clothing": ("colour", "cloth_look"),
    "tool": ("look", "size"),
    "rescued": ("young",),
    "rescuer": ("look",),
    "treasure": ("toy_look",),
    "snack": ("food_look",),
    "cake": ("food_look",),
    "ingredient": (),
    "errand": (),
    "breakable": ("colour", "toy_look"),
    "gift": ("colour", "toy_look"),
    "buildable": ("small_size",),
    "vehicle": ("colour",),
    "ride": (),
    "seed": (),
    "noise": ("young",),
    "container": ("colour", "size", "look"),
}

# Kinds of places where a scene can be set. The other kinds are hiding places and shelters, which get no adjective.
_SETTINGS = frozenset({"outdoor", "indoor", "town", "settlement", "hall", "city"})

_ANIMAL_ROLES = frozenset({"hero", "friend", "beast"})


def role_kinds() -> frozenset[str]:
    """Return the kinds of roles that a plot may use."""
    return frozenset({*_CHARACTERS, *_THINGS, *workers(), *places()})


def cast_roles(roles: Mapping[str, str], rng: Random, *, animals: bool) -> tuple[dict[str, Entity], tuple[str, ...]]:
    """Cast the roles of a plot.

    Args:
        roles: the kind of each role, by the role's letter.
        rng: the source of all randomness.
        animals: True if the story may be one among animals.

    Returns:
        The entity in each role, and the invented words among them.
    """
    animal_world = animals and rng.random() < _ANIMAL_WORLD_SHARE
    invent = _choose_invention(roles, rng, animal_world) if rng.random() < _INVENTED_SHARE else None
    casting = _Casting(rng, animal_world, rng.random() < _ADULT_SHARE, invent)
    cast = {role: _cast_role(casting, kind) for role, kind in roles.items()}
    return cast, tuple(casting.invented)


def _cast_role(casting: _Casting, kind: str) -> Entity:
    if kind in _CHARACTERS:
        return _CHARACTERS[kind](casting)
    if kind in workers():
        return _worker(casting, kind)
    if kind in places():
        return _place(casting, kind)
    return _thing(casting, kind)


def _choose_invention(
    roles: Mapping[str, str], rng: Random, animal_world: bool
) -> Literal["thing", "place", "creature"] | None:
    """Return the sort of entity that gets an invented word, or None if the plot has no room for one."""
    kinds = set(roles.values())
    if "novelty" in kinds:
        return None
    options: list[Literal["thing", "place", "creature"]] = []
    if kinds & glosses().keys():
        options += ["thing", "thing"]
    if kinds & _SETTINGS:
        options.append("place")
    if "beast" in kinds or (animal_world and kinds & _ANIMAL_ROLES):
        options.append("creature")
    return rng.choice(options) if options else None
