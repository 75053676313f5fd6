"""The registry of actions is complete and without contradictions."""

from typing import Any

import pytest
from textual.keys import _character_to_key

from explorer.actions import (
    ACTIONS,
    COMPARE,
    EXPLORE,
    HEADS,
    LAB,
    TRAIN,
    Action,
    action_named,
    actions_of,
    footer,
    help_groups,
)
from explorer.screens.base import ActionScreen
from explorer.screens.compare import CompareScreen
from explorer.screens.explore import ExploreScreen
from explorer.screens.heads import HeadsScreen
from explorer.screens.lab import LabScreen
from explorer.screens.train import TrainScreen
from explorer.view import Bounds, Stage, View

BOUNDS = Bounds(positions=8, n_layer=2, n_head=4, head_size=16, scales=(0.25,) * 2)
SCREENS: dict[str, type[ActionScreen[Any]]] = {
    EXPLORE: ExploreScreen,
    COMPARE: CompareScreen,
    HEADS: HeadsScreen,
    TRAIN: TrainScreen,
    LAB: LabScreen,
}

each_screen = pytest.mark.parametrize("screen", SCREENS)


def explore(name: str) -> Action:
    action = action_named(EXPLORE, name)
    assert action is not None
    return action


@each_screen
def test_no_key_and_no_name_means_two_things(screen: str) -> None:
    keys = [key for action in actions_of(screen) for key in action.keys]
    assert len(keys) == len(set(keys))
    names = [action.name for action in actions_of(screen)]
    assert len(names) == len(set(names))


def test_keys_are_written_as_textual_names_them() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert len(key) > 1 or _character_to_key(key) == key, key


def test_the_design_has_its_keys() -> None:
    keys = {key: action.name for action in actions_of(EXPLORE) for key in action.keys}
    wanted = "left right up down h j k l home end g 1 2 3 4 n N m s o r e q tab escape space minus plus equals_sign"
    assert set(wanted.split()) <= keys.keys()
    assert {"x", "a", "less_than_sign", "greater_than_sign"} <= keys.keys()
    assert {"left_square_bracket", "right_square_bracket", "comma", "full_stop"} <= keys.keys()
    assert {"question_mark", "f1", "ctrl+q", "ctrl+p"} <= keys.keys()
    assert keys["h"] == keys["left"]
    assert keys["j"] == keys["down"]


def test_every_action_explains_itself() -> None:
    for action in ACTIONS:
        assert action.title
        assert action.help.endswith(".")
        assert not set("[]") & set(action.title)  # the palette would read it as markup
    axes = {"log_loss": "the loss", "log_steps": "the steps"}
    assert all(axes[action.name] in action.help for action in ACTIONS if action.name in axes)


@each_screen
def test_help_lists_all_and_the_footer_has_places_for_what_there_is(screen: str) -> None:
    listed = [action.name for group in help_groups(screen).values() for action in group]
    assert sorted(listed) == sorted(action.name for action in actions_of(screen))
    places = footer(screen)
    assert sorted(place.rank for place in places) == list(range(len(places)))
    assert all(place.actions for place in places)


def test_an_action_says_if_it_changes_a_view() -> None:
    view = View("m", "t")
    assert not explore("query_previous").changes(view, BOUNDS)
    assert explore("query_next").changes(view, BOUNDS)
    assert not explore("reset").changes(view, BOUNDS)
    assert not explore("head_previous").changes(view, BOUNDS)
    assert not explore(f"stage_{Stage.WEIGHTS}").changes(view, BOUNDS)
    assert explore("stage_scores").changes(view, BOUNDS)


@each_screen
def test_the_screen_binds_them_and_has_a_method_for_each(screen: str) -> None:
    kind = SCREENS[screen]
    bound = {binding.key for binding in kind._merge_bindings().key_to_bindings.values() for binding in binding}
    own = {"ctrl+p"}  # the application's own
    assert {key for action in actions_of(screen) for key in action.keys} - own <= bound
    methods = set(dir(kind))
    for action in actions_of(screen):
        name = action.command.partition("(")[0]
        assert name.startswith("app.") or f"action_{name}" in methods, action.name


def test_the_way_out_of_compare_is_named_at_any_width() -> None:
    ranks = {place.caption: place.rank for place in footer(COMPARE)}
    assert ranks["leave"] < 4
