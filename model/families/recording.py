"""Records what the attention layers of a `transformers` model compute from, and acts on them.

The attention itself stays the model's own: the `eager_attention_forward` beside the model's code is watched, and does
what it always did, with the scale, mask and output of single heads changed where the settings say so. The library takes
the model for one with eager attention, so that a pass with nothing changed is its plain forward pass, watched.

Notation: T positions, D head_size, H heads, G heads of k and v.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from model.attention import AttentionInputs, AttentionStages, causal_mask
from model.errors import ModelError
from model.families.rotation import Rotation, RotationRecorder, recording
from model.settings import LayerSettings

_EAGER = "eager_attention_forward"
_CHECKED_ROWS = 3
_HIDDEN = -1e4
"""Masks are added to the scores: 0 where a key is seen, and below this number where it is hidden."""


@dataclass(slots=True)
class RecordedLayer:
    """What one layer's attention was computed from, and a few rows of what came of it."""

    module: nn.Module
    q: Tensor  # (H, T, D), after rotation and normalization
    k: Tensor  # (G, T, D)
    v: Tensor  # (G, T, Dv)
    scale: float
    mask: "Mask"
    declared_window: int | None
    softcap: float | None
    sink: Tensor | None  # (H,)
    rows: tuple[int, ...]  # queries whose results are kept
    mixed: Tensor  # (rows, H, Dv)
    weights: Tensor | None  # (H, rows, T)
    rotation: Rotation | None

    def inputs(self, settings: LayerSettings) -> AttentionInputs:
        """The inputs of our own stages, under the settings that were acted upon."""
        inputs = AttentionInputs.from_settings(self.q, self.k, self.v, settings)
        return replace(inputs, window=self.mask.window, mask=self.mask.visible, softcap=self.softcap, sink=self.sink)


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask as a rule where one describes it: causal, with the last `window` keys or all; otherwise as a matrix."""

    window: int | None = None
    visible: Tensor | None = None  # bool (T, T)

    @property
    def hides_nothing(self) -> bool:
        """True if every query sees every key."""
        return self.visible is not None and bool(self.visible.all())

    @classmethod
    def of(cls, added: Tensor | None, positions: int, declared_window: int | None) -> "Mask":
        """The mask that a model adds to its scores, (1, 1, T, T). Raises ModelError where it is more than a mask."""
        if added is None:
            raise ModelError("its attention is given no mask")
        added = added[..., :positions]  # older code leaves room for a key after the last, which is cut off
        if added.shape != (1, 1, positions, positions):
            raise ModelError(f"its mask has shape {list(added.shape)} for {positions} tokens")
        visible = added[0, 0] if added.dtype == torch.bool else added[0, 0] == 0
        if added.dtype != torch.bool and not (visible | (added[0, 0] < _HIDDEN)).all():
            raise ModelError("it adds numbers to its scores that are no mask")
        visible = visible.cpu()
        for window in (declared_window, None, int(visible[-1].sum())):
            if torch.equal(visible, causal_mask(positions, positions, 0, window)):
                return cls(window)
        return cls(visible=visible)


@dataclass(eq=False)
class Recorder:
    """One forward pass: what each layer's attention computed, under the settings of each layer.

    `settings` has an entry for every layer in which something is changed.
    """

    settings: dict[int, LayerSettings] = field(default_factory=dict)
    layers: dict[int, RecordedLayer] = field(default_factory=dict)
    _rotations: RotationRecorder = field(default_factory=RotationRecorder)
    _masks: dict[tuple[int, int | None], tuple[Tensor, Mask]] = field(default_factory=dict)

    @contextmanager
    def recording(self) -> Iterator["Recorder"]:
        """Record the calls made within this block by this thread."""
        token, rotations = _active.set(self), recording.set(self._rotations)
        try:
            yield self
        finally:
            _active.reset(token)
            recording.reset(rotations)

    def attend(
        self, eager: Callable[..., Any], module: nn.Module, q: Tensor, k: Tensor, v: Tensor, mask: Any, **options: Any
    ) -> tuple[Tensor, None]:
        """Let the model's own function compute (1, T, H, Dv), changed as set, and keep what it was computed from."""
        layer = getattr(module, "layer_idx", None)
        if not isinstance(layer, int) or layer in self.layers:
            raise ModelError("its attention is not called once in every layer")
        if options.get("position_bias") is not None:
            raise ModelError("it adds a bias to its scores")
        declared = options.get("sliding_window")
        window = declared if isinstance(declared, int) and declared > 0 else None
        scale = _number(options.get("scaling"), q.shape[-1] ** -0.5)
        known = self._mask(mask, q.shape[-2], window)
        mixed, weights = _attended(self.settings.get(layer), eager, module, q, k, v, mask, **options)
        rows = tuple(sorted({0, q.shape[-2] // 2, q.shape[-2] - 1}))[-_CHECKED_ROWS:]
        self.layers[layer] = RecordedLayer(
            module,
            _kept(q),
            _kept(k),
            _kept(v),
            scale,
            known,
            window,
            options.get("softcap"),
            _sink(module, options, q.shape[1]),
            rows,
            mixed[0, list(rows)].to("cpu", copy=True),
            None if weights is None else weights[0][:, list(rows)].to("cpu", copy=True),
            self._rotations.take(q),
        )
        return mixed, None

    def _mask(self, added: Any, positions: int, window: int | None) -> Mask:
        """The mask of a layer; layers share one tensor, which is looked at once."""
        place = (0 if added is None else added.data_ptr(), window)
        if place not in self._masks:
            self._masks[place] = (added, Mask.of(added, positions, window))  # the tensor is kept: its place stays taken
        return self._masks[place][1]

    def free_masks(self) -> None:
        """Forget the tensors that models added to their scores, once all layers were computed."""
        self._masks.clear()


@dataclass(frozen=True, eq=False)
class Switches:
    """Acts on what each layer's attention computes as a Recorder does, and keeps nothing: for reading with a cache."""

    settings: dict[int, LayerSettings]

    @contextmanager
    def acting(self) -> Iterator["Switches"]:
        """Act on the calls made within this block by this thread."""
        token = _active.set(self)
        try:
            yield self
        finally:
            _active.reset(token)

    def attend(
        self, eager: Callable[..., Any], module: nn.Module, q: Tensor, k: Tensor, v: Tensor, mask: Any, **options: Any
    ) -> tuple[Tensor, None]:
        """Let the model's own function compute (1, T, H, Dv), changed as set."""
        settings = self.settings.get(getattr(module, "layer_idx", -1))
        mixed, _ = _attended(settings, eager, module, q, k, v, mask, **options)
        return mixed, None


_active: ContextVar[Recorder | Switches | None] = ContextVar("recorder", default=None)


def _attended(
    settings: LayerSettings | None,
    eager: Callable[..., Any],
    module: nn.Module,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Any,
    **options: Any,
) -> tuple[Tensor, Tensor | None]:
    """What the model's own function gives, mixed (1, T, H, Dv) and weights if it returns them, changed as set."""
    if settings is None:
        mixed, weights = eager(module, q, k, v, mask, **options)
        return mixed, weights
    scale = _number(options.get("scaling"), q.shape[-1] ** -0.5)
    options, mask = _changed(options, mask, settings, scale, q)
    mixed, weights = eager(module, q, k, v, mask, **options)
    if settings.ablated is not False:
        mixed = mixed.masked_fill(_per_head(settings.ablated, q.shape[1]).to(mixed.device)[:, None], 0.0)
    return mixed, weights


@dataclass(frozen=True, slots=True)
class _Watched:
    """The eager attention of a model's code, which a Recorder or Switches may act on."""

    eager: Callable[..., Any]

    def __call__(
        self, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any = None, **options: Any
    ) -> Any:
        """Compute attention as `eager` does, by way of what is active in this thread."""
        active = _active.get()
        if active is None:
            return self.eager(module, query, key, value, attention_mask, **options)
        return active.attend(self.eager, module, query, key, value, attention_mask, **options)


def watch_attention(network: nn.Module) -> None:
    """Watch the eager attention in the modules of a network's classes, once for all networks of its kind."""
    classes = {kind for part in network.modules() for kind in type(part).__mro__}
    for module in {sys.modules[kind.__module__] for kind in classes}:
        eager = getattr(module, _EAGER, None)
        if eager is not None and not isinstance(eager, _Watched):
            setattr(module, _EAGER, _Watched(eager))


def _changed(
    options: dict[str, Any], mask: Tensor, settings: LayerSettings, scale: float, q: Tensor
) -> tuple[dict[str, Any], Tensor]:
    """The options and the mask for a layer whose settings differ from those it was trained with."""
    heads = q.shape[1]
    if settings.scale != scale:
        scales = torch.tensor(settings.scale, dtype=torch.float64).expand(heads)
        # In the format of the queries: some models would go on in that of the scale. `check` allows for the rounding.
        options = options | {"scaling": scales.to(q.device, q.dtype)[None, :, None, None]}
    if settings.causal is not True:
        free = ~_per_head(settings.causal, heads).to(mask.device)[None, :, None, None]
        mask = mask.masked_fill(free, 0.0)
    return options, mask


def _per_head(setting: bool | tuple[bool, ...], heads: int) -> Tensor:
    return torch.tensor(setting).expand(heads)


def _number(value: Any, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ModelError("its scale is no single number")
    return float(value)


def _sink(module: nn.Module, options: dict[str, Any], heads: int) -> Tensor | None:
    """Logits of a sink, (H,), as GPT-OSS has them."""
    found = options.get("s_aux", getattr(module, "sinks", None))
    if not isinstance(found, Tensor):
        return None
    if found.numel() != heads:
        raise ModelError(f"it has {found.numel()} sinks for {heads} heads")
    return found.detach().reshape(-1).to("cpu", torch.float32, copy=True)


def _kept(x: Tensor) -> Tensor:
    """One text's (heads, T, ·), in memory of its own: a view would keep the whole of a fused projection."""
    x = x[0].detach().to("cpu")
    shared = x.untyped_storage().nbytes() > x.numel() * x.element_size()
    return x.clone(memory_format=torch.contiguous_format) if shared else x


def check(recorded: RecordedLayer, inputs: AttentionInputs, tolerance: float) -> None:
    """Compare a few rows of our own stages with what the model's code computed. Raises ModelError if they differ.

    `tolerance` is for small scores; those of a number format with few digits are as coarse as they are large.
    """
    own, epsilon = inputs.in_float32(), torch.finfo(recorded.q.dtype).eps
    largest_value = max(1.0, recorded.v.float().abs().max().item())
    for place, row in enumerate(recorded.rows):
        stages = AttentionStages(own.row(row))
        room = tolerance + epsilon * stages.scaled.abs().max().item()
        mixed = stages.mixed[:, 0]  # (H, Dv)
        theirs = recorded.mixed[place].float()
        if mixed.shape != theirs.shape or not (mixed - theirs).abs().max() <= room * largest_value:
            raise ModelError("what it mixes is not what its queries, keys and values come to")
        if recorded.weights is not None:
            weights = recorded.weights[:, place].float()
            if not (stages.weights[:, 0] - weights).abs().max() <= room:
                raise ModelError("its weights are not what its queries and keys come to")
