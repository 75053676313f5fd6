"""What is notified: a message that comes again takes the place of the one before."""

from textual.app import App
from textual.notifications import Notification, Notify

MOST = 5
"""Notifications that stand at the same time: more would hide what they are about."""


class Notices(App[None]):
    """An application whose notifications do not pile up over its panels."""

    def on_notify(self, event: Notify) -> None:
        """Take away what the new one makes needless, and of too many the oldest; Textual then adds the new one."""
        new = event.notification
        kept = []
        for earlier in list(self._notifications):
            if self._outdated(earlier, new):
                self._unnotify(earlier, refresh=False)
            else:
                kept.append(earlier)
        for oldest in kept[: max(0, len(kept) - MOST + 1)]:
            self._unnotify(oldest, refresh=False)

    def _outdated(self, earlier: Notification, new: Notification) -> bool:
        """Whether the same is said again, or both tell what a key has done: of that only the last is news."""
        if earlier.message == new.message:
            return True
        passing = earlier.timeout <= self.NOTIFICATION_TIMEOUT  # what stays longer waits for something
        return passing and earlier.severity == new.severity == "information"
