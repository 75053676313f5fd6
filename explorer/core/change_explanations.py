"""Sentences that explain what a switch did to the numbers of the query in view and to its prediction.

They compare two readings of the same place, and run no model. As in `explorer.core.explanations`, each sentence comes
in several wordings, the fullest first.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from explorer.core.explanations import Wordings
from explorer.core.formatting import fixed, lookalikes, quoted, quoted_at, significant, weight
from explorer.view import Stage, View
from model.peakedness import effective_keys, variance
from model.settings import Scope
from model.trace import kl_divergences

if TYPE_CHECKING:
    from torch import Tensor

    from explorer.core.reading import Reading

_LONG, _MEDIUM, _SHORT = 24, 12, 8
"""The width in cells of a token's name in the fullest, a shorter and the shortest wording."""

_SAME = 1e-6
"""The largest change of weights, or of a prediction in nats, that counts as rounding."""

_QUIET = 0.005
"""The least share of a row's weight that has to move for the change to be worth mentioning."""


@dataclass(frozen=True, slots=True)
class ChangeExplanation:
    """What a switch did to the row of the query, and to the prediction after it.

    `prediction` is empty if there is none, and while the user has not yet stepped to it.
    """

    row: Wordings
    prediction: Wordings


def explain_change(before: "Reading", after: "Reading") -> ChangeExplanation:
    """Explain what changed between two readings of the same place with different switches."""
    change = _Change(before, after)
    explain = {"mask": _mask, "scale": _scale, "ablated": _ablated, "scope": _scope}
    kinds = change.kinds
    row = explain[kinds[0]](change) if len(kinds) == 1 else _several(change)
    shorter = row[-1].replace(f"{change.where}:", ":", 1)
    row = (*row, shorter, shorter.removesuffix(change.offers[-1]))
    return ChangeExplanation(_distinct(row), _distinct(_prediction(change)))


def explain_prediction(before: "Reading", after: "Reading") -> Wordings:
    """Explain only how the prediction changed; empty if there is none, and while the user has not yet stepped to it."""
    return _distinct(_prediction(_Change(before, after)))


def row_changes(before: "Reading", after: "Reading") -> "Tensor":
    """Return how much each row changed, (T,): the share of its weight that moved to other keys.

    If no weight moved, or the head was ablated or restored, it is the KL divergence of the predictions in nats instead.
    """
    weights = (after.stages.weights - before.stages.weights).abs().sum(-1) / 2
    same_output = before.stages.inputs.ablated == after.stages.inputs.ablated
    if same_output and weights.max().item() > _SAME:
        return weights
    if before.as_set is before.as_trained:
        return after.divergences
    if after.as_set is after.as_trained:
        return before.divergences
    return kl_divergences(before.as_set, after.as_set)


def most_changed_row(before: "Reading", after: "Reading") -> int | None:
    """Return the query whose row changed most; None if no row changed."""
    changes = row_changes(before, after)
    return int(changes.argmax().item()) if changes.max().item() > _SAME else None


def most_changed_key(before: "Reading", after: "Reading", query: int) -> int:
    """Return the key whose weight changed most in the row of a query, or else the one with the largest weight."""
    weights = after.stages.weights[query]
    moved = (weights - before.stages.weights[query]).abs()
    return int((moved if moved.max().item() > _SAME else weights).argmax().item())


@dataclass(frozen=True)
class _Row:
    """The row of a query in one reading."""

    weights: tuple[float, ...]
    visible: tuple[bool, ...]
    variance: float  # of the scaled scores of the visible keys
    effective_keys: float
    norm: float  # of the weighted average of the values, whether or not the head is ablated

    @classmethod
    def of(cls, reading: "Reading") -> "_Row":
        """Measure the row of the query in view."""
        row = reading.row
        return cls(
            tuple(row.weights[0].tolist()),
            tuple(row.visible[0].tolist()),
            variance(row.scaled[row.visible]).item(),
            effective_keys(row.distribution).item(),
            (row.weights @ row.inputs.v).norm().item(),
        )

    @cached_property
    def count(self) -> int:
        """The number of visible keys."""
        return sum(self.visible)

    @cached_property
    def top(self) -> int:
        """The key with the largest weight."""
        return max(range(len(self.weights)), key=self.weights.__getitem__)


