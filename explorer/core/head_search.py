"""HeadSearch: all heads of a model in the order of what they do to one text, for one query and one key."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from model.settings import Head, all_heads

if TYPE_CHECKING:
    from explorer.core.reading import Reading


class Order(StrEnum):
    """What heads are ranked by, the largest first."""

    WEIGHT = "weight"
    LOSS = "loss"
    KL = "kl"

    @property
    def needs_ablation(self) -> bool:
        """True if each head has to be ablated to know its rank."""
        return self is not Order.WEIGHT


@dataclass(frozen=True, slots=True)
class AblationEffect:
    """What ablating one head does to a text, in nats.

    `loss` is how much the loss of the text rises, None for a text of one token; `kl` is KL(as set ‖ ablated), the mean
    over the predictions after all tokens.
    """

    loss: float | None
    kl: float


@dataclass(frozen=True, slots=True)
class RankedHead:
    """One head in a ranking."""

    head: Head
    weight: float  # from the query to the key in view
    is_largest: bool  # of its row
    effect: AblationEffect | None  # None while it is not known

    def value(self, order: Order) -> float:
        """What the head is ranked by; minus infinity while it is not known."""
        if order is Order.WEIGHT:
            return self.weight
        if self.effect is None:
            return -float("inf")
        return self.effect.kl if order is Order.KL else self.effect.loss or 0.0


class HeadSearch:
    """Ranks the heads for the cell in view of a reading, and keeps the effects of ablating them.

    Weights are those as set.
    """

    def __init__(self, reading: "Reading") -> None:
        self._traces = reading.as_set
        self.heads: tuple[Head, ...] = tuple(all_heads(reading.shape))
        self._effects: dict[Head, AblationEffect] = {}

    def is_of(self, reading: "Reading") -> bool:
        """Return True if a reading has the same traces."""
        return self._traces is reading.as_set

    def add(self, effects: dict[Head, AblationEffect]) -> None:
        """Add what ablating some heads does."""
        self._effects |= effects

    @property
    def missing(self) -> list[Head]:
        """The heads that have not been ablated yet."""
        return [head for head in self.heads if head not in self._effects]

    def ranking(self, reading: "Reading", order: Order = Order.WEIGHT) -> list[RankedHead]:
        """Return all heads, the largest first; heads that tie, or are not known yet, by their weight and position."""
        weights = reading.weights_in_all_heads()
        found = [
            RankedHead((layer, head), *weights[layer][head], self._effects.get((layer, head)))
            for layer, head in self.heads
        ]
        return sorted(found, key=lambda each: (-each.value(order), -each.weight))
