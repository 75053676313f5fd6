"""Makes stories: casts a plot, tells its beats, breaks paragraphs, explains invented words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count
from random import Random

from data.storyteller.annotations import Story
from data.storyteller.entities import cast_roles
from data.storyteller.frames import Frame
from data.storyteller.grammar import plural
from data.storyteller.plots import Beat, Plot, Telling, parse_plots
from data.storyteller.plots_blocks import BLOCKS
from data.storyteller.plots_days import PLOTS as DAY_PLOTS
from data.storyteller.plots_help import PLOTS as HELP_PLOTS
from data.storyteller.plots_home import PLOTS as HOME_PLOTS
from data.storyteller.plots_journeys import PLOTS as JOURNEY_PLOTS
from data.storyteller.plots_people import PLOTS as PEOPLE_PLOTS
from data.storyteller.writer import Writer

END_OF_STORY = "<|endoftext|>"
"""The token between two documents."""

STORY_SEPARATOR = f"\n{END_OF_STORY}\n"
"""What `text` puts between two stories."""

_OPTIONAL_SHARE = 0.5
_BREAK_AFTER_SPEECH = 0.85
# A model can only learn to copy a word that comes back.
_LEAST_USES = 3
_EXPLAINED = frozenset({"creature", "place"})


@cache
def _library() -> tuple[dict[str, Plot], dict[str, Beat]]:
    return parse_plots((BLOCKS, DAY_PLOTS, HELP_PLOTS, HOME_PLOTS, JOURNEY_PLOTS, PEOPLE_PLOTS))


def plots() -> tuple[Plot, ...]:
    """Every story plan."""
    return tuple(_library()[0].values())


def frames() -> dict[str, Frame]:
    """The registry of sentence frames, by name; `Sentence.frame` is one of these names."""
    all_plots, blocks = _library()
    beats = [*blocks.values(), *(beat for plot in all_plots.values() for beat in plot.beats)]
    return {step.frame.name: step.frame for beat in beats for telling in beat.tellings for step in telling}


def story(seed: int, index: int = 0) -> Story:
    """Story number `index` of a seed; depends on these two numbers only.

    Raises ValueError for a negative index.
    """
    if index < 0:
        raise ValueError(f"a story's index counts from 0, got {index}: give 0 or more")
    rng = Random(f"storyteller:{seed}:{index}")
    while True:
        told = tell(rng.choice(plots()), rng)
        if all(_uses(told, word) >= _LEAST_USES for word in told.invented):
            return told


def _uses(told: Story, word: str) -> int:
    """How often an invented word occurs, in the singular or the plural."""
    forms = (word, plural(word))
    return sum(each.text.lower() in forms for each in told.words)


def tell(plot: Plot, rng: Random) -> Story:
    """One story of a plot; all that is left to chance is drawn from `rng`."""
    cast, invented = cast_roles(plot.roles, rng, animals=plot.animals)
    writer = Writer(rng, cast, invented)
    teller = _Teller(writer)
    for beat in plot.beats:
        if not (beat.optional and rng.random() < _OPTIONAL_SHARE):
            teller.tell(rng.choice(beat.tellings))
    return Story(writer.text, writer.sentences, plot.name, invented)


def stories(seed: int) -> Iterator[Story]:
    """The stories of a seed, one after the other, without end: number i is `story(seed, i)`."""
    return (story(seed, index) for index in count())


def documents(seed: int, characters: int) -> list[str]:
    """Whole stories as plain texts, as many as it takes to have at least `characters` characters.

    Raises ValueError if `characters` is not positive.
    """
    if characters < 1:
        raise ValueError(f"asked for {characters} characters of stories: ask for at least 1")
    texts: list[str] = []
    total = 0
    for each in stories(seed):
        texts.append(each.text)
        total += len(each.text)
        if total >= characters:
            break
    return texts


def text(seed: int, characters: int) -> str:
    """Whole stories with `STORY_SEPARATOR` between them, at least `characters` characters; errors as `documents`."""
    return STORY_SEPARATOR.join(documents(seed, characters))


class _Teller:
    """Puts sentences one after the other into paragraphs."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._speaker: str | None = None
        self._unexplained = [
            role for role, entity in writer.cast.items() if writer.is_invented(role) and entity.category != "novelty"
        ]

    def tell(self, telling: Telling) -> None:
        """Writes a beat and, if an invented thing came up in it for the first time, what that is."""
        for step in telling:
            self._write(step.frame, new_scene=step.new_scene)
        for role in list(self._unexplained):
            if not self._writer.is_new(role):
                self._unexplained.remove(role)
                self._explain(role)

    def _explain(self, role: str) -> None:
        category = self._writer.cast[role].category
        block = _library()[1][f"explain_{category}" if category in _EXPLAINED else "explain_thing"]
        self._writer.alias = {"X": role}
        for step in self._writer.rng.choice(block.tellings):
            self._write(step.frame, new_scene=False)
        self._writer.alias = {}

    def _write(self, frame: Frame, *, new_scene: bool) -> None:
        if new_scene:
            self._writer.new_scene()
        self._writer.write(frame, "\n\n" if new_scene or self._breaks(frame) else " ")
        self._speaker = frame.speaker

    def _breaks(self, frame: Frame) -> bool:
        """Whether a paragraph starts here: someone else speaks, or sometimes when talk ends."""
        if frame.speaker is not None:
            return frame.speaker != self._speaker or self._writer.text.endswith('"')
        return self._speaker is not None and self._writer.rng.random() < _BREAK_AFTER_SPEECH
