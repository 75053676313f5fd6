"""The glossary: every word and number on the screen in one or two plain sentences, with its formula.

Where a reading is given, a term says what is measured there.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.explanations import QueryRow
from explorer.core.formatting import fixed, quoted, significant, weight
from explorer.view import Stage, named_scales

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_NAME = 12
"""Cells for the name of a token."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word or number as the screen shows it; `formula` may be empty, `measured` gives its value in a reading."""

    name: str
    text: str
    formula: str = ""
    measured: Callable[["Reading"], str] | None = None

    def explained(self, reading: "Reading | None" = None) -> str:
        """Return the formula, the sentences, and what is measured."""
        here = self.measured(reading) if self.measured is not None and reading is not None else ""
        return " ".join(part for part in (f"{self.formula}." if self.formula else "", self.text, here) if part)


def _score(reading: "Reading") -> str:
    view, tokens = reading.view, reading.encoding.tokens
    score = reading.row.scores[0, view.key].item()
    return f"Here {quoted(tokens[view.query], _NAME)} · {quoted(tokens[view.key], _NAME)} = {fixed(score, 2)}."


def _scale(reading: "Reading") -> str:
    inputs, bounds = reading.stages.inputs, reading.bounds
    trained = significant(bounds.scales[reading.view.layer], 4)
    return f"Here ×{significant(float(inputs.scale), 4)}; this layer was trained with ×{trained}."


def _softcap(reading: "Reading") -> str:
    softcap = reading.stages.inputs.softcap
    return "This model has none." if softcap is None else f"Here c = {significant(softcap, 4)}."


def _sink(reading: "Reading") -> str:
    row = QueryRow(reading)
    if row.sink is not None:
        return f"Here it takes {weight(row.sink)} of the row in view."
    return f"This model has no ⌂; the first token gets {weight(row.stages.weights[0, 0].item())} of the row in view."


def _marks(reading: "Reading") -> str:
    inputs, bounds = reading.stages.inputs, reading.bounds
    named = ", ".join(f"{name} = {significant(x, 4)}" for x, name in named_scales(inputs.head_size, bounds.n_embd)[1:])
    return f"Here {named}."


def _variance(reading: "Reading") -> str:
    """Why the variance is what it is: how long the learned q and k are, and in which directions they point."""
    inputs = reading.stages.inputs
    size, measured = inputs.head_size, reading.head.measures.scores_variance
    of_q, of_k = inputs.q.square().mean().item(), inputs.k.square().mean().item()
    unrelated = size * of_q * of_k
    return (
        f"It would be {size}, the head_size, if q and k were made of independent numbers of variance 1: the case that "
        f"1/√{size} is made for. This head has learned others: the mean square is {significant(of_q)} in q and "
        f"{significant(of_k)} in k, and if they pointed in unrelated directions var would be {size} × "
        f"{significant(of_q)} × {significant(of_k)} = {significant(unrelated)}. It is {significant(measured)}, because "
        "their directions are related: that is what the head has learned."
    )


def _row_variance(reading: "Reading") -> str:
    row = QueryRow(reading)
    scores, scaled = row.variance(Stage.SCORES), row.variance(Stage.SCALED)
    return f"For {row.query(_NAME)}: {scores} of its scores, {scaled} after the scale."


def _entropy(reading: "Reading") -> str:
    row = QueryRow(reading)
    most = math.log2(len(row.keys) + (row.sink is not None))
    return f"For {row.query(_NAME)}: {fixed(row.entropy_bits, 2)} bits, of at most {fixed(most, 2)}."


def _keys(reading: "Reading") -> str:
    row = QueryRow(reading)
    keys = f"{fixed(row.effective_keys, 1)} of {len(row.keys)} keys"
    return f"For {row.query(_NAME)}: as concentrated as an even split over {keys}."


def _largest(reading: "Reading") -> str:
    row = QueryRow(reading)
    weights = row.numbers(Stage.WEIGHTS)
    top = weights.index(max(weights))
    return f"For {row.query(_NAME)}: {weight(weights[top])}, on {row.key(top, _NAME)}."


def _divergence(reading: "Reading") -> str:
    if reading.as_set is reading.as_trained:
        return "Here 0: no switch is moved."
    here, text = reading.divergences[reading.view.query].item(), reading.divergences.mean().item()
    return f"Here {fixed(here, 3)} after this query, {fixed(text, 3)} on average over the text."


def _loss(reading: "Reading") -> str:
    loss = reading.as_set.loss
    if loss is None:
        return ""
    return (
        f"Over this text {fixed(loss, 2)}: as uncertain as an even choice among {significant(math.exp(loss))} tokens."
    )


def _hidden(reading: "Reading") -> str:
    row = QueryRow(reading)
    return f"{row.count - len(row.keys)} of {row.count} keys are hidden from this query."