@dataclass(frozen=True, slots=True)
class _Guess:
    """The most likely next token after the query in one reading."""

    token_id: int
    text: str
    probability: float

    @classmethod
    def of(cls, reading: "Reading") -> "_Guess":
        """Return the token that a reading predicts after its query."""
        (found,) = reading.as_set.predictions(reading.view.query, 1)
        return cls(found.token_id, reading.token_text(found.token_id), found.probability)


@dataclass(frozen=True)
class _Change:
    """Two readings of the same place, before and after a switch."""

    before: "Reading"
    after: "Reading"

    @cached_property
    def rows(self) -> tuple[_Row, _Row]:
        """The row of the query before and after."""
        return _Row.of(self.before), _Row.of(self.after)

    @property
    def view(self) -> View:
        """The view after the switch."""
        return self.after.view

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The names of what differs, among mask, scale and ablated; scope if only that differs."""
        old, new = self.before.view, self.view
        found = [name for name in ("mask", "scale", "ablated") if _switch(old, name) != _switch(new, name)]
        return tuple(found) or ("scope",)

    @cached_property
    def moved(self) -> float:
        """The share of the row's weight that moved to other keys."""
        pairs = zip(*(row.weights for row in self.rows), strict=True)
        return sum((abs(one - other) for one, other in pairs), 0.0) / 2

    def name(self, position: int, cells: int) -> str:
        """Return a token in quotes, with its position if others in the text have the same label."""
        return quoted_at(self.after.encoding.tokens, position, cells)

    def query(self, cells: int) -> str:
        """Return the token at the query, in quotes."""
        return quoted(self.after.encoding.tokens[self.view.query], cells)

    @cached_property
    def guesses(self) -> tuple[_Guess, _Guess]:
        """The most likely next token before and after."""
        return _Guess.of(self.before), _Guess.of(self.after)

    @property
    def where(self) -> str:
        """The heads that the switch acts on, as text; empty if it is only the head in view."""
        view = self.view if self.view.changed else self.before.view
        return {Scope.HEAD: "", Scope.LAYER: f" in layer {view.layer}", Scope.MODEL: " in the model"}[view.scope]

    @cached_property
    def offers(self) -> Wordings:
        """Endings in three lengths that offer a key to the row that changed most; empty if this row changed enough."""
        if self.moved >= _QUIET:
            return "", "", ""
        changes = row_changes(self.before, self.after)
        row = int(changes.argmax().item())
        if changes[row].item() <= max(_SAME, self.moved) or row == self.view.query:
            return "", "", ""
        return (
            f" b goes to {self.name(row, _LONG)}, where most changes.",
            f" Most changes at {self.name(row, _MEDIUM)}: press b.",
            f" b goes to {self.name(row, _SHORT)}.",
        )


def _switch(view: View, name: str) -> object:
    return {"mask": view.causal, "scale": view.scale, "ablated": view.ablated}[name]


def _distinct(wordings: Wordings) -> Wordings:
    return tuple(dict.fromkeys(wording for wording in wordings if wording))


# The row


def _mask(change: _Change) -> Wordings:
    before, after = change.rows
    lead = f"Mask {'on' if change.after.stages.inputs.causal else 'off'}{change.where}:"
    gained = [key for key, sees in enumerate(after.visible) if sees and not before.visible[key]]
    lost = [key for key, sees in enumerate(before.visible) if sees and not after.visible[key]]
    if change.view.is_pending(Stage.MASKED):
        return (f"{lead} that acts on the scores at stage 3.",)
    if change.view.is_pending(Stage.WEIGHTS):
        return (f"{lead} {change.query(_MEDIUM)} sees {after.count} keys instead of {before.count}.",)
    if gained:
        return _gained(change, lead, gained)
    if lost:
        return _lost(change, lead, lost)
    if change.moved > _SAME:
        return (
            f"{lead} {change.query(_MEDIUM)} sees the same keys, but the layers before this one changed: "
            f"{_largest(change, _MEDIUM)}.",
            f"{lead} {change.query(_SHORT)} sees the same keys; {_largest(change, _SHORT)}.",
            f"{lead} {_largest_weight(change)}.",
        )
    last = ", the last token" if change.view.query == len(after.visible) - 1 else ""
    long, medium, short = change.offers
    return (
        f"{lead} nothing changes in the row of {change.query(_LONG)}{last}: there is nothing after it to hide.{long}",
        f"{lead} nothing changes in the row of {change.query(_MEDIUM)}{last}.{long}",
        f"{lead} nothing changes in the row of {change.query(_SHORT)}.{medium}",
        f"{lead} nothing changes in this row.{short}",
    )


