"""The immutable values that make up a story: words with their spans, annotations, sentences, the story itself.

All positions refer to the whole story: `Word.index` counts the story's words, `start` and `end` the characters of
`Story.text`, so that words can be mapped to tokens by character offsets. Punctuation is not a word. The possessive
clitic ("'s" or "'") is a word of its own, right after the name or noun it belongs to.
"""

from dataclasses import dataclass
from enum import StrEnum


class AnnotationKind(StrEnum):
    """The kinds of annotations.

    `PRONOUN`: the word is a personal, possessive or reflexive pronoun, and `refers_to` is the head of the latest
    mention of the same entity by a name or a noun. "I" refers to the speaker, "you" to the hearer. A pronoun that
    refers to several entities ("they", "we") has one annotation for each.

    `SUBJECT`: the word is a finite verb, or the finite auxiliary of a verb group ("did" in "did not see"), and
    `refers_to` is the head of its subject: "She" in "She ate"; "guy" for "ate" in "Ivan is the guy who ate"; "girl" in
    "there was a girl named Mara". A coordinated subject ("Ivan and Mara") gives one annotation for each head. In
    questions and after direct speech the subject may follow its verb. Imperatives have no subject.

    `OBJECT`: the word is the head of the object right after a verb that is no linking verb, and `refers_to` is that
    verb, the last word of its group: "eaten" for "sandwich" in "had eaten the big sandwich". Objects that are apart
    from their verb, or are no known noun, have no annotation.

    `PREVIOUS_MENTION`: the word is a name or a noun that has occurred before, in the singular or the plural, and
    `refers_to` is its latest occurrence.
    """

    PRONOUN = "pronoun"
    SUBJECT = "subject"
    OBJECT = "object"
    PREVIOUS_MENTION = "previous_mention"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A relation of a kind from the story word at index `word` to the one at index `refers_to`."""

    kind: AnnotationKind
    word: int
    refers_to: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a story: `story.text[start:end] == text`, and `story.words[index]` is this word."""

    text: str
    start: int
    end: int
    index: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a story with its words and annotations. `frame` is the name of the frame it was made from."""

    text: str
    words: tuple[Word, ...]
    annotations: tuple[Annotation, ...]
    frame: str


@dataclass(frozen=True, slots=True)
class Story:
    """A whole story.

    Attributes:
        text: the sentences, separated by a space, or by an empty line where a paragraph starts.
        sentences: the sentences with their words and annotations.
        plot: the name of the plot.
        invented: the invented words of this story, singular and lower case.
    """

    text: str
    sentences: tuple[Sentence, ...]
    plot: str
    invented: tuple[str, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """All words of the story, in order."""
        return tuple(word for sentence in self.sentences for word in sentence.words)
