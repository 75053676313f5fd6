"""Who and what a story is about: entities, groups of them, and the casting of a plot's roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from data.storyteller import lexicon_names as names
from data.storyteller.invented import PLACE_ENDINGS, THING_ENDINGS, pseudo_word
from data.storyteller.lexicon_nouns import CONTAINER_NOUNS, NOUNS, PLACES, WORKER_NOUNS
from data.storyteller.lexicon_words import WORDS

INVENTED_SHARE = 0.48
"""The share of castings that are given an invented word; some are cast again, as the word does not come back."""

_ADULT_SHARE = 0.22
_OTHER_GENDER_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Entity:
    """Someone or something with a role in a story.

    `noun` is what it is ("girl", "ice cream"; already plural where `number` is "pl"), `name` what it is called.
    `pronoun` is its subject form. `preposition` goes before a place. `relation` is what a friend is to the hero.
    `gloss` says what an invented thing is.
    """

    noun: str
    pronoun: str
    number: str = "sg"
    name: str | None = None
    adjectives: tuple[str, ...] = ()
    preposition: str = "in"
    relation: str = ""
    kin: bool = False
    animal: bool = False
    category: str = ""
    gloss: str = ""


@dataclass(slots=True)
class Casting:
    """The state of casting one story: what has been taken already, so that no name or noun is given twice."""

    rng: Random
    animal_world: bool
    adults: bool
    invent: str | None
    taken: set[str] = field(default_factory=set)
    invented: list[str] = field(default_factory=list)
    pronouns: list[str] = field(default_factory=list)

    def fresh(self, choices: tuple[str, ...]) -> str:
        """A choice whose words nobody has yet in this story."""
        while True:
            choice = self.rng.choice(choices)
            parts = set(choice.split())
            if not parts & self.taken:
                self.taken |= parts
                return choice

    def gender(self) -> str:
        """ "he" or "she", more often unlike the one before, so that pronouns stay clear."""
        if self.pronouns and self.rng.random() < _OTHER_GENDER_SHARE:
            chosen = "he" if self.pronouns[-1] == "she" else "she"
        else:
            chosen = self.rng.choice(("he", "she"))
        self.pronouns.append(chosen)
        return chosen

    def pseudo_word(self, endings: Sequence[str]) -> str:
        """A word that is not English, counted among the story's invented words."""
        word = pseudo_word(self.rng, endings, self.taken)
        self.taken.add(word)
        self.invented.append(word)
        return word


def _adjectives(casting: Casting, *lists: str) -> tuple[str, ...]:
    """At most one adjective of these lists, and none a third of the time."""
    if casting.rng.random() < 0.33:
        return ()
    return (casting.rng.choice(WORDS[casting.rng.choice(lists)]),)


def _child(casting: Casting) -> Entity:
    gender = casting.gender()
    nouns = ("woman", "man") if casting.adults else ("girl", "boy")
    noun, given = (nouns[0], names.GIRLS) if gender == "she" else (nouns[1], names.BOYS)
    return Entity(noun, gender, name=casting.fresh(given))


def _animal(casting: Casting, *, named: bool) -> Entity:
    gender = casting.gender()
    if casting.invent == "creature" and not casting.invented:
        noun = casting.pseudo_word(THING_ENDINGS)
    else:
        noun = casting.fresh(tuple(entry[0] for entry in NOUNS["wild"]))
    name = casting.fresh(names.PETS) if named else None
    return Entity(noun, gender, name=name, animal=True, category="creature")


def _hero(casting: Casting) -> Entity:
    hero = _animal(casting, named=casting.rng.random() < 0.7) if casting.animal_world else _child(casting)
    return replace(hero, adjectives=(casting.rng.choice(WORDS["character"]),))


def _friend(casting: Casting) -> Entity:
    friend = _hero(casting)
    if casting.animal_world:
        return replace(friend, relation="friend")
    words = WORDS["relation_f" if friend.pronoun == "she" else "relation_m"]
    if friend.noun in ("woman", "man"):
        words = tuple(word for word in words if word != "classmate")
    return replace(friend, relation=casting.rng.choice(words))


def _elder(casting: Casting) -> Entity:
    gender = casting.gender()
    noun, kin = ("woman", names.FEMALE_KIN) if gender == "she" else ("man", names.MALE_KIN)
    return Entity(noun, gender, name=casting.fresh(kin), kin=True)


def _worker(kind: str) -> Callable[[Casting], Entity]:
    def cast(casting: Casting) -> Entity:
        noun = casting.fresh(tuple(WORKER_NOUNS[kind]))
        fixed = WORKER_NOUNS[kind][noun]
        gender = {"f": "she", "m": "he"}.get(fixed) or casting.gender()
        if fixed:
            casting.pronouns.append(gender)
        return Entity(noun, gender, adjectives=_adjectives(casting, "character"))

    return cast


def _thing(kind: str, *looks: str) -> Callable[[Casting], Entity]:
    def cast(casting: Casting) -> Entity:
        if casting.invent == "thing" and not casting.invented and kind in _GLOSSES:
            noun, number = casting.pseudo_word(THING_ENDINGS), "sg"
            gloss = casting.rng.choice(_GLOSSES[kind])
        else:
            noun = casting.fresh(tuple(entry[0] for entry in NOUNS[kind]))
            number, gloss = dict(NOUNS[kind])[noun], ""
        looks_now = _adjectives(casting, *looks) if looks else ()
        return Entity(
            noun, "they" if number == "pl" else "it", number, adjectives=looks_now, category=kind, gloss=gloss
        )

    return cast


