"""The tour: self-attention explained step by step on the numbers of the sentence in view.

A step names the part of the screen that it is about and the action that it asks for. It is over as soon as the view is
where that action leads, however the user got there, and then the view of the next step is prepared.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from data.samples import SAMPLES
from explorer.core.explanations import QueryRow, Wordings
from explorer.core.formatting import fixed, quoted, significant, weight
from explorer.view import Bounds, Change, Stage, View, with_scale
from model.files import atomic_write

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_LONG, _SHORT = 14, 8
"""Cells for the name of a token in the full and in the short wording."""

FEWEST_TOKENS = 4
"""A shorter sentence has too little to show: the tour takes the first sample instead."""


class Part(Enum):
    """The parts of the screen that a step can be about."""

    TOKENS = "tokens"
    SCORES = "scores"
    SCALED = "scaled"
    MASKED = "masked"
    WEIGHTS = "weights"
    MIXED = "mixed"
    PEAKEDNESS = "peakedness"
    PREDICTIONS = "predictions"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the tour.

    `actions` are names of actions of Explore: the step asks for the first of them that is possible. `prepare` makes the
    view that the step begins with, and `is_done(start, view)` says whether the user has done what was asked for.
    """

    title: str
    part: Part
    text: Callable[["Reading"], Wordings]
    actions: tuple[str, ...]
    asks: str
    prepare: Change
    is_done: Callable[[View, View], bool]


