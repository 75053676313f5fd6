"""The command palette: every action of the registry can be found by its name."""

from functools import partial
from typing import Any, cast

from textual import on
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList

from explorer.actions import Action
from explorer.screens.acting import Acting


class ActionCommands(Provider):
    """Actions that make sense now, with their keys."""

    @property
    def acting(self) -> Acting[Any]:
        """The screen that the palette was opened over: only those that act have this provider."""
        return cast(Acting[Any], self.screen)

    def _possible(self) -> list[Action]:
        every = self.acting.every_action
        return [action for action in every if action.name != "palette" and self.acting.possible(action.name)]

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._possible():
            call = partial(self.acting.act, action.name)
            yield DiscoveryHit(_with_key(Content(action.title), action), call, action.title, action.help)

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for action in self._possible():
            if (score := matcher.match(action.title)) > 0:
                call = partial(self.acting.act, action.name)
                title = _with_key(matcher.highlight(action.title), action)
                yield Hit(score, title, call, action.title, action.help)


def _with_key(title: Content, action: Action) -> Content:
    return title + Content(f"  {action.label}").stylize("dim")


class ActionPalette(CommandPalette):
    """Textual's palette, which a key that comes too early or too late does not harm."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _only_once(self, event: Message) -> None:
        if not self.is_current:  # a second enter, or a double click: Textual would leave the screen below as well
            event.stop()
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).size.height:  # a page of a list that has no place yet cannot be turned
            super()._action_command_list(action)
