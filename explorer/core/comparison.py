"""Comparison: two views side by side, the difference of their matrices, and their measures. All functions are pure.

Each side is a View of its own, so the sides may differ in a switch, the head, the sentence, the model, or all of these.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from explorer.core.formatting import fixed, significant, weight
from explorer.core.stages import stage_matrix
from explorer.view import Bounds, Stage, View, toggle_scale
from model.settings import Scope

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from explorer.core.reading import Reading

HIDDEN_STAGES = (Stage.MASKED, Stage.WEIGHTS)
"""The stages in which a hidden key has no number of its own."""


class Side(IntEnum):
    """The left or the right side."""

    LEFT = 0
    RIGHT = 1

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side(1 - self)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two views, and the active side, on which the keyboard acts. The other side follows its query, key and stage."""

    left: View
    right: View
    active: Side = Side.RIGHT

    @property
    def sides(self) -> tuple[View, View]:
        """The left and the right view."""
        return self.left, self.right

    @property
    def view(self) -> View:
        """The view of the active side."""
        return self.sides[self.active]

    def with_view(self, view: View) -> "Pair":
        """Return a pair with `view` on the active side; the other side follows to a new query, key or stage."""
        view = replace(view, stepping=False)  # matrices are compared as a whole
        beside = replace(self.sides[self.active.other], stage=view.stage, stepping=False)
        # Only if it moved: the other text may be longer, and its query beyond the end of the active one.
        if view.query != self.view.query:
            beside = replace(beside, query=view.query)
        if view.key != self.view.key:
            beside = replace(beside, key=view.key)
        return self._of(view, beside)

    def with_other_side_active(self) -> "Pair":
        """Return the same pair with the other side active."""
        return replace(self, active=self.active.other)

    def _of(self, active: View, beside: View) -> "Pair":
        if self.active is Side.LEFT:
            return replace(self, left=active, right=beside)
        return replace(self, left=beside, right=active)


def opening(view: View, bounds: Bounds) -> Pair:
    """Return the first comparison to show: as trained and as set if a switch is changed, else two adjacent heads."""
    view = replace(view, stepping=False)
    if view.changed:
        return Pair(view.as_trained(), view)
    if bounds.n_layer * bounds.n_head == 1:
        return Pair(view, toggle_scale(view, bounds))
    place = view.layer * bounds.n_head + view.head
    beside = place + 1 if place + 1 < bounds.n_layer * bounds.n_head else place - 1
    layer, head = divmod(beside, bounds.n_head)
    return Pair(view, replace(view, layer=layer, head=head))