def _gained(change: _Change, lead: str, keys: list[int]) -> Wordings:
    """Explain the mask being switched off: what the keys that were hidden get."""
    after = change.rows[1]
    share = sum(after.weights[key] for key in keys)
    top = max(keys, key=after.weights.__getitem__)
    is_future = top > change.view.query
    count = len(keys)
    if share < _QUIET:
        others, gets = _after(keys, change.view.query, "it"), "gives it" if count == 1 else "gives them"
        may = f"{lead} {change.query(_MEDIUM)} may look at {others} now, but {gets} {_percent(share)}"
        long, medium, short = change.offers
        return (
            f"{may}: hardly anything changes here.{long}",
            f"{may}.{medium}",
            f"{lead} {_percent(share)} goes to {others}.{short}",
        )
    gives = f"now gives {_percent(after.weights[top])} to"
    forbidden = "a token it should not know yet" if is_future else "a key that was hidden from it"
    whole = f", {_percent(share)} to all {count} after it" if is_future and count > 1 else ""
    hidden = ": in training it was always hidden" if change.after.bounds.causal else ""
    return (
        f"{lead} {change.query(_LONG)} {gives} {change.name(top, _LONG)}, {forbidden}{whole}{hidden}.",
        f"{lead} {change.query(_MEDIUM)} {gives} {change.name(top, _MEDIUM)}, {forbidden}{hidden}.",
        f"{lead} {change.query(_MEDIUM)} {gives} {change.name(top, _MEDIUM)}, {forbidden}.",
        f"{lead} {change.query(_SHORT)} {gives} {change.name(top, _SHORT)}, not known yet." if is_future else "",
        f"{lead} {_percent(after.weights[top])} goes to {change.name(top, _SHORT)}"
        f"{', not known yet' if is_future else ''}.",
    )


def _lost(change: _Change, lead: str, keys: list[int]) -> Wordings:
    """Explain the mask being switched on: what the keys that are hidden now had."""
    before, after = change.rows
    share = sum(before.weights[key] for key in keys)
    are, had = ("is", "it had") if len(keys) == 1 else ("are", "they had")
    hidden = f"{_after(keys, change.view.query, change.query(_MEDIUM))} {are} hidden"
    top = after.top
    long, medium, short = change.offers
    now = f"{weight(before.weights[top])} → {weight(after.weights[top])}"
    return (
        f"{lead} {hidden}, and the {_percent(share)} that {had} is shared by the rest: "
        f"{change.name(top, _MEDIUM)} {now}.{long}",
        f"{lead} {hidden}, and the {_percent(share)} that {had} is shared by the rest.{long}",
        f"{lead} {hidden}; the {_percent(share)} that {had} goes to the rest.{medium}",
        f"{lead} {_percent(share)} goes back to the visible keys.{short}",
    )


def _after(keys: list[int], query: int, name: str) -> str:
    """Return a phrase for the keys that the mask hides from a query with this name."""
    count = len(keys)
    if min(keys) > query:
        return f"the token after {name}" if count == 1 else f"the {count} tokens after {name}"
    return "a hidden key" if count == 1 else f"{count} hidden keys"


