"""Comparison: any two views side by side, the difference of their matrices, and their measures. Pure, as views are.

A side is a View: what differs may be a switch, a head, the sentence, the model, or all of it at once.
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

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from explorer.core.reading import Reading

HIDDEN_STAGES = (Stage.MASKED, Stage.WEIGHTS)
"""Stages in which a key that the query may not see has no number of its own."""


class Side(IntEnum):
    """One of the two."""

    LEFT = 0
    RIGHT = 1

    @property
    def other(self) -> "Side":
        """The one across."""
        return Side(1 - self)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two views, and on which side keys act. Query, key and stage are those of the active side on both."""

    left: View
    right: View
    active: Side = Side.RIGHT

    @property
    def sides(self) -> tuple[View, View]:
        """Left and right."""
        return self.left, self.right

    @property
    def view(self) -> View:
        """The active side."""
        return self.sides[self.active]

    def looking(self, view: View) -> "Pair":
        """The active side looks at `view`; the other one follows to another query, key or stage."""
        view = replace(view, stepping=False)  # two matrices are compared whole
        beside = replace(self.sides[self.active.other], stage=view.stage, stepping=False)
        # Not when nothing moved: a longer text may be further on than the active one can be.
        if view.query != self.view.query:
            beside = replace(beside, query=view.query)
        if view.key != self.view.key:
            beside = replace(beside, key=view.key)
        return self._of(view, beside)

    def turned(self) -> "Pair":
        """Keys act on the other side."""
        return replace(self, active=self.active.other)

    def _of(self, active: View, beside: View) -> "Pair":
        if self.active is Side.LEFT:
            return replace(self, left=active, right=beside)
        return replace(self, left=beside, right=active)


