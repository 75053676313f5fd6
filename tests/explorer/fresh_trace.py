"""What the application shows, against the model asked anew."""

import torch

from explorer.app import ExplorerApp
from model.interface import TracedModel
from model.settings import AttentionSettings, Scope
from model.tokenizer import encode
from model.trace import Trace


def check_against_fresh_trace(app: ExplorerApp, model: TracedModel, tolerance: float = 1e-5) -> Trace:
    """Compare the reading on screen with a trace, switches given without the view's help; return that trace."""
    reading, view = app.reading, app.view
    assert reading is not None
    assert reading.view == view
    ids = encode(model.tokenizer, view.text).ids[: model.config.n_positions]
    assert reading.encoding.ids == ids
    is_switched = view.causal is not None or view.scale is not None
    layer = view.layer if is_switched and view.scope is not Scope.MODEL else None
    head = view.head if is_switched and view.scope is Scope.HEAD else None
    fresh = model.trace(ids, AttentionSettings(view.causal, view.scale, layer, head, view.ablated))
    stages = fresh.head(view.layer, view.head)
    for name in ("scores", "scaled", "masked", "weights", "mixed"):
        torch.testing.assert_close(getattr(reading.stages, name), getattr(stages, name), rtol=tolerance, atol=1e-5)
    for ours, theirs in ((reading.as_set, fresh), (reading.as_trained, model.trace(ids))):
        torch.testing.assert_close(ours.logits, theirs.logits, rtol=tolerance, atol=tolerance)
    return fresh
