"""Short texts that several widgets share."""

import math
from typing import TYPE_CHECKING

from textual.content import Content

from explorer.core.formatting import number, quoted, significant, weight
from explorer.view import Stage, View, named_scales
from model.settings import Head, Scope

if TYPE_CHECKING:
    from explorer.core.reading import Reading


def scale_text(reading: "Reading") -> str:
    """Return the scale of the head in view; as trained, by its own formula, such as 1/√query_pre_attn_scalar."""
    scale, layer = float(reading.stages.inputs.scale), reading.view.layer
    formula = reading.shape.scale_formula(layer)
    as_trained = math.isclose(scale, reading.shape.scale(layer), rel_tol=1e-9)
    if as_trained and formula not in ("", "1") and not formula.startswith("1/√head_size"):
        return f"{formula} = {significant(scale, 4)}"
    return scale_name(scale, reading.stages.inputs.head_size)


def scale_name(scale: float, head_size: int, n_embd: int | None = None) -> str:
    """Return a scale with its formula if it has one: 1/√16 = 0.25."""
    if scale == 1.0:
        return "none ×1"
    for named, name in named_scales(head_size, n_embd or head_size):
        if math.isclose(scale, named, rel_tol=1e-9):
            return f"{name} = {significant(scale, 4)}"
    return significant(scale, 4)


def switched_text(view: View) -> str:
    """Return the heads that the switches of a view act on: L2 H3, L2, or all heads."""
    return {Scope.HEAD: f"L{view.layer} H{view.head}", Scope.LAYER: f"L{view.layer}"}.get(view.scope, "all heads")


def heads_text(heads: frozenset[Head]) -> str:
    """Return heads by layer, with three or more neighbours as a range: L0 H1; L2 H3,5–7."""
    layers: dict[int, list[int]] = {}
    for layer, head in sorted(heads):
        layers.setdefault(layer, []).append(head)
    return "; ".join(f"L{layer} H{_ranges(found)}" for layer, found in layers.items())


def _ranges(numbers: list[int]) -> str:
    """Return ascending numbers as text, with three or more neighbours as a range: 1,3–6."""
    runs: list[list[int]] = []
    for each in numbers:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ",".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)


def matrix_title(reading: "Reading", stage: Stage) -> Content:
    """Return the title of a matrix: the number of its stage, and how it is computed."""
    inputs = reading.stages.inputs
    scale = float(inputs.scale)
    cap = "none here" if inputs.softcap is None else f"±{significant(inputs.softcap, 4)}"
    titles = {
        Stage.SCORES: "1 scores q·kᵀ",
        Stage.SCALED: f"2 scaled ×{significant(scale, 4)}",
        Stage.CAPPED: f"6 soft cap {cap}",
        Stage.MASKED: "3 masked" if inputs.causal else "3 masked (mask off)",
        Stage.WEIGHTS: "4 weights softmax" if inputs.sink is None else "4 weights softmax with ⌂",
        Stage.MIXED: "5 mixed: 0, ablated" if reading.stages.inputs.ablated else "5 mixed weights·v",
    }
    return Content(titles[stage])


def matrix_measure(reading: "Reading", stage: Stage) -> Content:
    """Return a short text about the whole matrix, such as the mean entropy of its rows."""
    stages, measures = reading.stages, reading.head.measures
    if stage in (Stage.SCORES, Stage.SCALED):
        scale = float(stages.inputs.scale) if stage is Stage.SCALED else 1.0
        return Content(f"var {significant(measures.scores_variance * scale**2)}")
    if stage is Stage.CAPPED:
        return Content(f"var {significant(stages.capped.var(correction=0).item())}")
    if stage is Stage.MASKED:
        cells = stages.scores.numel()
        hidden = cells - int(stages.visible.expand_as(stages.scores).count_nonzero().item())
        return Content(f"{hidden:,} of {cells:,} hidden")
    if stage is Stage.WEIGHTS:
        sink = stages.sink_weights
        taken = "" if sink is None else f" · ⌂ takes {weight(sink.mean().item())}"
        return Content(f"mean entropy {measures.entropy_bits.mean().item():.2f} bits{taken}")
    return Content("")


def row_title(reading: "Reading") -> str:
    """Return the title of the row table, which names the query."""
    query = reading.view.query
    return f"query {query} {quoted(reading.encoding.tokens[query])}"


def cell_text(reading: "Reading", stage: Stage, query: int, column: int) -> str:
    """Return the stages at one cell, for the text shown on hover; empty if there is no such cell."""
    tokens = reading.encoding.tokens
    if query >= len(tokens):
        return ""
    row = reading.stages.row(query)
    of_query = f" query {query} {quoted(tokens[query])}"
    if stage is Stage.MIXED:
        return f"{of_query} · dimension {column}: mixed {number(row.mixed[0, column].item(), 9, 3).strip()}"
    if column >= len(tokens):
        return ""
    score, scaled, capped = (number(x[0, column].item(), 9).strip() for x in (row.scores, row.scaled, row.capped))
    if row.inputs.softcap is not None:
        scaled += f" · capped {capped}"
    seen = bool(row.visible[0, column].item())
    given = f"weight {weight(row.weights[0, column].item(), 3)}" if seen else "masked −∞ · weight 0"
    return f"{of_query} · key {column} {quoted(tokens[column])}: score {score} · scaled {scaled} · {given}"


def token_text(reading: "Reading", position: int) -> str:
    """Return a token, its id, and its weight for the current query; empty if there is no such token."""
    encoding, query = reading.encoding, reading.view.query
    if position >= len(encoding):
        return ""
    row = reading.stages.row(query)
    of_token = f" token {position} {quoted(encoding.tokens[position])} · id {encoding.ids[position]}"
    asking = f"query {query} {quoted(encoding.tokens[query])}"
    if not row.visible[0, position].item():
        return f"{of_token} · not seen by {asking}"
    return f"{of_token} · weight {weight(row.weights[0, position].item(), 3)} from {asking}"
