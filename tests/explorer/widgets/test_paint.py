"""The levels of a block of numbers, and which numbers are drawn alike."""

import math
from dataclasses import replace

import pytest
import torch
from rich.color import Color
from rich.style import Style

from explorer.view import Stage
from explorer.widgets.matrix.layout import Content, Zoom
from explorer.widgets.matrix.paint import HIDDEN, Numbers, Painter
from explorer.widgets.palette import Depth, make_palette

PALETTE = make_palette(True, Depth.TRUE, (18, 18, 18))


@pytest.fixture
def numbers() -> Numbers:
    matrix = torch.randn(40, 40, generator=torch.Generator().manual_seed(1))
    return Numbers(Stage.MASKED, matrix, torch.ones(40, 40, dtype=torch.bool).tril(), -2.0, 3.0)


@pytest.mark.parametrize("limit", [0.0, 1.0, 3.7])
def test_levels_of_returns_the_level_of_each_number(limit: float) -> None:
    edges = [i / 62 * limit for i in range(-70, 70)]  # where levels of the diverging palette begin
    squares = [(i / 62) ** 2 * limit for i in range(70)]  # and those of the sequential one
    numbers = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-40, *edges, *squares])
    for ramp in (PALETTE.diverging, PALETTE.sequential):
        assert ramp.levels_of(numbers, limit).tolist() == [ramp.level(x, limit) for x in numbers.tolist()]


def test_every_row_has_its_own_levels(numbers: Numbers) -> None:
    layout = Content(40, 40, 4, 4).layout(Zoom.HALF_BLOCKS, 30, 9, has_pixels=True)
    columns = layout.columns_in_view(7)
    painter = Painter(numbers, layout, columns, PALETTE, Style(), Style(), Color.parse("red"))
    for row in (11, 3, 39, 0, 20):  # in whichever order they come into view
        assert painter.levels(row) == [
            PALETTE.diverging.level(numbers.matrix[row, column].item(), 3.0) if column <= row else HIDDEN
            for column in columns
        ]


def test_numbers_are_drawn_alike_unless_something_visible_differs(numbers: Numbers) -> None:
    assert numbers.visible is not None
    assert numbers.is_drawn_like(replace(numbers, matrix=numbers.matrix.clone(), visible=numbers.visible.clone()))
    changed = numbers.matrix.clone()
    changed[5, 2] += 1e-6
    others = [
        replace(numbers, matrix=changed),
        replace(numbers, matrix=numbers.matrix.double()),
        replace(numbers, matrix=numbers.matrix[:, :30]),
        replace(numbers, visible=None),
        replace(numbers, visible=numbers.visible.triu(-3)),
        replace(numbers, high=4.0),
        replace(numbers, sink=torch.zeros(40)),
        replace(numbers, window=3),
        replace(numbers, stage=Stage.SCALED),
    ]
    assert not any(numbers.is_drawn_like(other) for other in others)