_TERMS = (
    Term("query, key", "The token that looks (a row) and the token that is looked at (a column), counted from 0."),
    Term(
        "q, k, v",
        "What a token looks for, what it offers to those who look, and what it tells them. Each is head_size numbers.",
        "q = x·W_q, k = x·W_k, v = x·W_v, with x the token as this layer gets it",
    ),
    Term("head_size", "How many numbers q, k and v have in one head: not the number of heads."),
    Term("L2 H3", "Layer 2, head 3, both counted from 0. Each head has a q, k and v of its own."),
    Term(
        "kind of a head",
        "A name in the header such as ‘previous token .46’ is what the head does most, measured on other text "
        "than this: .46 of its weight goes there, clearly more than to other tokens at such a place. In ‘verb → "
        "subject’ a verb looks at its subject. A head that does nothing so particular may still look mostly at the "
        "current token itself, at recent tokens (the 8 before it), or at the tokens where sentences end or start. "
        "Heads (g) shows all scores.",
    ),
    Term(
        "baseline",
        "What a head without that purpose would give to the same tokens: an even share or, between words, what it "
        "gives to another word of that kind or to any token as far away, whichever is more.",
    ),
    Term(
        "loss without it",
        "How much the loss rises when zeros take the place of the head's mixed values: on stories, and on random "
        "tokens that are read for the second time, where only copying helps. Without the head that it reads from, an "
        "induction head no longer knows where to look.",
    ),
    Term("q·k, score", "How well a key answers a query: large if they point the same way.", "q·k = Σ qᵢ·kᵢ", _score),
    Term("Σ", "The sum of all products in the list below it, one for each dimension d; it is the score."),
    Term(
        "×0.25, scale",
        "Scores are multiplied by it, so that softmax mixes several keys instead of picking one, and every key gets a "
        "gradient to learn from.",
        "1/√head_size, unless it is changed",
        _scale,
    ),
    Term(
        "1/√192, 1/16",
        "Marks on the scale: two that are taken for 1/√head_size by mistake, 1/√n_embd (`C**-0.5` in the lecture, "
        "where C is the width of the model) and 1/head_size (the root forgotten). ×1 is no scale, 0 the even average.",
        "",
        _marks,
    ),
    Term("var", "How far the scores of the whole matrix are spread.", "var = mean of (score − mean)²", _variance),
    Term(
        "var of scores",
        "The spread of the scores times the scale: left of │ over the keys that the query sees, right of it over the "
        "whole matrix. The larger, the more softmax favours one key.",
        "scale² × var",
        _row_variance,
    ),
    Term(
        "−∞, mask, ╱╱",
        "A key that the query may not see, such as one after it: e^−∞ = 0, so it gets no weight.",
        "",
        _hidden,
    ),
    Term(
        "soft cap",
        "Some models, Gemma 2 among them, keep scaled scores between −c and c before the mask: small ones stay nearly "
        "as they are, and large ones come close to c.",
        "capped = c · tanh(scaled / c)",
        _softcap,
    ),
    Term(
        "⌂, sink",
        "Some models, GPT-OSS among them, have a score in every row that belongs to no key: what it takes in the "
        "softmax is lost to the keys, whose weights then add up to less than 1. Many others have learned to use the "
        "first token for that: a head that finds nothing rests its weight there (attention sink).",
        "",
        _sink,
    ),
    Term(
        "e^ → a / b",
        "a is e to the power of the scaled score, b the sum of these over all keys it may see; a / b is the weight.",
        "softmax: wⱼ = e^sⱼ / Σ e^s",
    ),
    Term("weight", "The part of the average that a key contributes. Each row of weights adds up to 1."),
    Term("largest weight", "The simplest measure of how peaked a row is: 1 is one key alone.", "max w", _largest),
    Term(
        "entropy, bits",
        "How spread out the attention of the query is: 0 bits if one key has all the weight, log₂ n if n keys share it "
        "evenly.",
        "−Σ w·log₂ w",
        _entropy,
    ),
    Term("keys of 9", "How many of the 9 keys that the query sees are in use.", "2^entropy", _keys),
    Term(
        "entropy over scale",
        "The entropy that this query, or the mean of this head, would have at every scale, from large on the left to 0 "
        "on the right; ▲ is the scale in use. A small scale makes the weights even.",
    ),
    Term("query │ head", "Left of │ the query in view, right of it the mean over all queries of the head."),
    Term("mixed", "What the head hands on: the average of the values by the weights.", "Σ w·v"),
    Term(
        "0 … 1, colours",
        "The legend below a matrix: scores in two colours on both sides of 0, weights from dark to light.",
    ),
    Term(
        "as trained, as set",
        "The model as it was trained, and with the switches as they are now: mask, scale and ablated heads.",
    ),
    Term(
        "loss",
        "How surprised the model is by the token that the text really has next, in nats: 0 if it was certain of it. "
        "Here means after this query, text the mean over the sentence.",
        "−ln p",
        _loss,
    ),
    Term(
        "KL",
        "How far the prediction as set is from the one as trained, in nats: 0 if they are the same.",
        "Σ p·ln(p / p′), p as trained, p′ as set",
        _divergence,
    ),
    Term("ablated", "The mixed values of the head are replaced by zeros: what would the model do without it?"),
    Term(
        "OV, copying",
        "Inside the head (i): which tokens the head makes likelier when it looks at a token. The copying score is near "
        "1 if it raises that token and those like it, as induction heads do; near −1 if it lowers them.",
        "W_E W_V W_O W_U; Σλ / Σ|λ| of its eigenvalues",
    ),
    Term(
        "QK, matching",
        "Inside the head (i): which keys a query token looks for, wherever they stand. The matching score is near 1 if "
        "tokens look for themselves and for those like them; near −1 if they look away from them.",
        "W_E W_Q W_Kᵀ W_Eᵀ / √head_size; Σλ / Σ|λ| of its eigenvalues",
    ),
    Term("peakedness", "How far a row of weights is from an even split: largest weight, entropy, keys in use."),
)

GLOSSARY = {term.name: term for term in _TERMS}
"""All terms by their names, in the order of the screen."""


def explained(names: Sequence[str], reading: "Reading | None" = None) -> tuple[tuple[str, str], ...]:
    """Return the names with what they mean, and with what is measured in a reading."""
    return tuple((name, GLOSSARY[name].explained(reading)) for name in names)
