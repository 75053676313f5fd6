"""Finds the stories in a text that packs them one after another.

Some story collections separate the paragraphs *inside* a story by a blank line and the stories themselves by a bare
newline. So a line that directly follows another one is where a story may begin. It does so nearly always; the
exceptions are stories that use bare newlines inside, and the wording of the two lines tells them apart.
"""

import re
from itertools import pairwise

# What opens a tale, whatever went before.
_FORMULA = re.compile(
    r"(Once upon a|Once (there|an? |in a)|Once, (there|an? |in a)|There once|There was once"
    r"|Long,? (long )?ago|A long time ago|In a (far|small|big|faraway|distant|little)\b.*there (was|were|lived))"
)
# What sets a scene, or introduces someone.
_SCENE = re.compile(
    r"(There (was|were|lived)\b|It was (an?|the|time)\b|Imagine\b|One \w+( \w+)?,? |An? [a-z]|The sun\b)"
)
_PERSON = re.compile(
    r"[A-Z]\w+( and (\w+ )?\w+)? (was|were|is|are|likes?|liked|loves?|loved|wants?|wanted|has|have|had)\b"
)
_SOMEONE_NEW = re.compile(r"(One \w+( \w+)?,? |There (was|were|lived) )?an? ", re.IGNORECASE)
# What carries on: a pronoun, a connective, someone who speaks.
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

_LONG_RUN = 3  # lines: a longer run is rather one story with bare newlines than several of one paragraph
_SHORTEST_STORY = 200  # characters: after less than this nothing but a formula begins the next
_FEWEST_OPENINGS = 3
_MEMORY = 5_000  # characters of a story that are looked back on: no packed story is longer, and a long text stays quick
_LONGEST_SPACING = 8_000  # characters: a collection has an opening formula at least this often


def is_packed(text: str) -> bool:
    """Whether a text looks like stories packed one after another, a blank line between paragraphs only."""
    lines = text.split("\n")
    openings = sum(
        1 for before, line in pairwise(lines) if _SENTENCE_END.search(before.rstrip()) and _FORMULA.match(line.lstrip())
    )
    blank_lines = sum(1 for line in lines[1:-1] if not line.strip())
    return openings >= _FEWEST_OPENINGS and len(text) < openings * _LONGEST_SPACING and blank_lines >= openings


def split_stories(text: str) -> list[str]:
    """The stories of a packed text, in order and each with its own characters; any other text comes back whole."""
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
    """For every line, how many lines its run between two blank lines has."""
    lengths = [0] * len(lines)
    start = 0
    for index in range(len(lines) + 1):
        if index == len(lines) or not lines[index].strip():
            lengths[start:index] = [index - start] * (index - start)
            start = index + 1
    return lengths


def begins_story(previous: str, line: str, story: str, run_length: int) -> bool:
    """Whether `line` begins a story, given the line right before it and the story so far.

    Args:
        previous: the line right before, which is not blank.
        line: the line in question.
        story: the text so far of the story that `previous` belongs to, or the end of it.
        run_length: how many lines stand together here without a blank one; a story with bare newlines inside makes long
            runs.
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
    if run_length > _LONG_RUN and not _SOMEONE_NEW.match(line) and _carries_names(line, story):
        return False
    if not sets_scene and line.startswith("The "):
        return not _known_subject(line, story)
    return sets_scene or bool(_PERSON.match(line) or _SENTENCE_END.search(previous))


def _carries_names(line: str, story: str) -> bool:
    """Whether the line names someone whom the story already named."""
    names = set(_NAME.findall(line[:120])) - _NOT_NAMES
    return any(re.search(rf"\b{name}\b", story) for name in names)


def _known_subject(line: str, story: str) -> bool:
    """Whether the noun phrase after `The` has a word of the story's in it: the boy, the two animals."""
    subject = (word for word in _WORD.findall(line[4:])[:2] if word not in _NOT_NOUNS)
    return any(re.search(rf"\b{word}\b", story, re.IGNORECASE) for word in subject)
