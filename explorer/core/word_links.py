"""Links between the tokens of a story, derived from the annotations of its words.

As a query, a word is its last token, where a causal model has read all of it; as a key, it is all of its tokens.
"""

from collections.abc import Collection
from dataclasses import dataclass

from data.storyteller import AnnotationKind, Story
from explorer.core.token_spans import TokenSpans
from model.head_scores import Link

_QUOTE = '"'


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word or a quotation mark, and the tokens of a window that contain parts of it."""

    text: str  # in lower case
    tokens: range

    @property
    def last(self) -> int:
        return self.tokens[-1]


@dataclass(frozen=True, slots=True)
class _Relation:
    """Which pieces are linked, and the pieces of the same kind that could take the place of a target."""

    targets: dict[int, list[int]]
    kind: Collection[int]
    by_text: bool = False  # a piece with the text of a target is the same target, mentioned again


def word_links(story: Story, spans: TokenSpans, window: range) -> dict[str, list[Link]]:
    """Return the links between the tokens of a window of a story by relation, in positions of the window.

    A link is left out if part of it is outside the window or at the first token of the window, which heads look at by
    default, or if there is no other word of the target's kind before the query.
    """
    pieces = _pieces(story, spans, window)
    return {
        name: [link for query, targets in relation.targets.items() if (link := _link(query, targets, relation, pieces))]
        for name, relation in _relations(story).items()
    }


def _pieces(story: Story, spans: TokenSpans, window: range) -> list[_Piece | None]:
    """Return the words of a story, then its quotation marks; None for each that is not entirely in the window."""
    places = [(word.text.lower(), word.start, word.end) for word in story.words]
    places += [(_QUOTE, at, at + 1) for at, character in enumerate(story.text) if character == _QUOTE]

    def piece(text: str, start: int, end: int) -> _Piece | None:
        tokens = spans.at(start, end)
        if not tokens or tokens[0] not in window or tokens[-1] not in window:
            return None
        return _Piece(text, range(tokens.start - window.start, tokens.stop - window.start))

    return [piece(*place) for place in places]


def _relations(story: Story) -> dict[str, _Relation]:
    """Return the relations of a story by the names in `RELATIONS`, in their order."""
    noted: dict[AnnotationKind, dict[int, list[int]]] = {kind: {} for kind in AnnotationKind}
    for sentence in story.sentences:
        for note in sentence.annotations:
            noted[note.kind].setdefault(note.word, []).append(note.refers_to)
    pronouns, subjects = noted[AnnotationKind.PRONOUN], noted[AnnotationKind.SUBJECT]
    objects, mentions = noted[AnnotationKind.OBJECT], noted[AnnotationKind.PREVIOUS_MENTION]
    nouns = {*mentions, *_values(mentions), *_values(pronouns)}
    count = len(story.words)
    quotes = range(count, count + story.text.count(_QUOTE))
    return {
        "pronoun_to_referent": _Relation(pronouns, nouns, by_text=True),
        "verb_to_subject": _Relation(subjects, {*nouns, *pronouns, *_values(subjects)}, by_text=True),
        "object_to_verb": _Relation(objects, {*subjects, *_values(objects)}),
        "noun_to_mention": _Relation(mentions, nouns, by_text=True),
        "quote_to_opening": _Relation({quotes[i]: [quotes[i - 1]] for i in range(1, len(quotes), 2)}, quotes),
    }


def _values(targets: dict[int, list[int]]) -> set[int]:
    return {target for each in targets.values() for target in each}


def _link(query: int, targets: list[int], relation: _Relation, pieces: list[_Piece | None]) -> Link | None:
    """Return the link from a piece to its targets, and to another piece at about the same distance, if there is one."""
    source = pieces[query]
    found = [target for each in targets if (target := pieces[each]) is not None]
    if source is None or len(found) < len(targets):
        return None
    keys = sorted({token for target in found for token in target.tokens})
    if not 0 < keys[0] <= keys[-1] < source.last:
        return None
    same_text = {target.text for target in found} if relation.by_text else ()
    others = [
        other
        for index in relation.kind
        if index != query
        and (other := pieces[index]) is not None
        and 0 < other.tokens[0] <= other.last < source.tokens[0]
        and other.text not in same_text
        and not set(keys).intersection(other.tokens)
    ]
    if not others:
        return None
    nearest = max(target.last for target in found)
    other = min(others, key=lambda each: (abs(each.last - nearest), -each.last))
    return Link(source.last, tuple(keys), tuple(other.tokens))
