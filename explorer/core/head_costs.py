"""What each head of a model is worth, measured on the same stories and random tokens as the head scores."""

from collections.abc import Iterator, Sequence

import torch

from explorer.core.head_scores import LONGEST, SEED, linked_stories, parameters_of_blocks, repeated_tokens
from model.errors import ModelError
from model.head_costs import HeadCost, head_costs
from model.interface import ModelShape, TracedModel
from model.settings import Head

OPERATIONS = 3e11
"""The approximate number of multiplications to spend on all heads of a model without being asked: about ten seconds on
one core."""
FEWEST_TOKENS, MOST_TOKENS = 256, 2048
"""The range of the number of story tokens on which the loss is measured."""
REPEATS = 4
"""The number of random sequences."""


def measure_costs(model: TracedModel, heads: Sequence[Head], seed: int = SEED) -> Iterator[tuple[Head, HeadCost]]:
    """Ablate one head after the other; the same model and seed give the same costs.

    Raises ModelError if the tokenizer knows too little of the stories, or the context is shorter than 2.
    """
    shape = model.config
    tokens = min(max(FEWEST_TOKENS, _affordable_tokens(shape)), MOST_TOKENS)
    texts = linked_stories(model.tokenizer, seed, tokens, min(LONGEST, shape.n_positions))
    repeated = repeated_tokens(model, torch.Generator().manual_seed(seed), REPEATS)
    return head_costs(model, heads, [text.ids for text in texts], repeated)


def measure_affordable_costs(model: TracedModel, heads: Sequence[Head]) -> Iterator[tuple[Head, HeadCost]]:
    """Do the same as `measure_costs`; raises ModelError if it would take more than OPERATIONS."""
    if _affordable_tokens(model.config) < FEWEST_TOKENS:
        raise ModelError(f"{model.name!r} is too large to ablate all of its heads unasked")
    return measure_costs(model, heads)


def _affordable_tokens(shape: ModelShape) -> int:
    return int(OPERATIONS / (parameters_of_blocks(shape) * shape.n_layer * shape.n_head))
