"""Plots: the roles of a story and the beats that follow each other. Read from the text files of a genre.

A plot in a file of `genres/`:

    plot lost                        its name
    roles A:hero B:friend T:toy      a letter and a kind for each role (see `casting.role_kinds`)
    animals                          optional: the story may be one among animals
    = start                          a beat; "= name?" is left out half of the time; "= @name" is a shared block
    - One sentence. // Another.      one way to tell the beat, as frames (see `frames`); "¶" before one starts a scene
      continued                      an indented line continues the one before

A shared block starts with `block name` instead of `plot name` and has the tellings of a single beat.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from data.storyteller.casting import role_kinds
from data.storyteller.frames import Frame, parse_frame
from data.storyteller.lexicon import verb_phrases, words
from data.storyteller.text_files import Line, read_lines


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence of a telling. `new_scene` is True if a scene starts with it."""

    frame: Frame
    new_scene: bool


Telling = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """An event of a plot, and the ways to tell it."""

    name: str
    optional: bool
    tellings: tuple[Telling, ...]

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of all tellings."""
        return (step.frame for telling in self.tellings for step in telling)


@dataclass(frozen=True, slots=True)
class Plot:
    """The plan of a story. `roles` maps the letter of a role to its kind."""

    name: str
    roles: dict[str, str]
    animals: bool
    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True)
class Genre:
    """The plots of a genre, in the order of its files, and the blocks they share."""

    plots: tuple[Plot, ...]
    blocks: dict[str, Beat]


@cache
def load_genre(name: str) -> Genre:
    """Read the text files of `genres/NAME`. The result is cached."""
    return parse_genre(read_lines(f"genres/{name}"))


def parse_genre(lines: Iterable[Line]) -> Genre:
    """Parse plots and blocks.

    Raises:
        TextFileError: a line is malformed, or names a role, list or block that does not exist.
    """
    stray, sections = _group(_join_continued(lines), ("plot ", "block "))
    if stray:
        raise stray[0].error(f"expected 'plot NAME' or 'block NAME', not {stray[0].text!r}")
    blocks: dict[str, Beat] = {}
    for head, body in sections:
        keyword, _, name = head.text.partition(" ")
        if keyword == "block":
            _check_new(head, blocks)
            blocks[name] = Beat(name, False, _tellings(f"@{name}", head, body))
    plots: dict[str, Plot] = {}
    for head, body in sections:
        keyword, _, name = head.text.partition(" ")
        if keyword == "plot":
            _check_new(head, plots)
            plots[name] = _plot(name, body, blocks)
    return Genre(tuple(plots.values()), blocks)


def _check_new(head: Line, known: Container[str]) -> None:
    if head.text.partition(" ")[2] in known:
        raise head.error(f"{head.text!r} is already defined")


def _join_continued(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines, each joined with the indented lines after it."""
    first: Line | None = None
    parts: list[str] = []
    for line in lines:
        if not line.text.startswith(" "):
            if first:
                yield Line(first.file, first.number, " ".join(parts))
            first, parts = line, [line.text]
        elif first and first.file == line.file:
            parts.append(line.text.strip())
        else:
            raise line.error("an indented line continues the line before it, and there is none")
    if first:
        yield Line(first.file, first.number, " ".join(parts))


def _group(lines: Iterable[Line], heads: tuple[str, ...]) -> tuple[list[Line], list[tuple[Line, list[Line]]]]:
    """Group lines under those that start with one of `heads`. Return the lines before the first one, and the groups."""
    before: list[Line] = []
    groups: list[tuple[Line, list[Line]]] = []
    for line in lines:
        if line.text.startswith(heads):
            groups.append((line, []))
        else:
            (groups[-1][1] if groups else before).append(line)
    return before, groups


def _plot(name: str, body: list[Line], blocks: dict[str, Beat]) -> Plot:
    settings, groups = _group(body, ("= ",))
    roles: dict[str, str] = {}
    animals = False
    for line in settings:
        if line.text.startswith("roles "):
            roles = _roles(line)
        elif line.text == "animals":
            animals = True
        else:
            raise line.error(f"expected 'roles', 'animals' or a beat such as '= start', not {line.text!r}")
    return Plot(name, roles, animals, tuple(_beat(name, head, lines, roles, blocks) for head, lines in groups))


def _roles(line: Line) -> dict[str, str]:
    roles: dict[str, str] = {}
    for entry in line.text.split()[1:]:
        role, _, kind = entry.partition(":")
        # "I" is the speaker.
        if len(role) != 1 or not "A" <= role <= "Z" or role == "I" or role in roles:
            raise line.error(f"a role is a capital letter other than I, used once, and a kind: A:hero, not {entry!r}")
        if kind not in role_kinds():
            raise line.error(f"unknown kind of role {kind!r}: use one of {', '.join(sorted(role_kinds()))}")
        roles[role] = kind
    return roles


def _beat(plot: str, head: Line, body: list[Line], roles: dict[str, str], blocks: dict[str, Beat]) -> Beat:
    name = head.text.removeprefix("= ").removesuffix("?")
    if not name.startswith("@"):
        tellings = _tellings(f"{plot}.{name}", head, body)
    elif body:
        raise body[0].error(f"the beat {name!r} is a shared block, which has its own tellings")
    elif name[1:] not in blocks:
        raise head.error(f"there is no block {name[1:]!r}: use one of {', '.join(sorted(blocks))}")
    else:
        tellings = blocks[name[1:]].tellings
    beat = Beat(name, head.text.endswith("?"), tellings)
    for frame in beat.frames():
        if missing := frame.roles - roles.keys():
            raise head.error(f"frame {frame.name}: the plot has no role {', '.join(sorted(missing))}")
    return beat


def _tellings(name: str, head: Line, body: list[Line]) -> tuple[Telling, ...]:
    """Parse the tellings of a beat or block. `name` is the prefix of the names of their frames."""
    tellings: list[Telling] = []
    for line in body:
        if not line.text.startswith("- "):
            raise line.error(f"expected a telling that starts with '- ', not {line.text[:20]!r}")
        steps: list[Step] = []
        for sentence in line.text.removeprefix("- ").split(" // "):
            frame = _frame(f"{name}.{len(tellings)}.{len(steps)}", sentence.removeprefix("¶").strip(), line)
            steps.append(Step(frame, sentence.startswith("¶")))
        tellings.append(tuple(steps))
    if not tellings:
        raise head.error("there is no telling: add a line that starts with '- '")
    return tuple(tellings)


def _frame(name: str, template: str, line: Line) -> Frame:
    try:
        frame = parse_frame(name, template)
    except ValueError as error:
        raise line.error(str(error)) from None
    for listed in sorted(frame.lists):
        if listed[1:] not in (verb_phrases() if listed.startswith("%") else words()):
            raise line.error(f"frame {name}: there is no list [{listed}]")
    return frame
