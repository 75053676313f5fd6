"""Gallery: what is known of every head of one reading, filled head by head, and the orders to show them in."""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from explorer.core.head_scores import KINDS
from explorer.view import View
from model.settings import Scope

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.head_pictures import HeadPeakedness, HeadPicture
    from model.head_scores import HeadScores

Head = tuple[int, int]
"""Layer and head."""


class Sort(Enum):
    """What heads are sorted by; the value is its name on the screen."""

    POSITION = "position"
    PEAKEDNESS = "peakedness"
    PREVIOUS_TOKEN = KINDS["previous_token"]
    FIRST_TOKEN = KINDS["first_token"]
    DUPLICATE_TOKEN = KINDS["duplicate_token"]
    INDUCTION = KINDS["induction"]

    @property
    def by_score(self) -> bool:
        """Whether it needs the head scores."""
        return self not in (Sort.POSITION, Sort.PEAKEDNESS)


class Gallery:
    """Pictures and peakedness of the heads of one reading, kept while the traces stay the same."""

    def __init__(self, reading: "Reading") -> None:
        self.reading = reading
        self.heads: tuple[Head, ...] = tuple(
            (layer, head) for layer in range(reading.shape.n_layer) for head in range(reading.shape.n_head)
        )
        self.changed = changed_heads(reading.view, self.heads)
        self._pictures: dict[Head, HeadPicture] = {}

    def shows(self, reading: "Reading") -> bool:
        """Whether it is of the same traces."""
        return self.reading.as_set is reading.as_set

    def picture(self, head: Head, size: int) -> "HeadPicture | None":
        """The picture of a head in blocks of `size`, if it is there."""
        found = self._pictures.get(head)
        return found if found is not None and found.size == size else None

    def peakedness(self, head: Head) -> "HeadPeakedness | None":
        """How peaked a head is, if that is known yet."""
        found = self._pictures.get(head)
        return found.peakedness if found is not None else None

    @property
    def measured(self) -> bool:
        """Whether the peakedness of all heads is known."""
        return len(self._pictures) == len(self.heads)

    def add(self, head: Head, picture: "HeadPicture") -> None:
        """Keep what was computed of a head, in place of its picture in blocks of another size."""
        self._pictures[head] = picture

    def missing(self, size: int, first: Sequence[Head] = ()) -> list[Head]:
        """The heads without a picture in blocks of `size`, those named `first` before the others."""
        wanted = dict.fromkeys((*first, *self.heads))
        return [head for head in wanted if self.picture(head, size) is None]

    def job(self, heads: Sequence[Head], size: int) -> "Callable[[], Iterator[tuple[Head, HeadPicture]]]":
        """Computes pictures, one after the other; it touches nothing of the gallery and may run in another thread."""
        known = {head: self.peakedness(head) for head in heads}
        trace, shape = self.reading.as_set, self.reading.shape

        def compute() -> "Iterator[tuple[Head, HeadPicture]]":
            from model.head_pictures import head_picture

            for layer, head in heads:
                scale = shape.scale(layer)
                yield (layer, head), head_picture(trace, layer, head, scale, size, known[layer, head])

        return compute

    def order(self, sort: Sort, scores: "HeadScores | None") -> list[Head]:
        """All heads, the most peaked or the best scored first; equal ones, and those not known yet, by position."""
        return sorted(self.heads, key=lambda head: -self.value(sort, head, scores))

    def value(self, sort: Sort, head: Head, scores: "HeadScores | None") -> float:
        """What a head is sorted by, larger first: a score, or minus its mean effective number of keys as set."""
        if sort is Sort.PEAKEDNESS:
            measures = self.peakedness(head)
            return -measures.as_set.effective_keys if measures is not None else -float("inf")
        if sort is Sort.POSITION or scores is None:
            return 0.0
        return scores.of(*head)[sort.name.lower()]


def changed_heads(view: View, heads: Sequence[Head]) -> frozenset[Head]:
    """The heads on which the switches act, ablated ones included."""
    if view.causal is None and view.scale is None:
        return view.ablated
    in_scope = (
        (layer, head)
        for layer, head in heads
        if view.scope is Scope.MODEL or (layer == view.layer and (view.scope is Scope.LAYER or head == view.head))
    )
    return view.ablated.union(in_scope)