def begin(view: View, bounds: Bounds) -> View:
    """Return the view that the tour begins with: as trained, at a token that has some before it and some after it."""
    if bounds.positions < FEWEST_TOKENS:
        return replace(view, text=SAMPLES[0].text, query=3, key=0).as_trained()
    middle = max(1, bounds.positions // 2)
    return replace(view, query=middle - 1, key=0, stage=Stage.WEIGHTS, stepping=False).as_trained()


def _as_trained(stage: Stage) -> Change:
    return lambda view, bounds: replace(view, stage=stage, stepping=False).as_trained()


def _average(view: View, bounds: Bounds) -> View:
    at_zero: View = with_scale(0.0)(_as_trained(Stage.WEIGHTS)(view, bounds), bounds)
    return at_zero


def _as_it_is(view: View, bounds: Bounds) -> View:
    return view


def _stepping_at_mixed(view: View, bounds: Bounds) -> View:
    """At the mixed values, with the prediction still to come."""
    return replace(view.as_trained(), stage=Stage.MIXED, stepping=True)


def _seen_at(stage: Stage) -> Change:
    """Keep the switches, and look at a stage."""
    return lambda view, bounds: replace(view, stage=stage, stepping=False)


def _to_stage(stage: Stage) -> Callable[[View, View], bool]:
    return lambda start, view: view.stage is stage


# The texts of the steps: the full wording first, the short one last


def _numbers(reading: "Reading", stage: Stage) -> tuple[QueryRow, list[float], int]:
    """The row of the query, its numbers of a stage over the visible keys, and the place of the largest."""
    row = QueryRow(reading)
    numbers = row.numbers(stage)
    return row, numbers, numbers.index(max(numbers))


def _whom(row: QueryRow, place: int, cells: int) -> str:
    """Return the key at a place of the row as the query's own sentence names it."""
    return "itself" if row.keys[place] == row.reading.view.query else row.key(place, cells)


def _walk(reading: "Reading") -> Wordings:
    row = QueryRow(reading)
    return (
        "A language model reads a sentence token by token and guesses the next one. Attention is how a token finds out "
        f"what stood before it. You stand at {row.query(_LONG)}, the query; colour shows how much it takes from each "
        "token.",
        "Attention is how a token finds out what stood before it. You stand at the query, "
        f"{row.query(_SHORT)}; colour shows how much it takes from each token.",
    )


def _averaging(reading: "Reading") -> Wordings:
    row, weights, top = _numbers(reading, Stage.WEIGHTS)
    count, each = len(weights), weight(weights[top])
    return (
        f"The simplest way to use the past is its average. At scale 0 each of the {count} tokens up to "
        f"{row.query(_LONG)} gets the same weight, {each}: the lower-triangular average of the lecture. But not every "
        "token matters equally.",
        f"The simplest use of the past is its average. At scale 0 each of {count} tokens gets {each}: the "
        "lower-triangular average of the lecture.",
    )


def _learned(reading: "Reading") -> Wordings:
    row, weights, top = _numbers(reading, Stage.WEIGHTS)
    most, even = weight(weights[top]), weight(1 / len(weights))
    return (
        f"This is what the head has learned: {row.query(_LONG)} takes {most} from {_whom(row, top, _LONG)}, where the "
        f"average took {even}. It is still an average, since each row adds up to 1, but its weights depend on the "
        "tokens. Where do they come from?",
        f"Learned: {row.query(_SHORT)} takes {most} from {_whom(row, top, _SHORT)}, where the average took {even}. "
        "Each row still adds up to 1. Where do these weights come from?",
    )


def _scoring(reading: "Reading") -> Wordings:
    row, scores, top = _numbers(reading, Stage.SCORES)
    low = scores.index(min(scores))
    most, least = fixed(scores[top], 1), fixed(scores[low], 1)
    size = reading.stages.inputs.head_size
    return (
        f"Every token makes a query q, what it looks for, and a key k, what it offers: {size} learned numbers each. A "
        f"score is their dot product q·k. For {row.query(_LONG)} the best match is {row.key(top, _LONG)} with {most}, "
        f"the worst {row.key(low, _LONG)} with {least}.",
        f"Each token makes a query q and a key k. A score is q·k: for {row.query(_SHORT)} the best is "
        f"{row.key(top, _SHORT)}, {most}, the worst {row.key(low, _SHORT)}, {least}.",
    )


def _scaling(reading: "Reading") -> Wordings:
    row = QueryRow(reading)
    before, after = row.variance(Stage.SCORES), row.variance(Stage.SCALED)
    factor, size = significant(row.scale, 4), reading.stages.inputs.head_size
    return (
        f"A sum of {size} products gets large, and the softmax of large numbers gives all to one key: the others could "
        f"learn nothing. So scores are multiplied by {factor}, which takes the variance of this row from {before} to "
        f"{after}.",
        f"Softmax of large scores gives all to one key: the others learn nothing. × {factor} takes the variance of "
        f"this row from {before} to {after}.",
    )


def _masking(reading: "Reading") -> Wordings:
    row = QueryRow(reading)
    if not reading.bounds.causal:
        return ("This model has no mask: every token may look at all others, those after it included.",)
    after = row.count - 1 - reading.view.query
    hidden = "1 token" if after == 1 else f"{after} tokens"
    return (
        "Training asks every position for its next token, so none may look ahead and copy it. The scores of the "
        f"{hidden} after {row.query(_LONG)} become −∞, drawn as ╱╱. What is left is a triangle: causal attention.",
        f"No token may look ahead: it could copy what it should guess. The {hidden} after {row.query(_SHORT)} become "
        "−∞, drawn as ╱╱.",
    )


def _softmaxing(reading: "Reading") -> Wordings:
    row, weights, top = _numbers(reading, Stage.WEIGHTS)
    most = weight(weights[top])
    return (
        "Softmax makes weights of scores: e^score, divided by the sum of these over the row. Every weight is positive, "
        f"the row adds up to 1, and e^−∞ is exactly 0. {row.key(top, _LONG)} gets {most}.",
        "Softmax: e^score, divided by the sum over the row. The row adds up to 1, −∞ becomes 0, and "
        f"{row.key(top, _SHORT)} gets {most}.",
    )


def _mixing(reading: "Reading") -> Wordings:
    row, _, top = _numbers(reading, Stage.WEIGHTS)
    size = reading.stages.inputs.v.shape[-1]
    return (
        f"Each token also makes a value v, what it tells those who look at it. The head hands {row.query(_LONG)} the "
        f"average of the values by the weights: {size} numbers, mostly those of {row.key(top, _LONG)}. This is all "
        "that a head does.",
        f"Each token has a value v too. The head hands {row.query(_SHORT)} their weighted average: {size} numbers, "
        f"mostly those of {row.key(top, _SHORT)}. That is all it does.",
    )


def _following(reading: "Reading") -> Wordings:
    row, bounds = QueryRow(reading), reading.bounds
    heads = bounds.n_layer * bounds.n_head
    ahead = "Now let it look ahead." if bounds.causal else "Now let no token look ahead."
    best = reading.as_set.predictions(reading.view.query, 1)[0]
    guess, chance = quoted(reading.token_text(best.token_id), _LONG), weight(best.probability)
    return (
        f"What all {heads} heads hand on, and the layers between them, end in one question: what comes after "
        f"{row.query(_LONG)}? The model says {guess} with {chance}.{_actually(reading)} {ahead}",
        f"All {heads} heads together answer what comes after {row.query(_SHORT)}: {guess} with {chance}. {ahead}",
    )


def _actually(reading: "Reading") -> str:
    position, tokens = reading.view.query, reading.encoding.tokens
    if position + 1 >= len(tokens):
        return ""
    loss = fixed(reading.as_set.losses[position].item(), 2)
    return f" The text has {quoted(tokens[position + 1], _LONG)}: loss {loss}."


def _unmasked(reading: "Reading") -> Wordings:
    row, weights, top = _numbers(reading, Stage.WEIGHTS)
    if not reading.bounds.causal:
        return ("With a mask, every token sees only itself and those before it.",)
    most, query = weight(weights[top]), reading.view.query
    ahead = weight(sum(share for key, share in zip(row.keys, weights, strict=True) if key > query))
    return (
        f"Without the mask {row.query(_LONG)} gives {ahead} to tokens after it; most goes to {_whom(row, top, _LONG)}, "
        f"{most}. It was never trained with these: later layers do not expect such a mixture, and a model that writes "
        "has no tokens ahead.",
        f"Without the mask {row.query(_SHORT)} gives {ahead} to tokens after it; most goes to {_whom(row, top, _SHORT)}"
        f", {most}. It was never trained to see them.",
    )


def _comparing(reading: "Reading") -> Wordings:
    row = QueryRow(reading)
    keys, seen = fixed(row.effective_keys, 1), len(row.keys)
    return (
        f"How peaked are these weights? As much as an even split over {keys} of {seen} keys, 2 to the power of their "
        "entropy. This panel compares them without and with the scale. What if there were none?",
        f"How peaked? As an even split over {keys} of {seen} keys. This panel compares them without and with the "
        "scale. What if there were none?",
    )


def _rescaled(reading: "Reading") -> Wordings:
    row, weights, top = _numbers(reading, Stage.WEIGHTS)
    variance, keys, most = row.variance(Stage.SCALED), fixed(row.effective_keys, 1), weight(weights[top])
    lead = f"× {significant(row.scale, 4)}: the variance is {variance}, {{}} gets {most}, {keys} keys are in use."
    return (
        lead.format(row.key(top, _LONG)) + " The larger the scores, the more softmax picks one key instead of mixing. "
        "A model trained like this from the start hardly learns: keys with weight 0 get no gradient.",
        lead.format(row.key(top, _SHORT))
        + " Large scores pick one key instead of mixing, and the rest learns nothing.",
    )


def _other_heads(reading: "Reading") -> Wordings:
    bounds, view = reading.bounds, reading.view
    lead = f"This was one head, L{view.layer} H{view.head}, of {bounds.n_layer * bounds.n_head}."
    return (
        f"{lead} Each has its own q, k and v, and looks for something else: the token before, an earlier copy of this "
        "one, the subject of the sentence. Look at the one beside it.",
        f"{lead} Each looks for something else: the token before, an earlier copy. Look at the one beside it.",
    )


def _farewell(reading: "Reading") -> Wordings:
    return (
        "That is self-attention. Go on with a sentence of your own (e), samples with something to find in them (p), "
        "all heads at once (g), or any label on this screen explained (?). F4 brings these steps back.",
        "That is self-attention. Go on: e your own sentence, p samples, g all heads, ? every label explained, F4 these "
        "steps again.",
    )


def _never(start: View, view: View) -> bool:
    return False


# fmt: off
STEPS: tuple[Step, ...] = (
    Step("tokens", Part.TOKENS, _walk, ("query_next",), "move on to the next token",
         begin, lambda start, view: view.query != start.query),
    Step("the average", Part.WEIGHTS, _averaging, ("reset",), "see what the model has learned instead",
         _average, lambda start, view: not view.changed),
    Step("weights", Part.WEIGHTS, _learned, ("stage_scores",), "see the scores behind them",
         _as_trained(Stage.WEIGHTS), _to_stage(Stage.SCORES)),
    Step("scores", Part.SCORES, _scoring, ("stage_scaled",), "scale them",
         _as_trained(Stage.SCORES), _to_stage(Stage.SCALED)),
    Step("scale", Part.SCALED, _scaling, ("stage_masked",), "hide the future",
         _as_trained(Stage.SCALED), _to_stage(Stage.MASKED)),
    Step("mask", Part.MASKED, _masking, ("stage_weights",), "turn scores into weights",
         _as_trained(Stage.MASKED), _to_stage(Stage.WEIGHTS)),
    Step("softmax", Part.WEIGHTS, _softmaxing, ("stage_mixed",), "mix the values",
         _as_trained(Stage.WEIGHTS), _to_stage(Stage.MIXED)),
    Step("mixed values", Part.MIXED, _mixing, ("stage_next",), "see what the model predicts",
         _stepping_at_mixed, _to_stage(Stage.NEXT_TOKEN)),
    Step("the next token", Part.PREDICTIONS, _following, ("mask",), "switch the mask",
         _seen_at(Stage.NEXT_TOKEN), lambda start, view: view.causal is not None),
    Step("without the mask", Part.WEIGHTS, _unmasked, ("reset",), "put it back as trained",
         _seen_at(Stage.WEIGHTS), lambda start, view: not view.changed),
    Step("how peaked?", Part.PEAKEDNESS, _comparing, ("scale",), "switch the scale",
         _as_trained(Stage.WEIGHTS), lambda start, view: view.scale is not None),
    Step("without the scale", Part.PEAKEDNESS, _rescaled, ("reset",), "put it back as trained",
         _as_it_is, lambda start, view: not view.changed),
    Step("other heads", Part.WEIGHTS, _other_heads, ("head_next", "head_previous", "layer_next", "layer_previous"),
         "see another head", _as_trained(Stage.WEIGHTS),
         lambda start, view: (view.layer, view.head) != (start.layer, start.head)),
    Step("the end", Part.WEIGHTS, _farewell, ("back",), "leave the tour", _as_it_is, _never),
)
# fmt: on
"""All steps in their order."""


IsPossible = Callable[[str, View, Bounds], bool]
"""Returns True if the action of this name does anything at a view."""


class Progress:
    """How far the user has come, and the view that the current step began with."""

    def __init__(self, before: View) -> None:
        """Begin at the first step; `before` is the view to return to."""
        self._before = before
        self._start: View | None = None
        self._wanted: View | None = None  # asked for, and not shown yet
        self._text = before.text  # the sentence that it begins with
        self.number = 0

    @property
    def step(self) -> Step:
        """The current step."""
        return STEPS[self.number]

    def advance(self, reading: "Reading", is_possible: IsPossible) -> View | None:
        """Follow the user to the view of a reading.

        Return the view that the next step begins with, if the step is done and that is another view. Steps that ask for
        nothing possible are passed over.
        """
        view, bounds = reading.view, reading.bounds
        if self._wanted is not None:
            self._start, self._wanted = self._wanted, None
        if self._start is None:
            wanted = self._enter(view, bounds)
            self._text = (wanted or view).text
            return wanted
        if (view.model, view.text) != (self._start.model, self._start.text):
            self._start = view  # another sentence: what was asked for is still to be done
        if not self.step.is_done(self._start, view):
            return None
        self.number = next(
            number
            for number in range(self.number + 1, len(STEPS))
            if any(is_possible(name, STEPS[number].prepare(view, bounds), bounds) for name in STEPS[number].actions)
        )
        return self._enter(view, bounds)

    def _enter(self, view: View, bounds: Bounds) -> View | None:
        """Begin the current step; return its view unless that is the one shown."""
        wanted = self.step.prepare(view, bounds)
        if wanted == view:
            self._start = view
            return None
        self._wanted = wanted
        return wanted

    def after(self, view: View) -> View:
        """Return the view to leave the tour with.

        That is the one from before it, unless the person has opened another sentence or model: then this one, with
        the switches as they were.
        """
        before = self._before
        if view.model == before.model and view.text in (before.text, self._text):
            return before
        switches = {name: getattr(before, name) for name in ("causal", "scale", "scope", "ablated")}
        return replace(view, stepping=False, **switches)


# Whether a person has seen it


def tour_file() -> Path:
    """Return the path of the file that says that the tour has been shown to the user."""
    return platformdirs.user_state_path("attention-explorer") / "first-steps-shown"


def note_shown(path: Path) -> None:
    """Remember that the tour has been shown; errors are ignored."""
    with suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, mode=0o600):
            pass
