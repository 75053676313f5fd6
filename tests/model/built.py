"""A model whose weights are written by hand: two layers without learned anything, one circuit for induction.

The residual stream has four parts: the token, the position, the token before it, and the next token, one dimension for
each token or position. L0 H1 looks at the previous position and writes its token into the third part. L1 H0 looks at
keys whose third part is the query's token, and writes their token into the fourth, which is all that is unembedded. The
other two heads look at all keys alike and write nothing; so do the MLPs.
"""

from pathlib import Path

import torch
from torch import Tensor

from model import checkpoint, tokenizer
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.gpt import GPT, Block

PREVIOUS_TOKEN, INDUCTION = (0, 1), (1, 0)
_SHARP = 60.0  # the score of what a head looks for
_CLEAR = 12.0  # the logit of the token that is predicted


def induction_model(directory: Path, characters: str, n_positions: int = 16) -> Checkpoint:
    """Save and open the model, whose tokens are these characters."""
    made = tokenizer.train_char(characters)
    count = tokenizer.vocab_size(made)
    width = 3 * count + n_positions
    width += width % 2
    config = GPTConfig(
        vocab_size=count, n_positions=n_positions, n_embd=width, n_layer=2, n_head=2, tie_word_embeddings=False
    )
    gpt = GPT(config)
    for parameter in gpt.parameters():
        parameter.data.zero_()
    for name, parameter in gpt.named_parameters():
        if "ln_" in name and name.endswith("weight"):
            parameter.data.fill_(1.0)
    token, place = torch.arange(count), count + torch.arange(n_positions)
    before, following = count + n_positions + token, 2 * count + n_positions + token
    gpt.wte.weight.data[token, token] = 1.0
    gpt.wpe.weight.data[torch.arange(n_positions), place] = 1.0
    assert gpt.lm_head is not None
    gpt.lm_head.weight.data[token, following] = 1.0
    first, second = gpt.blocks
    _build(first, head=1, query=place[1:], key=place[:-1], value=token, output=before, strength=1.0)
    _build(second, head=0, query=token, key=before, value=token, output=following, strength=_CLEAR)
    checkpoint.save(directory, gpt, made)
    return checkpoint.load(directory)


def _build(
    block: Block, *, head: int, query: Tensor, key: Tensor, value: Tensor, output: Tensor, strength: float
) -> None:
    """Let a head look where the dimensions `query` of a query agree with `key` of a key, and move `value` to `output`.

    The normalisation before it makes the ones of the stream larger, which nothing has to be exact about.
    """
    width, size = block.attn.c_attn.in_features, block.attn.c_attn.in_features // block.attn.n_head
    start = head * size
    weight = block.attn.c_attn.weight.data
    for part, dimensions, gain in ((0, query, _SHARP), (1, key, 1.0), (2, value, 1.0)):
        rows = part * width + start + torch.arange(len(dimensions))
        weight[rows, dimensions] = gain
    block.attn.c_proj.weight.data[output, start + torch.arange(len(value))] = strength
