"""Keys that are pressed before there is anything to look at: they wait, and are answered with the first reading."""

from collections.abc import Callable

from textual import events
from textual.app import App

from explorer.actions import EXPLORE, actions_of

MOST = 32
"""Keys that wait: what is held down longer was not meant."""

_ACTIONS = {key: action.name for action in actions_of(EXPLORE) for key in action.keys}
_WRITTEN = {"left": "←", "right": "→", "up": "↑", "down": "↓"}


class Early(App[None]):
    """An application that answers keys of Explore which came while its first model was being loaded."""

    def __init__(self) -> None:
        super().__init__()
        self._early: list[events.Key] = []

    def keep_early(self, event: events.Key, possible: Callable[[str], bool]) -> bool:
        """Keep the key of an action that is not possible yet; esc takes back all that wait. Whether it did."""
        before = len(self._early)
        if event.key == "escape":
            self._early.clear()
        elif before < MOST and (name := _ACTIONS.get(event.key)) and not possible(name):
            self._early.append(event)
        return len(self._early) != before

    @property
    def early_words(self) -> str:
        """What waits, for the line that says what is loaded; nothing where nothing waits."""
        keys = " ".join(_WRITTEN.get(event.key) or event.character or event.key for event in self._early)
        return f" then {keys}" if keys else ""

    def answer_early(self) -> None:
        """Press the next key that waits, and the one after it once the screen has followed, be it another one."""
        if self._early:
            kept = self._early.pop(0)
            self.post_message(events.Key(kept.key, kept.character))
            self.call_after_refresh(self.answer_early)

    def forget_early(self) -> None:
        """There will be nothing to look at."""
        self._early.clear()
