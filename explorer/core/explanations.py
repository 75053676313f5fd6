"""Sentences that explain the stage in view with the numbers of the current query.

Each sentence comes in several wordings, the fullest first; a screen shows the first one that fits.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from explorer.core.formatting import fixed, lookalikes, quoted, quoted_at, significant, weight
from explorer.core.stages import stage_matrix
from explorer.view import Stage

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.attention import AttentionStages
    from model.trace import Trace

Wordings = tuple[str, ...]

_MOST = 0.5
"""The least weight on the first token, in a row and on average in the head, at which it is called an attention sink."""

_FEWEST_QUERIES = 4
"""The fewest queries for that: with fewer, an even split gives the first token as much."""

_LONG, _MEDIUM, _SHORT = 24, 12, 8
"""Cells for the name of a token in the fullest, a shorter and the shortest wording."""


def explain_stage(reading: "Reading") -> Wordings:
    """Return what the stage in view does to the numbers of the query in view, the fullest wording first.

    The numbers are those of the model as set, over the keys that the query may see.
    """
    explain = {
        Stage.SCORES: _scores,
        Stage.SCALED: _scaled,
        Stage.CAPPED: _capped,
        Stage.MASKED: _masked,
        Stage.WEIGHTS: _weights,
        Stage.MIXED: _mixed,
        Stage.NEXT_TOKEN: _next_token,
    }[reading.view.stage]
    return tuple(dict.fromkeys(explain(QueryRow(reading))))


@dataclass(frozen=True)
class QueryRow:
    """The query in view, and the keys that it may see."""

    reading: "Reading"

    @cached_property
    def stages(self) -> "AttentionStages":
        """The stages of this row alone."""
        return self.reading.row

    @cached_property
    def keys(self) -> list[int]:
        """Positions of the keys that the query may see."""
        visible: list[bool] = self.stages.visible[0].tolist()
        return [key for key, is_visible in enumerate(visible) if is_visible]

    def numbers(self, stage: Stage) -> list[float]:
        """Return the numbers of a stage for the visible keys."""
        numbers: list[float] = stage_matrix(self.stages, stage)[0, self.keys].tolist()
        return numbers

    def variance(self, stage: Stage) -> str:
        """Return the variance of a stage over the visible keys, as text."""
        return significant(stage_matrix(self.stages, stage)[0, self.keys].var(correction=0).item())

    @property
    def count(self) -> int:
        """The number of all keys, visible or not."""
        return len(self.reading.encoding)

    @property
    def scale(self) -> float:
        """The scale of the head in view, as set."""
        return float(self.stages.inputs.scale)

    @property
    def sink(self) -> float | None:
        """What the sink of the head takes of this row; None if it has none."""
        share = self.stages.sink_weights
        return None if share is None else float(share[0])

    @property
    def rests_on_first(self) -> bool:
        """True if the row gives most of its weight to the first token, as most queries of this head do."""
        view, weights = self.reading.view, self.reading.stages.weights
        if len(weights) < _FEWEST_QUERIES or not view.query or self.sink is not None:
            return False
        return bool(weights[view.query, 0] > _MOST and weights[1:, 0].mean() > _MOST)

    @property
    def hidden_before(self) -> int:
        """How many keys before the query are hidden, by a window for example."""
        return self.reading.view.query + 1 - len(self.keys) if self.stages.inputs.causal else 0

    @property
    def entropy_bits(self) -> float:
        """The entropy of the weights."""
        return float(self.reading.head.measures.entropy_bits[self.reading.view.query])

    @property
    def effective_keys(self) -> float:
        """The effective number of keys."""
        return float(self.reading.head.measures.effective_keys[self.reading.view.query])

    def query(self, cells: int) -> str:
        """Return the token at the query, in quotes."""
        return quoted(self.reading.encoding.tokens[self.reading.view.query], cells)

    def key(self, place: int, cells: int) -> str:
        """Return the token at `keys[place]` in quotes, with its position if others in the text have the same label."""
        return quoted_at(self.reading.encoding.tokens, self.keys[place], cells)


def _score(x: float) -> str:
    return fixed(x, 2) if abs(x) < 1e4 else significant(x)


def _scores(row: QueryRow) -> Wordings:
    scores = row.numbers(Stage.SCORES)
    count = len(scores)
    if count == 1:
        score = _score(scores[0])
        return f"{row.query(_LONG)} scores itself, the only key it may see: {score}.", f"It scores itself: {score}."
    low, high = scores.index(min(scores)), scores.index(max(scores))
    variance = row.variance(Stage.SCORES)
    return (
        f"{row.query(_LONG)} scores the {count} keys it may see, from {_score(scores[low])} ({row.key(low, _MEDIUM)}) "
        f"to {_score(scores[high])} ({row.key(high, _MEDIUM)}); variance {variance}.",
        f"{row.query(_LONG)} scores {count} keys it may see; variance {variance}.",
        f"{count} keys scored; variance {variance}.",
    )


def _scaled(row: QueryRow) -> Wordings:
    scale, trained = row.scale, row.reading.shape.scale(row.reading.view.layer)
    short = f"×{significant(scale, 4)}"
    as_trained = math.isclose(scale, trained, rel_tol=1e-9)
    full = short if as_trained else f"{short} (as trained ×{significant(trained, 4)})"
    before, after = row.numbers(Stage.SCORES), row.numbers(Stage.SCALED)
    if len(after) == 1:
        change = f"turns {_score(before[0])} into {_score(after[0])}."
        return f"{full} {change}", f"{short} {change}"
    raw, variance = row.variance(Stage.SCORES), row.variance(Stage.SCALED)
    if scale == 1.0:
        return f"{full} leaves the scores as they are; variance {raw}.", f"{short}: variance stays {raw}."
    low, high = _score(min(after)), _score(max(after))
    return (
        f"{full} takes the variance of these scores from {raw} to {variance}; they now lie between {low} and {high}.",
        f"{full} takes the variance from {raw} to {variance}.",
        f"{short} takes the variance to {variance}.",
    )


def _capped(row: QueryRow) -> Wordings:
    softcap = row.stages.inputs.softcap
    if softcap is None:
        return ("This layer has no soft cap: the scaled scores stay as they are.", "No soft cap.")
    cap = significant(softcap, 4)
    before, after = row.numbers(Stage.SCALED), row.numbers(Stage.CAPPED)
    largest = max(range(len(before)), key=lambda place: abs(before[place]))
    was, now = _score(before[largest]), _score(after[largest])
    if was == now:
        change = f"none is further from 0 than {was}, which stays"
    else:
        change = f"the one furthest from 0 goes from {was} to {now}"
    return (
        f"The soft cap keeps every score between −{cap} and {cap}, and small ones nearly as they are; {change}.",
        f"The soft cap keeps scores within ±{cap}; {change}.",
        f"Within ±{cap}: {was} becomes {now}.",
    )


def _masked(row: QueryRow) -> Wordings:
    count, seen = row.count, len(row.keys)
    after = count - 1 - row.reading.view.query
    later = "key" if after == 1 else f"{after} keys"
    if row.hidden_before > 0:
        return _windowed(row, after, later)
    if not row.stages.inputs.causal:
        off = "The mask is off" if row.reading.bounds.causal else "This model has no mask"
        if not after:
            return f"{off}; there is nothing after {row.query(_LONG)} to hide anyway.", f"{off}."
        return (
            f"{off}: {row.query(_LONG)} sees all {count} keys, including the {later} after it.",
            f"{off}: all {count} keys are visible.",
        )
    if not after:
        if count == 1:
            return "There is only one key: the mask has nothing to hide.", "Nothing to hide."
        return (
            f"{row.query(_LONG)} is the last token: the mask hides nothing, and all {count} keys remain.",
            f"The mask hides nothing: all {count} keys remain.",
        )
    return (
        f"The mask hides the {later} after {row.query(_LONG)}: their scores become −∞. {seen} of {count} keys remain.",
        f"The mask hides the {later} after {row.query(_MEDIUM)}: −∞.",
        f"{after} of {count} keys hidden: −∞.",
    )


def _windowed(row: QueryRow, after: int, later: str) -> Wordings:
    """The mask of a model whose queries do not see all keys before them."""
    window = row.stages.inputs.window
    what = "the mask of this model" if window is None else f"its window of {window}"
    before = "the key" if row.hidden_before == 1 else f"{row.hidden_before} keys"
    first = f"The mask hides the {later} after {row.query(_LONG)}, and {what}" if after else what.capitalize()
    return (
        f"{first} hides {before} too far before {'it' if after else row.query(_LONG)}: {len(row.keys)} of {row.count} "
        "keys remain.",
        f"{row.count - len(row.keys)} of {row.count} keys hidden, {row.hidden_before} of them too far before.",
    )


def _weights(row: QueryRow) -> Wordings:
    weights = row.numbers(Stage.WEIGHTS)
    count = len(weights)
    if count == 1 and row.sink is not None:
        given, taken = weight(weights[0]), weight(row.sink)
        return f"{row.query(_LONG)} gives itself {given}; the sink ⌂ takes the rest, {taken}.", f"⌂ takes {taken}."
    if count == 1:
        return f"The softmax of one number is 1: all weight is on {row.query(_LONG)}.", "All weight is on itself: 1."
    bits = f"{fixed(row.entropy_bits, 2)} bits"
    largest = max(weights)
    if largest - min(weights) < 1e-6:
        return f"Softmax gives all {count} keys the same weight, {weight(largest)}; entropy {bits}.", f"{bits}."
    top = weights.index(largest)
    full = f"Softmax gives {row.key(top, _LONG)} the largest weight, {weight(largest)}; entropy {bits}"
    split = f"an even split over {fixed(row.effective_keys, 1)} of {count} keys"
    if row.sink is not None:
        return (
            f"{full}; the sink ⌂ takes {weight(row.sink)}, which goes to no key.",
            f"Largest weight {weight(largest)} on {row.key(top, _SHORT)}; the sink ⌂ takes {weight(row.sink)}.",
        )
    if row.rests_on_first:
        return (
            f"{full}. Most queries of this head rest on the first token (attention sink).",
            f"Largest weight {weight(largest)} on {row.key(top, _SHORT)}, the first token (attention sink).",
            f"Weight {weight(largest)} on the first token (attention sink).",
        )
    return (
        f"{full}: as concentrated as {split}.",
        f"{full}, like {split}.",
        f"Softmax: the largest weight is {weight(largest)}, on {row.key(top, _MEDIUM)}; entropy {bits}.",
        f"Largest weight {weight(largest)} on {row.key(top, _SHORT)}; {bits}.",
    )


def _mixed(row: QueryRow) -> Wordings:
    values = row.stages.inputs.v[row.keys]
    parts = row.stages.weights[0, row.keys, None] * values  # (keys, head_size)
    norm = significant(parts.sum(0).norm().item())
    if row.stages.inputs.ablated:
        return (
            f"This head is ablated: zeros replace its mixed values, whose norm would be {norm}.",
            f"Ablated: zeros replace a vector of norm {norm}.",
        )
    if len(parts) == 1 and row.sink is None:
        return (
            f"With all weight on {row.query(_LONG)}, mixed is its value: norm {norm}.",
            f"Its own value: norm {norm}.",
        )
    norms: list[float] = parts.norm(dim=-1).tolist()
    if len(parts) == 1:
        return (f"Mixed is what the sink ⌂ leaves of the only value: norm {norm}.", f"Mixed: norm {norm}.")
    first, second = sorted(range(len(norms)), key=norms.__getitem__, reverse=True)[:2]
    one, two = significant(norms[first]), significant(norms[second])
    return (
        f"The weighted values add up to a vector of norm {norm}; the largest parts come from "
        f"{row.key(first, _MEDIUM)} (norm {one}) and {row.key(second, _MEDIUM)} ({two}).",
        f"Weighted values add up to norm {norm}; most from {row.key(first, _SHORT)} {one}, "
        f"{row.key(second, _SHORT)} {two}.",
        f"Mixed: norm {norm}, most from {row.key(first, _SHORT)} ({one}).",
    )


def _next_token(row: QueryRow) -> Wordings:
    reading = row.reading
    position = reading.view.query
    as_set, as_trained = reading.as_set, reading.as_trained
    named = [token for trace in (as_set, as_trained) for token in trace.predictions(position, 3)]
    alike = lookalikes(reading.token_text(token.token_id) for token in named)

    def likely(trace: "Trace", count: int, cells: int) -> str:
        tokens = trace.predictions(position, count)
        names = (quoted(reading.token_text(token.token_id), cells, alike) for token in tokens)
        return ", ".join(f"{name} {weight(token.probability)}" for name, token in zip(names, tokens, strict=True))

    if as_set is as_trained:
        return (
            f"After {row.query(_LONG)} the model expects {likely(as_set, 3, _MEDIUM)}{_actual_next(row, _MEDIUM)}.",
            f"After {row.query(_MEDIUM)} the model expects {likely(as_set, 2, _MEDIUM)}.",
            f"Next: {likely(as_set, 1, _SHORT)}.",
        )
    kl = f"KL {fixed(reading.divergences[position].item(), 3)}"
    return (
        f"After {row.query(_MEDIUM)} the model as set expects {likely(as_set, 2, _MEDIUM)}; "
        f"as trained {likely(as_trained, 2, _MEDIUM)}; {kl} nats.",
        f"Next as set: {likely(as_set, 1, _MEDIUM)}; as trained: {likely(as_trained, 1, _MEDIUM)}; {kl}.",
        f"As set {likely(as_set, 1, _SHORT)}, trained {likely(as_trained, 1, _SHORT)}; {kl}.",
    )


def _actual_next(row: QueryRow, cells: int) -> str:
    """Return the token that follows in the text, with its probability and loss; nothing after the last token."""
    position, tokens = row.reading.view.query, row.reading.encoding.tokens
    if position + 1 == len(tokens):
        return ""
    loss = row.reading.as_set.losses[position].item()
    return f"; the text has {quoted(tokens[position + 1], cells)} ({weight(math.exp(-loss))}, loss {fixed(loss, 2)})"