def _scale(change: _Change) -> Wordings:
    before, after = change.rows
    old, new = (float(reading.stages.inputs.scale) for reading in (change.before, change.after))
    name = "off" if new == 1.0 else "on" if old == 1.0 and change.view.scale is None else f"×{significant(new)}"
    lead = f"Scale {name}{change.where}:"
    if new == 0.0 and not change.view.is_pending(Stage.WEIGHTS):
        return _averaging(change, f"Scale 0{change.where}:")
    if change.view.is_pending(Stage.SCALED):
        return (
            f"{lead} the scores stay as they are; they are multiplied at stage 2.",
            f"{lead} the scores stay; stage 2 multiplies them.",
        )
    long, medium, short = change.offers
    if after.count == 1 and change.after.stages.inputs.sink is None:
        return (
            f"{lead} {change.query(_LONG)} sees only itself, and its weight is 1 at any scale.{long}",
            f"{lead} {change.query(_MEDIUM)} sees only itself: weight 1.{medium}",
            f"{lead} the only weight is 1 anyway.{short}",
        )
    old_variance, new_variance = significant(before.variance), significant(after.variance)
    spread = f"from {old_variance} to {new_variance}"
    if change.view.is_pending(Stage.WEIGHTS):
        return f"{lead} the variance of its scores goes {spread}.", f"{lead} variance {spread}."
    used = (
        f"{_keys(after.effective_keys)} {_is(after.effective_keys)} used instead of {fixed(before.effective_keys, 1)}"
    )
    if fixed(after.effective_keys, 1) == fixed(before.effective_keys, 1):
        used = f"{_keys(after.effective_keys)} {_is(after.effective_keys)} used as before"
    keys = f"{_keys(after.effective_keys)}, not {fixed(before.effective_keys, 1)}"
    starts = f"variance {spread}; ", f"variance {old_variance} → {new_variance}; ", ""
    sharper = "sharper" if after.effective_keys < before.effective_keys else "flatter"
    its = f"{lead} the variance of its scores goes {spread}"
    return (
        f"{lead} the variance of the scores of {change.query(_LONG)} goes {spread}, which makes softmax {sharper}: "
        f"{used}, and {_largest(change, _MEDIUM)}.{long}",
        f"{its}, and {used}; {_moved(change, _MEDIUM)}.{long}",
        f"{its}, and {used}.{medium}",
        f"{its}, and {used}.",
        f"{lead} variance {spread}, {used}.{short}",
        f"{lead} variance {spread}, {used}.",
        *(f"{lead} {start}{keys}." for start in starts if "instead" in used),
        f"{lead} variance {spread}.",
    )


def _averaging(change: _Change, lead: str) -> Wordings:
    """Explain a scale of 0, which gives all visible keys the same weight."""
    after = change.rows[1]
    query, count = change.view.query, after.count
    share = (
        "1"
        if count == 1
        else f"1/{count}"
        if abs(after.weights[after.top] * count - 1.0) < 1e-5
        else weight(after.weights[after.top])
    )
    is_triangle = after.visible == tuple(key <= query for key in range(len(after.visible)))
    if is_triangle and change.after.stages.inputs.sink is None:
        each = "the only token so far" if count == 1 else f"each of the {count} tokens so far"
        short = "its only token" if count == 1 else f"each of {count} tokens"
        return (
            f"{lead} all scores become 0, so that {change.query(_MEDIUM)} gives {share} to {each}: this is the average "
            "over the past by a lower-triangular matrix, as in the lecture.",
            f"{lead} {change.query(_MEDIUM)} gives {share} to {each}: the lower-triangular average of the lecture.",
            f"{lead} {share} for {each}: the lower-triangular average of the lecture.",
            f"{lead} {share} for {short}: the lower-triangular average.",
            f"{lead} {share} for {short}: plain average.",
        )
    return (
        f"{lead} all scores become 0, so that {change.query(_MEDIUM)} gives {share} to each of the {count} keys "
        "that it sees: a plain average, whatever the tokens are.",
        f"{lead} {change.query(_MEDIUM)} gives {share} to each of the {count} keys it sees: a plain average.",
        f"{lead} {share} for each of {count} keys: a plain average.",
        f"{lead} {share} for each of {count} keys.",
    )


def _ablated(change: _Change) -> Wordings:
    before, after = change.rows
    if not change.after.stages.inputs.ablated:
        brings = f"{_share(after.weights[after.top])} of it from"
        norm = significant(after.norm)
        return (
            f"Head back: {change.query(_LONG)} gets again what this head reads for it, {brings} "
            f"{change.name(after.top, _LONG)}: a vector of norm {norm} instead of zeros.",
            f"Head back: a vector of norm {norm} instead of zeros, {brings} {change.name(after.top, _MEDIUM)}.",
            f"Head back: norm {norm} instead of zeros.",
        )
    brought = f"{_share(before.weights[before.top])} of it from"
    norm = significant(before.norm)
    return (
        f"Head ablated: {change.query(_LONG)} goes without what this head read for it, {brought} "
        f"{change.name(before.top, _LONG)}: zeros replace a vector of norm {norm}.",
        f"Head ablated: zeros replace a vector of norm {norm}, {brought} {change.name(before.top, _MEDIUM)}.",
        f"Head ablated: zeros replace a vector of norm {norm}.",
    )


