"""The command palette: every action of the registry can be found by its name."""

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from explorer.actions import ACTIONS, Action

if TYPE_CHECKING:
    from explorer.screens.explore import ExploreScreen


class ActionCommands(Provider):
    """Actions that make sense now, with their keys."""

    @property
    def explore(self) -> "ExploreScreen":
        """The screen that the palette was opened over."""
        from explorer.screens.explore import ExploreScreen

        assert isinstance(self.screen, ExploreScreen)  # the only screen with this provider
        return self.screen

    def _possible(self) -> list[Action]:
        return [action for action in ACTIONS if action.name != "palette" and self.explore.possible(action.name)]

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for action in self._possible():
            call = partial(self.explore.act, action.name)
            yield DiscoveryHit(_with_key(Content(action.title), action), call, action.title, action.help)

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for action in self._possible():
            if (score := matcher.match(action.title)) > 0:
                call = partial(self.explore.act, action.name)
                title = _with_key(matcher.highlight(action.title), action)
                yield Hit(score, title, call, action.title, action.help)


def _with_key(title: Content, action: Action) -> Content:
    return title + Content(f"  {action.label}").stylize("dim")
