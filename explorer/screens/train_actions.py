"""The actions of the Train screen, from which its keys, footer, help and palette are made."""

from explorer.actions import ACTIONS, Action

_RUN = "The run"
_PARTS = "What is seen of it"

_SHARED = ("edit", "zoom", "theme", "palette", "quit", "help")
_CHANGES = ("query_", "key_", "head_", "layer_", "stage_")

# fmt: off
OWN: tuple[Action, ...] = (
    Action("pause", ("space",), "space", "Pause or go on",
           "Let the run stand still after its step, or go on; a run that was stopped is resumed.", _RUN, "pause"),
    Action("stop", ("S",), "S", "Stop and save", "End the run with a checkpoint; space resumes it.", _RUN, "stop"),
    Action("sample", ("r",), "r", "New sample", "Let the model write now.", _RUN, "sample"),
    Action("open", ("enter",), "enter", "Open in Explore",
           "Look at the finished model; while it is trained, at its latest checkpoint.", _RUN, "open"),
    Action("new_run", ("N",), "N", "New run", "Fill in the form for another run.", _RUN, "new"),
    Action("part_next", ("tab", "p"), "tab", "Next part",
           "Loss, attention, sample, activations, gradients, updates, in turn; p does the same.", _PARTS, "part"),
    Action("part_previous", ("shift+tab",), "shift+tab", "Previous part", "The same backwards.", _PARTS),
    Action("log_loss", ("a",), "a", "Axis of the loss", "Linear or logarithmic.", _PARTS, "axes"),
    Action("log_steps", ("A",), "A", "Axis of the steps", "Linear or logarithmic.", _PARTS, "axes"),
    Action("whole_part", ("f",), "f", "One part in full",
           "The part that is chosen, as large as the screen; f or esc ends it.", _PARTS, "full"),
    Action("page_up", ("pageup",), "page up", "Page up", "Scroll the part that is chosen.", _PARTS),
    Action("page_down", ("pagedown",), "page down", "Page down", "Scroll the part that is chosen.", _PARTS),
    Action("back", ("escape", "f3"), "esc", "Back to Explore", "The run goes on; F3 shows it again.", _PARTS, "back"),
)
# fmt: on


def _taken() -> tuple[Action, ...]:
    """Those of the registry; a key that has its own meaning here keeps that."""
    own = {key for action in OWN for key in action.keys}
    return tuple(
        action
        for action in ACTIONS
        if (action.name in _SHARED or (action.change is not None and action.name.startswith(_CHANGES)))
        and action.name not in ("stage_next", "stage_previous")
        and not own & set(action.keys)
    )


TRAIN_ACTIONS = (*OWN, *_taken())
"""Every action of the screen."""

BY_NAME = {action.name: action for action in TRAIN_ACTIONS}

_PLACES = (
    ("help", ("help",)),
    ("pause", ("pause",)),
    ("stop", ("stop",)),
    ("part", ("part_next",)),
    ("back", ("back",)),
    ("edit", ("edit",)),
    ("open", ("open",)),
    ("head", ("head_previous", "head_next")),
    ("axes", ("log_loss", "log_steps")),
    ("full", ("whole_part",)),
    ("sample", ("sample",)),
    ("layer", ("layer_previous", "layer_next")),
    ("new", ("new_run",)),
)

PLACES = tuple((caption, tuple(BY_NAME[name] for name in names)) for caption, names in _PLACES)
"""The footer: captions with the actions that share them, those that stay on a narrow terminal first."""


def groups() -> dict[str, list[Action]]:
    """The actions under their headings, its own first."""
    found: dict[str, list[Action]] = {}
    for action in TRAIN_ACTIONS:
        found.setdefault(action.group, []).append(action)
    return found
