"""q, k and v of a model in training: packed into an event by its process, turned into a Reading by the application."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from explorer.core.reading import Reading
from explorer.core.readings import reading_from_inputs
from explorer.training.messages import HeadsSent
from explorer.training.run_state import RunState
from explorer.view import View, fitted
from model.gpt import GPT
from model.tokenizer import Encoding

_LARGEST = torch.finfo(torch.float16).max


def pack_heads(gpt: GPT, ids: Sequence[int], step: int) -> HeadsSent:
    """Return q, k and v of every layer for these tokens, rounded to float16. Raises ModelError for unknown ids."""
    with torch.inference_mode():
        trace = gpt.trace(ids)
        stacked = torch.stack([torch.stack((each.q, each.k, each.v)) for each in trace.inputs])
    numbers = stacked.float().clamp(-_LARGEST, _LARGEST).half().cpu().contiguous().numpy().astype("<f2")
    return HeadsSent(step, tuple(ids), tuple(stacked.shape), numbers.tobytes())


def unpack_heads(heads: HeadsSent) -> tuple[tuple[Tensor, Tensor, Tensor], ...]:
    """Return q, k and v of each layer as float32 of the shape (H, T, D)."""
    numbers = torch.from_numpy(np.frombuffer(heads.data, dtype="<f2").astype("float32").reshape(heads.shape))
    return tuple((q, k, v) for q, k, v in numbers)


def read_heads(run: RunState, encoding: Encoding, view: View) -> Reading | None:
    """Return the attention of the run's model as a reading of `view`; None if q, k and v are not of these tokens.

    It has no predictions: of the model only q, k and v are known here.
    """
    if run.heads is None or run.description is None or run.tokenizer is None or run.heads.ids != encoding.ids:
        return None
    config = run.description.config
    reading = reading_from_inputs(view, unpack_heads(run.heads), config, encoding, run.tokenizer, causal=config.causal)
    return reading.at(fitted(view, reading.bounds))
