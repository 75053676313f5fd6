"""Narration: the stage in view as one plain sentence about the numbers of the current query.

Every sentence comes in several wordings, the fullest first; a screen shows the first that it has room for.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rich.cells import cell_len

from explorer.core.formatting import fit, fixed, label, significant, weight
from explorer.core.reading import Reading
from explorer.core.stages import stage_matrix
from explorer.view import Stage

if TYPE_CHECKING:
    from model.attention import AttentionStages
    from model.trace import Trace

Wordings = tuple[str, ...]

_NAME = (24, 12, 8)
"""Cells of a token's name in the fullest, a shorter and the shortest wording."""


def narrate(reading: Reading) -> Wordings:
    """What happened to the numbers of the query in view at the stage in view, fullest wording first.

    Numbers are those of the model as set, over the keys that the query may see: the variance is that of its own scores.
    """
    row = _Row(reading)
    tell = {
        Stage.SCORES: _scores,
        Stage.SCALED: _scaled,
        Stage.MASKED: _masked,
        Stage.WEIGHTS: _weights,
        Stage.MIXED: _mixed,
        Stage.NEXT_TOKEN: _next_token,
    }[reading.view.stage]
    return tuple(dict.fromkeys(tell(row)))


def named(token: str, cells: int) -> str:
    """A token in quotes, its text cut with … beyond so many cells."""
    text = label(token)
    return f"‘{text if cell_len(text) <= cells else fit(text, cells).rstrip()}’"


@dataclass(frozen=True)
class _Row:
    """The query in view and the keys that it may see."""

    reading: Reading

    @cached_property
    def stages(self) -> "AttentionStages":
        return self.reading.stages.row(self.reading.view.query)

    @cached_property
    def keys(self) -> list[int]:
        """Positions of the keys that the query may see."""
        seen: list[bool] = self.stages.inputs.visible[0].tolist()
        return [key for key, visible in enumerate(seen) if visible]

    def of(self, stage: Stage) -> list[float]:
        """The numbers of a stage for those keys."""
        found: list[float] = stage_matrix(self.stages, stage)[0, self.keys].tolist()
        return found

    def variance(self, stage: Stage) -> str:
        """Variance of a stage over those keys."""
        from model.peakedness import variance

        return significant(variance(stage_matrix(self.stages, stage)[0, self.keys]).item())

    @property
    def count(self) -> int:
        """All keys, seen or not."""
        return len(self.reading.encoding)

    @property
    def scale(self) -> float:
        """As set, for the head in view."""
        return float(self.stages.inputs.scale)

    def query(self, cells: int) -> str:
        """The query's name."""
        return named(self.reading.encoding.tokens[self.reading.view.query], cells)

    def key(self, place: int, cells: int) -> str:
        """The name of the key at a place of `keys`, with its position where the text has that token more than once."""
        tokens, position = self.reading.encoding.tokens, self.keys[place]
        name = named(tokens[position], cells)
        return f"{name} at {position}" if tokens.count(tokens[position]) > 1 else name


def _score(x: float) -> str:
    return fixed(x, 2) if abs(x) < 1e4 else significant(x)


def _scores(row: _Row) -> Wordings:
    found = row.of(Stage.SCORES)
    full, short, _ = _NAME
    count = len(found)
    if count == 1:
        alone = _score(found[0])
        return f"{row.query(full)} scores itself, the only key it may see: {alone}.", f"It scores itself: {alone}."
    low, high = found.index(min(found)), found.index(max(found))
    variance = row.variance(Stage.SCORES)
    return (
        f"{row.query(full)} scores the {count} keys it may see, from {_score(found[low])} ({row.key(low, short)}) "
        f"to {_score(found[high])} ({row.key(high, short)}); variance {variance}.",
        f"{row.query(full)} scores {count} keys it may see; variance {variance}.",
        f"{count} keys scored; variance {variance}.",
    )


def _scaled(row: _Row) -> Wordings:
    scale, trained = row.scale, row.reading.shape.scale(row.reading.view.layer)
    times = f"×{significant(scale, 4)}"
    same = math.isclose(scale, trained, rel_tol=1e-9)
    told = times if same else f"{times} (as trained ×{significant(trained, 4)})"
    before, after = row.of(Stage.SCORES), row.of(Stage.SCALED)
    if len(after) == 1:
        one = f"makes {_score(before[0])} into {_score(after[0])}."
        return f"{told} {one}", f"{times} {one}"
    raw, variance = row.variance(Stage.SCORES), row.variance(Stage.SCALED)
    if scale == 1.0:
        return f"{told} leaves the scores as they are; variance {raw}.", f"{times}: variance stays {raw}."
    low, high = _score(min(after)), _score(max(after))
    return (
        f"{told} brings the variance of these scores from {raw} to {variance}; they are between {low} and {high} now.",
        f"{told} brings the variance from {raw} to {variance}.",
        f"{times} brings the variance to {variance}.",
    )


