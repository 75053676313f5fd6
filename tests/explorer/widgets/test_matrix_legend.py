"""The legend of a matrix shows levels as the cells of the matrix are drawn."""

import torch
from rich.color import Color
from rich.style import Style

from explorer.view import Stage
from explorer.widgets.matrix.layout import Content, Zoom
from explorer.widgets.matrix.paint import Numbers, Painter
from explorer.widgets.palette import Depth, make_palette


def legend(zoom: Zoom, visible: torch.Tensor | None = None) -> str:
    """The legend of a small matrix of scores on a terminal without colours."""
    matrix = torch.tensor([[-4.0, -2.0], [2.0, 4.0]])
    layout = Content(2, 2, 4, 4).layout(zoom, 60, 12, has_pixels=False)
    numbers = Numbers(Stage.SCORES, matrix, visible, -4.0, 4.0)
    palette = make_palette(True, Depth.NONE, (0, 0, 0))
    painter = Painter(numbers, layout, range(2), palette, Style(), Style(), Color.parse("red"))
    assert layout.cell > 1
    return "".join(segment.text for segment in painter.legend(40))


def test_without_colours_the_legend_has_the_signs_and_shades_of_the_cells() -> None:
    blocks = legend(Zoom.BLOCKS)
    assert "−█" in blocks
    assert "██" in blocks
    assert not set("=#") & set(blocks)


def test_numbers_without_colours_have_a_legend_without_shades() -> None:
    numbers = legend(Zoom.NUMBERS)
    assert numbers.split() == ["−4.00", "…", "0", "…", "4.00"]


def test_hidden_cells_are_named_where_there_are_some() -> None:
    every = torch.ones(2, 2, dtype=torch.bool)
    assert "╱╱ hidden" in legend(Zoom.NUMBERS, every.tril())
    assert "hidden" not in legend(Zoom.NUMBERS, every)  # with the mask off
