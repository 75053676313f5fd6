"""Who and what a story is about: entities, groups of them, and the casting of a plot's roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from data.storyteller import lexicon_names as names
from data.storyteller.lexicon_nouns import CONTAINER_NOUNS, NOUNS, PLACES, WORKER_NOUNS
from data.storyteller.lexicon_words import WORDS

INVENTED_SHARE = 0.38
"""The share of stories that are given an invented word."""

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

    def pseudo_word(self, endings: tuple[str, ...] | list[str]) -> str:
        """A word that is not English, made of syllables."""
        rng = self.rng
        while True:
            word = rng.choice(names.ONSETS) + rng.choice(names.VOWELS)
            if rng.random() < 0.4:
                word += rng.choice(names.CODAS)
            else:
                word += rng.choice(names.MIDDLES) + rng.choice(endings)
            if len(word) > 3 and word not in self.taken and not word.endswith(("s", "ed", "ing")):
                if word in _ENGLISH:
                    continue
                self.taken.add(word)
                self.invented.append(word)
                return word


_ENGLISH = frozenset(
    """bill boll bomb book boot bond born bump burn cook deer doll door drum dull fall fell fill food foot fork form fuzz
    gold golf good goon gull hall hand hang hard hark harp hell help hill hook horn hull hump hung hunk hurt jump junk
    kill kilt king kind land lamp lark link lock look loop mall mark mask melt milk mill mind moon nook null pant park
    perk pill pink pull pump rank rink rock roll room root rung sell sick sill sing sink skill skin skull sock sold
    soon spell tall tank task tell till torn turn wall walk wand well wild will wing wink wolf wood work worn zoom
    black block blink blank bling brick brook broom bring brink brand brunt clock crook drink droll drunk drill flank
    flock flood floor flung frill frock frank gland glint grand grill groom grunt plank plant pluck plump prank print
    prong pull quick quill slack slump small smell snack snarl sneer snoop speck spill spoon stall stand stick still
    stock stoop stork storm sting stung stunk swell swing swoop swung tramp trick troll trunk trump twist swan swarm
    better bitter butter batter letter litter matter robber rubber hammer hummer dinner winner number member finger
    garden golden burden pillow yellow fellow hollow mellow follow marker parker border harder murder order tender
    wonder under vendor hello gallop polo limo hobble gobble wobble bubble rubble saddle puddle middle riddle fiddle
    paddle cuddle noodle poodle doodle goggle giggle jiggle wiggle juggle google boggle toggle simple sample dimple
    nimble tumble bumble rumble humble mumble fumble grumble crumble marble garble gurgle hurdle turtle hurtle
    kettle settle battle rattle cattle little bottle puzzle nuzzle muzzle guzzle drizzle sizzle dazzle tackle pickle
    tickle buckle bronze bonk honk zonk gonk drool droop prick sickle nickle ladle cradle table fable cable gable able
    bible double trouble couple bugle ample bundle handle candle gentle dangle tangle single jingle mingle jungle
    bungle angle ankle sprinkle wrinkle twinkle tramble purple circle startle prize frizz quiz fizz buzz jazz
    skunk slink slunk snick sneak skimp skip""".split()
)


def _adjectives(casting: Casting, *lists: str) -> tuple[str, ...]:
    """At most one adjective of these lists, and none a third of the time."""
    if casting.rng.random() < 0.33:
        return ()
    return (casting.rng.choice(WORDS[casting.rng.choice(lists)]),)


def _child(casting: Casting) -> Entity:
    gender = casting.gender()
    adult = casting.rng.random() < _ADULT_SHARE
    nouns = ("woman", "man") if adult else ("girl", "boy")
    noun, given = (nouns[0], names.GIRLS) if gender == "she" else (nouns[1], names.BOYS)
    return Entity(noun, gender, name=casting.fresh(given))


def _animal(casting: Casting, *, named: bool) -> Entity:
    gender = casting.gender()
    if casting.invent == "creature" and not casting.invented:
        noun = casting.pseudo_word(names.THING_ENDINGS)
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
            noun, number = casting.pseudo_word(names.THING_ENDINGS), "sg"
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


def _place(kind: str) -> Callable[[Casting], Entity]:
    def cast(casting: Casting) -> Entity:
        if casting.invent == "place" and not casting.invented and kind in _PLACE_ROLES:
            name = casting.pseudo_word(names.PLACE_ENDINGS).capitalize()
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
    "postman": _worker("postman"),
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
}

_CREATURE_ROLES = frozenset({"hero", "friend", "beast", "pet"})
_PLACE_ROLES = frozenset({"outdoor", "indoor", "town", "settlement"})


def role_kinds() -> frozenset[str]:
    """What a plot may ask for in its roles."""
    return frozenset(_CASTERS)


def cast_roles(roles: Mapping[str, str], rng: Random, *, animals: bool) -> tuple[dict[str, Entity], tuple[str, ...]]:
    """Entities for the roles of a plot, and the invented words among them.

    `roles` maps a role's letter to its kind; `animals` allows the story to be one among animals.
    """
    animal_world = animals and rng.random() < 0.28
    invent = _choose_invention(roles, rng, animal_world) if rng.random() < INVENTED_SHARE else None
    casting = Casting(rng, animal_world, invent)
    cast = {role: _CASTERS[kind](casting) for role, kind in roles.items()}
    return cast, tuple(casting.invented)


def _choose_invention(roles: Mapping[str, str], rng: Random, animal_world: bool) -> str | None:
    """Which kind of invented word this plot has room for, if any."""
    kinds = set(roles.values())
    options = []
    if kinds & set(_GLOSSES):
        options += ["thing", "thing"]
    if kinds & _PLACE_ROLES:
        options.append("place")
    if kinds & {"beast", "pet"} or (animal_world and kinds & _CREATURE_ROLES):
        options.append("creature")
    return rng.choice(options) if options else None
