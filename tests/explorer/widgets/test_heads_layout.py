"""Pictures of every size for every terminal: inside it, each head once, as large as they can be."""

import itertools

import pytest

from explorer.widgets.heads.layout import LEAST_PIXELS, PictureSize, grid_layout, picture_sizes, rows_of
from explorer.widgets.heads.map import map_layout

MODELS = [(1, 1), (4, 4), (6, 12), (12, 12), (3, 25)]
AREAS = [(59, 10), (79, 16), (119, 30), (239, 62)]


def across(size: PictureSize) -> float:
    """The mean width of a pixel, in cells."""
    return size.width / size.pixels


def down(size: PictureSize) -> float:
    """The mean height of a pixel, in half lines."""
    return size.halves / size.pixels


@pytest.mark.parametrize(("model", "area"), list(itertools.product(MODELS, AREAS)))
@pytest.mark.parametrize("positions", [1, 2, 9, 64, 1024])
def test_tiles_stand_in_the_terminal(model: tuple[int, int], area: tuple[int, int], positions: int) -> None:
    heads = [(i, j) for i in range(model[0]) for j in range(model[1])]
    for has_pixels, by_layer, larger in itertools.product((True, False), (True, False), (-3, 0, 5)):
        made = grid_layout(positions, *model, *area, has_pixels=has_pixels, by_layer=by_layer, larger=larger)
        rows = rows_of(heads, made.columns, by_layer)
        assert [head for row in rows for head in row] == heads
        assert max(map(len, rows)) * made.step - 1 <= area[0]
        assert made.picture.pixels == -(-positions // made.picture.block)
        assert made.picture.width <= made.tile
        assert made.lines <= area[1] or positions > 64
        if by_layer and made.columns >= model[1]:
            assert made.columns % model[1] == 0
        if larger == 0:
            assert made.picture.pixels >= min(positions, LEAST_PIXELS) or not has_pixels


@pytest.mark.parametrize("has_pixels", [True, False])
def test_the_largest_pictures_that_fit_are_taken(has_pixels: bool) -> None:
    for model, area, positions in itertools.product(MODELS, AREAS, (2, 9, 64)):
        made = grid_layout(positions, *model, *area, has_pixels=has_pixels, by_layer=False, larger=0)
        heads = model[0] * model[1]
        if -(-heads // made.columns) * made.lines > area[1]:
            continue  # they scroll
        narrowest = len(f"{model[0] - 1}.{model[1] - 1}") + 2
        taken = made.picture.pixels, across(made.picture) * down(made.picture)
        for size in picture_sizes(positions, has_pixels):
            legible = size.pixels >= min(positions, LEAST_PIXELS)
            if legible and (size.pixels, across(size) * down(size)) > taken:
                columns = (area[0] + 1) // (max(size.width, narrowest) + 1)
                assert not columns or -(-heads // columns) * (size.height + 1) > area[1], size


@pytest.mark.parametrize("area", [(119, 29), (199, 43), (239, 62)])
def test_pictures_grow_into_the_room_that_is_left(area: tuple[int, int]) -> None:
    made = grid_layout(9, 4, 8, *area, has_pixels=True, by_layer=True, larger=0)
    assert made.columns == 8
    assert made.picture.block == 1
    assert 8 * made.step - 1 >= 0.93 * area[0]
    assert 4 * made.lines >= 0.93 * area[1]
    for places in (made.picture.columns, made.picture.rows):
        sizes = [places.count(pixel) for pixel in range(9)]
        assert max(sizes) - min(sizes) <= 1


def test_pictures_that_scroll_grow_in_width_alone() -> None:
    made = grid_layout(9, 5, 12, 79, 16, has_pixels=True, by_layer=True, larger=0)
    assert (made.columns, made.picture.width, made.picture.halves) == (6, 12, 9)


def test_pictures_do_not_grow_for_a_little() -> None:
    made = grid_layout(12, 4, 8, 119, 29, has_pixels=True, by_layer=True, larger=0)
    assert (made.picture.width, made.picture.halves) == (12, 12), "14 cells would make two tokens twice as wide"
    smaller = grid_layout(9, 4, 8, 119, 29, has_pixels=True, by_layer=True, larger=-1)
    assert across(smaller.picture) == 2.0, "as chosen"


def test_by_position_a_layer_has_lines_of_its_own() -> None:
    for model, area, positions in itertools.product(MODELS, AREAS, (2, 9, 17, 64)):
        made = grid_layout(positions, *model, *area, has_pixels=True, by_layer=True, larger=0)
        assert made.columns % model[1] == 0 or model[1] > made.columns
    made = grid_layout(17, 4, 4, 119, 30, has_pixels=True, by_layer=True, larger=0)
    assert made.columns == 4
    assert made.picture.block == 1  # every weight has its pixel, though one has to scroll a little
    assert made.lines * 4 <= 1.5 * 30
    assert grid_layout(28, 6, 12, 119, 30, has_pixels=True, by_layer=True, larger=0).picture.block > 1


def test_a_tile_has_room_for_the_number_beside_its_name() -> None:
    for model, area, positions in itertools.product(MODELS, AREAS, (1, 2, 9, 64)):
        made = grid_layout(positions, *model, *area, has_pixels=True, by_layer=False, larger=0, value=4)
        assert made.tile >= len(f"▶{model[0] - 1}.{model[1] - 1}* .123")


def test_sizes_are_honest() -> None:
    for positions in (1, 3, 16, 1000):
        sizes = picture_sizes(positions, True)
        assert all(down(size) <= across(size) <= 2 * down(size) for size in sizes)
        assert {size.block for size in sizes if across(size) > 2} == {1}
        assert all(size.pixels == -(-positions // size.block) for size in sizes)
        order = [(size.pixels, across(size) * down(size)) for size in sizes]
        assert order == sorted(order, reverse=True)
        assert len(set(sizes)) == len(sizes)
        assert all(down(size) % 2 == 0 for size in picture_sizes(positions, False))


@pytest.mark.parametrize("width", [59, 79, 119, 239])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tables", [2, 3])
def test_the_map_is_never_wider_than_the_terminal(model: tuple[int, int], width: int, tables: int) -> None:
    made = map_layout(*model, tables, width)
    assert made.abreast * (made.width + 3) - 3 <= width
    assert 1 <= made.abreast <= tables
    assert made.cell >= 4
