"""The opening rule: which head of a model is the most telling one for a text, seen from one query."""

from dataclasses import replace

import torch
from torch import Tensor

from explorer.core.opening import Undecided
from explorer.view import View
from model.attention import AttentionInputs, AttentionStages
from model.trace import Trace

_ROWS = 64
"""Queries that are judged: those that end at the query in view. A pattern shows in them, whatever the text's length."""


def decide(trace: Trace, view: View, undecided: Undecided) -> View:
    """Return `view` with the undecided parts chosen for its query, which counts from 0.

    The head is the most telling one among those that are left to choose from, see `tellingness`; the key is the one
    with the largest weight. Where heads tie, as all do in a text of two tokens, the sharpest row decides.
    """
    key = None if undecided.key else view.key
    layers = range(len(trace.inputs)) if undecided.layer else (view.layer,)
    best, chosen = (-1.0, 0.0), view
    for layer in layers:
        weights, visible = _last_rows(trace.inputs[layer], view.query)
        sharpest = weights[:, -1].amax(-1).tolist()
        values = list(zip(tellingness(weights, visible, view.query, key), sharpest, strict=True))
        heads = range(len(values)) if undecided.head else (view.head,)
        head = max(heads, key=values.__getitem__)
        if values[head] > best:
            best = values[head]
            strongest = int(weights[head, -1].argmax())
            chosen = replace(view, layer=layer, head=head, key=strongest if key is None else key)
    return chosen


def tellingness(weights: Tensor, visible: Tensor, query: int, key: int | None = None) -> list[float]:
    """Return how telling each head is: H numbers from 0 to 1.

    `weights` (H, R, T) are the rows that end at `query`, and `visible` (R, T) is True where a row may see a key.

    A learner wants to see a query that finds an earlier token, for a reason that position alone does not explain. So
    each row is judged by its largest weight (that of the query in view by its weight on `key`, if that is given): by
    the part of it that exceeds the mean of the other rows both on the same key, as every row looks at a sink such as
    the first token, and at the same distance. It counts for nothing on the query itself and on the token just before.
    The value of a head is that of the query's row times the mean over all rows: the query has found something, and the
    rest of the picture shows a pattern too. The first query, which has no choice, is left out.
    """
    rows, positions = weights.shape[-2:]
    queries = torch.arange(query - rows + 1, query + 1)[:, None]  # (R, 1)
    distances = queries - torch.arange(positions)  # (R, T)
    counted = visible & (queries > 0)
    known = weights.float() * counted
    others_on_key = (known.sum(-2, keepdim=True) - known) / (counted.sum(-2) - 1).clamp(min=1)[None, None]
    diagonals = (distances - distances.min()).flatten()
    sums = known.new_zeros(len(known), int(diagonals.max()) + 1).index_add_(1, diagonals, known.flatten(1))
    counts = torch.bincount(diagonals, weights=counted.flatten().float())
    others_at_distance = (sums[:, diagonals].view_as(known) - known) / (
        (counts[diagonals].view(rows, positions) - 1).clamp(min=1)
    )
    excess = (known - torch.maximum(others_on_key, others_at_distance)).clamp(min=0) * (distances > 1)
    found = excess.gather(-1, weights.argmax(-1, keepdim=True))[..., 0]  # (H, R)
    of_query = found[:, -1] if key is None else excess[:, -1, key]
    values: list[float] = (of_query * found.mean(-1)).tolist()
    return values


def _last_rows(inputs: AttentionInputs, query: int) -> tuple[Tensor, Tensor]:
    """The weights (H, R, T) of the last rows up to `query`, and what these may see (R, T), of a layer as trained."""
    rows = inputs.rows(max(0, query - _ROWS + 1), query + 1).in_float32()
    return AttentionStages(rows).weights.cpu(), rows.visible.cpu()
