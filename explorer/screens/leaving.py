"""A screen that lies over another one, and leaves it once."""

from typing import Any, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

from explorer.hearing import Hearing

Result = TypeVar("Result")


class Leaving(Hearing, Screen[Result]):
    """Left twice, by two keys that came before it was gone, it takes no other screen with it.

    Textual would take away whichever screen is on top.
    """

    @property
    def on_top(self) -> bool:
        """Whether no other screen lies over this one, and it is not gone."""
        return self.app.screen_stack[-1:] == [self]

    @property
    def gone(self) -> bool:
        """Whether it was left: its widgets are taken from it one by one, and what was put off may still come."""
        return self not in self.app.screen_stack

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave, if this is the screen on top."""
        return super().dismiss(result) if self.on_top else AwaitComplete()

    def switch_to(self, screen: Screen[Any]) -> None:
        """Let another screen take the place of this one, if it is on top."""
        if self.on_top:
            self.app.switch_screen(screen)
