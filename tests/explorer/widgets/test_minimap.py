"""The blocks of the minimap are those of PyTorch's adaptive pooling."""

import pytest
import torch
from torch.nn.functional import adaptive_max_pool2d

from explorer.widgets.matrix.minimap import block_maxima


@pytest.mark.parametrize(
    ("shape", "blocks"), [((9, 9), (4, 6)), ((64, 50), (7, 13)), ((5, 300), (5, 29)), ((3, 2), (3, 2))]
)
def test_blocks_are_those_of_adaptive_pooling(shape: tuple[int, int], blocks: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    assert torch.equal(block_maxima(matrix, *blocks), adaptive_max_pool2d(matrix[None], blocks)[0])
