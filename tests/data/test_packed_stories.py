"""Stories packed one after another. The texts are made up and imitate the layouts of real collections."""

import pytest

from data.packed_stories import begins_story, is_packed, split_stories

FILLER = (
    "It was a long and happy day, and there was so much to see in the garden that nobody wanted to go home at all. " * 2
)

TWO_PARAGRAPHS = f"Once upon a time, there was a goat named Gus. {FILLER}\n\nIn the end Gus went to sleep."
NO_FORMULA = f'Nora and Ned liked to bake. {FILLER}\n\n"More flour!" said Nora.\n\nThey ate it all.'
ONE_DAY = f"One day, a small boat was tired of the sea. {FILLER}\n\nOne day, it came home.\n\nThe boat was glad."
BARE_NEWLINES = (
    f'Petra was a brave girl. {FILLER}\nPetra said, "I will climb the hill."\nThe girl climbed and climbed. \n'
    "Petra was very tired.\nThen she saw the top.\nShe smiled."
)
ONE_PARAGRAPH = f"The sun was up early and the frogs were singing. {FILLER} They sang all day."
ENDED = f"Once there was a moth. {FILLER}\n\nThe end."

STORIES = [
    TWO_PARAGRAPHS,
    NO_FORMULA,
    ONE_DAY,
    TWO_PARAGRAPHS.replace("Gus", "Max"),
    BARE_NEWLINES,
    ONE_PARAGRAPH,
    ENDED,
]
STORIES += [NO_FORMULA.replace("Nora", "Una"), TWO_PARAGRAPHS.replace("Gus", "Lou")]


def test_packed_stories_come_apart() -> None:
    assert split_stories("\n".join(STORIES)) == STORIES


def test_no_character_but_newlines_is_lost() -> None:
    packed = "\n".join(STORIES * 3)
    assert "".join(split_stories(packed)).replace("\n", "") == packed.replace("\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        TWO_PARAGRAPHS,
        BARE_NEWLINES,
        "First Citizen:\nSpeak, speak.\n\nAll:\nOnce there was a war.\n\n" * 50,
        ("word " * 400 + "\n") * 50 + "\n\n".join(STORIES),  # a long tale that says "Once upon a time" now and then
        "\n".join(f"name{i}" for i in range(500)),
    ],
    ids=["empty", "blank", "one story", "bare newlines", "a play", "a long tale", "names"],
)
def test_any_other_text_comes_back_whole(text: str) -> None:
    assert not is_packed(text)
    assert split_stories(text) == [text]


SO_FAR = f"Once upon a time, there was a girl named Ida and a dog. {FILLER}"


@pytest.mark.parametrize(
    ("previous", "line", "run_length", "begins"),
    [
        ("They were happy.", "Once upon a time, there was a king.", 2, True),
        ("They were happy. ", "Once upon a time, there was a king.", 9, True),
        ("The end.", "She ran.", 2, True),
        ("They were happy.", "Ida and Bo were playing.", 2, True),
        ("They were happy.", "Ida and the dog were tired.", 5, False),
        ("They were happy.", "One day, a fox named Ida came.", 5, True),
        ("They were happy.", "She was happy too.", 2, False),
        ("They were happy.", "It was a cold winter day.", 2, True),
        ("They were happy.", "It was cold.", 2, False),
        ("They were happy.", '"Come in," said Bo.', 2, False),
        ("They were happy.", "Bo looked up and said, “No.”", 2, False),
        ("They were happy.", "The dog wagged its tail.", 2, False),
        ("They were happy.", "The train was late again.", 2, True),
        ("They were happy. ", "Bo was a big bear.", 2, False),
        ("she sang,", "Over the hill and far away", 2, False),
    ],
)
def test_a_line_after_a_line(previous: str, line: str, run_length: int, begins: bool) -> None:
    assert begins_story(previous, line, SO_FAR + "\n" + previous, run_length) is begins


def test_a_story_is_not_over_after_a_few_words() -> None:
    assert not begins_story("It was a hot day.", "Bo and his mother sat outside.", "It was a hot day.", 4)


def test_a_hostile_text_is_split_in_reasonable_time() -> None:
    long_lines = ["Aa " * 20_000, "A a, " * 20_000, *["Aa" * 5_000] * 20]
    many_lines = [f"Ann{i} and Bo went on." for i in range(3_000)]
    hostile = "\n".join([*STORIES, *long_lines, *STORIES * 20, *many_lines])
    assert is_packed(hostile)
    assert "".join(split_stories(hostile)).replace("\n", "") == hostile.replace("\n", "")
