"""A model without a network: q, k, v and what is predicted are formulas in whole numbers.

Every raw score is exact, in whatever order it is summed up, and what comes of it differs between machines by far less
than a digit on the screen: a picture of it is the same everywhere.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor
from torch.nn import functional as F

from explorer.core.head_kinds import HEAD_KINDS, PATTERNS
from model import tokenizer
from model.attention import AttentionInputs, attend
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.head_costs import HeadCost
from model.head_scores import HeadScores
from model.settings import AS_TRAINED, AttentionSettings
from model.trace import Trace

SENTENCE = "Ivan is the guy who ate the sandwich"
OTHER = "Ivan is the guy who ate the big red fox"
_WORDS = (*SENTENCE.split(), "big", "red", "fox", "and", "Lily", "cat", "dog", "saw", "was", "said", "a", "to")
_WORD = 2**32


def mixed_up(number: int) -> int:
    """A whole number below 2^32 without any visible pattern in it: multiplications and shifts."""
    number = (number + 1) * 0x9E3779B1 % _WORD
    number = (number ^ number >> 15) * 0x85EBCA77 % _WORD
    number = (number ^ number >> 13) * 0xC2B2AE3D % _WORD
    return number ^ number >> 16


def eighths(shape: tuple[int, ...], seed: int, most: int) -> Tensor:
    """Numbers from −`most` / 8 to `most` / 8 in steps of an eighth."""
    count = torch.Size(shape).numel()
    made = [(mixed_up(seed * 1_000_003 + i) % (2 * most + 1) - most) / 8 for i in range(count)]
    return torch.tensor(made).reshape(shape)


def words_tokenizer() -> Tokenizer:
    """Characters of our words, joined from the left: ` guy` is one token, and ` gum` would be ` gu` and `m`."""
    pieces = [_WORDS[0], *(f" {word}" for word in _WORDS)]
    vocabulary = {character: i for i, character in enumerate(sorted({*"".join(pieces)}))}
    merges: list[tuple[str, str]] = []
    for piece in pieces:
        for end in range(1, len(piece)):
            joined = piece[: end + 1]
            if joined not in vocabulary:
                vocabulary[joined] = len(vocabulary)
                merges.append((piece[:end], piece[end]))
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_next")
    return made


class FormulaModel:
    """Three layers of four heads, head_size 16, context 32; a `TracedModel`.

    Head 0 of each layer looks at itself, head 1 at the token before, and the others at what their tokens make of it.
    """

    def __init__(self, name: str = "formula", seed: int = 0) -> None:
        self.name = name
        self.prefix: tuple[int, ...] = ()
        self.seed = seed
        self.tokenizer = words_tokenizer()
        self._tokens = tokenizer.vocab_size(self.tokenizer)
        self.config = GPTConfig(vocab_size=self._tokens, n_positions=32, n_embd=64, n_layer=3, n_head=4)
        self._unembedding = eighths((self._tokens, 64), seed + 90, 2)

    def trace(
        self, token_ids: Sequence[int], settings: AttentionSettings = AS_TRAINED, base: Trace | None = None
    ) -> Trace:
        """What the heads mix goes straight into the prediction, in eighths again."""
        settings = settings.normalized(self.config)
        ids = torch.tensor(tuple(token_ids))
        inputs = tuple(self._inputs(ids, layer, settings) for layer in range(self.config.n_layer))
        together = sum((attend(each) for each in inputs), torch.zeros(1))  # (H, T, D)
        final = (together.permute(1, 0, 2).reshape(len(ids), -1) * 8).round() / 8
        streams = (torch.zeros(len(ids), 64),) * (self.config.n_layer + 1)
        return Trace(tuple(token_ids), settings, inputs, streams, final, partial(F.linear, weight=self._unembedding))

    def _inputs(self, ids: Tensor, layer: int, settings: AttentionSettings) -> AttentionInputs:
        seed, heads = self.seed + 10 * layer, (self.config.n_head, self._tokens, self.config.head_size)
        q, k, v = (eighths(heads, seed + number, 14)[:, ids] for number in range(3))
        places = eighths((self.config.n_positions + 1, self.config.head_size), seed + 3, 14)
        for head, shift in ((0, 0), (1, 1)):
            q[head] = q[head] / 2 + places[: len(ids)]
            k[head] = k[head] / 2 + places[shift : shift + len(ids)]
        return AttentionInputs.from_settings(q, k, v, settings.for_layer(self.config, layer))


def formula_checkpoint(name: str = "formula") -> Checkpoint:
    """A model with weights: two layers of four heads, head_size 8. In head 1 of layer 1, OV copies."""
    made = words_tokenizer()
    config = GPTConfig(vocab_size=tokenizer.vocab_size(made), n_positions=32, n_embd=32, n_layer=2, n_head=4)
    gpt = GPT(config)
    for seed, (part, parameter) in enumerate(gpt.named_parameters()):
        if parameter.dim() == 1:
            parameter.data.fill_(float("ln_" in part and part.endswith("weight")))
        else:
            parameter.data = eighths(tuple(parameter.shape), 200 + seed, 8) / (1 if "wte" in part else 2)
    *_, block = gpt.blocks
    block.attn.c_proj.weight.data[:, 8:16] = block.attn.c_attn.weight.data[72:80].mT  # W_O is the transpose of W_V
    return Checkpoint(name, Path(name), config, gpt.eval().requires_grad_(False), made)


def formula_costs(heads: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], HeadCost]]:
    """Costs that nobody has measured, all different; each head of layer 2 reads from that of layer 1."""
    for layer, head in heads:
        cost = (4 * layer + head) / 64
        falls = torch.zeros(3, 4)
        falls[2, head] = 0.75 if layer == 1 else 0.0
        yield (layer, head), HeadCost(cost, 8 * cost, -cost, falls)


def formula_scores() -> HeadScores:
    """Head scores that nobody has measured, all different."""

    def score(kind: int, layer: int, head: int) -> float:
        return (7 * layer + 5 * head + 3 * kind) % 12 / 12 + 0.01

    values = {
        name: torch.tensor([[score(kind, layer, head) for head in range(4)] for layer in range(3)])
        for kind, name in enumerate(HEAD_KINDS)
        if name not in PATTERNS
    }
    return HeadScores(values, {name: torch.full((3, 4), 0.0625) for name in values})
