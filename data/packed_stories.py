"""Splits a text into the stories that it contains one after another.

Some collections separate the paragraphs *inside* a story by a blank line and the stories themselves by a single
newline. In such a text, a line that directly follows another line nearly always begins a story. The exceptions are
single newlines inside a story; the wording of the two lines tells the two cases apart.
"""

import re
from itertools import pairwise

# Openings that begin a story whatever the line before says.
_FORMULA = re.compile(
    r"(Once upon a|Once (there|an? |in a)|Once, (there|an? |in a)|There once|There was once"
    r"|Long,? (long )?ago|A long time ago|In a (far|small|big|faraway|distant|little)\b.*there (was|were|lived))"
)
# Openings that set a scene or introduce someone.
_SCENE = re.compile(
    r"(There (was|were|lived)\b|It was (an?|the|time)\b|Imagine\b|One \w+( \w+)?,? |An? [a-z]|The sun\b)"
)
_PERSON = re.compile(
    r"[A-Z]\w+( and (\w+ )?\w+)? (was|were|is|are|likes?|liked|loves?|loved|wants?|wanted|has|have|had)\b"
)
_SOMEONE_NEW = re.compile(r"(One \w+( \w+)?,? |There (was|were|lived) )?an? ", re.IGNORECASE)
# Openings that continue a story: a pronoun or a connective, someone who speaks.
_PRONOUN = re.compile(
    r"(He|She|They|It|We|Her|His|Their|Its|This|That|These|Those|But|So|And|Or|Then|Suddenly|Soon|Finally|Eventually"
    r"|Later|After|When|While|Before|As|At (last|the end)|From|Every|All|Both|Everyone|Inside|Just|Now|Next|Meanwhile"
    r"|Until|Because|However|Instead|Luckily|Unfortunately|Since|With|To|In the end)\b"
)
_SPEAKER = re.compile(
    r"[^ .!?]+( [^ .!?]+){0,5} (said|says|asked|asks|replied|answered|shouted|cried|smiled|laughed|nodded|agreed|sighed"
    r"|giggled|yelled|thought)\b"
)
_QUOTED = re.compile(r"""["'“‘]|â€""")
_THE_END = re.compile(r"(The end|THE END|The End)[.!]?[\"”']?$")
_SENTENCE_END = re.compile(r"""[.!?]["'”’)]*$|â€\S?\.?$""")
_NAME = re.compile(r"[A-Z][a-z]+")
_NOT_NAMES = frozenset(
    re.findall(r"\w+", "The One It He She They His Her There In On At And But So Then When Once Mom Dad")
)
_NOT_NOUNS = frozenset(("was", "were", "is", "are", "had", "has", "and", "of", "in", "on", "that", "who"))
_WORD = re.compile(r"[a-z]+")

_LONG_RUN = 3  # lines; a longer run is more likely one story with single newlines than several of one paragraph
_SHORTEST_STORY = 200  # characters; after fewer, only an opening formula begins the next story
_FEWEST_OPENINGS = 3
_MEMORY = 5_000  # characters of a story to search for names; no packed story is longer, and the cost stays linear
_LONGEST_SPACING = 8_000  # characters; a collection has an opening formula at least this often, on average


def is_packed(text: str) -> bool:
    """Return True if a text looks like a collection in which only paragraphs are separated by blank lines."""
    lines = text.split("\n")
    openings = sum(
        1 for before, line in pairwise(lines) if _SENTENCE_END.search(before.rstrip()) and _FORMULA.match(line.lstrip())
    )
    blank_lines = sum(1 for line in lines[1:-1] if not line.strip())
    return openings >= _FEWEST_OPENINGS and len(text) < openings * _LONGEST_SPACING and blank_lines >= openings


def split_stories(text: str) -> list[str]:
    """Return the stories of a packed text in order, their characters unchanged. Return any other text as a whole."""
    if not is_packed(text):
        return [text]
    stories: list[list[str]] = [[]]
    so_far = ""
    lines = text.split("\n")
    lengths = _run_lengths(lines)
    for index, line in enumerate(lines):
        follows = index > 0 and line.strip() and lines[index - 1].strip()
        if follows and begins_story(lines[index - 1], line, so_far, lengths[index]):
            stories.append([])
            so_far = ""
        stories[-1].append(line)
        so_far = f"{so_far}\n{line}"[-_MEMORY:]
    return [text for story in stories if (text := "\n".join(story).strip("\n")).strip()]


def _run_lengths(lines: list[str]) -> list[int]:
    """Return for every line the number of lines in its run, which ends at blank lines."""
    lengths = [0] * len(lines)
    start = 0
    for index in range(len(lines) + 1):
        if index == len(lines) or not lines[index].strip():
            lengths[start:index] = [index - start] * (index - start)
            start = index + 1
    return lengths


def begins_story(previous: str, line: str, story: str, run_length: int) -> bool:
    """Return True if `line` begins a story.

    Args:
        previous: the line directly before, which is not blank.
        line: the line to judge.
        story: the text of the story that `previous` belongs to, up to and including `previous`; or its last part.
        run_length: the number of lines in the run that `line` is in. A story with single newlines makes long runs.
    """
    line = line.lstrip()
    if _FORMULA.match(line) or _THE_END.search(previous.rstrip()):
        return True
    if previous != previous.rstrip() or _QUOTED.match(line) or _SPEAKER.match(line):
        return False
    if len(story) < _SHORTEST_STORY:
        return False
    sets_scene = bool(_SCENE.match(line))
    if not sets_scene and _PRONOUN.match(line):
        return False
    if run_length > _LONG_RUN and not _SOMEONE_NEW.match(line) and _repeats_name(line, story):
        return False
    if not sets_scene and line.startswith("The "):
        return not _has_known_subject(line, story)
    return sets_scene or bool(_PERSON.match(line) or _SENTENCE_END.search(previous))


def _repeats_name(line: str, story: str) -> bool:
    """Return True if the line contains a name that the story contains too."""
    names = set(_NAME.findall(line[:120])) - _NOT_NAMES
    return any(re.search(rf"\b{name}\b", story) for name in names)


def _has_known_subject(line: str, story: str) -> bool:
    """Return True if the story contains a word of the noun phrase after `The`: the boy, the two animals."""
    subject = (word for word in _WORD.findall(line[4:])[:2] if word not in _NOT_NOUNS)
    return any(re.search(rf"\b{word}\b", story, re.IGNORECASE) for word in subject)