def _share(x: float) -> str:
    """Return a weight as a part of something: all, nearly all, .73."""
    text = weight(x)
    return {"1": "all", "1.0": "nearly all"}.get(text, text)


def _scope(change: _Change) -> Wordings:
    view, bounds = change.view, change.after.bounds
    acts = {
        Scope.HEAD: "this head alone",
        Scope.LAYER: f"all {bounds.n_head} heads of layer {view.layer}",
        Scope.MODEL: f"all {bounds.n_layer * bounds.n_head} heads of the model",
    }[view.scope]
    if view.causal is None and view.scale is None:
        return (
            f"Mask and scale now act on {acts}; both are as trained, so nothing changes until m, s, − or +.",
            f"Mask and scale now act on {acts}; both are as trained.",
            f"Now m, s, − and + act on {acts}.",
        )
    lead = f"Mask and scale now act on {acts}:"
    short = f"On {acts}:"
    if view.is_pending(Stage.WEIGHTS):
        return lead.replace(":", "."), short.replace(":", ".")
    if change.moved <= _SAME:
        stays = f"the weights of {change.query(_MEDIUM)} in this head stay"
        return f"{lead} {stays}, those of other heads change.", f"{lead} {stays}.", f"{short} these weights stay."
    return (
        f"{lead} {_largest(change, _MEDIUM)}.",
        f"{short} {_largest(change, _SHORT)}.",
        f"{short} {_largest_weight(change)}.",
    )


def _several(change: _Change) -> Wordings:
    lead = "Changed:" if change.view.changed else "As trained again:"
    if change.view.is_pending(Stage.WEIGHTS):
        return (lead.replace(":", "."),)
    before, after = change.rows
    long, medium, short = change.offers
    keys = (
        f"{_keys(after.effective_keys)} {_is(after.effective_keys)} used instead of {fixed(before.effective_keys, 1)}"
    )
    return (
        f"{lead} in the row of {change.query(_LONG)}, {_largest(change, _LONG)}, and {keys}.{long}",
        f"{lead} {_largest(change, _MEDIUM)}, {keys}.{medium}",
        f"{lead} {_largest(change, _SHORT)}.{short}",
        f"{lead} {_largest_weight(change)}.",
    )


def _largest(change: _Change, cells: int) -> str:
    """Say how the largest weight changed, and whether it is on another key."""
    before, after = change.rows
    old, new = weight(before.weights[before.top]), weight(after.weights[after.top])
    key = change.name(after.top, cells)
    if before.top != after.top:
        return f"the largest weight is {new} on {key} instead of {old} on {change.name(before.top, cells)}"
    return f"{key} keeps {new}" if old == new else f"{key} gets {new} instead of {old}"


def _moved(change: _Change, cells: int) -> str:
    """Say the same as `_largest` in short, ‘ate’ .97 → 1, unless the key is another."""
    before, after = change.rows
    if before.top != after.top:
        return _largest(change, cells)
    return f"{change.name(after.top, cells)} {weight(before.weights[after.top])} → {weight(after.weights[after.top])}"


def _largest_weight(change: _Change) -> str:
    """Say the same as `_largest` in the fewest words, without the key."""
    before, after = change.rows
    return f"largest weight {weight(before.weights[before.top])} → {weight(after.weights[after.top])}"


def _keys(count: float) -> str:
    """Return an effective number of keys in words: 1.0 key, 1.2 keys."""
    text = fixed(count, 1)
    return f"{text} key" if text == "1.0" else f"{text} keys"


def _is(count: float) -> str:
    return "is" if fixed(count, 1) == "1.0" else "are"


def _percent(share: float) -> str:
    """Return a share in percent: 73 %, 4.1 %, 0.03 %."""
    if 0.0 < share < 1e-4:
        return "less than 0.01 %"
    if 0.995 <= share < 1.0:
        return f"{fixed(math.floor(share * 1000) / 10, 1)} %"
    return f"{fixed(100 * share, 0)} %" if share >= 0.1 else f"{significant(100 * share, 2)} %"


# The prediction


