"""Every action of the application in one list: the footer, the help screen and the command palette are made from it."""

from dataclasses import dataclass

from explorer import view as v
from explorer.view import Bounds, Change, Stage, View


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do.

    `keys` are Textual's names of keys and `label` how they are written on screen. Actions one after another with the
    same `footer` share one place there. `change` is what it does to the view; None is left to the screen.
    """

    name: str
    keys: tuple[str, ...]
    label: str
    title: str
    help: str
    group: str
    footer: str = ""
    change: Change | None = None

    def possible(self, view: View, bounds: Bounds) -> bool:
        """Whether it would change anything."""
        return self.change is None or self.change(view, bounds) != view


_WALK = "Walking through the sentence"
_STAGES = "Stages"
_HEADS = "Layers and heads"
_SWITCHES = "Switches"
_LOOKING = "Looking closely"
_APPENDING = "Letting the model write"
_TAKING = "Taking it away"
_APPLICATION = "The application"

_MATRICES = (
    (Stage.SCORES, "How well each query matches each key: q · k."),
    (Stage.SCALED, "The scores times the scale."),
    (Stage.MASKED, "Scaled, with keys that a query may not see at −∞."),
    (Stage.WEIGHTS, "The softmax of each row: what each key contributes."),
    (Stage.MIXED, "The values averaged by the weights: what the head hands on."),
)

# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("query_previous", ("left", "h"), "←", "Previous query", "Move the query one token back; h does the same.",
           _WALK, "query", v.move_query(-1)),
    Action("query_next", ("right", "l"), "→", "Next query", "Move the query one token on; l does the same.",
           _WALK, "query", v.move_query(+1)),
    Action("key_previous", ("up", "k"), "↑", "Previous key", "Look at the key before; k does the same.",
           _WALK, "key", v.move_key(-1)),
    Action("key_next", ("down", "j"), "↓", "Next key", "Look at the key after; j does the same.",
           _WALK, "key", v.move_key(+1)),
    Action("query_first", ("home",), "home", "First query", "Move the query to the first token.",
           _WALK, "", v.first_query),
    Action("query_last", ("end",), "end", "Last query", "Move the query to the last token.",
           _WALK, "", v.last_query),
    Action("stage_next", ("n",), "n", "Next stage",
           "Step on: scores, scaled, masked, weights, mixed, next token; then the next query. What comes later waits.",
           _STAGES, "stage", v.next_stage),
    Action("play", ("space",), "space", "Play",
           "Step through the sentence by itself, from the start when at its end; any key pauses.",
           _WALK, "play"),
    Action("slower", ("less_than_sign",), "<", "Play slower", "Half as fast, while it plays or before.", _WALK),
    Action("faster", ("greater_than_sign",), ">", "Play faster", "Twice as fast, up to eight times.", _WALK),
    Action("head_previous", ("left_square_bracket",), "[", "Previous head", "The head before in this layer.",
           _HEADS, "head", v.move_head(-1)),
    Action("head_next", ("right_square_bracket",), "]", "Next head", "The head after in this layer.",
           _HEADS, "head", v.move_head(+1)),
    Action("layer_previous", ("comma",), ",", "Layer below", "The same head number one layer nearer to the tokens.",
           _HEADS, "layer", v.move_layer(-1)),
    Action("layer_next", ("full_stop",), ".", "Layer above", "The same head number one layer nearer to the output.",
           _HEADS, "layer", v.move_layer(+1)),
    Action("heads", ("g",), "g", "All heads", "Every layer and head as a picture or on a map, sorted; enter opens one.",
           _HEADS, "heads"),
    Action("compare", ("c",), "c", "Compare",
           "Two views side by side and their difference: as trained and as set, two heads, two sentences, two models.",
           _HEADS, "compare"),
    Action("time", ("t",), "t", "Through training",
           "A slider over the steps of the model's training: ← → move, space plays, enter keeps the step, esc returns.",
           _HEADS, "time"),
    Action("models", ("M",), "M", "Open a model", "Choose another model, or type the path of a checkpoint directory.",
           _APPLICATION),
    Action("mask", ("m",), "m", "Mask on or off", "Let every query see all keys, or only those up to itself.",
           _SWITCHES, "mask", v.toggle_mask),
    Action("scale", ("s",), "s", "Scale on or off", "Multiply the scores by 1, or again by 1/√head_size.",
           _SWITCHES, "scale", v.toggle_scale),
    Action("scale_smaller", ("minus",), "−", "Smaller scale",
           "Divide the scale by about √2; the steps meet 1, 1/√head_size and 1/head_size exactly.",
           _SWITCHES, "amount", v.smaller_scale),
    Action("scale_larger", ("plus", "equals_sign"), "+", "Larger scale",
           "Multiply the scale by about √2; = does the same.", _SWITCHES, "amount", v.larger_scale),
    Action("scope", ("o",), "o", "What switches act on", "This head, this layer or the whole model, in turn.",
           _SWITCHES, "scope", v.next_scope),
    Action("ablate", ("x",), "x", "Ablate the head",
           "Put zeros in place of the mixed values of the head in view, whatever the scope; several heads can be.",
           _SWITCHES, "ablate", v.toggle_ablated),
    Action("reset", ("r",), "r", "As trained", "Put every switch back as the model was trained.",
           _SWITCHES, "reset", v.reset),
    Action("edit", ("e",), "e", "Edit the sentence", "Type another sentence: enter keeps it, esc gives it up.",
           _APPLICATION, "edit"),
    Action("samples", ("p",), "p", "Sample sentences", "Sentences that show something, each with what to look for.",
           _APPLICATION, "samples"),
    Action("candidates", ("a",), "a", "Choose a next token",
           "Go to the predictions: ↑ ↓ choose a token, esc leaves. A click on one appends it.", _APPENDING),
    Action("append", ("enter",), "enter", "Append the token",
           "In the predictions: the token chosen comes after the query, in place of what stood there.",
           _APPENDING),
    Action("take_back", ("backspace",), "⌫", "Take the token back",
           "In the predictions: the sentence as it was before the last token was appended.", _APPENDING),
    Action("copy", ("y",), "y", "Copy the row or matrix",
           "Copy the part that has the focus, else the row of the query, with tabs for a spreadsheet.",
           _TAKING, "copy"),
    Action("write", ("w",), "w", "Write a file",
           "The trace as JSON, the matrix as CSV, everything as NPZ, a picture of the screen, or the link line.",
           _TAKING, "write"),
    Action("link", ("L",), "L", "Link line", "Show and copy the command line that opens exactly this view again.",
           _TAKING),
    Action("train", ("f3",), "F3", "Train", "Train a model and watch it learn; esc returns, the run goes on.",
           _APPLICATION, "train"),
    Action("theme", ("T",), "T", "Other colours", "Dark, light, the terminal's own colours, and grey, in turn.",
           _APPLICATION),
    Action("stage_previous", ("N",), "N", "Previous stage", "One stage back; before the first, the query before.",
           _STAGES, "", v.previous_stage),
    *(Action(f"stage_{stage.value}", (str(number),), str(number), f"Show {stage.value}", what, _STAGES,
             "", v.choose_stage(stage)) for number, (stage, what) in enumerate(_MATRICES, 1)),
    Action("details", ("d",), "d", "The cell in full",
           "The arithmetic of the cell, as large as the screen; d or esc ends it.", _LOOKING, "details"),
    Action("whole_part", ("f",), "f", "One part in full",
           "The part that has the focus, else the matrix, as large as the screen; tab shows the next, f or esc all.",
           _LOOKING, "full"),
    Action("zoom", ("z",), "z", "Zoom",
           "Numbers, blocks or half blocks, in turn, or by itself the largest that shows the whole matrix.",
           _LOOKING, "zoom"),
    Action("order", ("v",), "v", "Order of the products",
           "In the cell: largest first, or in the order of the dimensions.", _LOOKING),
    Action("focus_next", ("tab",), "tab", "Next part", "Move the focus on; page up and page down scroll what has it.",
           _APPLICATION),
    Action("focus_previous", ("shift+tab",), "shift+tab", "Previous part", "Move the focus back.", _APPLICATION),
    Action("palette", ("ctrl+p",), "ctrl+p", "All actions", "Find any action by its name.", _APPLICATION),
    Action("back", ("escape",), "esc", "Step back", "Close what is open, stop what plays, leave what has the focus.",
           _APPLICATION),
    Action("quit", ("q", "ctrl+q"), "q", "Quit", "Leave the application; ctrl+q does so from anywhere.", _APPLICATION),
    Action("help", ("question_mark", "f1"), "?", "Help", "This list; F1 does the same.", _APPLICATION, "help"),
)
# fmt: on

BY_NAME = {action.name: action for action in ACTIONS}


def groups() -> dict[str, list[Action]]:
    """The actions under their headings, in the order of the help screen."""
    names = (_WALK, _STAGES, _HEADS, _SWITCHES, _LOOKING, _APPENDING, _TAKING, _APPLICATION)
    found: dict[str, list[Action]] = {name: [] for name in names}
    for action in ACTIONS:
        found[action.group].append(action)
    return found


def footer() -> list[tuple[str, tuple[Action, ...]]]:
    """What the footer shows, in order of importance for their place: a caption and the actions that share it."""
    places: dict[str, tuple[Action, ...]] = {}
    for action in ACTIONS:
        if action.footer:
            places[action.footer] = (*places.get(action.footer, ()), action)
    return list(places.items())
