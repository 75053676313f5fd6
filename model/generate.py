"""Text generation: tokens are sampled one by one, with a cache of the keys and values of earlier tokens.

Notation: T positions, H heads, D head_size, V vocab_size.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from model.checkpoint import Checkpoint
from model.errors import ModelError, NumericOverflowError
from model.gpt import GPT
from model.interface import IncrementalModel, TokenReader, TracedModel
from model.settings import AS_TRAINED, AttentionSettings
from model.tokenizer import decode, encode

REPLACEMENT = "\ufffd"
_STREAM_CONTEXT = 1  # earlier tokens that new ones are decoded with
_STREAM_LONGEST = 16  # largest number of tokens held back


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is sampled.

    `top_k` keeps the k most likely tokens, `top_p` the smallest set of tokens that reaches this probability (nucleus
    sampling, Holtzman et al. 2020). Temperature 0, or one so small that logits / temperature overflows, always takes
    the most likely token.

    Raises ModelError for a value out of range.
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise ModelError(f"temperature must be at least 0, not {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise ModelError(f"top-k must be at least 1, not {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ModelError(f"top-p must be above 0 and at most 1, not {self.top_p}")

    def draw(self, logits: Tensor, generator: torch.Generator) -> int:
        """Sample one token id from logits (V,). Raises NumericOverflowError if they are not all finite."""
        if not logits.isfinite().all():
            raise NumericOverflowError
        # On the CPU, so that the same seed samples the same tokens on every device.
        logits = logits.float().cpu()
        scaled_logits = logits / (self.temperature or 1.0)
        if self.temperature == 0 or not scaled_logits.isfinite().all():
            return int(logits.argmax())
        probabilities, ids = F.softmax(scaled_logits, dim=-1).sort(descending=True)
        if self.top_k is not None:
            probabilities = probabilities[: self.top_k]
        if self.top_p is not None and self.top_p < 1:
            before = probabilities.double().cumsum(0) - probabilities  # in float32 it would reach 1 too early
            probabilities = probabilities[before < self.top_p]
        return int(ids[torch.multinomial(probabilities, 1, generator=generator)])


class TextStream:
    """Decodes tokens as they come. A character whose bytes are spread over several tokens is held back until complete.

    `"".join(map(stream.feed, ids)) + stream.flush()` is the text of all ids, except that a character may be cut within
    a sequence of 16 or more tokens that are not valid UTF-8.
    """

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        # New tokens are decoded together with the one before, as some tokenizers decode the first token differently.
        self._ids = list(before)[-_STREAM_CONTEXT:]
        self._emitted = len(decode(tokenizer, self._ids)) if self._ids else 0

    def feed(self, token_id: int) -> str:
        """Add a token; returns the text that has become certain, which may be empty."""
        self._ids.append(token_id)
        text = decode(self._tokenizer, self._ids)
        if text.endswith(REPLACEMENT) and len(self._ids) < _STREAM_LONGEST:
            return ""
        return self._emit(text)

    def flush(self) -> str:
        """Return the text still held back; bytes that are not a complete character become U+FFFD."""
        return self._emit(decode(self._tokenizer, self._ids)) if self._ids else ""

    def _emit(self, text: str) -> str:
        new = text[self._emitted :]
        self._ids = self._ids[-_STREAM_CONTEXT:]
        self._emitted = len(decode(self._tokenizer, self._ids))
        return new


class KeyValueCache:
    """Keys and values of all earlier positions, a pair of (H, T, D) per layer."""

    def __init__(self, gpt: GPT, settings: AttentionSettings) -> None:
        self.gpt = gpt
        self.settings = settings
        self.past: list[tuple[Tensor, Tensor]] = []

    def __len__(self) -> int:
        return self.past[0][0].shape[-2] if self.past else 0

    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """Append ids to those already read; returns the logits (V,) after the last one."""
        x = self.gpt.embed(torch.tensor(token_ids, device=self.gpt.wte.weight.device), start=len(self))
        past, self.past = self.past, []
        for layer, block in enumerate(self.gpt.blocks):
            inputs = block.inputs(x, self.settings.for_layer(self.gpt.config, layer))
            if past:
                k, v = past[layer]
                inputs = replace(inputs, k=torch.cat((k, inputs.k), dim=-2), v=torch.cat((v, inputs.v), dim=-2))
            self.past.append((inputs.k, inputs.v))
            x = block(x, inputs)
        return self.gpt.unembed(self.gpt.ln_f(x[-1]))


def generate(
    gpt: GPT,
    token_ids: Sequence[int],
    count: int,
    generator: torch.Generator,
    sampling: Sampling | None = None,
    settings: AttentionSettings = AS_TRAINED,
    cached: bool = True,
    known: int | None = None,
) -> Iterator[int]:
    """Continue a text by `count` tokens, yielding each one as it is sampled.

    Of a text longer than the context, the model reads the last n_positions tokens. Keys and values are cached if that
    changes nothing: not beyond the context, where positions shift, and not without the causal mask, where each new
    token changes the earlier ones. Only ids below `known` are sampled, as a tokenizer may have fewer tokens than
    its model.

    Raises ModelError if there are no tokens to begin with, or the numbers overflow.
    """
    config = gpt.config
    cached = cached and config.causal and settings.normalized(config).causal is None
    fresh = partial(KeyValueCache, gpt, settings)
    begin = fresh if cached else partial(_Rereader, lambda ids: fresh().logits(ids))
    return _sampled(begin, config.n_positions, token_ids, count, generator, sampling or Sampling(), known)


def generate_with(
    model: Checkpoint | TracedModel,
    token_ids: Sequence[int],
    count: int,
    generator: torch.Generator,
    sampling: Sampling | None = None,
    settings: AttentionSettings = AS_TRAINED,
    known: int | None = None,
) -> Iterator[int]:
    """Continue a text as `generate` does, with a model of any architecture.

    One that is not our own GPT reads the whole text anew for each token, unless it is an IncrementalModel.
    """
    if isinstance(model, Checkpoint):
        return generate(model.gpt, token_ids, count, generator, sampling, settings, known=known)

    def at_once(ids: Sequence[int]) -> Tensor:
        trace = model.trace(ids, settings)
        return trace.unembed(trace.final[-1])

    def begin() -> TokenReader:
        reader = model.reader(settings) if isinstance(model, IncrementalModel) else None
        return _Rereader(at_once) if reader is None else reader

    return _sampled(begin, model.config.n_positions, token_ids, count, generator, sampling or Sampling(), known)


class _Rereader:
    """Reads the whole text at once for each token, by a function that gives the logits (V,) after its last one."""

    def __init__(self, read: Callable[[Sequence[int]], Tensor]) -> None:
        self._read = read

    def __len__(self) -> int:
        return 0

    def logits(self, token_ids: Sequence[int]) -> Tensor:
        return self._read(token_ids)


def _sampled(
    begin: Callable[[], TokenReader],
    n_positions: int,
    token_ids: Sequence[int],
    count: int,
    generator: torch.Generator,
    sampling: Sampling,
    known: int | None,
) -> Iterator[int]:
    """Yield `count` tokens; beyond the context, where positions shift, a reader begins anew with each one."""
    if not token_ids:
        raise ModelError("there is nothing to continue: type at least one character that the model knows")
    ids = list(token_ids)
    reader = begin()
    with torch.inference_mode():
        for _ in range(count):
            if len(ids) > n_positions:
                reader = begin()
            window = ids[-n_positions:]
            token = sampling.draw(reader.logits(window[len(reader) :])[:known], generator)
            ids.append(token)
            yield token


def sample_text(gpt: GPT, tokenizer: Tokenizer, prompt: str, count: int, seed: int) -> str:
    """Return the prompt continued by `count` tokens; a prompt without known tokens is replaced by token 0."""
    gpt.eval()
    ids = list(encode(tokenizer, prompt).ids) or [0]
    ids += generate(gpt, ids, count, torch.Generator().manual_seed(seed))
    return decode(tokenizer, ids)
