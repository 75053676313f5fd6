"""A screen that does the actions of a registry: by key, by a click on the footer, and from the palette."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual import on
from textual.screen import Screen

from explorer.actions import Action
from explorer.hearing import Hearing
from explorer.widgets import themes
from explorer.widgets.key_line import KeyLine

Result = TypeVar("Result")

_APPLICATION = {"quit": "quit", "palette": "command_palette"}
"""Actions that are Textual's own."""


class Acting(Hearing, Screen[Result]):
    """Does an action in the method of its name; its keys are bound to `do('name')`."""

    every_action: Sequence[Action]
    method_prefix: ClassVar[str] = "_"

    def possible(self, name: str) -> bool:
        """Whether an action makes sense now."""
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what makes no sense now."""
        if action == "do":
            return True if self.possible(str(parameters[0])) else None
        return super().check_action(action, parameters)

    def action_do(self, name: str) -> None:
        """A key was pressed; one that comes when another screen is already opening was meant for that."""
        if self.app.screen is self:
            self.act(name)

    @on(KeyLine.Pressed)
    def _key_clicked(self, event: KeyLine.Pressed) -> None:
        self.action_do(event.action.name)

    def _theme(self) -> None:
        self.app.theme = themes.following(self.app.theme, no_color=self.app.no_color)
        self.notify(f"colours: {self.app.theme}", markup=False, timeout=2)

    def act(self, name: str) -> None:
        """Do an action by its name, if it makes sense now."""
        if self.possible(name):
            self.perform(name)

    def perform(self, name: str) -> None:
        """Do it."""
        if name in _APPLICATION:
            self.call_later(self.app.run_action, _APPLICATION[name])
        else:
            getattr(self, f"{self.method_prefix}{name}")()
