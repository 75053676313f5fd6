"""Keypresses are pure functions of view and bounds."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import view as v
from explorer.view import LAST, Bounds, Stage, View
from model.settings import Scope

BOUNDS = Bounds(positions=8, n_layer=4, n_head=4, head_size=16, scales=(0.25,) * 4)
VIEW = View("stories", "a text", query=3, key=1, layer=2, head=1)

CHANGES = [
    v.move_query(-1),
    v.move_query(1),
    v.move_key(-1),
    v.move_key(1),
    v.first_query,
    v.last_query,
    v.next_stage,
    v.previous_stage,
    v.move_head(-1),
    v.move_head(1),
    v.move_layer(-1),
    v.move_layer(1),
    v.toggle_mask,
    v.toggle_scale,
    v.smaller_scale,
    v.larger_scale,
    v.next_scope,
    v.toggle_ablated,
    v.start_stepping,
    v.stop_stepping,
    v.reset,
    *(v.choose_stage(stage) for stage in Stage),
]

bounds = st.builds(
    lambda positions, layers, heads, size, causal, factor, softcap: Bounds(
        *(positions, layers, heads, size, tuple(factor / math.sqrt(size) / (i + 1) for i in range(layers)), causal),
        has_softcap=softcap,
    ),
    st.integers(1, 9),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(1, 130),
    st.booleans(),
    st.sampled_from([1.0, 2.0]),
    st.booleans(),
)


@given(bounds, st.lists(st.sampled_from(CHANGES), max_size=40))
def test_any_keys_stay_within_bounds(limits: Bounds, changes: list[v.Change]) -> None:
    view = v.fitted(View("m", "t", query=LAST), limits)
    for change in changes:
        view = change(view, limits)
        assert 0 <= view.query < limits.positions
        assert 0 <= view.key < limits.positions
        assert 0 <= view.layer < limits.n_layer
        assert 0 <= view.head < limits.n_head
        assert v.current_scale(view, limits) >= 0
    assert v.fitted(view, limits) == view


@pytest.mark.parametrize("head_size", [1, 2, 6, 16, 20, 24, 32, 64, 80, 128])
def test_the_ladder_of_scales_meets_its_marks_exactly(head_size: int) -> None:
    trained = 1 / math.sqrt(head_size)
    limits = replace(BOUNDS, head_size=head_size, scales=(trained,) * 4)
    ladder = v.scale_ladder(limits, 0)
    for mark in (1.0, trained, 1 / head_size):
        assert mark in ladder
    assert all(1.0 < above / below < 1.8 for below, above in pairwise(ladder))
    assert ladder[0] <= 0.3 / head_size
    assert ladder[-1] >= 4.0 - 1e-9


def test_amounts_go_down_and_up_the_same_way() -> None:
    steps = [VIEW]
    while (view := v.smaller_scale(steps[-1], BOUNDS)) != steps[-1]:
        steps.append(view)
    assert [s.scale for s in steps[:5]] == [None, *(pytest.approx(0.25 / math.sqrt(2) ** k) for k in (1, 2, 3, 4))]
    assert steps[4].scale == 1 / 16
    assert steps[-2].scale == pytest.approx(1 / 64)
    assert steps[-1].scale == 0.0  # the uniform average
    for below, above in pairwise(reversed(steps)):
        assert v.larger_scale(below, BOUNDS) == above
    top = VIEW
    while (view := v.larger_scale(top, BOUNDS)) != top:
        top = view
    assert top.scale == pytest.approx(4.0)


@pytest.mark.parametrize(("scale", "smaller", "larger"), [(0.3, None, 0.25 * math.sqrt(2)), (-2.0, -2.0, 1 / 64)])
def test_amounts_from_beside_the_ladder(scale: float, smaller: float | None, larger: float) -> None:
    view = replace(VIEW, scale=scale)
    assert v.smaller_scale(view, BOUNDS).scale == smaller
    assert v.larger_scale(view, BOUNDS).scale == pytest.approx(larger)


def test_the_scale_switches_off_and_on() -> None:
    off = v.toggle_scale(VIEW, BOUNDS)
    assert off.scale == 1.0
    assert v.toggle_scale(off, BOUNDS) == VIEW


def test_a_model_trained_without_scale_can_be_given_one() -> None:
    limits = replace(BOUNDS, scales=(1.0,) * 4)
    on = v.toggle_scale(VIEW, limits)
    assert on.scale == 0.25
    assert v.toggle_scale(on, limits) == VIEW


def test_the_mask_switches_off_and_on_whatever_was_trained() -> None:
    off = v.toggle_mask(VIEW, BOUNDS)
    assert off.causal is False
    assert v.toggle_mask(off, BOUNDS) == VIEW
    on = v.toggle_mask(VIEW, replace(BOUNDS, causal=False))
    assert on.causal is True


def test_a_scale_equal_to_all_layers_in_scope_is_no_change() -> None:
    limits = replace(BOUNDS, scales=(0.25, 0.125, 0.0625, 0.03125))
    at_first = replace(VIEW, layer=0)
    assert v.with_scale(0.25)(at_first, limits).scale is None
    assert v.with_scale(0.25)(replace(at_first, scope=Scope.MODEL), limits).scale == 0.25


@pytest.mark.parametrize("limits", [BOUNDS, replace(BOUNDS, has_softcap=True)], ids=["plain", "soft cap"])
def test_stages_lead_from_token_to_token(limits: Bounds) -> None:
    stages = list(Stage) if limits.has_softcap else [stage for stage in Stage if stage is not Stage.CAPPED]
    view = replace(VIEW, query=0, stage=Stage.SCORES, stepping=True)
    walked = [view]
    while (view := v.next_stage(view, limits)) != walked[-1]:
        walked.append(view)
    assert [(w.query, w.stage) for w in walked] == [(query, stage) for query in range(8) for stage in stages]
    for before, after in pairwise(walked):
        assert v.previous_stage(after, limits) == before
    assert v.previous_stage(walked[0], limits) == walked[0]


def test_n_begins_with_the_first_stage_where_the_application_opens() -> None:
    opened = replace(VIEW, query=7, stage=Stage.WEIGHTS)
    assert v.step_on(opened, BOUNDS) == replace(opened, stage=Stage.SCORES, stepping=True)
    for stage in (Stage.SCORES, Stage.SCALED, Stage.MASKED, Stage.MIXED):
        chosen = replace(opened, stage=stage)
        assert v.step_on(chosen, BOUNDS) == v.next_stage(chosen, BOUNDS)
    stepping = replace(opened, stepping=True)
    assert v.step_on(stepping, BOUNDS) == v.next_stage(stepping, BOUNDS)


def test_a_switch_is_distinguished_from_every_other_change() -> None:
    for change in (v.toggle_mask, v.toggle_scale, v.smaller_scale, v.next_scope, v.toggle_ablated):
        assert change(VIEW, BOUNDS).is_switched_from(VIEW)
        assert VIEW.is_switched_from(change(VIEW, BOUNDS))
        assert not v.move_query(-1)(change(VIEW, BOUNDS), BOUNDS).is_switched_from(VIEW)
    assert not VIEW.is_switched_from(VIEW)
    for change in (v.move_query(-1), v.move_key(-1), v.move_head(1), v.move_layer(-1), v.next_stage):
        assert not change(VIEW, BOUNDS).is_switched_from(VIEW)


def test_stepping_ends_when_one_goes_elsewhere() -> None:
    view = v.next_stage(replace(VIEW, stage=Stage.SCORES), BOUNDS)
    assert view.stepping
    assert [view.is_pending(stage) for stage in Stage] == [False, False, True, True, True, True, True]
    for stays in (v.move_key(1), v.move_head(1), v.toggle_mask, v.toggle_scale, v.toggle_ablated, v.go_to(3, 0)):
        assert stays(view, BOUNDS).stepping
    for ends in (v.move_query(1), v.first_query, v.choose_stage(Stage.SCALED), v.go_to(5), v.stop_stepping):
        assert not ends(view, BOUNDS).stepping
    assert not any(replace(view, stepping=False).is_pending(stage) for stage in Stage)
    at_last = replace(view, query=7)
    assert v.last_query(at_last, BOUNDS) is at_last  # nowhere to go is no change


def test_playing_begins_here_and_after_the_end_at_the_start() -> None:
    first = replace(VIEW, query=0, stage=Stage.SCORES, stepping=True)
    assert v.start_stepping(VIEW, BOUNDS) == replace(VIEW, stage=Stage.SCORES, stepping=True)
    under_way = replace(VIEW, stage=Stage.MASKED, stepping=True)
    assert v.start_stepping(under_way, BOUNDS) is under_way
    assert v.start_stepping(replace(VIEW, query=7), BOUNDS) == first
    assert v.start_stepping(replace(VIEW, query=7, stage=Stage.NEXT_TOKEN, stepping=True), BOUNDS) == first
    paused = replace(VIEW, query=7, stage=Stage.MIXED, stepping=True)
    assert v.start_stepping(paused, BOUNDS) is paused


def test_ablation_acts_on_the_head_in_view_whatever_the_scope() -> None:
    for scope in Scope:
        once = v.toggle_ablated(replace(VIEW, scope=scope), BOUNDS)
        assert once.ablated == {(2, 1)}
        both = v.toggle_ablated(replace(once, head=3), BOUNDS)
        assert both.ablated == {(2, 1), (2, 3)}
        assert v.toggle_ablated(replace(both, head=1), BOUNDS).ablated == {(2, 3)}
        assert not v.reset(both, BOUNDS).ablated


def test_scopes_come_round() -> None:
    view = VIEW
    seen = []
    for _ in range(3):
        seen.append(view.scope)
        view = v.next_scope(view, BOUNDS)
    assert seen == list(Scope)
    assert view == VIEW


def test_reset_leaves_the_place_alone() -> None:
    changed = replace(VIEW, causal=False, scale=1.0, ablated=frozenset({(0, 1)}))
    assert v.reset(changed, BOUNDS) == VIEW
    assert v.reset(VIEW, BOUNDS) is VIEW


def test_a_view_is_fitted_to_the_nearest_possible_one() -> None:
    far = replace(
        VIEW, query=99, key=LAST, layer=7, head=9, scale=0.25, causal=True, ablated=frozenset({(0, 1), (4, 0)})
    )
    near = v.fitted(far, BOUNDS)
    assert (near.query, near.key, near.layer, near.head) == (7, 7, 3, 3)
    assert (near.scale, near.causal, near.ablated) == (None, None, {(0, 1)})
    assert v.fitted(replace(VIEW, query=-99), BOUNDS).query == 0