def two_steps(view: View, left: str, right: str, active: Side) -> Pair:
    """Return a pair of two snapshots of a training run, with the sentence, head and switches of `view`."""
    view = replace(view, stepping=False)
    return Pair(replace(view, model=left), replace(view, model=right), active)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of both sides, None for a side without it; `write` formats its numbers."""

    name: str
    write: Callable[[float], str]
    left: float | None
    right: float | None

    @classmethod
    def of(cls, name: str, write: Callable[[float], str], sides: Iterable[float | None]) -> "Measure":
        """Make a measure from the numbers of the left and the right side."""
        left, right = sides
        return cls(name, write, left, right)

    @property
    def difference(self) -> float | None:
        """Right − left; None if either is missing or both are the same infinity."""
        if self.left is None or self.right is None:
            return None
        difference = self.right - self.left
        return None if math.isnan(difference) else difference


def _two_digits(x: float) -> str:
    return fixed(x, 2)


def common_format(numbers: Sequence[float]) -> Callable[[float], str]:
    """Return a format with the same decimals for all numbers, three digits of the largest, so that they add up."""
    largest = max(map(abs, numbers))
    if not 1e-5 <= largest < 1e6:  # True for NaN and infinities as well
        return significant
    decimals = max(0, 2 - math.floor(math.log10(largest)))
    return lambda x: fixed(x, decimals, ",")


def _signed_weight(x: float) -> str:
    """Format a weight, or the difference of two, which may be negative."""
    return weight(x) if x >= 0 else f"−{weight(-x)}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two readings and their differences."""

    left: "Reading"
    right: "Reading"

    @property
    def sides(self) -> "tuple[Reading, Reading]":
        """The left and the right reading."""
        return self.left, self.right

    @property
    def stage(self) -> Stage:
        """The stage whose matrix is shown; for the next token, the weights that led to it."""
        stage = self.right.view.stage
        return Stage.WEIGHTS if stage is Stage.NEXT_TOKEN else stage

    @property
    def positions(self) -> int:
        """The number of positions that both texts have."""
        return min(len(self.left.encoding), len(self.right.encoding))

    # What differs

    @cached_property
    def differing_positions(self) -> tuple[int, ...]:
        """The positions at which the tokens of the two texts differ."""
        pairs = zip(self.left.encoding.tokens, self.right.encoding.tokens, strict=False)
        return tuple(i for i, (one, other) in enumerate(pairs) if one != other)

    @cached_property
    def differing(self) -> frozenset[str]:
        """The names of what differs between the sides, among model, head, mask, scale, ablated and text."""
        one, other = self.left, self.right
        inputs, others = one.stages.inputs, other.stages.inputs
        differences = {
            "model": one.view.model != other.view.model,
            "head": (one.view.layer, one.view.head) != (other.view.layer, other.view.head),
            "mask": inputs.causal != others.causal
            or _with_scope(one.view, one.view.causal) != _with_scope(other.view, other.view.causal),
            "scale": float(inputs.scale) != float(others.scale)
            or _with_scope(one.view, one.view.scale) != _with_scope(other.view, other.view.scale),
            "ablated": one.view.ablated != other.view.ablated,
            "text": one.view.text != other.view.text,
        }
        return frozenset(name for name, differs in differences.items() if differs)

    # The difference of the matrices

    def difference(self) -> "tuple[Tensor, Tensor | None]":
        """Return right − left over the positions of both texts, (rows, columns), and a mask of the cells that have one.

        The mask is None if all cells have a difference. A key hidden on both sides has none; a key hidden on one side
        differs by ±∞ in the masked scores, and by its whole weight in the weights.
        """
        one, other = self.left.stages, self.right.stages
        matrix, beside = stage_matrix(one, self.stage), stage_matrix(other, self.stage)
        rows = min(matrix.shape[0], beside.shape[0])
        columns = min(matrix.shape[1], beside.shape[1])
        known = None
        if self.stage in HIDDEN_STAGES:
            seen = (stages.visible.expand_as(stages.scores)[:rows, :columns] for stages in (one, other))
            known = next(seen) | next(seen)
        return beside[:rows, :columns] - matrix[:rows, :columns], known

    @property
    def difference_key(self) -> tuple[object, ...]:
        """A key for caching the difference: it changes whenever the difference may change."""
        return (
            *((side.as_set, side.view.layer, side.view.head) for side in self.sides),
            self.stage,
        )

    # Measures

    def row_measures(self) -> tuple[Measure, ...]:
        """Return how peaked the row of the query is, and its cell at the key in the matrix in view."""
        largest, bits, keys = zip(*map(_row, self.sides), strict=True)
        found = (
            Measure.of("largest weight", _signed_weight, largest),
            Measure.of("entropy, bits", _two_digits, bits),
            Measure.of("effective keys", _two_digits, keys),
        )
        if self.stage is Stage.MIXED:
            return found
        write = _signed_weight if self.stage is Stage.WEIGHTS else _two_digits
        cells = (stage_matrix(side.stages, self.stage)[side.view.query, side.view.key].item() for side in self.sides)
        return (*found, Measure.of(f"cell, {self.stage.value}", write, cells))

    def head_measures(self) -> tuple[Measure, ...]:
        """Return the mean peakedness over all queries, and the variance of the raw scores."""
        largest, bits, keys, variances = zip(*map(_head, self.sides), strict=True)
        return (
            Measure.of("largest weight", _signed_weight, largest),
            Measure.of("entropy, bits", _two_digits, bits),
            Measure.of("effective keys", _two_digits, keys),
            Measure.of("scores variance", common_format(variances), variances),
        )

    def loss_measures(self) -> tuple[Measure, ...]:
        """Return the cross-entropy in nats: of the token after the query, and the mean over the text."""
        after = (_next_loss(side) for side in self.sides)
        mean = (side.as_set.loss for side in self.sides)
        return Measure.of("next-token loss", _two_digits, after), Measure.of("mean loss", _two_digits, mean)

    @cached_property
    def same_vocabulary(self) -> bool:
        """True if both models predict the same tokens."""
        rows = {side.shape.vocab_size for side in self.sides}
        return len(rows) == 1 and _same_vocabulary(self.left.tokenizer, self.right.tokenizer)

    @cached_property
    def kl(self) -> float | None:
        """KL(left ‖ right) of the predictions after each query, in nats; None if the vocabularies differ."""
        if not self.same_vocabulary:
            return None
        log_p, log_q = (side.as_set.log_probabilities(side.view.query) for side in self.sides)
        return max(0.0, (log_p.exp() * (log_p - log_q)).sum().item())


def _with_scope(view: View, switch: float | None) -> tuple[float, Scope] | None:
    """Return the value of a switch and the scope it acts on; None if it is as trained."""
    return None if switch is None else (switch, view.scope)


def _row(reading: "Reading") -> tuple[float, float, float]:
    measures, query = reading.head.measures, reading.view.query
    each = measures.max_weight, measures.entropy_bits, measures.effective_keys
    largest, bits, keys = (measure[query].item() for measure in each)
    return largest, bits, keys


def _head(reading: "Reading") -> tuple[float, float, float, float]:
    measures = reading.head.measures
    each = measures.max_weight, measures.entropy_bits, measures.effective_keys
    largest, bits, keys = (measure.mean().item() for measure in each)
    return largest, bits, keys, measures.scores_variance


def _next_loss(reading: "Reading") -> float | None:
    query = reading.view.query
    return reading.as_set.losses[query].item() if query + 1 < len(reading.encoding) else None


@lru_cache(maxsize=2)
def _same_vocabulary(one: "Tokenizer", other: "Tokenizer") -> bool:
    return one is other or one.get_vocab() == other.get_vocab()
