"""The actions of the Heads screen, from which its keys, footer, help and palette are made."""

from explorer.actions import Action

_CHOOSING = "Choosing a head"
_SHOWING = "Pictures and map"

# fmt: off
HEADS_ACTIONS: tuple[Action, ...] = (
    Action("head_left", ("left", "h", "left_square_bracket"), "←", "Head before",
           "Choose the head before; h and [ do the same.", _CHOOSING, "head"),
    Action("head_right", ("right", "l", "right_square_bracket"), "→", "Head after",
           "Choose the head after; l and ] do the same.", _CHOOSING, "head"),
    Action("head_up", ("up", "k", "comma"), "↑", "Row above",
           "Choose the head above; k and , do the same.", _CHOOSING, "head"),
    Action("head_down", ("down", "j", "full_stop"), "↓", "Row below",
           "Choose the head below; j and . do the same.", _CHOOSING, "head"),
    Action("page_up", ("pageup",), "page up", "Page up", "Choose a head one page above.", _CHOOSING),
    Action("page_down", ("pagedown",), "page down", "Page down", "Choose a head one page below.", _CHOOSING),
    Action("first_head", ("home",), "home", "First head", "Choose the first head.", _CHOOSING),
    Action("last_head", ("end", "G"), "end", "Last head", "Choose the last head; G does the same.", _CHOOSING),
    Action("open", ("enter",), "enter", "Open this head",
           "Look at the chosen head in Explore; a double click does the same.", _CHOOSING, "open"),
    Action("sort", ("s",), "s", "Sort by the next measure",
           "Position, peakedness of this sentence, then the four scores measured on text, best first.",
           _SHOWING, "sort"),
    Action("sort_back", ("S",), "S", "Sort by the measure before", "The same order of measures, backwards.", _SHOWING),
    Action("map", ("tab", "p"), "tab", "Pictures or map",
           "Small pictures of the weights, or a map of how peaked each head is; p does the same.", _SHOWING, "map"),
    Action("measure", ("v",), "v", "Measure of the map",
           "Mean effective number of keys, mean largest weight, or mean entropy.", _SHOWING, "measure"),
    Action("smaller", ("minus",), "−", "Smaller pictures", "A pixel stands for more tokens.", _SHOWING, "size"),
    Action("larger", ("plus", "equals_sign"), "+", "Larger pictures", "= does the same.", _SHOWING, "size"),
    Action("back", ("escape", "g"), "esc", "Back to Explore",
           "Leave the head in view as it was; g does the same.", _SHOWING, "back"),
    Action("theme", ("T",), "T", "Other colours", "Dark, light, the terminal's own colours, and grey, in turn.",
           _SHOWING),
    Action("palette", ("ctrl+p",), "ctrl+p", "All actions", "Find any action by its name.", _SHOWING),
    Action("quit", ("q", "ctrl+q"), "q", "Quit", "Leave the application.", _SHOWING),
    Action("help", ("question_mark", "f1"), "?", "Help", "This list; F1 does the same.", _SHOWING, "help"),
)
# fmt: on

BY_NAME = {action.name: action for action in HEADS_ACTIONS}

_IMPORTANCE = ("help", "open", "back", "sort", "map", "head", "measure", "size")

PLACES = tuple(
    (caption, tuple(action for action in HEADS_ACTIONS if action.footer == caption)) for caption in _IMPORTANCE
)
"""The footer: captions with the actions that share them, those that stay on a narrow terminal first."""


def groups() -> dict[str, list[Action]]:
    """The actions under their headings."""
    return {name: [each for each in HEADS_ACTIONS if each.group == name] for name in (_CHOOSING, _SHOWING)}