def opening(view: View, bounds: Bounds) -> Pair:
    """What is worth comparing first: as trained and as set where a switch is moved, else this head and the next."""
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
    """The same sentence, head and switches at two steps of a training; keys act on the one that is gone through."""
    view = replace(view, stepping=False)
    return Pair(replace(view, model=left), replace(view, model=right), active)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure on both sides; None where there is none. `write` writes a number of it."""

    name: str
    write: Callable[[float], str]
    left: float | None
    right: float | None

    @classmethod
    def of(cls, name: str, write: Callable[[float], str], sides: Iterable[float | None]) -> "Measure":
        """From the numbers of the left and the right side."""
        left, right = sides
        return cls(name, write, left, right)

    @property
    def difference(self) -> float | None:
        """Right − left; None when one of them is missing or both are the same infinity."""
        if self.left is None or self.right is None:
            return None
        found = self.right - self.left
        return found if found == found else None


def _two_digits(x: float) -> str:
    return fixed(x, 2)


def _alike(numbers: Sequence[float]) -> Callable[[float], str]:
    """Writes numbers with the same decimals, three digits of the largest: then they can be added up by hand."""
    largest = max(map(abs, numbers))
    if not 1e-5 <= largest < 1e6:  # NaN and infinities as well
        return significant
    decimals = max(0, 2 - math.floor(math.log10(largest)))
    return lambda x: fixed(x, decimals, ",")


def _as_weight(x: float) -> str:
    """A weight; below zero the difference of two."""
    return weight(x) if x >= 0 else f"−{weight(-x)}"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two readings and what lies between them."""

    left: "Reading"
    right: "Reading"

    @property
    def sides(self) -> "tuple[Reading, Reading]":
        """Left and right."""
        return self.left, self.right

    @property
    def stage(self) -> Stage:
        """The matrix in view; of the next token, the weights that led to it."""
        stage = self.right.view.stage
        return Stage.WEIGHTS if stage is Stage.NEXT_TOKEN else stage

    @property
    def positions(self) -> int:
        """Positions that both texts have."""
        return min(len(self.left.encoding), len(self.right.encoding))

    @property
    def same_place(self) -> bool:
        """Whether both sides are at the same query: a shorter text may end before it."""
        return self.left.view.query == self.right.view.query

    # What differs

    @cached_property
    def other_tokens(self) -> tuple[int, ...]:
        """Positions that both texts have, with another token on each side."""
        pairs = zip(self.left.encoding.tokens, self.right.encoding.tokens, strict=False)
        return tuple(i for i, (one, other) in enumerate(pairs) if one != other)

    @cached_property
    def differing(self) -> frozenset[str]:
        """Which of model, head, mask, scale, ablated and text differ between the sides."""
        one, other = self.left, self.right
        inputs, others = one.stages.inputs, other.stages.inputs
        found = {
            "model": one.view.model != other.view.model,
            "head": (one.view.layer, one.view.head) != (other.view.layer, other.view.head),
            "mask": inputs.causal != others.causal or _switched(one, "causal") != _switched(other, "causal"),
            "scale": float(inputs.scale) != float(others.scale) or _switched(one, "scale") != _switched(other, "scale"),
            "ablated": one.view.ablated != other.view.ablated,
            "text": one.view.text != other.view.text,
        }
        return frozenset(name for name, differs in found.items() if differs)

    # The difference of the matrices

    def difference(self) -> "tuple[Tensor, Tensor | None]":
        """Right − left where both have the position: (rows, columns), and where there is a difference at all.

        The second is None when every cell has one. A key hidden on both sides has none; one that is hidden on one side
        differs by ±∞ in the masked scores, and by its whole weight in the weights.
        """
        one, other = self.left.stages, self.right.stages
        matrix, beside = stage_matrix(one, self.stage), stage_matrix(other, self.stage)
        rows = min(matrix.shape[0], beside.shape[0])
        columns = min(matrix.shape[1], beside.shape[1])
        known = None
        if self.stage in HIDDEN_STAGES:
            seen = (stages.inputs.visible.expand_as(stages.scores)[:rows, :columns] for stages in (one, other))
            known = next(seen) | next(seen)
        return beside[:rows, :columns] - matrix[:rows, :columns], known

    @property
    def difference_of(self) -> tuple[object, ...]:
        """What the difference comes from; traces are equal only to themselves."""
        return (
            *((side.as_set, side.view.layer, side.view.head) for side in self.sides),
            self.stage,
        )

    # Measures

    def row_measures(self) -> tuple[Measure, ...]:
        """How peaked the row of the query is, and its cell at the key in the matrix in view."""
        largest, bits, keys = zip(*map(_row, self.sides), strict=True)
        found = (
            Measure.of("largest weight", _as_weight, largest),
            Measure.of("entropy, bits", _two_digits, bits),
            Measure.of("effective keys", _two_digits, keys),
        )
        if self.stage is Stage.MIXED:
            return found
        write = _as_weight if self.stage is Stage.WEIGHTS else _two_digits
        cells = (stage_matrix(side.stages, self.stage)[side.view.query, side.view.key].item() for side in self.sides)
        return (*found, Measure.of(f"cell, {self.stage.value}", write, cells))

    def head_measures(self) -> tuple[Measure, ...]:
        """The same as means over all queries, and the variance of the raw scores."""
        largest, bits, keys, variances = zip(*map(_head, self.sides), strict=True)
        return (
            Measure.of("largest weight", _as_weight, largest),
            Measure.of("entropy, bits", _two_digits, bits),
            Measure.of("effective keys", _two_digits, keys),
            Measure.of("scores variance", _alike(variances), variances),
        )

    def loss_measures(self) -> tuple[Measure, ...]:
        """Cross-entropy in nats: of the token after the query, and the mean over the text."""
        after = (_next_loss(side) for side in self.sides)
        mean = (side.as_set.loss for side in self.sides)
        return Measure.of("next-token loss", _two_digits, after), Measure.of("mean loss", _two_digits, mean)

    @cached_property
    def same_vocabulary(self) -> bool:
        """Whether both models predict the same tokens."""
        rows = {side.shape.vocab_size for side in self.sides}
        return len(rows) == 1 and _same_vocabulary(self.left.tokenizer, self.right.tokenizer)

    @cached_property
    def kl(self) -> float | None:
        """KL(left ‖ right) of the predictions after each side's query, in nats; None for different vocabularies."""
        if not self.same_vocabulary:
            return None
        log_p, log_q = (side.as_set.log_probabilities(side.view.query) for side in self.sides)
        return max(0.0, (log_p.exp() * (log_p - log_q)).sum().item())


def _switched(reading: "Reading", switch: str) -> tuple[object, ...] | None:
    """A switch that is moved, with the layers and heads that it acts on beyond the head in view."""
    value = getattr(reading.view, switch)
    return None if value is None else (value, reading.view.scope)


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
