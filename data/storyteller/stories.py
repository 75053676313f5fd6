"""Makes stories: casts a plot, tells its beats, breaks paragraphs, explains invented words."""

from collections.abc import Iterator
from itertools import count
from random import Random

from data.storyteller.annotations import Story
from data.storyteller.casting import cast_roles
from data.storyteller.frames import Frame
from data.storyteller.grammar import plural
from data.storyteller.plots import Genre, Plot, Telling, load_genre
from data.storyteller.refrains import refrains
from data.storyteller.writer import Writer

END_OF_STORY = "<|endoftext|>"
"""The token between two documents."""

STORY_SEPARATOR = f"\n{END_OF_STORY}\n"
"""What `text` puts between two stories."""

GENRE = "tales"
"""The genre of all stories: the folder of `genres/` that their plots come from."""

REFRAIN_EVERY = 4
"""One document of the corpus in so many is a refrain."""

_OPTIONAL_SHARE = 0.5
_BREAK_AFTER_SPEECH = 0.85
# A model can only learn to copy a word that recurs.
_FEWEST_USES = 3


def plots() -> tuple[Plot, ...]:
    """Return all plots."""
    return load_genre(GENRE).plots


def frames() -> dict[str, Frame]:
    """Return all sentence frames by name. `Sentence.frame` is one of these names."""
    genre = load_genre(GENRE)
    beats = [*genre.blocks.values(), *(beat for plot in genre.plots for beat in plot.beats)]
    return {frame.name: frame for beat in beats for frame in beat.frames()}


def story(seed: int, index: int = 0) -> Story:
    """Return story number `index` of a seed, which depends on these two numbers only.

    Raises:
        ValueError: the index is negative.
    """
    if index < 0:
        raise ValueError(f"a story's index counts from 0, got {index}: give 0 or more")
    rng = Random(f"storyteller:{seed}:{index}")
    genre = load_genre(GENRE)
    while True:
        candidate = _tell(rng.choice(genre.plots), genre, rng)
        if all(_uses(candidate, word) >= _FEWEST_USES for word in candidate.invented):
            return candidate


def _uses(candidate: Story, word: str) -> int:
    """Return how often an invented word occurs, in the singular or the plural."""
    forms = (word, plural(word))
    return sum(each.text.lower() in forms for each in candidate.words)


def _tell(plot: Plot, genre: Genre, rng: Random) -> Story:
    """Return a story of a plot. All random choices are drawn from `rng`."""
    cast, invented = cast_roles(plot.roles, rng, animals=plot.animals)
    writer = Writer(rng, cast, invented)
    teller = _Teller(writer, genre)
    for beat in plot.beats:
        if not (beat.optional and rng.random() < _OPTIONAL_SHARE):
            teller.tell(rng.choice(beat.tellings))
    return Story(writer.text, writer.sentences, plot.name, invented)


def stories(seed: int) -> Iterator[Story]:
    """Yield the stories of a seed without end. Number i is `story(seed, i)`."""
    return (story(seed, index) for index in count())


def documents(seed: int, characters: int, refrain_every: int = REFRAIN_EVERY) -> list[str]:
    """Return whole stories as plain texts, as few as have at least `characters` characters together.

    One document in `refrain_every` is a refrain instead (see `refrains.py`). With 0 there are none.

    Raises:
        ValueError: `characters` is not positive or `refrain_every` is negative.
    """
    if characters < 1:
        raise ValueError(f"asked for {characters} characters of stories: ask for at least 1")
    if refrain_every < 0:
        raise ValueError(f"one document in {refrain_every} cannot be a refrain: give 0 for none")
    texts: list[str] = []
    total = 0
    next_stories, next_refrains = stories(seed), refrains(seed)
    for number in count(1):
        each = next(next_refrains if refrain_every and number % refrain_every == 0 else next_stories)
        texts.append(each.text)
        total += len(each.text)
        if total >= characters:
            break
    return texts


def text(seed: int, characters: int) -> str:
    """Return the `documents` of a seed with `STORY_SEPARATOR` between them."""
    return STORY_SEPARATOR.join(documents(seed, characters))


class _Teller:
    """Arranges sentences in paragraphs, and explains invented words."""

    def __init__(self, writer: Writer, genre: Genre) -> None:
        self._writer = writer
        self._genre = genre
        self._speaker: str | None = None
        # The plot that has a novelty explains it itself.
        self._unexplained = [
            role for role, entity in writer.cast.items() if writer.is_invented(role) and entity.category != "novelty"
        ]

    def tell(self, telling: Telling) -> None:
        """Write a telling, and explain the invented word if it was used for the first time."""
        for step in telling:
            self._write(step.frame, new_scene=step.new_scene)
        for role in list(self._unexplained):
            if not self._writer.is_new(role):
                self._unexplained.remove(role)
                self._explain(role)

    def _explain(self, role: str) -> None:
        category = self._writer.cast[role].category
        block = self._genre.blocks[f"explain_{category if category in ('creature', 'place') else 'thing'}"]
        self._writer.alias = {"X": role}
        for step in self._writer.rng.choice(block.tellings):
            self._write(step.frame, new_scene=False)
        self._writer.alias = {}

    def _write(self, frame: Frame, *, new_scene: bool) -> None:
        if new_scene:
            self._writer.new_scene()
        self._writer.write(frame, "\n\n" if new_scene or self._starts_paragraph(frame) else " ")
        self._speaker = frame.speaker

    def _starts_paragraph(self, frame: Frame) -> bool:
        """Return True if the speaker changes and, most of the time, if direct speech ends."""
        if frame.speaker is not None:
            return frame.speaker != self._speaker or self._writer.text.endswith('"')
        return self._speaker is not None and self._writer.rng.random() < _BREAK_AFTER_SPEECH
