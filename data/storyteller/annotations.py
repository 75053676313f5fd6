"""The immutable values a story is made of: words with their spans, annotations, sentences, the story itself.

Positions are counted in the whole story: `Word.index` is the position among the story's words, `start` and `end`
are characters of `Story.text`, so that a later step can map words to tokens by character offsets. Punctuation is
no word. The possessive clitic ("'s" or "'") is a word of its own, right after the name or noun it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnnotationKind(StrEnum):
    """What an annotation says about its word.

    `PRONOUN`: the word is a personal, possessive or reflexive pronoun; `refers_to` is the latest earlier word, not
    itself a pronoun, that is the head of a mention of the same entity. "I" stands for the speaker, "you" for the
    hearer. A pronoun that stands for several ("they", "we") has one annotation for each of them.

    `SUBJECT`: the word is a finite verb, or the finite auxiliary of a verb group ("did" in "did not see");
    `refers_to` is the head word of its subject: "She" in "She ate"; "guy" for "ate" in "Ivan is the guy who ate";
    "girl" in "there was a girl named Mara". A coordinated subject ("Ivan and Mara") gives one annotation for each
    head. In questions and after direct speech the subject may follow its verb. Imperatives have no subject.

    `PREVIOUS_MENTION`: the word is a name or a noun that has occurred before, in the singular or the plural;
    `refers_to` is its latest occurrence.
    """

    PRONOUN = "pronoun"
    SUBJECT = "subject"
    PREVIOUS_MENTION = "previous_mention"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One fact about the story word at index `word`: it points to the story word at index `refers_to`."""

    kind: AnnotationKind
    word: int
    refers_to: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place: `story.text[start:end] == text`, and it is the story's word number `index`, from 0."""

    text: str
    start: int
    end: int
    index: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a story, with its words and what is known about them; `frame` names the frame it was made by."""

    text: str
    words: tuple[Word, ...]
    annotations: tuple[Annotation, ...]
    frame: str


@dataclass(frozen=True, slots=True)
class Story:
    """A whole story. Sentences are joined by a space, paragraphs by an empty line; `plot` names its plan.

    `invented` holds the pseudo-words of this story, in the singular, lower case.
    """

    text: str
    sentences: tuple[Sentence, ...]
    plot: str
    invented: tuple[str, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """Every word of the story, in order: `story.words[i].index == i`."""
        return tuple(word for sentence in self.sentences for word in sentence.words)
