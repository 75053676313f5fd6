"""The built-in corpus: an endless writer of short stories in simple English, from a seed.

    from data import storyteller
    storyteller.text(seed=1, characters=100_000)
    storyteller.documents(seed=1, characters=100_000)
    for story in storyteller.stories(seed=1): ...

Every sentence carries annotations by word position: what a pronoun refers to, the subject of each finite verb, the
previous mention of a name or noun. They come from construction, not from parsing; see `annotations.AnnotationKind`.
"""

from data.storyteller.annotations import Annotation, AnnotationKind, Sentence, Story, Word
from data.storyteller.stories import END_OF_STORY, STORY_SEPARATOR, documents, frames, plots, stories, story, text

__all__ = [
    "END_OF_STORY",
    "STORY_SEPARATOR",
    "Annotation",
    "AnnotationKind",
    "Sentence",
    "Story",
    "Word",
    "documents",
    "frames",
    "plots",
    "stories",
    "story",
    "text",
]
