"""The OV and QK circuits of a head: what it does with each token of the vocabulary, read from the weights alone.

Notation: V vocab_size, C n_embd, D head_size.

Both circuits are V × V matrices over tokens ("A Mathematical Framework for Transformer Circuits", Elhage et al. 2021):
OV = `W_E W_V W_O W_U` holds what a head adds to the logit of each token when it attends to a token, and QK =
`W_E W_Q W_Kᵀ W_Eᵀ` holds the score of each query token with each key token, wherever the two stand. Their rank is at
most D, so that they are kept as two factors of shape (V, D); no V × V matrix is ever built.

What stands for a token, in place of the rows of W_E in these formulas, is its row of `token_streams`. Approximations:

- Positions are left out, and so is everything that heads of lower layers bring from other tokens: an induction head
  finds its key by the token before that key, which is not in its QK circuit.
- ln_1 is applied exactly to what stands for the token, and its gain is part of the circuits. What its bias and the bias
  of the projection add to q is part of the scores. What they add to k and v is left out: it changes all scores of a
  query, or what the head writes at every token, by the same amount.
- OV is the direct path to the output, past all later layers. Of the final LayerNorm, the subtraction of the mean and
  the gain are kept. The division by the standard deviation of the stream is left out, as it depends on the text: what
  is added to the logits is known up to one positive factor. The bias is the same for every head and token.
- The mean over the vocabulary is subtracted from each row of either circuit: a softmax does not see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

from model.gpt import GPT

_ROWS = 1024
"""Tokens whose rows are computed at a time, where they are wider than (V, D)."""

_RANKED = 1024
"""The most tokens that `Circuit.own_ranks` looks at."""

_NUMBERS_AT_ONCE = 2**22
"""Numbers of a circuit that are computed at a time for `Circuit.own_ranks`: 16 MB."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """A V × V matrix over tokens, of rank D at most: `sources @ targetsᵀ`, each row with the mean 0.

    `offset` is added to every source where rows are read. It belongs to the biases, not to the circuit, and takes no
    part in the eigenvalues.
    """

    sources: Tensor  # (V, D)
    targets: Tensor  # (V, D); the mean over the vocabulary is 0
    offset: Tensor  # (D,)

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.sources.shape[0]

    @property
    def overflows(self) -> bool:
        """True if a number of the matrix may exceed the range of float32."""
        source = self.sources.abs().max().item() + self.offset.abs().max().item()
        largest = source * self.targets.abs().max().item() * self.sources.shape[1]  # an upper bound; NaN overflows
        return not largest <= torch.finfo(torch.float32).max

    @torch.inference_mode()
    def row(self, token_id: int) -> Tensor:
        """One row of the matrix, the values of a source token with each target token: (V,)."""
        row: Tensor = self.targets @ (self.sources[token_id] + self.offset)
        return row

    @cached_property
    def eigenvalues(self) -> Tensor:
        """The eigenvalues that can differ from 0, complex128 (D,), in no particular order.

        Those of `sources @ targetsᵀ` (V, V) are those of `targetsᵀ @ sources` (D, D).
        """
        with torch.inference_mode():
            eigenvalues: Tensor = torch.linalg.eigvals(self.targets.double().mT @ self.sources.double())
        return eigenvalues

    @property
    def eigenvalue_score(self) -> float:
        """Σλ / Σ|λ| of the eigenvalues, from −1 to 1 (Elhage et al. 2021); 0 for a circuit that does nothing.

        It is near 1 where tokens raise themselves and tokens like them: an OV circuit that copies, a QK circuit that
        matches. It is near −1 where they lower themselves.
        """
        total = self.eigenvalues.abs().sum().item()
        return self.eigenvalues.sum().real.item() / total if total > 0.0 else 0.0

    @torch.inference_mode()
    def own_ranks(self, most: int = _RANKED) -> Tensor:
        """The rank of each token in its own row, 1 for the largest value: (V,).

        In vocabularies above `most`, only evenly spaced tokens are looked at, at most that many.
        """
        ids = torch.arange(0, self.vocab_size, -(-self.vocab_size // most))
        places = []
        for some in torch.split(ids, max(1, _NUMBERS_AT_ONCE // self.vocab_size)):
            rows = (self.sources[some] + self.offset) @ self.targets.mT  # (some, V)
            places.append(1 + (rows > rows.gather(1, some[:, None])).sum(1))
        return torch.cat(places)


@dataclass(frozen=True, eq=False)
class HeadCircuits:
    """The circuits of one head. The rows of `ov` are the tokens attended to, those of `qk` the queries."""

    ov: Circuit
    qk: Circuit


@torch.inference_mode()
def token_streams(gpt: GPT, start: int = 0, rows: int = _ROWS) -> Iterator[Tensor]:
    """Iterate over what stands for each token in the layers above layer 0, `rows` tokens at a time: (rows, C).

    The first token is `start`. What stands for a token is its embedding plus what the MLP of layer 0 adds to it. Where
    the output is tied to the embedding, this MLP turns a token into what later heads read: the "effective embedding" of
    "Copy Suppression" (McDougall et al. 2023), at the place where "Interpretability in the Wild" (Wang et al. 2022)
    reads tokens too. The attention of layer 0, between the two, is left out. In layer 0 the embedding itself,
    `gpt.wte.weight`, stands for the token.
    """
    first = next(gpt.blocks)
    for x in torch.split(gpt.wte.weight[start:], rows):
        yield x + first.mlp(first.ln_2(x))


@torch.inference_mode()
def head_circuits(gpt: GPT, streams: Tensor, layer: int, head: int, rows: int = _ROWS) -> HeadCircuits:
    """The circuits of one head, with the row of `streams` (V, C) standing for each token.

    Besides the four factors (V, D), a few matrices of shape (`rows`, C) are held at a time.
    """
    block, size = list(gpt.blocks)[layer], gpt.config.head_size
    w_q, w_k, w_v = block.attn.c_attn.weight.view(3, -1, size, gpt.config.n_embd)[:, head]  # (D, C) each
    b_q = block.attn.c_attn.bias.view(3, -1, size)[0, head]  # (D,)
    w_o = block.attn.c_proj.weight[:, head * size : (head + 1) * size]  # (C, D)
    w_qkv = torch.cat((w_q, w_k, w_v))  # (3D, C)
    norm, scale = block.ln_1, gpt.config.scale(layer)
    projected = [
        (F.layer_norm(x, x.shape[-1:], eps=norm.eps) * norm.weight) @ w_qkv.mT  # (rows, 3D)
        for x in torch.split(streams, rows)
    ]
    q, k, v = torch.cat(projected).chunk(3, dim=-1)
    seen = [_centred(x * gpt.ln_f.weight, -1) @ w_o for x in torch.split(gpt.unembedding, rows)]  # (rows, D) each
    ov = Circuit(v, _centred(torch.cat(seen), 0), torch.zeros(size))
    return HeadCircuits(ov, Circuit(scale * q, _centred(k, 0), scale * (w_q @ norm.bias + b_q)))


def _centred(x: Tensor, dim: int) -> Tensor:
    """Subtract the mean over one dimension."""
    return x - x.mean(dim, keepdim=True)
