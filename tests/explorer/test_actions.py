"""The registry of actions is complete and without contradictions."""

from textual.keys import _character_to_key

from explorer.actions import ACTIONS, BY_NAME, footer, groups
from explorer.screens.explore import ExploreScreen
from explorer.view import Bounds, Stage, View
from explorer.widgets.key_line import IMPORTANCE

BOUNDS = Bounds(positions=8, n_layer=2, n_head=4, head_size=16, scales=(0.25,) * 2)


def test_no_key_means_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert len(BY_NAME) == len(ACTIONS)


def test_keys_are_written_as_textual_names_them() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert len(key) > 1 or _character_to_key(key) == key, key


def test_the_design_has_its_keys() -> None:
    keys = {key: action.name for action in ACTIONS for key in action.keys}
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
        assert not set("[]") & set(action.title + action.help)  # the palette would read it as markup


def test_help_lists_all_and_the_footer_knows_its_places() -> None:
    assert [action for group in groups().values() for action in group] != []
    assert {action.name for group in groups().values() for action in group} == BY_NAME.keys()
    assert sorted(IMPORTANCE) == sorted(caption for caption, _ in footer())


def test_an_action_that_changes_nothing_is_not_possible() -> None:
    view = View("m", "t")
    assert not BY_NAME["query_previous"].possible(view, BOUNDS)
    assert BY_NAME["query_next"].possible(view, BOUNDS)
    assert not BY_NAME["reset"].possible(view, BOUNDS)
    assert not BY_NAME["head_previous"].possible(view, BOUNDS)
    assert not BY_NAME[f"stage_{Stage.WEIGHTS}"].possible(view, BOUNDS)
    assert BY_NAME["stage_scores"].possible(view, BOUNDS)


def test_the_screen_binds_them() -> None:
    bound = {binding.key for binding in ExploreScreen._merge_bindings().key_to_bindings.values() for binding in binding}
    own = {"ctrl+p"}  # the application's own
    assert {key for action in ACTIONS for key in action.keys} - own <= bound
