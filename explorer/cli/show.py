"""`explorer show`: the trace of a view as Rich tables, or as one JSON object."""

import json
import math
import sys
from typing import TYPE_CHECKING, Any

import click

from explorer.core.reading import Reading
from explorer.view import View
from model.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

    from model.checkpoint import Checkpoint
    from model.tokenizer import Encoding
    from model.trace import Trace

PREDICTIONS = 10
"""How many of the most likely tokens are given for each position."""


def show(view: View, *, as_json: bool, one_query: bool, one_stage: bool) -> None:
    """Print what `view` shows; unknown characters are reported on standard error.

    `one_query` and `one_stage` say whether the view's query and stage were asked for, rather than all of them.
    Raises ModelError for a model, text, query or setting that cannot be shown.
    """
    from explorer.core import catalog

    reading = read(view, catalog.open_model(view.model))
    report_unknown(reading.encoding, reading.model_name)
    if as_json:
        click.echo(json.dumps(as_object(reading), allow_nan=False))
        return
    from explorer.cli.show_tables import Tables

    Tables(reading).print(query=view.query if one_query else None, stage=view.stage if one_stage else None)


def read(view: View, model: "Checkpoint") -> Reading:
    """Run the model on the view's text, as set and as trained.

    Raises ModelError when the text has no known characters or too many tokens, or lacks the view's query.
    """
    from model.tokenizer import encode

    encoding = encode(model.tokenizer, view.text)
    _check_length(encoding, model)
    if view.query >= len(encoding):
        raise ModelError(f"query {view.query} does not exist: the text has tokens 0 to {len(encoding) - 1}")
    as_trained = model.trace(encoding.ids)
    as_set = as_trained
    if view.settings.changed_heads(model.config):
        as_set = model.trace(encoding.ids, view.settings, base=as_trained)
    return Reading(view, model.name, model.config, encoding, model.tokenizer, as_set, as_trained)


def _check_length(encoding: "Encoding", model: "Checkpoint") -> None:
    fits = model.config.n_positions
    if not encoding.text:
        raise ModelError("the text is empty: type at least one character")
    if not encoding.ids:
        raise ModelError(f"no character of the text is known to {model.name!r}: type others or choose another model")
    if len(encoding) > fits:
        characters = encoding.spans[fits - 1][1]
        raise ModelError(
            f"the text has {len(encoding)} tokens and {model.name!r} reads at most {fits} at once: "
            f"its first {characters} characters fit, to …{encoding.text[:characters][-20:]!r}, shorten it"
        )


def report_unknown(encoding: "Encoding", model_name: str) -> None:
    """One line about characters that the tokenizer left out or could not tell apart."""
    if not encoding.unknown:
        return
    distinct = list(dict.fromkeys(unknown.text for unknown in encoding.unknown))
    named = ", ".join(f"{text!a} ({text})" if text.isprintable() else ascii(text) for text in distinct[:5])
    more = f" and {len(distinct) - 5} more" if len(distinct) > 5 else ""
    count = len(encoding.unknown)
    what = "1 character is" if count == 1 else f"{count} characters are"
    print(f"explorer: {what} unknown to {model_name!r} and left out: {named}{more}", file=sys.stderr)


def as_object(reading: Reading) -> dict[str, Any]:
    """Everything about the head in view as plain values: the schema of `explorer show --json`."""
    from model.peakedness import peakedness

    view, stages = reading.view, reading.stages
    inputs = stages.inputs
    measured = peakedness(stages)
    return {
        "model": reading.model_name,
        "text": reading.encoding.text,
        "tokens": list(reading.encoding.tokens),
        "token_ids": list(reading.encoding.ids),
        "layer": view.layer,
        "head": view.head,
        "head_size": inputs.head_size,
        "scale": scale_in_view(reading),
        "causal": bool(inputs.causal),
        "scope": view.scope.value,
        "q": inputs.q.tolist(),
        "k": inputs.k.tolist(),
        "v": inputs.v.tolist(),
        "scores": stages.scores.tolist(),
        "scaled": stages.scaled.tolist(),
        "masked": _with_null(stages.masked),
        "weights": stages.weights.tolist(),
        "mixed": stages.mixed.tolist(),
        "peakedness": {
            "scores_variance": measured.scores_variance,
            "max_weight": measured.max_weight.tolist(),
            "entropy_bits": measured.entropy_bits.tolist(),
            "effective_keys": measured.effective_keys.tolist(),
        },
        "loss": reading.as_set.loss,
        "loss_as_trained": reading.as_trained.loss,
        "predictions": [_predictions_at(reading, i) for i in range(len(reading.encoding))],
    }


def scale_in_view(reading: Reading) -> float:
    """The scale of the head in view, as it was given: a tensor of scales would round it to float32."""
    view = reading.view
    return view.scale if view.scale is not None else reading.shape.scale(view.layer)


def _with_null(masked: "Tensor") -> list[list[float | None]]:
    return [[None if number == -math.inf else number for number in row] for row in masked.tolist()]


def _predictions_at(reading: Reading, position: int) -> dict[str, Any]:
    def told(trace: "Trace") -> list[dict[str, Any]]:
        return [
            {"token": reading.token_text(prediction.token_id), "probability": prediction.probability}
            for prediction in trace.predictions(position, PREDICTIONS)
        ]

    return {"position": position, "as_set": told(reading.as_set), "as_trained": told(reading.as_trained)}
