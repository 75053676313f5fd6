"""Gallery: the pictures and peakedness of all heads of one reading, added head by head, and their orders."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from explorer.core.head_kinds import HEAD_KINDS, named_score
from model.settings import Head, all_heads

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.head_costs import HeadCost
    from model.head_pictures import HeadPeakedness, HeadPicture
    from model.head_scores import HeadScores


class Sort(Enum):
    """An order of the heads; the value is its name on the screen. Broad patterns have no order of their own."""

    POSITION = "position"
    KIND = "kind"
    COST = "loss without it"
    PEAKEDNESS = "peakedness"
    PREVIOUS_TOKEN = HEAD_KINDS["previous_token"]
    FIRST_TOKEN = HEAD_KINDS["first_token"]
    DUPLICATE_TOKEN = HEAD_KINDS["duplicate_token"]
    INDUCTION = HEAD_KINDS["induction"]
    PRONOUN_TO_REFERENT = HEAD_KINDS["pronoun_to_referent"]
    VERB_TO_SUBJECT = HEAD_KINDS["verb_to_subject"]
    OBJECT_TO_VERB = HEAD_KINDS["object_to_verb"]
    NOUN_TO_MENTION = HEAD_KINDS["noun_to_mention"]
    QUOTE_TO_OPENING = HEAD_KINDS["quote_to_opening"]

    @property
    def score(self) -> str | None:
        """The name of the score to sort by, if it is one."""
        return _SCORE_OF_KIND.get(self.value)

    @property
    def is_of_sentence(self) -> bool:
        """True if heads are sorted by a measure of the sentence in view, False if by one of other text."""
        return self in (Sort.POSITION, Sort.PEAKEDNESS)

    def is_known(self, measured: "Measured") -> bool:
        """Return True if the measure by which heads are sorted is known."""
        if self is Sort.COST:
            return measured.is_complete
        if self.is_of_sentence:
            return True
        return measured.scores is not None and (self.score is None or self.score in measured.scores.values)


_SCORE_OF_KIND = {kind: score for score, kind in HEAD_KINDS.items()}


class Measured(NamedTuple):
    """What has been measured of the heads of a model on other text: scores, and costs once each head is ablated."""

    scores: "HeadScores | None"
    costs: "Mapping[Head, HeadCost]"
    is_complete: bool  # costs are known of all heads


class Gallery:
    """Pictures and peakedness of the heads of one reading; they are valid as long as its traces are the same."""

    def __init__(self, reading: "Reading") -> None:
        self.reading = reading
        self.heads: tuple[Head, ...] = tuple(all_heads(reading.shape))
        self.changed = reading.view.settings.changed_heads(reading.shape)
        self._pictures: dict[Head, HeadPicture] = {}

    def is_of(self, reading: "Reading") -> bool:
        """Return True if a reading has the same traces."""
        return self.reading.as_set is reading.as_set

    def picture(self, head: Head, size: int) -> "HeadPicture | None":
        """Return the picture of a head in blocks of `size`, if it has been computed."""
        picture = self._pictures.get(head)
        return picture if picture is not None and picture.size == size else None

    def peakedness(self, head: Head) -> "HeadPeakedness | None":
        """Return how peaked a head is, if it has been computed."""
        picture = self._pictures.get(head)
        return picture.peakedness if picture is not None else None

    def add(self, head: Head, picture: "HeadPicture") -> None:
        """Add the picture of a head, in place of one in blocks of another size."""
        self._pictures[head] = picture

    def missing(self, size: int, first: Sequence[Head] = ()) -> list[Head]:
        """Return the heads without a picture in blocks of `size`, beginning with those in `first`."""
        ordered = dict.fromkeys((*first, *self.heads))
        return [head for head in ordered if self.picture(head, size) is None]

    def job(self, heads: Sequence[Head], size: int) -> "Callable[[], Iterator[tuple[Head, HeadPicture]]]":
        """Return a function that yields pictures as it computes them, and that may run in another thread."""
        known = {head: self.peakedness(head) for head in heads}
        reading = self.reading

        def compute() -> "Iterator[tuple[Head, HeadPicture]]":
            for layer, head in heads:
                yield (layer, head), reading.head_picture(layer, head, size, known[layer, head])

        return compute

    def order(self, sort: Sort, measured: Measured) -> list[Head]:
        """Return all heads, the most peaked or costly first, or those whose score stands out most from its baseline.

        Sorted by kind, heads of the same kind are together. Ties and unmeasured heads are in the order of their
        position.
        """
        if sort is Sort.KIND:
            return sorted(self.heads, key=lambda head: _kind_key(measured.scores, head))
        return sorted(self.heads, key=lambda head: -self._sort_value(sort, head, measured))

    def _sort_value(self, sort: Sort, head: Head, measured: Measured) -> float:
        """Return what to sort a head by, in descending order.

        That is by how much a score stands out from its baseline, the cost, or minus the mean effective number of keys.
        """
        if sort is Sort.PEAKEDNESS:
            peakedness = self.peakedness(head)
            return -peakedness.as_set.effective_keys if peakedness is not None else -float("inf")
        if not sort.is_known(measured):
            return 0.0
        if sort is Sort.COST:
            return measured.costs[head].text
        if sort.score is None or measured.scores is None:
            return 0.0
        return measured.scores.of(*head)[sort.score].excess


def _kind_key(scores: "HeadScores | None", head: Head) -> tuple[int, float]:
    """Return a sort key that groups heads by kind, with those that stand out most first."""
    named = named_score(scores, *head)
    return (len(HEAD_KINDS), 0.0) if named is None else (list(HEAD_KINDS).index(named[0]), -named[1].excess)