_GLOSSES = {
    "toy": ("toy", "ball", "game", "doll", "kite"),
    "instrument": ("horn", "drum", "flute", "bell"),
    "small": ("stone", "coin", "charm", "shell", "lamp"),
    "clothing": ("hat", "coat", "cloak", "glove"),
    "snack": ("fruit", "cake", "cookie", "nut", "berry"),
    "cake": ("cake", "pie"),
    "treasure": ("jewel", "crown", "stone", "cup"),
    "gift": ("lamp", "toy", "flute", "blanket"),
    "seed": ("flower", "tree", "melon", "bush"),
    "buildable": ("cart", "boat", "machine"),
    "vehicle": ("ship", "wagon", "boat"),
}


def _novelty(casting: Casting) -> Entity:
    """Something that nobody has seen before, and so always has an invented word."""
    return Entity(casting.pseudo_word(THING_ENDINGS), "it", category="novelty", gloss="machine")


def _place(kind: str) -> Callable[[Casting], Entity]:
    def cast(casting: Casting) -> Entity:
        if casting.invent == "place" and not casting.invented and kind in _PLACE_ROLES:
            name = casting.pseudo_word(PLACE_ENDINGS).capitalize()
            noun = casting.rng.choice(("land", "island", "valley", "village", "forest"))
            return Entity(noun, "it", name=name, category="place", gloss=noun)
        while True:
            preposition, noun = casting.rng.choice(PLACES[kind])
            if noun not in casting.taken:
                break
        casting.taken.update(noun.split())
        looks = _adjectives(casting, "place_look") if kind in _PLACE_ROLES else ()
        return Entity(noun, "it", adjectives=looks, preposition=preposition, category="place")

    return cast


def _container(casting: Casting) -> Entity:
    return Entity(casting.fresh(CONTAINER_NOUNS), "it", adjectives=_adjectives(casting, "colour", "size", "look"))


_CASTERS: Mapping[str, Callable[[Casting], Entity]] = {
    "hero": _hero,
    "child": _child,
    "friend": _friend,
    "elder": _elder,
    "worker": _worker("worker"),
    "crafter": _worker("crafter"),
    "seller": _worker("seller"),
    "tailor": _worker("tailor"),
    "clerk": _worker("clerk"),
    "ride": _thing("ride"),
    "postman": _worker("postman"),
    "shelter": _place("shelter"),
    "hall": _place("hall"),
    "city": _place("city"),
    "settlement": _place("settlement"),
    "beast": lambda casting: _animal(casting, named=False),
    "pet": lambda casting: _animal(casting, named=True),
    "rescued": _thing("rescued", "young"),
    "rescuer": _thing("rescuer", "look"),
    "toy": _thing("toy", "colour", "toy_look"),
    "instrument": _thing("instrument", "colour", "toy_look"),
    "small": _thing("small", "colour", "look"),
    "clothing": _thing("clothing", "colour", "cloth_look"),
    "tool": _thing("tool", "look", "size"),
    "treasure": _thing("treasure", "toy_look"),
    "snack": _thing("snack", "food_look"),
    "cake": _thing("cake", "food_look"),
    "ingredient": _thing("ingredient"),
    "errand": _thing("errand"),
    "breakable": _thing("breakable", "colour", "toy_look"),
    "gift": _thing("gift", "colour", "toy_look"),
    "buildable": _thing("buildable", "small_size"),
    "vehicle": _thing("vehicle", "colour"),
    "seed": _thing("seed"),
    "noise": _thing("night_noise", "young"),
    "outdoor": _place("outdoor"),
    "indoor": _place("indoor"),
    "town": _place("town"),
    "hideout": _place("hideout"),
    "hidein": _place("hidein"),
    "container": _container,
    "novelty": _novelty,
}

_CREATURE_ROLES = frozenset({"hero", "friend", "beast", "pet"})
_PLACE_ROLES = frozenset({"outdoor", "indoor", "town", "settlement", "hall", "city"})


def role_kinds() -> frozenset[str]:
    """What a plot may ask for in its roles."""
    return frozenset(_CASTERS)


def cast_roles(roles: Mapping[str, str], rng: Random, *, animals: bool) -> tuple[dict[str, Entity], tuple[str, ...]]:
    """Entities for the roles of a plot, and the invented words among them.

    `roles` maps a role's letter to its kind; `animals` allows the story to be one among animals.
    """
    animal_world = animals and rng.random() < 0.28
    invent = _choose_invention(roles, rng, animal_world) if rng.random() < INVENTED_SHARE else None
    casting = Casting(rng, animal_world, rng.random() < _ADULT_SHARE, invent)
    cast = {role: _CASTERS[kind](casting) for role, kind in roles.items()}
    return cast, tuple(casting.invented)


def _choose_invention(roles: Mapping[str, str], rng: Random, animal_world: bool) -> str | None:
    """Which kind of invented word this plot has room for, if any."""
    kinds = set(roles.values())
    if "novelty" in kinds:
        return None
    options = []
    if kinds & set(_GLOSSES):
        options += ["thing", "thing"]
    if kinds & _PLACE_ROLES:
        options.append("place")
    if kinds & {"beast", "pet"} or (animal_world and kinds & _CREATURE_ROLES):
        options.append("creature")
    return rng.choice(options) if options else None
