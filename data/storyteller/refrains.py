"""Writes refrains: rhymes, games and songs that repeat words in the same order.

Rows of words of random length come back at random distances, so that a model learns to copy from any place in its
context. Sentences are written from frames, like those of the stories, and have the same annotations. The lines of a
verse are joined by a newline.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import count
from random import Random

from data.storyteller.annotations import Story
from data.storyteller.casting import cast_roles
from data.storyteller.frames import parse_frame
from data.storyteller.grammar import article
from data.storyteller.invented_words import invented_word
from data.storyteller.lexicon import names, nouns, refrain_words, words
from data.storyteller.writer import Writer

_SMALL_THINGS = ("toy", "snack", "clothing", "small", "tool", "gift")
_BOUGHT = ("ingredient", "errand", "snack")
_LONGEST_ROW = 16


class _Sheet:
    """A refrain that is being written, sentence by sentence."""

    def __init__(self, rng: Random, genre: str, roles: Mapping[str, str]) -> None:
        self.rng = rng
        self._genre = genre
        cast, invented = cast_roles(roles, rng, animals=True)
        while invented:  # a word that nobody explains has no place in a game
            cast, invented = cast_roles(roles, rng, animals=True)
        self.names = {entity.name for entity in cast.values()}
        self._writer = Writer(rng, cast, ())
        self._count = 0

    def line(self, template: str, separator: str = " ") -> None:
        """Write a sentence."""
        self._count += 1
        self._writer.write(parse_frame(f"{self._genre}-{self._count}", template), separator)

    def verse(self, template: str, *, first: bool = False) -> None:
        """Write a sentence on a line of its own. The first line of a verse follows an empty line."""
        self.line(template, "\n\n" if first else "\n")

    def paragraph(self, template: str) -> None:
        """Write a sentence that begins a paragraph."""
        self.line(template, "\n\n")

    def story(self) -> Story:
        """Return what was written."""
        return Story(self._writer.text, self._writer.sentences, self._genre, ())


def refrain(seed: int, index: int = 0) -> Story:
    """Return refrain number `index` of a seed, which depends on these two numbers only.

    Raises:
        ValueError: the index is negative.
    """
    if index < 0:
        raise ValueError(f"a refrain's index counts from 0, got {index}: give 0 or more")
    rng = Random(f"refrain:{seed}:{index}")
    name = rng.choice(genres())
    roles, write = _GENRES[name]
    sheet = _Sheet(rng, name, roles)
    write(sheet)
    return sheet.story()


def refrains(seed: int) -> Iterator[Story]:
    """Yield the refrains of a seed without end. Number i is `refrain(seed, i)`."""
    return (refrain(seed, index) for index in count())


def genres() -> tuple[str, ...]:
    """Return the kinds of refrains. `Story.plot` is one of these names."""
    return tuple(_GENRES)


# -- rows of words ------------------------------------------------------------------------------------------------


def _length(rng: Random, longest: int = _LONGEST_ROW) -> int:
    """Return a length of at least 2, short ones more often: its logarithm is about uniform."""
    return min(longest, int(2 * (longest / 2 + 0.5) ** rng.random()))


def _row(rng: Random, longest: int = _LONGEST_ROW) -> list[str]:
    """Return words in random order. A word may occur several times."""
    kind, lists = rng.random(), refrain_words()
    if kind < 0.6:
        pool = lists["common"]
    elif kind < 0.75:
        pool = lists["sounds"]
    else:
        pool = _single_nouns() if kind < 0.9 else lists["steps"]
    return [rng.choice(pool) for _ in range(_length(rng, longest))]


@cache
def _single_nouns() -> tuple[str, ...]:
    """Return the nouns of one word that have a plural."""
    found = (noun for kind in _SMALL_THINGS for noun, number in nouns()[kind] if number == "sg" and noun.isalpha())
    return tuple(dict.fromkeys(found))


def _things(rng: Random, kinds: tuple[str, ...], count: int) -> list[str]:
    """Return different things with their articles: "a kite", "an egg"."""
    chosen: dict[str, str] = {}
    while len(chosen) < count:
        noun, number = rng.choice(nouns()[rng.choice(kinds)])
        if number == "sg":
            chosen[noun] = f"{article(noun)} {noun}"
    return list(chosen.values())


def _joined(rng: Random, row: list[str]) -> str:
    """Return a row as it is spoken: with commas or without."""
    return rng.choice((", ", ", ", " ")).join(row)


def _listed(row: list[str]) -> str:
    """Return an enumeration: "a kite, a drum and a shell"."""
    return row[0] if len(row) == 1 else f"{', '.join(row[:-1])} and {row[-1]}"


# -- the genres -----------------------------------------------------------------------------------------------------


def _copycat(sheet: _Sheet) -> None:
    """One says rows of words, the other repeats them."""
    rng = sheet.rng
    sheet.line("{One|One fine|One rainy} day [A.intro] [A:want] to play a {copying game|game of copycat} with [B.of].")
    sheet.line(
        rng.choice(
            (
                '"[A>B]I say some words, and you say the same words," [^A:explain] [A.n].',
                '"[A>B]Say what I say," [^A:say] [A.n].',
                '"[B>A]You say it first, and then I say it," [^B:say] [B.n].',
            )
        )
    )
    for _ in range(rng.randint(1, 4)):
        row = _joined(rng, _row(rng))
        sheet.paragraph(f'"[A>B]{row}," [^A:say] [A.n].')
        sheet.paragraph(f'"[B>A]{row}," [^B:say] [B.n].')
        if rng.random() < 0.3:
            sheet.paragraph(f'"[A>B]{row}," [^A:say] [A.n] again.')
            sheet.paragraph(f'"[B>A]{row}," [^B:say] [B.n] again.')
    sheet.paragraph("{Then they both had to laugh.|They played until it was dark.|It was a good game.}")


def _echo(sheet: _Sheet) -> None:
    """An echo repeats what is called."""
    rng = sheet.rng
    place = rng.choice(("cave", "well", "valley", "empty hall", "tunnel"))
    sheet.line(f"{{One day|One morning|Once}} [A.intro] [A:find] a {place} with an echo.")
    sheet.line("{Whatever [A.n] [A:call], the echo called the same.|The echo knew every word.}")
    for _ in range(rng.randint(2, 4)):
        row = _joined(rng, _row(rng))
        mark = rng.choice("!.!")
        sheet.paragraph(f'"[A>]{row}{mark}" [^A:call] [A.n].')
        for _ in range(rng.choice((1, 1, 2))):
            sheet.paragraph(f'"{row}{mark}" said the echo.')
    sheet.paragraph("{[A.n] [A:go] home and the echo was quiet.|[A.n] [A:wave], and nobody waved back.}")


def _spell(sheet: _Sheet) -> None:
    """Magic words, most of them invented, work each time they are said."""
    rng = sheet.rng
    magic: list[str] = []
    common = refrain_words()["common"]
    for _ in range(_length(rng, 9)):
        magic.append(invented_word(rng, "thing", magic) if rng.random() < 0.7 else rng.choice(common))
    spell = _joined(rng, magic)
    sheet.line("[A.intro] [A:have] {an old book of spells|a magic stick|a pot that could cook alone}.")
    sheet.line(f'To make it work, [A.n] [A:have] to say "{spell}!"')
    for thing in _things(rng, _SMALL_THINGS, rng.randint(2, 4)):
        sheet.paragraph(f'"[A>]{spell}!" [^A:say] [A.n], and there was {thing}.')
    if rng.random() < 0.6:
        sheet.paragraph("[B.n] [B:want] to try it too.")
        sheet.line(f'"[B>]{spell}!" [^B:say] [B.n], and there was {_things(rng, _SMALL_THINGS, 1)[0]}.')
    sheet.paragraph(f'{{Do not forget the words|Now you know the words, too}}: "{spell}!"')


def _basket(sheet: _Sheet) -> None:
    """Each player repeats all things named so far and adds one."""
    rng = sheet.rng
    opening = rng.choice(("In my basket there is", "I packed my bag and took", "I went to the market and bought"))
    sheet.line("[A.intro] [A:play] a game of remembering with [B.of].")
    things = _things(rng, _SMALL_THINGS, rng.randint(4, 8))
    for n in range(1, len(things) + 1):
        speaker, hearer = ("A", "B") if n % 2 else ("B", "A")
        row = _listed(things[:n])
        sheet.paragraph(f'"[{speaker}>{hearer}]{opening} {row}," [^{speaker}:say] [{speaker}.n].')
    sheet.paragraph("{Nobody could remember more than that.|That was a full basket!|So the game was over.}")


def _song(sheet: _Sheet) -> None:
    """A song: verses that differ in a few words, with the same lines at their end."""
    rng = sheet.rng
    refrain_rows = [_joined(rng, _row(rng, 8)) for _ in range(rng.randint(1, 3))]
    sheet.line("{Every day|On the way to school|In the evening} [A.intro] [A:sing] {a song|this song|the same song}.")
    if rng.random() < 0.5:
        sheet.line("[A.n] [A:sing] it {loudly|softly|all day long}.")
    for _ in range(rng.randint(2, 4)):
        colour, thing = rng.choice(words()["colour"]), rng.choice(_single_nouns())
        verb = rng.choice(("rolls", "goes", "flies", "runs", "sails", "dances"))
        where = rng.choice(("over the hill", "down the road", "across the sea", "around the house", "up in the air"))
        sheet.verse(f"The {colour} {thing} {verb} {where}, {where}, {where},", first=True)
        sheet.verse(f"the {colour} {thing} {verb} {where},")
        for row in refrain_rows:
            sheet.verse(f"{row},")
        sheet.verse(f"{rng.choice(('all day long', 'so sing along', 'and so do we'))}.")


def _steps(sheet: _Sheet) -> None:
    """The steps of a dance are called several times."""
    rng = sheet.rng
    dance = ", ".join(rng.choice(refrain_words()["steps"]) for _ in range(_length(rng, 12)))
    sheet.line("[A.intro] [A:teach] [B.of] a dance.")
    sheet.line("{The steps were easy.|It had only a few steps.|It went like this.}")
    for n in range(rng.randint(2, 4)):
        call = rng.choice(("Again", "Once more", "And now faster", "And now slowly"))
        sheet.paragraph(f'"[A>B]{f"{call}: " if n else ""}{dance}," [^A:say] [A.n].')
        if rng.random() < 0.5:
            sheet.paragraph(f'"[B>A]{dance}," [^B:say] [B.n].')
    sheet.paragraph("{Soon everyone in the street was dancing.|[B.n] [B:know] it by heart now.}")


def _shopping(sheet: _Sheet) -> None:
    """A shopping list is read, asked for and unpacked in the same order."""
    rng = sheet.rng
    things = _things(rng, _BOUGHT, rng.randint(3, 9))
    row = _listed(things)
    sheet.line("[A.intro] {[A:have]|[A:want]} to go shopping {for dinner|for a party|on Saturday}.")
    sheet.line(f"The list said: {row}.")
    if rng.random() < 0.6:
        sheet.line(f'"[A>]{row}, {row}," [^A:say] [A.n] all the way to the shop.')
    sheet.paragraph(f'"[A>]I need {row}," [A.n] [A:tell] the {rng.choice(("grocer", "baker", "shopkeeper"))}.')
    if rng.random() < 0.5:
        sheet.paragraph(f'"{row}," said the man and put them in a bag.')
    sheet.paragraph(f"At home [A.n] [A:take] everything out of the bag: {row}.")
    sheet.line("Nothing was missing.")


def _good_night(sheet: _Sheet) -> None:
    """Everyone is greeted by name, and they answer in the same order."""
    rng = sheet.rng
    known = names()["girls"] + names()["boys"]
    greeted = rng.sample([name for name in known if name not in sheet.names], _length(rng, 8))
    greeting = rng.choice(("Good night", "Good morning", "Goodbye", "Hello", "Sleep well"))
    sheet.line(f"[A.intro] [A:want] to say {greeting.lower()} to everyone.")
    row = ". ".join(f"{greeting}, {name}" for name in greeted)
    sheet.paragraph(f'"[A>]{row}," [^A:say] [A.n].')
    sheet.paragraph(f'"{greeting}, [A.n]," said {_listed(greeted)}.')
    if rng.random() < 0.5:
        sheet.paragraph(f'The next day it was the same: "{row}."')


def _backwards(sheet: _Sheet) -> None:
    """Rows of words are repeated from the last to the first."""
    rng = sheet.rng
    sheet.line("[A.intro] [A:play] the backwards game with [B.of].")
    sheet.line("When [A.n] [A:say] some words, [B.n] [B:say] them from the last to the first.")
    for _ in range(rng.randint(2, 4)):
        row = _row(rng, 8)
        sheet.paragraph(f'"[A>B]{", ".join(row)}," [^A:say] [A.n].')
        sheet.paragraph(f'"[B>A]{", ".join(row[::-1])}," [^B:say] [B.n].')
    sheet.paragraph("{It is hard to talk backwards.|Then they changed places.}")


def _everyone_says(sheet: _Sheet) -> None:
    """One after another says the same."""
    rng = sheet.rng
    row = _joined(rng, _row(rng))
    sheet.line("{In the morning|One evening|At the fair} [A.intro] [A:learn] a {rhyme|counting rhyme|funny rhyme}.")
    sheet.line(f"And [A.n] said: {row}.")
    animals = tuple(noun for noun, _ in nouns()["wild"] if noun.isalpha())
    for animal in rng.sample(animals, rng.randint(1, 5)):
        sheet.line(f"{rng.choice(('And', 'Then', 'And then'))} the {animal} said: {row}.", rng.choice((" ", "\n\n")))
    sheet.line("And now you say it, too.")


def _counting(sheet: _Sheet) -> None:
    """The same numbers are counted several times."""
    rng = sheet.rng
    numbers = refrain_words()["numbers"][: rng.randint(3, 10)]
    counted = ", ".join(numbers)
    sheet.line("[A.intro] {[A:learn] to count|[A:like] to count|[A:count] everything}.")
    for thing in rng.sample(_single_nouns(), rng.randint(2, 4)):
        sheet.line(f'"[A>]{counted}," [^A:count] [A.n] and put down the last {thing}.', rng.choice((" ", "\n\n")))
    if rng.random() < 0.5:
        sheet.line(f'And backwards: "{", ".join(reversed(numbers))}!"')


_ONE: Mapping[str, str] = {"A": "hero"}
_TWO: Mapping[str, str] = {"A": "hero", "B": "friend"}

_GENRES: Mapping[str, tuple[Mapping[str, str], Callable[[_Sheet], None]]] = {
    "copycat": (_TWO, _copycat),
    "echo": (_ONE, _echo),
    "spell": (_TWO, _spell),
    "basket": (_TWO, _basket),
    "song": (_ONE, _song),
    "steps": (_TWO, _steps),
    "shopping": (_ONE, _shopping),
    "good_night": (_ONE, _good_night),
    "backwards": (_TWO, _backwards),
    "everyone_says": (_ONE, _everyone_says),
    "counting": (_ONE, _counting),
}