def _prediction(change: _Change) -> Wordings:
    before, after = change.before, change.after
    if change.view.is_pending(Stage.NEXT_TOKEN) or not after.as_set.final.numel():
        return ()
    if before.as_set is after.as_set:
        return ()
    here, kl = _loss_here(change), _divergence(change)
    long, medium, short, least = _text_loss(change)
    fullest, shorter, shortest = (
        _expected(change, lead, cells) for lead, cells in (("Next token ", _MEDIUM), ("Next ", _SHORT), ("", _SHORT))
    )
    return (
        _joined(fullest, here, long, kl),
        _joined(fullest, long, kl),
        _joined(shorter, medium, kl),
        _joined(shorter, short, kl),
        _joined(shorter, short),
        _joined(shortest, short),
        _joined(shortest, least),
        _joined(shortest),
    )


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part) + "."


def _expected(change: _Change, lead: str, cells: int) -> str:
    """Say which token is most likely next and how likely, before and after; in the fewest words if `lead` is empty."""
    old, new = change.guesses
    was, now = weight(old.probability), weight(new.probability)
    texts = new.text, old.text
    alike = lookalikes(texts)
    token, other = (quoted(text, cells, alike) for text in texts)
    if old.token_id != new.token_id:
        return f"{lead}{token} {now} {'instead of' if lead else 'for'} {other} {was}"
    still = f"{lead}still {token}" if lead else token
    return f"{still} {now}" if was == now else f"{still} {was} → {now}"


def _from_to(name: str, before: float, after: float) -> str:
    old, new = fixed(before, 2), fixed(after, 2)
    return f"{name} stays {new}" if old == new else f"{name} {old} → {new}"


def _loss_here(change: _Change) -> str:
    query, tokens = change.view.query, change.after.encoding.tokens
    if query + 1 >= len(tokens):
        return ""
    old, new = (reading.as_set.losses[query].item() for reading in (change.before, change.after))
    return _from_to(f"loss of {quoted(tokens[query + 1], _MEDIUM)}", old, new)


def _divergence(change: _Change) -> str:
    """Return the KL from the model as trained, before and after the switch; empty if it is as trained again."""
    query = change.view.query
    if change.after.as_set is change.after.as_trained:
        return ""
    new = fixed(change.after.divergences[query].item(), 3)
    if change.before.as_set is change.before.as_trained:
        return f"KL {new}"
    old = fixed(change.before.divergences[query].item(), 3)
    return f"KL stays {new}" if old == new else f"KL {old} → {new}"


def _text_loss(change: _Change) -> tuple[str, str, str, str]:
    """Return the loss of the text before and after, with a verdict, in four lengths; empty for a single token."""
    old, new = change.before.as_set.loss, change.after.as_set.loss
    if old is None or new is None:
        return "", "", "", ""
    text, short = _from_to("loss of the text", old, new), _from_to("text loss", old, new)
    if fixed(old, 2) == fixed(new, 2):
        return text, text, short, short
    long, medium, brief, least = _verdict(change)
    return f"{text} ({long})", f"{short} ({medium})", f"{short} ({brief})", f"{short} ({least})"


def _verdict(change: _Change) -> tuple[str, str, str, str]:
    """Judge a changed loss, in four lengths; a loss below the trained one is due to chance or to looking ahead."""
    old, new = (reading.loss or math.nan for reading in (change.before.as_set, change.after.as_set))
    view, bounds = change.view, change.after.bounds
    looked_ahead, looks_ahead = (each.causal is False and bounds.causal for each in (change.before.view, view))
    if new > old:
        if looked_ahead and not looks_ahead:
            brief = "higher without looking ahead"
            return "higher: it no longer sees the tokens that it should guess", brief, brief, "worse"
        return "worse", "worse", "worse", "worse"
    if looks_ahead:
        brief = "lower, but it looks ahead"
        return "lower, but it sees the tokens that it should guess", brief, brief, "it looks ahead"
    if not view.changed or new >= (change.after.as_trained.loss or math.nan):
        return "better", "better", "better", "better"
    brief = "better, by chance"
    if view.scale is None:
        what = "trained with this head"
        return f"{brief}: the model was {what}", f"{brief}: {what}", brief, "by chance"
    amount = bounds.scales[view.layer]
    what = f"trained with {'the scale' if view.scale == 1.0 and amount != 1.0 else f'×{significant(amount)}'}"
    who = "this head" if view.scope is Scope.HEAD else "the model"
    return f"{brief}: {who} was {what}", f"{brief}: {what}", brief, "by chance"
