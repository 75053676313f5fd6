"""Finds the object of a verb while its sentence is written."""

from dataclasses import dataclass, field

_DETERMINERS = frozenset((
    "the", "a", "an", "some", "any", "no", "this", "these", "those", "every", "each", "another", "one", "two", "three",
    "four", "five", "my", "your", "his", "her", "its", "our", "their",
))  # fmt: skip
_NOT_IN_NOUN_PHRASES = frozenset((
    "about", "above", "across", "after", "along", "around", "at", "before", "behind", "below", "beside", "between",
    "by", "down", "for", "from", "in", "inside", "into", "like", "near", "of", "off", "on", "out", "over", "past",
    "through", "to", "toward", "under", "up", "with", "without", "all", "and", "as", "back", "but", "if", "or", "since",
    "than", "that", "until", "when", "where", "which", "while", "who",
))  # fmt: skip
_ADVERBIAL = frozenset(("day", "home", "hour", "time", "week"))  # "practiced every day", "went home"
_MOST_ADJECTIVES = 3


@dataclass(slots=True)
class ObjectFinder:
    """Finds the noun, name or pronoun right after a verb that is its object, given every word of a sentence in order.

    Between verb and object there may be a determiner with adjectives, nothing else: in "looked for the key" and "ran
    the whole way home" there is none. Of several nouns in a row the last one is the head.
    """

    found: dict[int, int] = field(default_factory=dict)
    """The index of a verb by the index of its object."""

    _verb: int | None = None
    _adjectives: int | None = None  # the number since the determiner; None before it
    _head: int | None = None

    def after_verb(self, index: int) -> None:
        """Expect an object of the verb at this index."""
        self._verb, self._adjectives, self._head = index, None, None

    def stop(self) -> None:
        """Stop expecting an object."""
        self._verb = None

    def pronoun(self, index: int) -> None:
        """Take a pronoun in the objective case."""
        if self._verb is not None and self._adjectives is None and self._head is None:
            self.found[index] = self._verb
        self.stop()

    def possessive(self) -> None:
        """Take a possessive ending: the noun before it was a determiner."""
        if self._head is not None:
            self.found.pop(self._head)
            self._head, self._adjectives = None, 0

    def word(self, index: int, lower: str, *, is_noun: bool) -> None:
        """Take any other word, in lower case; `is_noun` is True for nouns and names."""
        if self._verb is None:
            return
        if lower in _ADVERBIAL:
            self.stop()
        elif is_noun:
            if self._head is not None:
                self.found.pop(self._head)
            self.found[index] = self._verb
            self._head = index
        elif self._head is not None or lower in _NOT_IN_NOUN_PHRASES:
            self.stop()
        elif lower in _DETERMINERS and self._adjectives is None:
            self._adjectives = 0
        elif self._adjectives is not None and self._adjectives < _MOST_ADJECTIVES:
            self._adjectives += 1
        else:
            self.stop()
