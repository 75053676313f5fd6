"""TypeAhead: a queue of the keys that are pressed before the first reading."""

from collections.abc import Callable

from textual import events

from explorer.actions import EXPLORE, actions_of

LIMIT = 32
"""The most keys in the queue; more come from a key that is held down by mistake."""

_ACTIONS = {key: action.name for action in actions_of(EXPLORE) for key in action.keys}
_SYMBOLS = {"left": "←", "right": "→", "up": "↑", "down": "↓"}


class TypeAhead:
    """A queue of the keys of Explore that were pressed while the first model was being loaded."""

    def __init__(self) -> None:
        self._keys: list[events.Key] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, event: events.Key, is_possible: Callable[[str], bool]) -> bool:
        """Queue the key of an action that is not possible yet; escape clears the queue.

        Return True if the queue has changed.
        """
        before = len(self._keys)
        if event.key == "escape":
            self._keys.clear()
        elif before < LIMIT and (name := _ACTIONS.get(event.key)) and not is_possible(name):
            self._keys.append(event)
        return len(self._keys) != before

    def pop(self) -> events.Key | None:
        """Take the first key from the queue, as a new event; None if the queue is empty."""
        if not self._keys:
            return None
        key = self._keys.pop(0)
        return events.Key(key.key, key.character)

    def clear(self) -> None:
        """Drop all keys."""
        self._keys.clear()

    @property
    def text(self) -> str:
        """The keys as shown behind what is being loaded; an empty string if there are none."""
        keys = " ".join(_SYMBOLS.get(event.key) or event.character or event.key for event in self._keys)
        return f" then {keys}" if keys else ""
