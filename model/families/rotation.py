"""Undoes the rotation of queries and keys by their positions (rotary embedding, Su et al. 2021).

The models call one function for it, `apply_rotary_pos_emb(q, k, cos, sin)`, each with its own order of dimensions. The
same function with −sin rotates back, so that only cos and sin, which all layers share, have to be kept.
"""

import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torch import Tensor, nn

_FUNCTION = "apply_rotary_pos_emb"
_PARAMETERS = ["q", "k", "cos", "sin"]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What rotated the queries and keys of a layer: all their dimensions, or those from `start` to `stop`."""

    rotate: Callable[..., tuple[Tensor, Tensor]]
    cos: Tensor
    sin: Tensor
    start: int
    stop: int

    def undo(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """q and k of one head as they were before the rotation: (T, D) each."""
        part = slice(self.start, self.stop)
        turned = (x[None, None, :, part].to(self.cos.device, self.cos.dtype) for x in (q, k))
        # Long contexts make cos and sin longer than 1, by one factor for all.
        length = (self.cos.square() + self.sin.square()).mean()
        before = [x[0, 0].div(length).to("cpu", q.dtype) for x in self.rotate(*turned, self.cos, -self.sin)]
        q, k = q.clone(), k.clone()
        q[:, part], k[:, part] = before
        return q, k


@dataclass(slots=True)
class RotationRecorder:
    """The last call of a rotation, until the attention that it was made for asks for it."""

    _last: tuple[Callable[..., tuple[Tensor, Tensor]], Tensor, Tensor, Tensor] | None = None

    def note(self, rotate: Callable[..., tuple[Tensor, Tensor]], cos: Tensor, sin: Tensor, rotated: Tensor) -> None:
        """Keep a call, and the queries that came of it."""
        self._last = rotate, cos, sin, rotated

    def take(self, q: Tensor) -> Rotation | None:
        """The rotation of the queries (1, H, T, D) of an attention; None if they were not rotated by such a call."""
        last, self._last = self._last, None
        if last is None:
            return None
        rotate, cos, sin, rotated = last
        width, head_size = rotated.shape[-1], q.shape[-1]
        if rotated.shape[:-1] != q.shape[:-1]:
            return None
        for start in dict.fromkeys((0, head_size - width)):
            if rotated is q or q[..., start : start + width].equal(rotated):
                return Rotation(rotate, cos, sin, start, start + width)
        return None


recording: ContextVar[RotationRecorder | None] = ContextVar("rotation", default=None)


def watch(attention: nn.Module) -> None:
    """Record the calls of the rotation function in the module of an attention class, once for all its layers."""
    module: ModuleType = sys.modules[type(attention).__module__]
    rotate = getattr(module, _FUNCTION, None)
    if rotate is None or hasattr(rotate, "watched") or list(inspect.signature(rotate).parameters)[:4] != _PARAMETERS:
        return

    def watched(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, *rest: Any, **options: Any) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = rotate(q, k, cos, sin, *rest, **options)
        recorder = recording.get()
        if recorder is not None and not rest and not options:
            recorder.note(rotate, cos, sin, found[0])
        return found

    watched.watched = True  # type: ignore[attr-defined]
    setattr(module, _FUNCTION, watched)
