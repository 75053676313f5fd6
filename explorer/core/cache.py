"""A least-recently-used cache with limits on the number of values and on their total cost."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """Keeps the values used last: at least `least`, and up to `most` while they cost at most `budget` together.

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
        """Return the keys in order of use, the most recent last."""
        return tuple(self._values)

    def get(self, key: K) -> V | None:
        """Return the value of a key and mark it as used; None if it is not in the cache."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def room(self, key: K) -> int:
        """Return how many values of the same cost as this one fit; the maximum if the key is not in the cache."""
        found = self._values.get(key)
        if found is None or found[1] <= 0:
            return self._most
        return max(self._least, min(self._most, int(self._budget // found[1])))

    def put(self, key: K, value: V, cost: float) -> None:
        """Add a value, and drop the least recently used ones that no longer fit."""
        self._values[key] = value, cost
        self._values.move_to_end(key)
        while len(self._values) > self._least and (len(self._values) > self._most or self._cost() > self._budget):
            self._values.popitem(last=False)

    def _cost(self) -> float:
        return sum(cost for _, cost in self._values.values())
