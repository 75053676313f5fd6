"""Sample sentences, each of which gives attention something to do. The first of each list is the one to open with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bundled model `model` shows what a sample is about: a head, a query and the key that it finds."""

    model: str
    layer: int
    head: int
    query: int
    key: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence, in a few words what to look for in it, and where the model that ships shows it."""

    text: str
    shows: str
    place: Place | None = None


SAMPLES: tuple[Sample, ...] = (
    Sample(
        "Ivan is the guy who ate the sandwich",
        "a relative clause: the sandwich looks for its verb, ate",
        Place("stories", 2, 7, 10, 6),
    ),
    Sample(
        "The cat saw the dog. The cat saw the dog. The cat saw the",
        "repetition: what followed the last time comes next",
        Place("stories", 2, 10, 8, 3),
    ),
    Sample(
        "Lily gave her ball to Tom because he was sad. He said thank you to",
        "pronouns: her, he and He look for a name",
    ),
    Sample(
        "Once upon a time there was a fox named Zib. Zib had a friend named Blom. One day Zib went to see",
        "names that return: they are copied from where they stood",
        Place("stories", 2, 10, 14, 11),
    ),
    Sample(
        "Mia found a trindle in the garden. She took the trindle home and showed the",
        "an invented word: its pieces can only be copied",
        Place("stories", 3, 10, 15, 6),
    ),
    Sample(
        "For lunch they had bread, cheese, apples, soup and a big",
        "a list: the commas and what stands between them",
    ),
    Sample(
        '"Where is my hat?" asked Ben. "It is on your head," said his mom. "Oh, thank you',
        "quotation marks: a closing one looks for the opening one",
        Place("stories", 2, 2, 5, 0),
    ),
    Sample(
        "My red kite and your blue kite can fly, but the red kite is",
        "a word that returns: the second red looks for the first",
        Place("stories", 1, 7, 13, 2),
    ),
    Sample(
        "Tim had a red box and a blue box. He put the key in the red box. To find the key, he opened the",
        "a fact to look up: the red box looks for what is put there",
        Place("stories", 3, 11, 17, 11),
    ),
    Sample(
        "The bird did not want to fly. The fish did not want to swim. The frog did not want to",
        "parallel sentences: each word looks at the one before it",
        Place("stories", 0, 4, 21, 20),
    ),
    Sample(
        "One, two, three, four! One, two, three, four! One, two,",
        "counting: the same number, and the one after it last time",
        Place("stories", 2, 8, 15, 8),
    ),
    Sample(
        "One sunny morning Ben went outside to play with his new kite",
        "nothing returns: a head that copies rests on the first token",
        Place("stories", 2, 8, 12, 0),
    ),
)
"""For a model of words that was trained on children's stories."""

SHAKESPEARE_SAMPLES: tuple[Sample, ...] = (
    Sample(
        "ROMEO:\nWhat light is in thy window, what light",
        "a speaker, then a line: in window, n looks for the n of in",
        Place("shakespeare", 0, 1, 30, 22),
    ),
    Sample(
        "to the sea, to the sea, to the s",
        "repetition: the same letters follow the same letters",
        Place("shakespeare", 3, 1, 16, 5),
    ),
    Sample(
        "The queen, the quick, the quiet q",
        "spelling: u looks at the q before it",
        Place("shakespeare", 0, 3, 16, 15),
    ),
    Sample(
        "First Citizen:\nSpeak!\n\nSecond Citizen:\n",
        "speakers in turn: a colon looks for the end of the last such line",
        Place("shakespeare", 2, 1, 37, 14),
    ),
    Sample(
        "Where art thou, Zorbel? I come, Z",
        "an invented name: only a copy can finish it",
        Place("shakespeare", 0, 1, 30, 14),
    ),
)
"""For a character model that was trained on Shakespeare: at most 60 characters, all of them in its alphabet."""


def place_of(text: str, model: str) -> Place | None:
    """Return where a model shows what a sample is about; None for another text, or if the model does not show it."""
    places = (sample.place for sample in (*SAMPLES, *SHAKESPEARE_SAMPLES) if sample.text == text)
    return next((place for place in places if place is not None and place.model == model), None)
