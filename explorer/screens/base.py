"""ActionScreen: the base class of the screens, whose keys, footer, help and palette are made from the registry."""

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen

from explorer.actions import action_named, actions_of
from explorer.screens.commands import ActionCommands
from explorer.screens.dialogs.help import HelpScreen, Part, help_for
from explorer.widgets import themes
from explorer.widgets.key_line import KeyLine
from explorer.widgets.messages import is_too_late
from explorer.widgets.too_small import TooSmall

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.reading import Reading

Result = TypeVar("Result")

_OF_TEXTUAL = ("palette", "focus_next", "focus_previous")
"""Actions whose keys Textual itself binds."""

ALWAYS_POSSIBLE = ("back", "palette", "quit", "help")
"""Actions that make sense even while a sentence is typed or nothing is shown yet."""


def bindings(screen: str) -> list[BindingType]:
    """The key bindings of a screen's actions."""
    return [
        Binding(",".join(action.keys), action.command, action.title, tooltip=action.help)
        for action in actions_of(screen)
        if action.name not in _OF_TEXTUAL
    ]


class ActionScreen(Screen[Result]):
    """A screen of the registry.

    A subclass names itself by `SCREEN` and has `BINDINGS = bindings(SCREEN)`. For each action of the registry it has a
    method `action_<name>`, and one `action_change_view(name)` for all those that make a new view; `is_possible` says
    which of them make sense now. Its footer is a `KeyLine`.
    """

    SCREEN: ClassVar[str]
    COMMANDS = {ActionCommands}  # noqa: RUF012
    AUTO_FOCUS = ""  # nothing: the keys are the screen's own

    app: "ExplorerApp"

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action of this screen makes sense now."""
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what makes no sense now, and every key once another screen lies over this one."""
        name = str(parameters[0]) if action == "change_view" else action
        if action_named(self.SCREEN, name) is None:
            return super().check_action(action, parameters)
        return True if self.is_active and self.is_possible(name) else None

    async def run_command(self, command: str) -> None:
        """Run an action that was chosen in the footer or in the palette, if it makes sense now."""
        await self.run_action(command)

    @on(KeyLine.Pressed)
    async def _footer_clicked(self, event: KeyLine.Pressed) -> None:
        await self.run_command(event.command)

    def action_theme(self) -> None:
        """Change to the next theme."""
        self.app.theme = themes.following(self.app.theme, no_color=self.app.no_color)
        self.notify(f"colours: {self.app.theme}", markup=False, timeout=2)

    def action_help(self) -> None:
        """Open the help screen, which begins with the part that has the focus."""
        self.app.push_screen(HelpScreen(self.SCREEN, self.help_part(), self.help_reading()), self._help_closed)

    def _help_closed(self, lab: int | None) -> None:
        """Open the lab that was chosen in the help; 0 or None if it was just closed."""
        if lab:
            self.app.explore.open_lab(lab)

    def help_part(self) -> Part | None:
        """What help begins with, before the list of all actions."""
        return help_for(self.focused) if self.focused is not None else None

    def help_reading(self) -> "Reading | None":
        """Return the reading whose numbers help explains; None if it only says what words mean."""
        return None

    # Size, and the end of the screen

    def on_resize(self, event: events.Resize) -> None:
        """Show the size of the terminal where it is too small."""
        for line in self.query(TooSmall):
            line.show_size(event.size)

    @property
    def is_gone(self) -> bool:
        """True once the screen was left: its widgets are being removed, but delayed calls may still arrive."""
        return self not in self.app.screen_stack

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Leave the screen; a second key that does so before it is gone must not close the screen below."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    async def _dispatch_message(self, message: Message) -> None:
        if not is_too_late(message, self.app):
            await super()._dispatch_message(message)
