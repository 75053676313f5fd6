"""Sample sentences, each of which gives attention something to do. The first of each list is the one to open with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence, and in a few words what to look for in it."""

    text: str
    shows: str


SAMPLES: tuple[Sample, ...] = (
    Sample("Ivan is the guy who ate the sandwich", "a relative clause: who ate? look back to Ivan and the guy"),
    Sample(
        "The cat saw the dog. The cat saw the dog. The cat saw the",
        "repetition: what followed the last time comes next",
    ),
    Sample(
        "Lily gave her ball to Tom because he was sad. He said thank you to",
        "pronouns: her, he and He look for a name",
    ),
    Sample(
        "Once upon a time there was a fox named Zib. Zib had a friend named Blom. One day Zib went to see",
        "names that return: they are copied from where they stood",
    ),
    Sample(
        "Mia found a trindle in the garden. She took the trindle home and showed the",
        "an invented word: its pieces can only be copied",
    ),
    Sample(
        "For lunch they had bread, cheese, apples, soup and a big",
        "a list: the commas and what stands between them",
    ),
    Sample(
        '"Where is my hat?" asked Ben. "It is on your head," said his mom. "Oh, thank you',
        "quotation marks: an open one waits to be closed",
    ),
    Sample(
        "The girl with the two little brothers is happy, but the brothers of the girl are",
        "agreement: is and are look for their subject",
    ),
    Sample(
        "Tim had a red box and a blue box. He put the key in the red box. To find the key, he opened the",
        "a fact to look up: where the key is",
    ),
    Sample(
        "The bird did not want to fly. The fish did not want to swim. The frog did not want to",
        "parallel sentences: the same frame with new words",
    ),
    Sample(
        "One, two, three, four! One, two, three, four! One, two,",
        "counting: each number looks for the one before it",
    ),
)
"""For a model of words that was trained on children's stories."""

SHAKESPEARE_SAMPLES: tuple[Sample, ...] = (
    Sample("ROMEO:\nWhat light is in thy window, what light", "a speaker, then a line: names in capitals, and an echo"),
    Sample("to the sea, to the sea, to the s", "repetition: the same letters follow the same letters"),
    Sample("The queen, the quick, the quiet q", "spelling: after q look for u"),
    Sample("First Citizen:\nSpeak!\n\nSecond Citizen:\n", "speakers in turn: newlines and colons"),
    Sample("Where art thou, Zorbel? I come, Z", "an invented name: only a copy can finish it"),
)
"""For a character model that was trained on Shakespeare: at most 60 characters, all of them in its alphabet."""
