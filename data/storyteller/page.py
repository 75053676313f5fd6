"""The text of a story: words and their spans, spaces, capitals, quotes, articles, earlier occurrences of nouns.

`Page` works on the surface of the text only. `writer.Writer` decides what to write and which entity a word refers to.
"""

import re
from collections.abc import Mapping

from data.storyteller.annotations import Annotation, AnnotationKind, Sentence, Word
from data.storyteller.grammar import article
from data.storyteller.objects import ObjectFinder

_TOKEN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|\d+|[^\sA-Za-z\d]|\s+")


class Page:
    """A text that grows piece by piece, divided into words and sentences.

    `lemmas` maps the lower-case forms of nouns and names to their singular. Repeated occurrences of these words are
    annotated with `PREVIOUS_MENTION`.
    """

    def __init__(self, lemmas: Mapping[str, str]) -> None:
        self.text = ""
        self.sentences: list[Sentence] = []
        self.in_quote = False
        self._lemmas = lemmas
        self._last_seen: dict[str, int] = {}
        self._word_count = 0
        self._start_sentence()

    def _start_sentence(self) -> None:
        self._start = len(self.text)
        self._words: list[Word] = []
        self._annotations: list[Annotation] = []
        self._objects = ObjectFinder()
        self._capital = True
        self._space = False
        self._article = False

    def begin(self, separator: str) -> None:
        """Start a sentence, after `separator` unless it is the first."""
        if self.sentences:
            self.text += separator
        self._start_sentence()

    def end(self, frame: str) -> None:
        """End the sentence that was made from `frame`.

        Raises:
            ValueError: a quote is still open, or no word followed an article.
        """
        if self.in_quote or self._article:
            raise ValueError(f"frame {frame}: the sentence ends inside a quote or after an article")
        subjects = {note.refers_to for note in self._annotations if note.kind is AnnotationKind.SUBJECT}
        for index, verb in self._objects.found.items():
            if index not in subjects:  # as in "thought Mara was ill"
                self.note(AnnotationKind.OBJECT, index, verb)
        notes = sorted(self._annotations, key=lambda note: (note.word, note.kind, note.refers_to))
        self.sentences.append(Sentence(self.text[self._start :], tuple(self._words), tuple(notes), frame))

    def say(self, text: str) -> int:
        """Write plain text. Return the index of its last word in the story, or -1 if there is none."""
        last = -1
        for token in _TOKEN.findall(text):
            if token[0].isalnum():
                last = self.word(token)
            elif token.isspace():
                self._space = True
            else:
                self._punctuation(token)
        return last

    def gap(self) -> None:
        """Put a space before whatever is written next."""
        self._space = True

    def word(self, word: str, *, is_noun: bool = True, is_object: bool = False) -> int:
        """Write one word and return its index in the story.

        The article "a" is held back until the next word decides between "a" and "an"; its index is -1. Pass
        `is_noun=False` for a word that is spelled like a noun and is none ("saw", "left"), and `is_object=True` for a
        pronoun in the objective case.
        """
        if is_noun and word.lower() == "a":
            self._article = self._space = True
            self._objects.word(-1, "a", is_noun=False)
            return -1
        if self._article:
            self._article = False
            self._write(article(word))
            self._space = True
        index = self._write(word)
        lower = word.lower()
        if is_object:
            self._objects.pronoun(index)
        else:
            self._objects.word(index, lower, is_noun=is_noun and lower in self._lemmas)
        if is_noun:
            self._remember(lower, index)
        return index

    def expect_object(self, verb: int) -> None:
        """Annotate the next noun, name or pronoun as the object of the verb at this index, if it follows right away."""
        self._objects.after_verb(verb)

    def clitic(self, text: str) -> int:
        """Write "'s" or "'" right after the previous word. Return its index in the story."""
        self._space = False
        self._objects.possessive()
        return self._write(text)

    def last_seen(self, noun: str) -> int | None:
        """Return the index of the latest occurrence of a noun, singular or plural, or None."""
        return self._last_seen.get(self._lemmas.get(noun, noun))

    def note(self, kind: AnnotationKind, word: int, refers_to: int) -> None:
        """Add an annotation to the sentence."""
        self._annotations.append(Annotation(kind, word, refers_to))

    def _punctuation(self, mark: str) -> None:
        opens = mark == '"' and not self.in_quote
        self._objects.stop()
        if not opens:
            self._space = False
        self._put(mark)
        if mark == '"':
            self.in_quote = self._capital = opens
        elif mark in ".!?":
            self._capital = True

    def _put(self, text: str) -> int:
        """Append text, after a space if one is due. Return the character offset where it starts."""
        if self._space and len(self.text) > self._start and not self.text.endswith('"' if self.in_quote else " "):
            self.text += " "
        self._space = False
        start = len(self.text)
        self.text += text
        return start

    def _write(self, word: str) -> int:
        if self._capital:
            word = word[0].upper() + word[1:]
            self._capital = False
        start = self._put(word)
        index = self._word_count
        self._words.append(Word(word, start, start + len(word), index))
        self._word_count += 1
        return index

    def _remember(self, lower: str, index: int) -> None:
        """Record an occurrence of a noun or name, and annotate it with the previous one."""
        lemma = self._lemmas.get(lower)
        if lemma is None:
            return
        if lemma in self._last_seen:
            self.note(AnnotationKind.PREVIOUS_MENTION, index, self._last_seen[lemma])
        self._last_seen[lemma] = index
