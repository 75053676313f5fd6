"""The registry of actions: what a person can do on which screen.

Key bindings, footers, the help screen, and the command palette are generated from it, see `explorer.screens.base`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer import view as v
from explorer.view import Bounds, Change, Stage, View

EXPLORE = "explore"
COMPARE = "compare"
HEADS = "heads"
TRAIN = "train"
LAB = "lab"

_EVERY = (EXPLORE, COMPARE, HEADS, TRAIN, LAB)
_READING = (EXPLORE, COMPARE, TRAIN)
_VIEWS = (EXPLORE, COMPARE)


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do on some of the screens.

    `keys` are Textual's names of the keys, `label` is how they are written in the footer. An action with a `change`
    makes a new view; every other one is a method `action_<name>` of the screen, or one of the application's own.
    `lab` is the number of the lab that shows why there is such an action, 0 if there is none.
    """

    name: str
    screens: tuple[str, ...]
    keys: tuple[str, ...]
    label: str
    title: str
    help: str
    group: str
    change: Change | None = None
    lab: int = 0

    @property
    def command(self) -> str:
        """The action in Textual's notation, as bindings and links write it."""
        if self.change is not None:
            return f"change_view('{self.name}')"
        return _OF_APPLICATION.get(self.name, self.name)

    def changes(self, view: View, bounds: Bounds) -> bool:
        """Return True if the action leads to another view."""
        return self.change is not None and self.change(view, bounds) != view


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a footer: a caption and the actions that share it.

    Where a footer is too long, places are dropped from the highest `rank` down.
    """

    caption: str
    actions: tuple[Action, ...]
    rank: int


_OF_APPLICATION = {
    "quit": "app.quit",
    "palette": "app.command_palette",
    "focus_next": "app.focus_next",
    "focus_previous": "app.focus_previous",
}

_CHOOSING = "Choosing a head"
_SHOWING = "Pictures and map"
_COMPARE = "Compare"
_TOUR = "Going through the labs"
_LAB = "In a lab"
_RUN = "The run"
_PARTS = "What is shown of the run"
_WALK = "Walking through the sentence"
_STAGES = "Stages"
_HEADS = "Layers and heads"
_SWITCHES = "Switches"
_LOOKING = "Looking closely"
_APPENDING = "Letting the model write"
_EXPORTING = "Copying and exporting"
_APPLICATION = "The application"

_GROUPS = (
    *(_CHOOSING, _SHOWING, _COMPARE, _RUN, _PARTS, _TOUR, _LAB),
    *(_WALK, _STAGES, _HEADS, _SWITCHES, _LOOKING, _APPENDING, _EXPORTING, _APPLICATION),
)
"""The headings of the help screen in their order: those of a single screen come first."""

_MATRICES = (
    (Stage.SCORES, "How well each query matches each key: q · k."),
    (Stage.SCALED, "The scores times the scale."),
    (Stage.MASKED, "Scaled, with keys that a query may not see at −∞."),
    (Stage.WEIGHTS, "The softmax of each row: what each key contributes."),
    (Stage.MIXED, "The values averaged by the weights: what the head hands on."),
    (Stage.CAPPED, "Scaled, within the soft cap of a model that has one; the mask comes after it."),
)

# fmt: off
_COMPARE_ACTIONS = (
    Action("other_side", (COMPARE,), ("tab", "shift+tab"), "tab", "Other side",
           "Let the keys act on the other side; both sides share the query, key and stage.", _COMPARE),
    Action("difference", (COMPARE,), ("d",), "d", "Difference or side",
           "Where only one matrix fits: show the difference, right − left, or the active side.", _COMPARE),
    Action("step_previous", (COMPARE,), ("less_than_sign",), "<", "Previous training step",
           "Let the active side show its model at the previous step for which a snapshot was kept.", _COMPARE),
    Action("step_next", (COMPARE,), ("greater_than_sign",), ">", "Next training step",
           "Let the active side show its model at the next step for which a snapshot was kept.", _COMPARE),
    Action("open_side", (COMPARE,), ("enter",), "enter", "Open this side",
           "Return to Explore with the active side.", _COMPARE),
    Action("back", (COMPARE,), ("escape", "c"), "esc", "Leave Compare",
           "Return to Explore as it was; c does the same.", _COMPARE),
)

_HEADS_ACTIONS = (
    Action("head_left", (HEADS,), ("left", "h", "left_square_bracket"), "←", "Previous head",
           "Choose the previous head; h and [ do the same.", _CHOOSING),
    Action("head_right", (HEADS,), ("right", "l", "right_square_bracket"), "→", "Next head",
           "Choose the next head; l and ] do the same.", _CHOOSING),
    Action("head_up", (HEADS,), ("up", "k", "comma"), "↑", "Row above",
           "Choose the head above; k and , do the same.", _CHOOSING),
    Action("head_down", (HEADS,), ("down", "j", "full_stop"), "↓", "Row below",
           "Choose the head below; j and . do the same.", _CHOOSING),
    Action("page_up", (HEADS,), ("pageup",), "page up", "Page up", "Choose a head one page above.", _CHOOSING),
    Action("page_down", (HEADS,), ("pagedown",), "page down", "Page down",
           "Choose a head one page below.", _CHOOSING),
    Action("first_head", (HEADS,), ("home",), "home", "First head", "Choose the first head.", _CHOOSING),
    Action("last_head", (HEADS,), ("end", "G"), "end", "Last head",
           "Choose the last head; G does the same.", _CHOOSING),
    Action("open", (HEADS,), ("enter",), "enter", "Open this head",
           "Look at the chosen head in Explore; a double click does the same.", _CHOOSING),
    Action("sort", (HEADS,), ("s",), "s", "Sort by the next measure",
           "Position, what heads are called, the loss without them, peakedness, then each score, the largest first.",
           _SHOWING),
    Action("sort_back", (HEADS,), ("S",), "S", "Sort by the previous measure",
           "Go through the same measures backwards.", _SHOWING),
    Action("map", (HEADS,), ("tab", "p"), "tab", "Pictures or map",
           "Small pictures of the weights, or a map of how peaked each head is; p does the same.", _SHOWING),
    Action("measure", (HEADS,), ("v",), "v", "Measure of the map",
           "Mean effective number of keys, mean largest weight, or mean entropy.", _SHOWING),
    Action("smaller", (HEADS,), ("minus",), "−", "Smaller pictures", "A pixel stands for more tokens.", _SHOWING),
    Action("larger", (HEADS,), ("plus", "equals_sign"), "+", "Larger pictures", "= does the same.", _SHOWING),
    Action("back", (HEADS,), ("escape", "g"), "esc", "Back to Explore",
           "Leave the head in view as it was; g does the same.", _SHOWING),
)

_TRAIN_ACTIONS = (
    Action("pause", (TRAIN,), ("space",), "space", "Pause or continue",
           "Pause the run after the current step, or continue it; a stopped run is resumed.", _RUN),
    Action("stop", (TRAIN,), ("S",), "S", "Stop and save",
           "End the run with a checkpoint; space resumes it.", _RUN),
    Action("sample", (TRAIN,), ("r",), "r", "New sample", "Let the model write now.", _RUN),
    Action("open", (TRAIN,), ("enter",), "enter", "Open in Explore",
           "Look at the finished model; while it is trained, at its latest checkpoint.", _RUN),
    Action("new_run", (TRAIN,), ("N",), "N", "New run", "Fill in the form for another run.", _RUN),
    Action("part_next", (TRAIN,), ("tab", "p"), "tab", "Next part",
           "Loss, attention, sample, activations, gradients and updates in turn; p does the same.", _PARTS),
    Action("part_previous", (TRAIN,), ("shift+tab",), "shift+tab", "Previous part", "The same backwards.", _PARTS),
    Action("log_loss", (TRAIN,), ("a",), "a", "Axis of the loss",
           "Draw the loss on a linear or a logarithmic axis.", _PARTS),
    Action("log_steps", (TRAIN,), ("A",), "A", "Axis of the steps",
           "Draw the steps on a linear or a logarithmic axis.", _PARTS),
    Action("whole_part", (TRAIN,), ("f",), "f", "One part in full",
           "Let the chosen part fill the screen; f or esc shows all parts again.", _PARTS),
    Action("page_up", (TRAIN,), ("pageup",), "page up", "Page up", "Scroll the part that is chosen.", _PARTS),
    Action("page_down", (TRAIN,), ("pagedown",), "page down", "Page down",
           "Scroll the part that is chosen.", _PARTS),
    Action("back", (TRAIN,), ("escape", "f3"), "esc", "Back to Explore",
           "The run goes on; F3 shows it again.", _PARTS),
)

_LAB_ACTIONS = (
    Action("forward", (LAB,), ("space",), "space", "What comes next",
           "The answer, the next step, then the next lab: this one key goes through everything.", _TOUR),
    Action("answer", (LAB,), ("enter",), "enter", "Open, or show the answer",
           "In the list, open a lab; at a question, show what the numbers say. A digit chooses too.", _TOUR),
    Action("lab_previous", (LAB,), ("left_square_bracket",), "[", "Previous lab", "Open the previous lab.", _TOUR),
    Action("lab_next", (LAB,), ("right_square_bracket",), "]", "Next lab", "Open the next lab.", _TOUR),
    Action("guide", (LAB,), ("g",), "g", "Questions on or off",
           "Ask before the answer is shown, or show it at once.", _TOUR),
    Action("present", (LAB,), ("p",), "p", "Present",
           "Go through all labs with the values of the lecture; space goes on, p ends it.", _TOUR),
    Action("list", (LAB,), ("f2",), "F2", "List of labs", "Choose another lab.", _TOUR),
    Action("back", (LAB,), ("escape",), "esc", "Step back",
           "Leave the fields, then the lab, then the labs.", _TOUR),
    Action("step_next", (LAB,), ("n",), "n", "Next step", "The next step of this lab.", _LAB),
    Action("step_previous", (LAB,), ("N",), "N", "Previous step", "The previous step of this lab.", _LAB),
    Action("row_previous", (LAB,), ("left", "h"), "←", "Previous row",
           "The previous row of a matrix, like the query in Explore; h does the same.", _LAB),
    Action("row_next", (LAB,), ("right", "l"), "→", "Next row", "The next row; l does the same.", _LAB),
    Action("column_previous", (LAB,), ("up", "k"), "↑", "Previous column",
           "The previous column of a matrix, like the key in Explore, or the line above; k does the same.", _LAB),
    Action("column_next", (LAB,), ("down", "j"), "↓", "Next column",
           "The next column, or the line below; j does the same.", _LAB),
    Action("picture_next", (LAB,), ("tab",), "tab", "Next picture", "The next picture of this step.", _LAB),
    Action("picture_previous", (LAB,), ("shift+tab",), "shift+tab", "Previous picture",
           "The previous picture of this step.", _LAB),
    Action("page_up", (LAB,), ("pageup",), "page up", "Page up", "Scroll the picture or the code.", _LAB),
    Action("page_down", (LAB,), ("pagedown",), "page down", "Page down", "Scroll the picture or the code.", _LAB),
    Action("code", (LAB,), ("c",), "c", "Code or pictures",
           "Let the source of the functions that made the numbers fill the screen, or show the pictures again.", _LAB),
    Action("zoom_picture", (LAB,), ("z",), "z", "Zoom",
           "Numbers, blocks, half blocks, or automatic: the largest that shows the whole matrix.", _LAB),
    Action("value_smaller", (LAB,), ("minus",), "−", "Smaller value",
           "Run the lab with the next smaller value of the parameter that is marked.", _LAB),
    Action("value_larger", (LAB,), ("plus", "equals_sign"), "+", "Larger value",
           "The next larger value; = does the same.", _LAB),
    Action("value_next", (LAB,), ("v",), "v", "Other parameter", "Let − and + change another parameter.", _LAB),
    Action("edit", (LAB,), ("e",), "e", "Edit the parameters",
           "Type any values: enter runs the lab with them, esc discards them.", _LAB),
    Action("reset", (LAB,), ("r",), "r", "As in the lecture", "Put every parameter back.", _LAB),
    Action("stop", (LAB,), ("S",), "S", "Stop or start",
           "Stop what is being trained or computed, or start it again.", _LAB),
)

_SHARED_ACTIONS = (
    Action("query_previous", _READING, ("left", "h"), "←", "Previous query",
           "Move the query one token back; h does the same.", _WALK, v.move_query(-1)),
    Action("query_next", _READING, ("right", "l"), "→", "Next query",
           "Move the query one token on; l does the same.", _WALK, v.move_query(+1)),
    Action("key_previous", _READING, ("up", "k"), "↑", "Previous key",
           "Look at the previous key; k does the same.", _WALK, v.move_key(-1)),
    Action("key_next", _READING, ("down", "j"), "↓", "Next key",
           "Look at the next key; j does the same.", _WALK, v.move_key(+1)),
    Action("query_first", _READING, ("home",), "home", "First query",
           "Move the query to the first token.", _WALK, v.first_query),
    Action("query_last", _READING, ("end",), "end", "Last query",
           "Move the query to the last token.", _WALK, v.last_query),
    Action("stage_next", (EXPLORE,), ("n",), "n", "Next stage",
           "Scores, scaled, masked, weights, mixed, next token, then the next query. Later stages are not shown yet.",
           _STAGES, v.step_on),
    Action("stage_next", (COMPARE,), ("n",), "n", "Next stage",
           "Scores, scaled, masked, weights, mixed, next token.", _STAGES, v.next_stage),
    Action("play", (EXPLORE,), ("space",), "space", "Play",
           "Step through the sentence automatically, at its end from the start again; any key pauses.", _WALK),
    Action("slower", (EXPLORE,), ("less_than_sign",), "<", "Play slower",
           "Half as fast; works before and during playback.", _WALK),
    Action("faster", (EXPLORE,), ("greater_than_sign",), ">", "Play faster",
           "Twice as fast, up to eight times.", _WALK),
    Action("head_previous", _READING, ("left_square_bracket",), "[", "Previous head",
           "The previous head of this layer.", _HEADS, v.move_head(-1)),
    Action("head_next", _READING, ("right_square_bracket",), "]", "Next head",
           "The next head of this layer.", _HEADS, v.move_head(+1)),
    Action("layer_previous", _READING, ("comma",), ",", "Layer below",
           "The same head number one layer nearer to the tokens.", _HEADS, v.move_layer(-1)),
    Action("layer_next", _READING, ("full_stop",), ".", "Layer above",
           "The same head number one layer nearer to the output.", _HEADS, v.move_layer(+1)),
    Action("heads", (EXPLORE,), ("g",), "g", "All heads",
           "Every layer and head as a picture or on a map, sorted; enter opens one.", _HEADS),
    Action("find_head", (EXPLORE,), ("slash",), "/", "Find the head",
           "All heads ranked by their weight from this query to this key, or by what ablating them does; enter opens "
           "one.", _HEADS),
    Action("circuits", (EXPLORE,), ("i",), "i", "Inside the head: OV and QK",
           "From the weights alone: which tokens the head writes when it looks at a token, which keys a query looks "
           "for, and whether the head copies.", _HEADS),
    Action("compare", (EXPLORE,), ("c",), "c", "Compare",
           "Two views side by side and their difference: as trained and as set, two heads, two sentences, two models.",
           _HEADS),
    Action("time", (EXPLORE,), ("t",), "t", "Through training",
           "A slider over the snapshots of the training: ← → move, space plays, enter keeps the step, esc returns.",
           _HEADS),
    Action("models", _VIEWS, ("M",), "M", "Open a model",
           "Choose another model, or type the path of a checkpoint directory.", _APPLICATION),
    Action("mask", _VIEWS, ("m",), "m", "Mask on or off",
           "Let every query see all keys, or only those up to itself.", _SWITCHES, v.toggle_mask, lab=7),
    Action("scale", _VIEWS, ("s",), "s", "Scale on or off",
           "Multiply the scores by 1, or again by 1/√head_size.", _SWITCHES, v.toggle_scale, lab=3),
    Action("scale_smaller", _VIEWS, ("minus",), "−", "Smaller scale",
           "Divide the scale by about √2; the steps meet 1, 1/√head_size and 1/head_size, and end at 0.",
           _SWITCHES, v.smaller_scale),
    Action("scale_larger", _VIEWS, ("plus", "equals_sign"), "+", "Larger scale",
           "Multiply the scale by about √2; = does the same.", _SWITCHES, v.larger_scale),
    Action("scope", _VIEWS, ("o",), "o", "What switches act on",
           "This head, this layer or the whole model, in turn.", _SWITCHES, v.next_scope),
    Action("ablate", _VIEWS, ("x",), "x", "Ablate the head",
           "Replace the mixed values of the head in view by zeros, whatever the scope. Several heads can be ablated.",
           _SWITCHES, v.toggle_ablated),
    Action("reset", _VIEWS, ("r",), "r", "As trained",
           "Put every switch back to how the model was trained.", _SWITCHES, v.reset),
    Action("most_changed", _VIEWS, ("b",), "b", "Where most changed",
           "Go to the row that the last switch changed most; later, to the one that all switches changed most.",
           _SWITCHES),
    Action("edit", _READING, ("e",), "e", "Edit the sentence",
           "Type another sentence: enter keeps it, esc discards it.", _APPLICATION),
    Action("samples", (EXPLORE,), ("p",), "p", "Sample sentences",
           "Sentences that show something; each says what to look for.", _APPLICATION),
    Action("candidates", (EXPLORE,), ("a",), "a", "Choose a next token",
           "Go to the predictions: ↑ ↓ choose a token, esc leaves. A click on one appends it.", _APPENDING),
    Action("append", (EXPLORE,), ("enter",), "enter", "Append the token",
           "In the predictions: put the chosen token after the query, in place of what follows it.", _APPENDING),
    Action("take_back", (EXPLORE,), ("backspace",), "⌫", "Take the token back",
           "In the predictions: return to the sentence before the last token was appended.", _APPENDING),
    Action("copy", (EXPLORE,), ("y",), "y", "Copy the row or matrix",
           "Copy the focused part, or else the row of the query, with tabs for a spreadsheet.", _EXPORTING),
    Action("write", (EXPLORE, HEADS), ("w",), "w", "Write a file",
           "The trace as JSON, the matrix as CSV, everything as NPZ, a picture of the screen, or the link line.",
           _EXPORTING),
    Action("link", (EXPLORE,), ("L",), "L", "Link line",
           "Show and copy the command line that opens exactly this view again.", _EXPORTING),
    Action("labs", (EXPLORE,), ("f2",), "F2", "Labs",
           "The lecture's experiments: each a claim, the code that tests it, and its numbers.", _APPLICATION),
    Action("tour", (EXPLORE,), ("f4",), "F4", "Tour",
           "A tour of this screen, one key at a time; F4 or esc leaves it.", _APPLICATION),
    Action("train", (EXPLORE,), ("f3",), "F3", "Train",
           "Train a model and watch it learn; esc returns while the run goes on.", _APPLICATION),
    Action("lecture", (EXPLORE,), ("f5",), "F5", "Lecture mode",
           "For a projector: one large matrix with numbers, the sentence, its explanation, predictions.", _LOOKING),
    Action("theme", _EVERY, ("T",), "T", "Other colours",
           "Dark, light, the terminal's own colours and grey in turn.", _APPLICATION),
    Action("stage_previous", _VIEWS, ("N",), "N", "Previous stage",
           "Go back one stage; from the first, to the previous query.", _STAGES, v.previous_stage),
    *(Action(f"stage_{stage.value}", _READING, (str(number),), str(number), f"Show {stage.value}",
             what, _STAGES, v.choose_stage(stage)) for number, (stage, what) in enumerate(_MATRICES, 1)),
    Action("details", (EXPLORE,), ("d",), "d", "The cell in full",
           "Let the arithmetic of the cell fill the screen; d or esc shows all parts again.", _LOOKING),
    Action("whole_part", (EXPLORE,), ("f",), "f", "One part in full",
           "Let the focused part, or else the matrix, fill the screen; tab shows the next part, f or esc all.",
           _LOOKING),
    Action("zoom", _READING, ("z",), "z", "Zoom",
           "Numbers, blocks, half blocks, or automatic: the largest that shows the whole matrix.", _LOOKING),
    Action("first_key", (EXPLORE,), ("0",), "0", "Colours without the first key",
           "Leave the first key out of the range of the colours: many models give it most of the weight.", _LOOKING),
    Action("sort_keys", (EXPLORE,), ("S",), "S", "Sort the keys",
           "In the row table: by weight, the largest first, or by position.", _LOOKING),
    Action("rotation", (EXPLORE,), ("u",), "u", "q and k before their rotation",
           "In the cell: q and k before they are rotated by their positions, in models that do so.", _LOOKING),
    Action("order", (EXPLORE,), ("v",), "v", "Order of the products",
           "In the cell: the largest first, or in the order of the dimensions.", _LOOKING),
    Action("focus_next", (EXPLORE,), ("tab",), "tab", "Next part",
           "Focus the next part; page up and page down scroll it.", _APPLICATION),
    Action("focus_previous", (EXPLORE,), ("shift+tab",), "shift+tab", "Previous part",
           "Focus the previous part.", _APPLICATION),
    Action("palette", _EVERY, ("ctrl+p",), "ctrl+p", "All actions", "Find any action by its name.", _APPLICATION),
    Action("back", (EXPLORE,), ("escape",), "esc", "Step back",
           "Close what is open, stop the playback, or leave the focused part.", _APPLICATION),
    Action("quit", _EVERY, ("q", "ctrl+q"), "q", "Quit",
           "Leave the application; ctrl+q does so from anywhere.", _APPLICATION),
    Action("help", _EVERY, ("question_mark", "f1"), "?", "Help", "This list; F1 does the same.", _APPLICATION),
)
# fmt: on

ACTIONS: tuple[Action, ...] = (*_COMPARE_ACTIONS, *_HEADS_ACTIONS, *_TRAIN_ACTIONS, *_LAB_ACTIONS, *_SHARED_ACTIONS)
"""Every action; on a screen that shares actions with Explore, its own come first."""

_FOOTERS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    EXPLORE: (
        ("query", ("query_previous", "query_next")),
        ("key", ("key_previous", "key_next")),
        ("stage", ("stage_next",)),
        ("play", ("play",)),
        ("head", ("head_previous", "head_next")),
        ("layer", ("layer_previous", "layer_next")),
        ("heads", ("heads",)),
        ("find", ("find_head",)),
        ("inside", ("circuits",)),
        ("compare", ("compare",)),
        ("time", ("time",)),
        ("mask", ("mask",)),
        ("scale", ("scale",)),
        ("amount", ("scale_smaller", "scale_larger")),
        ("scope", ("scope",)),
        ("ablate", ("ablate",)),
        ("reset", ("reset",)),
        ("most changed", ("most_changed",)),
        ("edit", ("edit",)),
        ("samples", ("samples",)),
        ("copy", ("copy",)),
        ("write", ("write",)),
        ("train", ("train",)),
        ("tour", ("tour",)),
        ("lecture", ("lecture",)),
        ("labs", ("labs",)),
        ("details", ("details",)),
        ("full", ("whole_part",)),
        ("zoom", ("zoom",)),
        ("help", ("help",)),
    ),
    HEADS: (
        ("help", ("help",)),
        ("open", ("open",)),
        ("back", ("back",)),
        ("sort", ("sort",)),
        ("map", ("map",)),
        ("head", ("head_left", "head_right", "head_up", "head_down")),
        ("measure", ("measure",)),
        ("size", ("smaller", "larger")),
        ("write", ("write",)),
    ),
    COMPARE: (
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
    ),
    TRAIN: (
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
    ),
    LAB: (
        ("help", ("help",)),
        ("next", ("forward",)),
        ("step", ("step_next",)),
        ("lab", ("lab_previous", "lab_next")),
        ("value", ("value_smaller", "value_larger")),
        ("edit", ("edit",)),
        ("code", ("code",)),
        ("picture", ("picture_next",)),
        ("back", ("back",)),
        ("questions", ("guide",)),
        ("present", ("present",)),
        ("stop", ("stop",)),
        ("row", ("row_previous", "row_next")),
        ("column", ("column_previous", "column_next")),
        ("other value", ("value_next",)),
        ("reset", ("reset",)),
        ("zoom", ("zoom_picture",)),
    ),
}
"""The footer of each screen from left to right: captions, and the actions that share each."""

_IMPORTANCE = {
    EXPLORE: (
        *("help", "query", "stage", "edit", "mask", "scale", "amount", "head", "layer", "play", "heads", "key"),
        *("details", "zoom", "full", "scope", "ablate", "reset", "most changed", "find", "compare", "time", "samples"),
        *("write", "copy", "train", "labs", "tour", "lecture", "inside"),
    ),
    COMPARE: (
        *("help", "side", "leave", "query", "difference", "step", "stage", "head", "edit", "model", "mask", "scale"),
        *("open", "layer", "amount", "key", "scope", "reset", "zoom"),
    ),
}
"""Captions in the order of their importance, where that is not the order from left to right."""


def actions_of(screen: str) -> tuple[Action, ...]:
    """The actions of a screen, in the order of the palette; those of this screen alone come first."""
    return tuple(action for action in ACTIONS if screen in action.screens)


def action_named(screen: str, name: str) -> Action | None:
    """The action of this name on a screen; None if the screen has none."""
    return _BY_NAME.get((screen, name))


def footer(screen: str) -> tuple[Place, ...]:
    """The footer of a screen, from left to right."""
    captions = [caption for caption, _ in _FOOTERS[screen]]
    ranks = _IMPORTANCE.get(screen, captions)
    return tuple(
        Place(caption, tuple(_BY_NAME[screen, name] for name in names), ranks.index(caption))
        for caption, names in _FOOTERS[screen]
    )


def help_groups(screen: str) -> dict[str, Sequence[Action]]:
    """The actions of a screen under their headings, in the order of the help screen."""
    actions = actions_of(screen)
    groups = {group: [action for action in actions if action.group == group] for group in _GROUPS}
    return {group: found for group, found in groups.items() if found}


_BY_NAME = {(screen, action.name): action for action in ACTIONS for screen in action.screens}
