"""Plots: who plays, and which beats follow each other; read from the texts in `plots_*.py`.

A plot's text:

    plot lost                        its name
    roles A:hero B:friend T:toy      who is in it (kinds: `entities.role_kinds`)
    animals                          it may play among animals
    = start                          a beat; "= name?" is left out half of the time, "= @name" is a shared block
    - One sentence. // Another.      one way to tell the beat; "¶ " starts a new scene
      a line that goes on is indented

A shared block is written the same way, with "block name" instead of "plot", and a single beat.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data.storyteller.entities import role_kinds
from data.storyteller.frames import Frame, parse_frame


@dataclass(frozen=True, slots=True)
class Step:
    """One sentence of a telling, and whether a new scene starts with it."""

    frame: Frame
    new_scene: bool


Telling = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing that happens, and the ways to tell it."""

    name: str
    optional: bool
    tellings: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A story plan."""

    name: str
    roles: dict[str, str]
    animals: bool
    beats: tuple[Beat, ...]


def parse_plots(texts: Iterable[str]) -> tuple[dict[str, Plot], dict[str, Beat]]:
    """Reads all plots and shared blocks; raises ValueError that names the plot for anything it cannot read."""
    sections = [section for text in texts for section in _sections(text)]
    blocks: dict[str, Beat] = {}
    for head, lines in sections:
        if head.startswith("block "):
            name = head.removeprefix("block ")
            blocks[name] = Beat(name, False, _tellings(f"@{name}", lines))
    plots = {}
    for head, lines in sections:
        if head.startswith("plot "):
            plot = _plot(head.removeprefix("plot "), lines, blocks)
            plots[plot.name] = plot
    return plots, blocks


def _sections(text: str) -> list[tuple[str, list[str]]]:
    """The "plot" and "block" parts of a text, each with its lines, continued lines joined."""
    sections: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.startswith(("plot ", "block ")):
            sections.append((line.strip(), []))
        elif line.startswith(" "):
            sections[-1][1][-1] += " " + line.strip()
        else:
            sections[-1][1].append(line.strip())
    return sections


def _plot(name: str, lines: list[str], blocks: dict[str, Beat]) -> Plot:
    roles: dict[str, str] = {}
    animals = False
    beats: list[Beat] = []
    for at, line in enumerate(lines):
        if line.startswith("roles "):
            roles = dict(entry.split(":") for entry in line.split()[1:])
            unknown = set(roles.values()) - role_kinds()
            if unknown:
                raise ValueError(f"plot {name}: unknown kind of role {sorted(unknown)[0]!r}")
        elif line == "animals":
            animals = True
        elif line.startswith("= "):
            title = line[2:].rstrip("?")
            if title.startswith("@"):
                tellings = blocks[title[1:]].tellings
            else:
                tellings = _tellings(f"{name}.{title}", _until_next_beat(lines[at + 1 :]))
            beats.append(Beat(title, line.endswith("?"), tellings))
    return Plot(name, roles, animals, tuple(beats))


def _until_next_beat(lines: list[str]) -> list[str]:
    end = next((at for at, line in enumerate(lines) if line.startswith("= ")), len(lines))
    return lines[:end]


def _tellings(name: str, lines: list[str]) -> tuple[Telling, ...]:
    tellings: list[Telling] = []
    for line in lines:
        if not line.startswith("- "):
            raise ValueError(f"{name}: a telling starts with '- ', not {line[:20]!r}")
        steps: list[Step] = []
        for part in line[2:].split(" // "):
            new_scene = part.startswith("¶")
            frame = parse_frame(f"{name}.{len(tellings)}.{len(steps)}", part.removeprefix("¶").strip())
            steps.append(Step(frame, new_scene))
        tellings.append(tuple(steps))
    if not tellings:
        raise ValueError(f"{name}: a beat needs at least one telling")
    return tuple(tellings)
