"""LRUCache: what was used last stays, as far as number and cost allow."""

import pytest

from explorer.core.cache import LRUCache


def test_the_least_recently_used_values_are_dropped() -> None:
    cache: LRUCache[str, int] = LRUCache(2, 3, 10.0)
    for key in "abc":
        cache.put(key, ord(key), 1.0)
    assert cache.get("a") == 97  # used now
    cache.put("d", 100, 1.0)
    assert cache.keys() == ("c", "a", "d")
    cache.put("e", 101, 9.5)  # too much together: but two in any case
    assert cache.keys() == ("d", "e")


def test_room_is_counted_in_values_of_the_same_cost() -> None:
    cache: LRUCache[str, int] = LRUCache(2, 5, 10.0)
    cache.put("cheap", 0, 1.0)
    cache.put("dear", 0, 3.0)
    cache.put("very dear", 0, 100.0)
    assert [cache.room(key) for key in ("dear", "very dear", "unknown")] == [3, 2, 5]
    cache.put("free", 0, 0.0)
    assert cache.room("free") == 5


def test_at_least_one_value_is_kept() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        LRUCache(0, 1, 1.0)
