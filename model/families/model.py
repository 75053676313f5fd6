"""FamilyModel: a model that `transformers` runs, as a `TracedModel`.

Notation: T positions, C width of the residual stream, V vocab_size.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import cached_property, partial, wraps
from pathlib import Path
from threading import RLock
from typing import Any
from weakref import ref

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from model.attention import AttentionInputs
from model.errors import ModelError, NumericOverflowError
from model.families import OpenOptions
from model.families.cached_reader import CachedReader
from model.families.recording import RecordedLayer, Recorder, Switches, check, watch_attention
from model.families.rotation import Rotation, watch
from model.families.shape import FamilyShape, context_length, rotates_by_length
from model.outside import reason_of
from model.settings import AS_TRAINED, AttentionSettings, LayerSettings
from model.trace import Trace

_PROBE = 8
"""Tokens of the text on which a model is tried when it is opened."""

_TOLERANCES = {torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 6e-2}


class FamilyModel:
    """An opened model of any family whose attention can be looked into.

    Each trace checks itself: a few rows of every head are computed again from what is shown, and compared with what
    the model's own code gave. With nothing switched it is the model's plain forward pass, which is only watched.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        network: Any,
        tokenizer: Tokenizer,
        opening: OpenOptions | None = None,
        note: str = "",
    ) -> None:
        """Try the model on a few tokens. Raises ModelError, with the reason, if it cannot be looked into.

        `note` is what has to be known of its weights, see `model.interface.ModelShape.model_note`.
        """
        opening = opening or OpenOptions()
        self.name = name
        self.path = path
        self.tokenizer = tokenizer
        self.network = network
        self._lock = RLock()
        self._blocks = _blocks(network)
        self._dtype = next(network.parameters()).dtype
        text = network.config.get_text_config()
        count = min(_PROBE, context_length(text, opening.context))
        self._probe = [(3 + 5 * i) % int(text.vocab_size) for i in range(count)]
        self._backbone, shape = self._tried(opening)
        self.config = replace(shape, model_note=note)
        if opening.bos and self.config.bos_token_id is None:
            raise ModelError("it has no beginning-of-sequence token: open it without --bos")
        self.prefix = (self.config.bos_token_id,) if opening.bos and self.config.bos_token_id is not None else ()

    def trace(
        self, token_ids: Sequence[int], settings: AttentionSettings = AS_TRAINED, base: Trace | None = None
    ) -> Trace:
        """Run the model on one text; see `model.interface.TracedModel`."""
        ids = tuple(token_ids)
        self._check_ids(ids)
        settings = settings.normalized(self.config)
        if base is not None and base.token_ids == ids and base.settings == settings:
            return base
        numbers = self.config.layer_numbers
        recorder = Recorder(self._changed_layers(settings))
        with self._errors_in_one_line():
            final, streams = self._run(ids, recorder)
        streams = (*(streams[number] for number in numbers), streams[-1])
        inputs = []
        for layer in range(self.config.n_layer):
            recorded = recorder.layers.get(numbers[layer])
            if recorded is None:
                raise ModelError(f"layer {layer} of {self.name!r} cannot be shown: its attention was not passed on")
            made = recorded.inputs(settings.for_layer(self.config, layer))
            if made.overflows or not recorded.mixed.isfinite().all():
                raise NumericOverflowError(repr(self.name))
            self._check(layer, recorded, made)
            inputs.append(made)
        if not final.isfinite().all():
            raise NumericOverflowError(repr(self.name))
        undo = _undo_of([recorder.layers[number].rotation for number in numbers])
        return Trace(ids, settings, tuple(inputs), streams, final, self.unembed, undo)

    def unembed(self, final: Tensor) -> Tensor:
        """Final hidden state (..., C) -> logits (..., V), in float32: what the model's own head makes of it."""
        rows = final.reshape(1, -1, final.shape[-1]).to(self._device, self._dtype)
        # Without the lock: nobody who reads a known prediction waits for a long trace of another thread.
        with torch.inference_mode(), _given_to(self._backbone, _Final(rows)):
            logits = self.network(input_ids=torch.zeros(1, rows.shape[1], dtype=torch.long, device=self._device)).logits
        flat: Tensor = logits[0].float().cpu()
        return flat.reshape(*final.shape[:-1], -1)

    def reader(self, settings: AttentionSettings = AS_TRAINED) -> CachedReader | None:
        """Return a reader with the cache of `transformers`; see `model.interface.IncrementalModel`."""
        settings = settings.normalized(self.config)
        if settings.causal is not None or not self._can_read_on:
            return None
        return CachedReader(partial(self._read_on, Switches(self._changed_layers(settings))), self.unembed)

    @cached_property
    def _can_read_on(self) -> bool:
        """True if reading in pieces gives what reading at once does, as tried on the few tokens of the probe."""
        if len(self._probe) < _PROBE or rotates_by_length(self.network.config.get_text_config()):
            return False
        reader = CachedReader(partial(self._read_on, Switches({})), self.unembed)
        try:
            *_, found = (reader.logits(piece) for piece in (self._probe[:-2], self._probe[-2:-1], self._probe[-1:]))
        except Exception:  # whatever the code of a thousand models raises
            return False
        at_once = self.unembed(self.trace(self._probe).final[-1])
        room = _TOLERANCES[self._dtype] * max(1.0, at_once.abs().max().item())
        return bool((found - at_once).abs().max() <= room)

    def _read_on(self, switches: Switches, ids: Sequence[int], past: Any) -> tuple[Tensor, Any]:
        """The final hidden state (T, C) of ids that follow those in a cache, and the cache with them."""
        self._check_ids(ids)
        # The newer versions of transformers call it `cache`.
        name = "cache" if "cache" in inspect.signature(self._backbone.forward).parameters else "past_key_values"
        with self._errors_in_one_line(), self._lock, torch.inference_mode(), switches.acting():
            given = torch.tensor([ids], device=self._device)
            output = self._backbone(input_ids=given, use_cache=True, **{name: past})
        if (kept := getattr(output, name)) is None:
            raise ModelError("it keeps no keys and values")
        return output[0][0].to("cpu"), kept

    @contextmanager
    def _errors_in_one_line(self) -> Iterator[None]:
        """Turn what the code of the model raises into a ModelError, except if it lacks memory."""
        try:
            yield
        except (ModelError, MemoryError):
            raise
        except Exception as error:  # whatever a library of a thousand models raises
            if "memory" in str(error).lower():
                raise
            raise ModelError(f"{self.name!r} cannot read this text: {reason_of(error)}") from None

    def _changed_layers(self, settings: AttentionSettings) -> dict[int, LayerSettings]:
        """The settings of each layer in which something is changed, by its number in the network."""
        changed = {layer for layer, _ in settings.changed_heads(self.config)}
        return {self.config.layer_numbers[layer]: settings.for_layer(self.config, layer) for layer in changed}

    @property
    def _device(self) -> torch.device:
        device: torch.device = next(self.network.parameters()).device
        return device

    def _check_ids(self, ids: Sequence[int]) -> None:
        if not ids:
            raise ModelError("there are no tokens: type at least one character that the model knows")
        if len(ids) > self.config.n_positions:
            raise ModelError(f"the text has {len(ids)} tokens: {self.name!r} reads at most {self.config.n_positions}")
        wrong = next((i for i in ids if not 0 <= i < self.config.vocab_size), None)
        if wrong is not None:
            raise ModelError(f"token id {wrong} is not in the vocabulary of {self.config.vocab_size}")

    def _check(self, layer: int, recorded: RecordedLayer, inputs: AttentionInputs) -> None:
        try:
            check(recorded, inputs, _TOLERANCES[self._dtype])
        except ModelError as error:
            raise ModelError(f"layer {layer} of {self.name!r} cannot be shown: {error}") from None

    def _run(self, ids: Sequence[int], recorder: Recorder) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The final hidden state (T, C) and the residual stream before each layer and after the last."""
        streams: list[Tensor] = []
        with self._lock, torch.inference_mode(), recorder.recording(), _observed(self._blocks, streams):
            output = self._backbone(input_ids=torch.tensor([ids], device=self._device), use_cache=False)
        recorder.free_masks()
        return output[0][0].to("cpu"), tuple(streams)

    def _tried(self, opening: OpenOptions) -> tuple[nn.Module, FamilyShape]:
        """The part of the network below its output, and its shape.

        Raises ModelError where the attention does not come through, or the logits are not those of the plain model.
        """
        ids = torch.tensor([self._probe], device=self._device)
        watch_attention(self.network)
        recorder = Recorder()
        with torch.inference_mode():
            plain = self.network(input_ids=ids, use_cache=False).logits[0].float().cpu()
            with recorder.recording():
                logits = self.network(input_ids=ids, use_cache=False).logits[0].float().cpu()
        recorder.free_masks()
        found = sorted(recorder.layers)
        if not found:
            what = type(self._blocks[0]).__name__
            raise ModelError(f"none of its layers passes its attention on: {what} computes it in a way of its own")
        for recorded in recorder.layers.values():
            watch(recorded.module)
        if len(self._probe) > 1 and recorder.layers[found[0]].mask.hides_nothing:
            raise ModelError("it has no causal mask: it is an encoder")
        if not torch.equal(plain, logits):
            raise ModelError("its numbers are not the same while it is watched")
        known = {type(part) for i in found for part in self._blocks[i].children()}
        others = [_kind(block, known) for i, block in enumerate(self._blocks) if i not in recorder.layers]
        shape = FamilyShape.of(self.network.config, [recorder.layers[i] for i in found], found, others, opening)
        return self._backbone_of(plain), shape

    def _backbone_of(self, plain: Tensor) -> nn.Module:
        """The module whose result the output is computed from: found by trying."""
        base = self.network.base_model
        for module in (base, getattr(base, "decoder", None), getattr(self.network, "model", None)):
            if not isinstance(module, nn.Module) or module is self.network:
                continue
            self._backbone = module
            _bypass(module)
            with suppress(TypeError, AttributeError, IndexError, RuntimeError):
                final, _ = self._run(self._probe, Recorder())
                if torch.equal(self.unembed(final), plain):
                    return module
            del module.__dict__["forward"]  # this is not where the output begins
        raise ModelError("its output cannot be computed apart from its layers")

    def verify_switches(self) -> None:
        """Try each switch on the few tokens of the probe: `trace` compares what the model computed with ours.

        Raises ModelError if one does not act as it should.
        """
        last = self.config.n_layer - 1, self.config.n_head - 1
        plain = self.trace(self._probe)
        for settings in (
            AttentionSettings(scale=2.0 * self.config.scale(0)),
            AttentionSettings(scale=0.5 * self.config.scale(last[0]), layer=last[0], head=last[1]),
            AttentionSettings(causal=False),
            AttentionSettings(causal=False, layer=last[0], head=last[1]),
            AttentionSettings(ablated=frozenset({last})),
        ):
            changed = self.trace(self._probe, settings)
            if len(self._probe) > 1 and torch.equal(changed.final, plain.final):
                raise ModelError("a switch of its attention does not act")


def _blocks(network: Any) -> list[nn.Module]:
    """The layers: the first list in the network of as many modules as its config says there are layers."""
    lists = [m for m in network.modules() if isinstance(m, nn.ModuleList)]
    count = int(network.config.get_text_config().num_hidden_layers)
    found = next((m for m in lists if len(m) == count), None)
    if found is None:
        raise ModelError(f"its config says {count} layers and none of its parts has so many")
    return list(found)


def _kind(block: nn.Module, known: set[type[nn.Module]]) -> str:
    """What a layer has in place of attention: the part that no layer with attention has."""
    return next((type(part).__name__ for part in block.children() if type(part) not in known), type(block).__name__)


def _undo_of(
    rotations: Sequence[Rotation | None],
) -> Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor] | None]:
    """The function that gives q and k of a head in a layer as they were before the rotation."""

    def undo(layer: int, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor] | None:
        rotation = rotations[layer]
        return None if rotation is None else rotation.undo(q, k)

    return undo


class _Final:
    """What a backbone returns, with nothing in it but the final hidden state."""

    def __init__(self, last_hidden_state: Tensor) -> None:
        self.last_hidden_state = last_hidden_state

    def __getattr__(self, name: str) -> None:
        return None

    def __getitem__(self, index: int) -> Tensor:
        return (self.last_hidden_state,)[index]


_given: ContextVar[tuple[nn.Module, _Final] | None] = ContextVar("given", default=None)


@contextmanager
def _given_to(module: nn.Module, final: _Final) -> Iterator[None]:
    """Let a module that can be bypassed return `final`, for as long as the block runs and in this thread alone."""
    token = _given.set((module, final))
    try:
        yield
    finally:
        _given.reset(token)


def _bypass(module: nn.Module) -> None:
    """Let a module return what `_given_to` says in place of what it computes."""
    forward, here = type(module).forward, ref(module)  # no cycle: a model is freed once nobody uses it

    @wraps(forward)
    def forward_or_given(*args: Any, **options: Any) -> Any:
        given = _given.get()
        return given[1] if given is not None and given[0] is here() else forward(here(), *args, **options)

    module.__dict__["forward"] = forward_or_given


@contextmanager
def _observed(blocks: Sequence[nn.Module], streams: list[Tensor]) -> Iterator[None]:
    """Keep the residual stream (T, C) before each block and after the last."""

    def before(_module: nn.Module, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        stream = args[0] if args else options.get("hidden_states")
        if isinstance(stream, Tensor):
            streams.append(stream[0].to("cpu"))

    def after(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        streams.append((output[0] if isinstance(output, tuple) else output)[0].to("cpu"))

    handles = [block.register_forward_pre_hook(before, with_kwargs=True) for block in blocks]
    handles.append(blocks[-1].register_forward_hook(after))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
