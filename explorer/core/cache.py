"""Kept: a small store that drops what was not used for longest, by count and by memory."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """The last values used: always `least` of them, and up to `most` while together they cost at most `budget`.

    Costs are given with the values, in any unit.
    """

    def __init__(self, least: int, most: int, budget: float) -> None:
        if not 1 <= least <= most:
            raise ValueError(f"at least {least} and at most {most} values cannot be kept")
        self._least = least
        self._most = most
        self._budget = budget
        self._values: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def keys(self) -> tuple[K, ...]:
        """What is kept, the one used last at the end."""
        return tuple(self._values)

    def get(self, key: K) -> V | None:
        """The value of a key, which is used now; None when it is not kept."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def room(self, key: K) -> int:
        """How many values that cost as much as this one are kept together; the most where it is not kept."""
        found = self._values.get(key)
        if found is None or found[1] <= 0:
            return self._most
        return max(self._least, min(self._most, int(self._budget // found[1])))

    def put(self, key: K, value: V, cost: float) -> None:
        """Keep a value, and drop the oldest that there is no room for."""
        self._values[key] = value, cost
        self._values.move_to_end(key)
        while len(self._values) > self._least and (len(self._values) > self._most or self._cost() > self._budget):
            self._values.popitem(last=False)

    def _cost(self) -> float:
        return sum(cost for _, cost in self._values.values())
