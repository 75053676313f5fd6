"""AttentionSettings: which heads a switch acts on, and what equals the model as trained."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.config import GPTConfig
from model.errors import ModelError
from model.settings import AS_TRAINED, AttentionSettings, Scope, check_head

CONFIG = GPTConfig(vocab_size=5, n_positions=8, n_embd=16, n_layer=3, n_head=4)
HEADS = frozenset((layer, head) for layer in range(3) for head in range(4))

heads = st.tuples(st.integers(0, 2), st.integers(0, 3))
settings = st.builds(
    lambda scope, place, causal, scale, ablated: AttentionSettings.of(
        scope, *place, causal=causal, scale=scale, ablated=ablated
    ),
    st.sampled_from(Scope),
    heads,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, 0.5, 1.0, 0.3, -2.0, 0.0]),
    st.frozensets(heads, max_size=3),
)


@pytest.mark.parametrize(
    ("scope", "acts_on"),
    [
        (Scope.HEAD, {(1, 2)}),
        (Scope.LAYER, {(1, head) for head in range(4)}),
        (Scope.MODEL, set(HEADS)),
    ],
)
@pytest.mark.parametrize("switch", [{"causal": False}, {"scale": 1.0}, {"causal": False, "scale": 0.1}], ids=str)
def test_a_scope_is_exactly_its_heads(scope: Scope, acts_on: set[tuple[int, int]], switch: dict[str, float]) -> None:
    changed = AttentionSettings.of(scope, 1, 2, **switch)  # type: ignore[arg-type]
    assert changed.scope is scope
    assert changed.changed_heads(CONFIG) == acts_on
    scale, causal = switch.get("scale", 0.5), switch.get("causal", True)
    for layer in range(3):
        inputs = changed.for_layer(CONFIG, layer)
        for head in range(4):
            mine = (layer, head) in acts_on
            assert _of_head(inputs.scale, head) == (scale if mine else 0.5)
            assert _of_head(inputs.causal, head) == (causal if mine else True)
        assert inputs.ablated is False


def _of_head(setting: object, head: int) -> object:
    return setting[head] if isinstance(setting, tuple) else setting


@given(settings)
def test_changed_heads_are_those_with_other_settings(changed: AttentionSettings) -> None:
    for layer in range(3):
        inputs = changed.for_layer(CONFIG, layer)
        for head in range(4):
            values = [_of_head(x, head) for x in (inputs.scale, inputs.causal, inputs.ablated)]
            assert (values != [0.5, True, False]) == ((layer, head) in changed.changed_heads(CONFIG))


@given(settings)
def test_the_normal_form_asks_for_the_same_and_is_its_own(changed: AttentionSettings) -> None:
    normal = changed.normalized(CONFIG)
    assert normal.normalized(CONFIG) == normal
    assert normal.changed_heads(CONFIG) == changed.changed_heads(CONFIG)
    assert (normal == AS_TRAINED) == (not changed.changed_heads(CONFIG))


def test_plain_numbers_stay_where_heads_agree() -> None:
    """So that a layer nobody touched takes the untouched path."""
    inputs = AttentionSettings.of(Scope.HEAD, 1, 2, scale=1.0).for_layer(CONFIG, 0)
    assert (inputs.scale, inputs.causal, inputs.ablated) == (0.5, True, False)
    whole = AttentionSettings.of(Scope.LAYER, 1, 2, scale=1.0, causal=False).for_layer(CONFIG, 1)
    assert (whole.scale, whole.causal) == (1.0, False)


def test_a_scale_of_one_head_is_the_number_asked_for() -> None:
    scale = AttentionSettings.of(Scope.HEAD, 1, 2, scale=0.3).for_layer(CONFIG, 1).scale
    assert scale == (0.5, 0.5, 0.3, 0.5)


def test_the_trained_scale_is_no_change_layer_by_layer() -> None:
    by_layer = GPTConfig(5, 8, 16, 3, 4, scale_attn_by_inverse_layer_idx=True)
    assert AttentionSettings.of(Scope.LAYER, 1, 0, scale=0.25).normalized(by_layer) == AS_TRAINED
    assert AttentionSettings.of(Scope.MODEL, 1, 0, scale=0.25).changed_heads(by_layer) == HEADS
    unscaled = GPTConfig(5, 8, 16, 3, 4, scale_attn_weights=False)
    assert AttentionSettings.of(Scope.MODEL, 0, 0, scale=1.0).normalized(unscaled) == AS_TRAINED


@pytest.mark.parametrize("scale", [math.nan, math.inf, -math.inf])
def test_a_scale_is_a_finite_number(scale: float) -> None:
    with pytest.raises(ModelError, match="scale must be a finite number"):
        AttentionSettings(scale=scale)


def test_a_head_needs_its_layer() -> None:
    with pytest.raises(ModelError, match="needs a layer"):
        AttentionSettings(head=1)


@pytest.mark.parametrize(
    ("layer", "head", "says"),
    [
        (3, 0, "layer 3 does not exist: this model has layers 0 to 2"),
        (-1, 0, "layer -1 does not exist"),
        (0, 4, "head 4 does not exist: this model has heads 0 to 3"),
        (0, -1, "head -1 does not exist"),
    ],
)
def test_places_that_are_not_in_the_model_are_refused(layer: int, head: int, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        check_head(CONFIG, layer, head)
    with pytest.raises(ModelError, match=says):
        AttentionSettings.of(Scope.HEAD, layer, head, scale=1.0).normalized(CONFIG)
    with pytest.raises(ModelError, match=says):
        AttentionSettings(ablated=frozenset({(layer, head)})).normalized(CONFIG)


def test_settings_do_not_import_torch() -> None:
    """A view holds them, and the first frame is drawn before torch is there."""
    code = "import sys, model.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