def _masked(row: _Row) -> Wordings:
    full, short, _ = _NAME
    count, seen = row.count, len(row.keys)
    after = count - 1 - row.reading.view.query
    keys = "key" if after == 1 else f"{after} keys"
    if not row.stages.inputs.causal:
        off = "The mask is off" if row.reading.bounds.causal else "This model has no mask"
        if not after:
            return f"{off}; after {row.query(full)} there is nothing to hide anyway.", f"{off}."
        return (
            f"{off}: {row.query(full)} sees all {count} keys, also the {keys} after it.",
            f"{off}: all {count} keys are seen.",
        )
    if not after:
        if count == 1:
            return "There is one key only: the mask has nothing to hide.", "Nothing to hide."
        return (
            f"{row.query(full)} is the last token: the mask hides nothing and all {count} keys stay.",
            f"The mask hides nothing: all {count} keys stay.",
        )
    return (
        f"The mask hides the {keys} after {row.query(full)}: −∞ in place of their scores. {seen} of {count} stay.",
        f"The mask hides the {keys} after {row.query(short)}: −∞.",
        f"{after} of {count} keys hidden: −∞.",
    )


def _weights(row: _Row) -> Wordings:
    from model.peakedness import effective_keys, entropy_bits

    found = row.of(Stage.WEIGHTS)
    full, short, shortest = _NAME
    count = len(found)
    if count == 1:
        return (
            f"The softmax of one number is 1: all weight is on {row.query(full)}.",
            "All weight is on itself: 1.",
        )
    bits = f"{fixed(entropy_bits(row.stages.weights)[0].item(), 2)} bits"
    used = fixed(effective_keys(row.stages.weights)[0].item(), 1)
    most = max(found)
    if most - min(found) < 1e-6:
        return f"Softmax gives each of the {count} keys the same weight, {weight(most)}; entropy {bits}.", f"{bits}."
    top = found.index(most)
    return (
        f"Softmax gives {row.key(top, full)} the largest weight, {weight(most)}; "
        f"entropy {bits}, as of {used} equal keys among {count}.",
        f"Softmax: the largest weight is {weight(most)}, on {row.key(top, short)}; entropy {bits}.",
        f"Largest weight {weight(most)} on {row.key(top, shortest)}; {bits}.",
    )


def _mixed(row: _Row) -> Wordings:
    full, short, shortest = _NAME
    values = row.stages.inputs.v[row.keys]
    parts = row.stages.weights[0, row.keys, None] * values  # (keys, head_size)
    norm = significant(parts.sum(0).norm().item())
    if row.stages.inputs.ablated:
        return (
            f"This head is ablated: zeros replace its mixed values, whose norm would be {norm}.",
            f"Ablated: zeros replace a vector of norm {norm}.",
        )
    if len(parts) == 1:
        return f"With all weight on {row.query(full)}, mixed is its value: norm {norm}.", f"Its own value: norm {norm}."
    norms: list[float] = parts.norm(dim=-1).tolist()
    first, second = sorted(range(len(norms)), key=norms.__getitem__, reverse=True)[:2]
    one, two = significant(norms[first]), significant(norms[second])
    return (
        f"The weighted values add up to a vector of norm {norm}; the largest parts come from "
        f"{row.key(first, short)} (norm {one}) and {row.key(second, short)} ({two}).",
        f"Weighted values add up to norm {norm}; most from {row.key(first, shortest)} {one}, "
        f"{row.key(second, shortest)} {two}.",
        f"Mixed: norm {norm}, most from {row.key(first, shortest)} ({one}).",
    )


def _next_token(row: _Row) -> Wordings:
    full, short, shortest = _NAME
    reading = row.reading
    position = reading.view.query

    def likely(trace: "Trace", count: int, cells: int) -> str:
        tokens = trace.predictions(position, count)
        return ", ".join(f"{named(reading.token_text(t.token_id), cells)} {weight(t.probability)}" for t in tokens)

    now, before = reading.as_set, reading.as_trained
    if now is before:
        return (
            f"After {row.query(full)} the model expects {likely(now, 3, short)}{_what_came(row, short)}.",
            f"After {row.query(short)} the model expects {likely(now, 2, short)}.",
            f"Next: {likely(now, 1, shortest)}.",
        )
    kl = f"KL {fixed(reading.divergences[position].item(), 3)}"
    return (
        f"After {row.query(short)} the model as set expects {likely(now, 2, short)}; "
        f"as trained {likely(before, 2, short)}; {kl} nats.",
        f"As set {likely(now, 1, short)} comes next, as trained {likely(before, 1, short)}; {kl}.",
        f"As set {likely(now, 1, shortest)}, trained {likely(before, 1, shortest)}; {kl}.",
    )


def _what_came(row: _Row, cells: int) -> str:
    """The token that the text goes on with, and what it cost."""
    position, tokens = row.reading.view.query, row.reading.encoding.tokens
    if position + 1 == len(tokens):
        return ""
    loss = row.reading.as_set.losses[position].item()
    return f"; {named(tokens[position + 1], cells)} came, {weight(math.exp(-loss))}, loss {fixed(loss, 2)}"


def wrapped(text: str, first: int, others: int) -> list[str]:
    """The words of a text on lines: the first at most so many cells wide, and the others."""
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if current and cell_len(longer) > (others if lines else first):
            lines.append(current)
            longer = word
        current = longer
    return [*lines, current]
