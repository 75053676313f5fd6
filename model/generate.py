"""Generation: sampling tokens one by one, with keys and values of earlier tokens kept.

Notation: T positions, H heads, D head_size, V vocab_size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from model import tokenizer as tokenizers
from model.errors import ModelError
from model.gpt import GPT
from model.settings import AS_TRAINED, AttentionSettings

REPLACEMENT = "\ufffd"
_STREAM_CONTEXT = 1  # tokens that new text is decoded with
_STREAM_LONGEST = 16  # tokens held back at most


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. Raises ModelError for a number out of range.

    `top_k` keeps the k most likely tokens; `top_p` the fewest that together reach that probability (nucleus sampling,
    Holtzman et al. 2020). Temperature 0, or one so small that logits over it overflow, takes the most likely token.
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
        """One token id from logits (V,). Raises ModelError when they are not all finite."""
        if not logits.isfinite().all():
            raise ModelError("the numbers of the model overflow here: choose a smaller scale or another model")
        # On the processor: the same seed draws the same tokens wherever the logits come from.
        logits = logits.float().cpu()
        heated_logits = logits / (self.temperature or 1.0)
        if self.temperature == 0 or not heated_logits.isfinite().all():
            return int(logits.argmax())
        probabilities, ids = F.softmax(heated_logits, dim=-1).sort(descending=True)
        if self.top_k is not None:
            probabilities = probabilities[: self.top_k]
        if self.top_p is not None and self.top_p < 1:
            before = probabilities.double().cumsum(0) - probabilities  # in float32 it would reach 1 early
            probabilities = probabilities[before < self.top_p]
        return int(ids[torch.multinomial(probabilities, 1, generator=generator)])


class TextStream:
    """Turns tokens into text as they come: a character whose bytes are spread over tokens is held back until whole.

    "".join(map(stream.feed, ids)) + stream.rest() is the text of all ids, unless bytes that are no character go on for
    16 tokens: then one may be cut.
    """

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        # Text is told apart by decoding with what stands before it: some tokenizers treat a beginning differently.
        self._ids = list(before)[-_STREAM_CONTEXT:]
        self._told = len(tokenizers.decode(tokenizer, self._ids)) if self._ids else 0

    def feed(self, token_id: int) -> str:
        """The text that is certain now that `token_id` has come; often nothing, for a part of a character."""
        self._ids.append(token_id)
        text = tokenizers.decode(self._tokenizer, self._ids)
        if text.endswith(REPLACEMENT) and len(self._ids) < _STREAM_LONGEST:
            return ""
        return self._tell(text)

    def rest(self) -> str:
        """What was held back when no more tokens come: bytes that never became a character are U+FFFD."""
        return self._tell(tokenizers.decode(self._tokenizer, self._ids)) if self._ids else ""

    def _tell(self, text: str) -> str:
        new = text[self._told :]
        self._ids = self._ids[-_STREAM_CONTEXT:]
        self._told = len(tokenizers.decode(self._tokenizer, self._ids))
        return new


class _Cache:
    """Keys and values of all earlier positions, a pair of (H, T, D) a layer."""

    def __init__(self, gpt: GPT, settings: AttentionSettings) -> None:
        self.gpt = gpt
        self.settings = settings
        self.past: list[tuple[Tensor, Tensor]] = []

    def __len__(self) -> int:
        return self.past[0][0].shape[-2] if self.past else 0

    def logits(self, token_ids: Tensor) -> Tensor:
        """Read new ids (T,) after those already read; logits (V,) after the last."""
        x = self.gpt.embed(token_ids, start=len(self))
        past, self.past = self.past, []
        for layer, block in enumerate(self.gpt.blocks):
            inputs = block.inputs(x, self.settings.for_layer(self.gpt.config, layer))
            if past:
                k, v = past[layer]
                inputs = replace(inputs, k=torch.cat((k, inputs.k), dim=-2), v=torch.cat((v, inputs.v), dim=-2))
            self.past.append((inputs.k, inputs.v))
            x = block(x, inputs)
        return F.linear(self.gpt.ln_f(x[-1]), self.gpt.wte.weight)


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
    """Continue a text by `count` tokens, each yielded as it comes.

    A text longer than the context is read by its last n_positions tokens. Keys and values are kept between tokens
    when that changes nothing: not past the context, where positions move, nor without the causal mask, where every
    new token changes the earlier ones. Only ids below `known` are drawn: a tokenizer may have fewer tokens than its
    model has rows.
    Raises ModelError when there are no tokens to begin with, or numbers overflow.
    """
    if not token_ids:
        raise ModelError("there is nothing to continue: type at least one character that the model knows")
    sampling = sampling or Sampling()
    config = gpt.config
    cached = cached and config.causal and settings.normalized(config).causal is None
    ids = list(token_ids)
    cache = _Cache(gpt, settings)
    with torch.inference_mode():
        for _ in range(count):
            if not cached or len(ids) > config.n_positions:
                cache = _Cache(gpt, settings)
            window = ids[-config.n_positions :]
            logits = cache.logits(torch.tensor(window[len(cache) :], device=gpt.wte.weight.device))
            token = sampling.draw(logits[:known], generator)
            ids.append(token)
            yield token


def sample_text(gpt: GPT, tokenizer: Tokenizer, prompt: str, count: int, seed: int) -> str:
    """Return the prompt continued by `count` tokens; a prompt without known tokens is replaced by token 0."""
    gpt.eval()
    ids = list(tokenizers.encode(tokenizer, prompt).ids) or [0]
    ids += generate(gpt, ids, count, torch.Generator().manual_seed(seed))
    return tokenizers.decode(tokenizer, ids)
