"""What kind of head a head is: four scores measured over many texts.

Notation: T positions, H heads, L layers; n the length of a random sequence that is repeated.

The definitions are those of "In-context Learning and Induction Heads" (Olsson et al. 2022) and of TransformerLens's
head detector: mean attention weight on one particular key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from model.attention import AttentionInputs, AttentionStages
from model.errors import ModelError
from model.interface import TracedModel
from model.peakedness import entropy_bits

_REPEATED = 64  # longest random sequence that is repeated


@dataclass(frozen=True, eq=False)
class HeadScores:
    """Four scores from 0 to 1 of every head, each (L, H): mean weights that queries give to one particular key.

    - previous_token: the key just before the query, over texts;
    - first_token: key 0, over texts, queries after it;
    - duplicate_token: the earlier occurrence of the same token, over random tokens repeated twice;
    - induction: the key after that earlier occurrence, over random tokens repeated twice.
    """

    previous_token: Tensor
    first_token: Tensor
    duplicate_token: Tensor
    induction: Tensor

    def of(self, layer: int, head: int) -> dict[str, float]:
        """One head's scores by name."""
        return {field.name: getattr(self, field.name)[layer, head].item() for field in fields(self)}

    def largest(self, layer: int, head: int) -> tuple[str, float]:
        """The name and value of the score that characterises a head best."""
        return max(self.of(layer, head).items(), key=lambda item: item[1])


def head_scores(
    model: TracedModel, texts: Sequence[Sequence[int]], vocab_size: int, generator: torch.Generator, repeats: int = 8
) -> HeadScores:
    """Measure every head on `texts`, token ids each, and on `repeats` random sequences repeated twice.

    Texts are cut to the model's context; those of a single token say nothing and are passed over.
    Raises ModelError when no text has two tokens, or the context is shorter than 2.
    """
    context = model.config.n_positions
    read = [tuple(text[:context]) for text in texts if len(text[:context]) > 1]
    if not read:
        raise ModelError("head scores need a context and a text of at least two tokens")
    on_text = torch.stack([_text_scores(model, ids) for ids in read])  # (texts, 2, L, H)
    lengths = torch.tensor([len(ids) - 1.0 for ids in read])
    previous, first = (on_text * (lengths / lengths.sum())[:, None, None, None]).sum(0)
    n = min(_REPEATED, context // 2)
    random = [torch.randint(vocab_size, (n,), generator=generator).tolist() * 2 for _ in range(repeats)]
    duplicate, induction = torch.stack([_repeat_scores(model, ids, n) for ids in random]).mean(0)
    return HeadScores(previous, first, duplicate, induction)


@dataclass(frozen=True, eq=False)
class TextMeasures:
    """What every head does on one text, each (L, H); the first two are NaN for a single token."""

    previous_token: Tensor  # mean weight on the key just before, over the queries that have one
    first_token: Tensor  # mean weight on key 0, over the queries after it
    entropy_bits: Tensor  # mean entropy of the rows, in bits


def text_measures(inputs: Sequence[AttentionInputs]) -> TextMeasures:
    """Measure all heads of one trace, from its `inputs`: whatever its settings are."""
    layers = []
    for each in inputs:
        weights = AttentionStages(each).weights  # (H, T, T)
        previous, first = weights.diagonal(-1, -2, -1).mean(-1), weights[:, 1:, 0].mean(-1)
        layers.append(torch.stack((previous, first, entropy_bits(weights).mean(-1))))
    return TextMeasures(*torch.stack(layers, 1))


def _weights(model: TracedModel, ids: Sequence[int]) -> Iterator[Tensor]:
    """The weights of one layer after the other, each (H, T, T): those of all layers at once may not fit in memory."""
    return (AttentionStages(inputs).weights for inputs in model.trace(ids).inputs)


def _text_scores(model: TracedModel, ids: Sequence[int]) -> Tensor:
    """Mean weight on the previous and on the first token, (2, L, H)."""
    layers = [
        torch.stack((w.diagonal(-1, -2, -1).mean(-1), w[:, 1:, 0].mean(-1)))  # (2, H)
        for w in _weights(model, ids)
    ]
    return torch.stack(layers, 1)


def _repeat_scores(model: TracedModel, ids: Sequence[int], n: int) -> Tensor:
    """Mean weight of the second half on the same token and on the one after it, n earlier: (2, L, H)."""
    layers = [
        torch.stack((w.diagonal(-n, -2, -1).mean(-1), w.diagonal(1 - n, -2, -1)[:, 1:].mean(-1)))  # (2, H)
        for w in _weights(model, ids)
    ]
    return torch.stack(layers, 1)
