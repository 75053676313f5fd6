"""Head scores: what kind of head a head is, measured over many texts.

Notation: T positions, H heads, L layers; n is the length of the random sequence that is repeated.

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

_LONGEST_REPEATED = 64  # largest n


@dataclass(frozen=True, eq=False)
class HeadScores:
    """Four scores from 0 to 1 for every head, each (L, H): the mean weight that queries give to a particular key.

    Attributes:
        previous_token: the key just before the query, in texts.
        first_token: key 0, for all later queries, in texts.
        duplicate_token: the earlier occurrence of the query's token, in a random sequence and its repetition.
        induction: the key after that occurrence, in a random sequence and its repetition.
    """

    previous_token: Tensor
    first_token: Tensor
    duplicate_token: Tensor
    induction: Tensor

    def of(self, layer: int, head: int) -> dict[str, float]:
        """The scores of one head, by name."""
        return {field.name: getattr(self, field.name)[layer, head].item() for field in fields(self)}

    def largest(self, layer: int, head: int) -> tuple[str, float]:
        """Name and value of the largest score of one head."""
        return max(self.of(layer, head).items(), key=lambda item: item[1])


def head_scores(
    model: TracedModel, texts: Sequence[Sequence[int]], vocab_size: int, generator: torch.Generator, repeats: int = 8
) -> HeadScores:
    """Measure all heads on `texts` (token ids) and on `repeats` random sequences, each followed by its repetition.

    Texts are truncated to the model's context, and texts of a single token are skipped.
    Raises ModelError if no text has two tokens, or the context is shorter than 2.
    """
    context = model.config.n_positions
    usable = [tuple(text[:context]) for text in texts if len(text[:context]) > 1]
    if not usable:
        raise ModelError("head scores need a context and a text of at least two tokens")
    on_text = torch.stack([_text_scores(model, ids) for ids in usable])  # (texts, 2, L, H)
    lengths = torch.tensor([len(ids) - 1.0 for ids in usable])
    previous, first = (on_text * (lengths / lengths.sum())[:, None, None, None]).sum(0)
    n = min(_LONGEST_REPEATED, context // 2)
    random = [torch.randint(vocab_size, (n,), generator=generator).tolist() * 2 for _ in range(repeats)]
    duplicate, induction = torch.stack([_repeat_scores(model, ids, n) for ids in random]).mean(0)
    return HeadScores(previous, first, duplicate, induction)


@dataclass(frozen=True, eq=False)
class TextMeasures:
    """What all heads do on one text, each (L, H); the first two are NaN for a single token."""

    previous_token: Tensor  # mean weight on the key just before the query
    first_token: Tensor  # mean weight on key 0, of all later queries
    entropy_bits: Tensor  # mean entropy of the rows of weights, in bits


def text_measures(inputs: Sequence[AttentionInputs]) -> TextMeasures:
    """Measure all heads of a trace, given its `inputs`, under the settings of that trace."""
    layers = []
    for each in inputs:
        weights = AttentionStages(each).weights  # (H, T, T)
        layers.append(torch.stack((*_previous_and_first(weights), entropy_bits(weights).mean(-1))))
    return TextMeasures(*torch.stack(layers, 1))


def _weights(model: TracedModel, ids: Sequence[int]) -> Iterator[Tensor]:
    """Iterate over the weights (H, T, T) of each layer; those of all layers at once may not fit into memory."""
    return (AttentionStages(inputs).weights for inputs in model.trace(ids).inputs)


def _text_scores(model: TracedModel, ids: Sequence[int]) -> Tensor:
    """Mean weight on the previous and on the first token: (2, L, H)."""
    return torch.stack([torch.stack(_previous_and_first(weights)) for weights in _weights(model, ids)], 1)


def _previous_and_first(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean weight on the previous and on the first token, from weights (H, T, T): two of (H,)."""
    return weights.diagonal(-1, -2, -1).mean(-1), weights[:, 1:, 0].mean(-1)


def _repeat_scores(model: TracedModel, ids: Sequence[int], n: int) -> Tensor:
    """Mean weight on the key n positions before the query and on the one after that key: (2, L, H)."""
    layers = [
        torch.stack((w.diagonal(-n, -2, -1).mean(-1), w.diagonal(1 - n, -2, -1)[:, 1:].mean(-1)))  # (2, H)
        for w in _weights(model, ids)
    ]
    return torch.stack(layers, 1)
