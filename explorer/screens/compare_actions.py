"""The actions of Compare: those of Explore that change a view, and a few of its own."""

from explorer.actions import ACTIONS, Action

_COMPARE = "Compare"

_SHARED = ("edit", "models", "zoom", "theme", "help", "palette", "quit")
"""Actions without a change of the view that Compare does too."""

# fmt: off
OWN: tuple[Action, ...] = (
    Action("other_side", ("tab", "shift+tab"), "tab", "Other side",
           "Let the keys act on the other side; the query, key and stage are those of both.", _COMPARE, "side"),
    Action("difference", ("d",), "d", "Difference or side",
           "Where there is no room for all: show the difference, right − left, or the active side.",
           _COMPARE, "difference"),
    Action("step_previous", ("less_than_sign",), "<", "Step of training before",
           "Let the active side show its model at the step of training before, where snapshots were kept.",
           _COMPARE, "step"),
    Action("step_next", ("greater_than_sign",), ">", "Step of training after",
           "The step of training after.", _COMPARE, "step"),
    Action("open_side", ("enter",), "enter", "Open this side", "Return to Explore with the active side.",
           _COMPARE, "open"),
    Action("back", ("escape", "c"), "esc", "Leave Compare", "Return to Explore as it was; c does the same.",
           _COMPARE, "leave"),
)
# fmt: on


def _taken() -> tuple[Action, ...]:
    """Those of the registry; a key that has its own meaning here keeps that."""
    own = {key for action in OWN for key in action.keys}
    return tuple(
        action
        for action in ACTIONS
        if (action.change is not None or action.name in _SHARED) and not own & set(action.keys)
    )


COMPARE_ACTIONS = (*OWN, *_taken())
"""Every action of the screen."""

BY_NAME = {action.name: action for action in COMPARE_ACTIONS}

_PLACES = (
    ("help", ("help",)),
    ("side", ("other_side",)),
    ("query", ("query_previous", "query_next")),
    ("difference", ("difference",)),
    ("step", ("step_previous", "step_next")),
    ("stage", ("stage_next",)),
    ("head", ("head_previous", "head_next")),
    ("edit", ("edit",)),
    ("model", ("models",)),
    ("mask", ("mask",)),
    ("scale", ("scale",)),
    ("open", ("open_side",)),
    ("leave", ("back",)),
    ("layer", ("layer_previous", "layer_next")),
    ("amount", ("scale_smaller", "scale_larger")),
    ("key", ("key_previous", "key_next")),
    ("scope", ("scope",)),
    ("reset", ("reset",)),
    ("zoom", ("zoom",)),
)

PLACES = tuple((caption, tuple(BY_NAME[name] for name in names if name in BY_NAME)) for caption, names in _PLACES)
"""The footer: captions with the actions that share them, those that stay on a narrow terminal first."""

PLACES_WITHOUT_STEPS = tuple(place for place in PLACES if place[0] != "step")
"""The footer where no model that is compared first has snapshots of its training."""


def groups() -> dict[str, list[Action]]:
    """The actions under their headings, its own first."""
    found: dict[str, list[Action]] = {}
    for action in COMPARE_ACTIONS:
        found.setdefault(action.group, []).append(action)
    return found
