"""The page a story is written on: characters, words and their spans, capitals, quotes, articles, earlier occurrences.

It knows nothing of what words mean; `writer.Writer` tells it what to write and adds what it knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from data.storyteller.annotations import Annotation, AnnotationKind, Sentence, Word
from data.storyteller.grammar import article

_TOKEN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|\d+|[^\sA-Za-z\d]|\s+")


class Page:
    """Takes text piece by piece and cuts it into words and sentences.

    `lemmas` maps the lower-case forms that count as nouns or names to the form that stands for them; their
    occurrences are linked by `PREVIOUS_MENTION`.
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
        self._capital = True
        self._space = False
        self._article = False

    def begin(self, separator: str) -> None:
        """Starts a sentence; `separator` goes before it unless it is the first."""
        if self.sentences:
            self.text += separator
        self._start_sentence()

    def end(self, frame: str) -> None:
        """Ends the sentence made from `frame`; raises ValueError if a quote or an article is left hanging."""
        if self.in_quote or self._article:
            raise ValueError(f"frame {frame}: it ends inside a quote or after an article")
        notes = sorted(self._annotations, key=lambda note: (note.word, note.kind, note.refers_to))
        self.sentences.append(Sentence(self.text[self._start :], tuple(self._words), tuple(notes), frame))

    def say(self, text: str) -> int:
        """Writes plain text; returns the story index of its last word, or -1 if there is none."""
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
        """Asks for a space before whatever comes next."""
        self._space = True

    def word(self, word: str, *, is_noun: bool = True) -> int:
        """Writes one word and returns its story index; "a" waits for the word that decides between "a" and "an".

        `is_noun=False` says that the word is no noun even if it looks like one ("saw", "left").
        """
        if is_noun and word.lower() == "a":
            self._article = self._space = True
            return -1
        if self._article:
            self._article = False
            self._write(article(word))
            self._space = True
        index = self._write(word)
        if is_noun:
            self._remember(word.lower(), index)
        return index

    def clitic(self, text: str) -> int:
        """Writes "'s" or "'" right after the word before it; returns its story index."""
        self._space = False
        return self._write(text)

    def last_seen(self, noun: str) -> int | None:
        """The story index of the latest occurrence of a noun, singular or plural."""
        return self._last_seen.get(self._lemmas.get(noun, noun))

    def note(self, kind: AnnotationKind, word: int, refers_to: int) -> None:
        """Adds an annotation to the sentence."""
        self._annotations.append(Annotation(kind, word, refers_to))

    def _punctuation(self, mark: str) -> None:
        opens = mark == '"' and not self.in_quote
        if not opens:
            self._space = False
        self._put(mark)
        if mark == '"':
            self.in_quote = self._capital = opens
        elif mark in ".!?":
            self._capital = True

    def _put(self, text: str) -> int:
        """Appends text, after a space if one is due; returns the character it starts at."""
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
        """Notes an occurrence of a noun or name, and says where the one before was."""
        lemma = self._lemmas.get(lower)
        if lemma is None:
            return
        if lemma in self._last_seen:
            self.note(AnnotationKind.PREVIOUS_MENTION, index, self._last_seen[lemma])
        self._last_seen[lemma] = index
