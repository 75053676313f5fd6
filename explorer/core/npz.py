"""A reading as a NumPy archive."""

import json
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from explorer.core.export import to_array
from explorer.core.link import link_line
from explorer.core.stages import stage_matrix
from explorer.view import current_scale

if TYPE_CHECKING:
    from explorer.core.reading import Reading


def write_npz(reading: "Reading", file: BinaryIO) -> None:
    """Write everything about a reading as arrays; none of them needs pickle.

    q, k, v: (L, H, T, D), as set. scores, scaled, masked, weights (T, T) and mixed (T, D) of the head in view; capped
    (T, T) as well in a model with a soft cap. logits and logits_as_trained: (T, V). token_ids, tokens: (T,). settings:
    JSON with the view, the text and the tokens, as an array of texts drops null characters.
    """
    inputs, stages = reading.as_set.inputs, reading.stages
    arrays = {
        "q": np.stack([to_array(layer.q) for layer in inputs]),
        "k": np.stack([to_array(layer.k) for layer in inputs]),
        "v": np.stack([to_array(layer.v) for layer in inputs]),
        **{stage.value: to_array(stage_matrix(stages, stage)) for stage in reading.bounds.matrices},
        "logits": to_array(reading.as_set.logits),
        "logits_as_trained": to_array(reading.as_trained.logits),
        "token_ids": np.array(reading.encoding.ids),
        "tokens": np.array(reading.encoding.tokens),
        "settings": np.array(json.dumps(_settings(reading))),
    }
    np.savez(file, allow_pickle=False, **arrays)


def _settings(reading: "Reading") -> dict[str, Any]:
    """Return the view and its switches as plain values."""
    view = reading.view
    return {
        "model": reading.model_name,
        "text": reading.encoding.text,
        "tokens": list(reading.encoding.tokens),
        "query": view.query,
        "key": view.key,
        "layer": view.layer,
        "head": view.head,
        "stage": view.stage.value,
        "head_size": reading.stages.inputs.head_size,
        "scale": current_scale(view, reading.bounds),
        "scale_as_trained": reading.shape.scale(view.layer),
        "causal": bool(reading.stages.inputs.causal),
        "scope": view.scope.value,
        "ablated": [list(head) for head in sorted(view.ablated)],
        "link": link_line(view, reading.shape.opening),
    }
