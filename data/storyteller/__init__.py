"""The built-in corpus: endless short stories in simple English, generated from a seed.

    from data import storyteller
    storyteller.text(seed=1, characters=100_000)
    storyteller.documents(seed=1, characters=100_000)
    for story in storyteller.stories(seed=1): ...
    for refrain in storyteller.refrains(seed=1): ...

`text` and `documents` mix refrains into the stories: rhymes, games and songs in which words are repeated.

Every sentence is annotated by word position: what a pronoun refers to, the subject of each finite verb, the verb of an
object right after it, the previous mention of a name or noun. The annotations are known by construction, not found by
parsing; see `AnnotationKind`.

The vocabulary is in `words/` and the plots in `genres/`, as text files that are read at first use. README.md documents
their formats, and how to add a word list, a plot or a genre.
"""

from data.storyteller.annotations import Annotation, AnnotationKind, Sentence, Story, Word
from data.storyteller.refrains import refrain, refrains
from data.storyteller.stories import (
    END_OF_STORY,
    REFRAIN_EVERY,
    STORY_SEPARATOR,
    documents,
    frames,
    plots,
    stories,
    story,
    text,
)

__all__ = [
    "END_OF_STORY",
    "REFRAIN_EVERY",
    "STORY_SEPARATOR",
    "Annotation",
    "AnnotationKind",
    "Sentence",
    "Story",
    "Word",
    "documents",
    "frames",
    "plots",
    "refrain",
    "refrains",
    "stories",
    "story",
    "text",
]
