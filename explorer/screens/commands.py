"""The command palette: every action of the registry can be found by its title."""

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList

from explorer.actions import Action, actions_of

if TYPE_CHECKING:
    from explorer.screens.base import ActionScreen


class ActionCommands(Provider):
    """The actions that make sense now, with their keys."""

    @property
    def action_screen(self) -> "ActionScreen[Any]":
        """The screen over which the palette was opened; only action screens have this provider."""
        return cast("ActionScreen[Any]", self.screen)

    def _possible(self) -> list[Action]:
        screen = self.action_screen
        actions = actions_of(screen.SCREEN)
        return [action for action in actions if action.name != "palette" and screen.is_possible(action.name)]

    async def discover(self) -> Hits:
        """List all of them, before anything is typed."""
        for action in self._possible():
            command = partial(self.action_screen.run_command, action.command)
            yield DiscoveryHit(_with_key(Content(action.title), action), command, action.title, action.help)

    async def search(self, query: str) -> Hits:
        """List those that match what is typed."""
        matcher = self.matcher(query)
        for action in self._possible():
            if (score := matcher.match(action.title)) > 0:
                command = partial(self.action_screen.run_command, action.command)
                title = _with_key(matcher.highlight(action.title), action)
                yield Hit(score, title, command, action.title, action.help)


def _with_key(title: Content, action: Action) -> Content:
    return title + Content(f"  {action.label}").stylize("dim")


class ActionPalette(CommandPalette):
    """Textual's palette, made safe against a key that comes too early or too late."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _only_once(self, event: Message) -> None:
        if not self.is_current:  # a second enter, or a double click: Textual would leave the screen below as well
            event.stop()
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).size.height:  # a page of a list that has no place yet cannot be turned
            super()._action_command_list(action)
