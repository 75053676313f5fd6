"""Any two views compared: the difference against torch, the measures against fresh traces."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from explorer.core.comparison import Comparison, Measure, Pair, Side, common_format, opening
from explorer.core.readings import ReadingService
from explorer.view import STAGES, Bounds, Stage, View
from explorer.widgets.matrix.difference import DifferenceNumbers
from explorer.widgets.palette import Depth, make_palette
from explorer.widgets.panels.comparison_panel import _between, tokens_text
from model.checkpoint import Checkpoint
from model.settings import AttentionSettings
from model.tokenizer import encode
from tests.explorer.conftest import SENTENCES

IVAN, CAT = SENTENCES[0], SENTENCES[1]
BPE = View("bpe", IVAN, query=4, key=2, layer=1, head=2)
CHAR = View("char", "a dog. face", query=4, key=2)
PAIRS: dict[str, tuple[View, View]] = {
    "heads": (BPE, replace(BPE, head=3, layer=0)),
    "as trained and as set": (BPE, replace(BPE, causal=False, scale=0.7)),
    "sentences": (BPE, replace(BPE, text="the cat saw")),
    "models": (BPE, CHAR),
}
MATRICES = STAGES[:-1]


@pytest.fixture
def engine(bpe_model: Checkpoint, char_model: Checkpoint) -> ReadingService:
    engine = ReadingService()
    engine.add_model("bpe", bpe_model)
    engine.add_model("char", char_model)
    return engine


@pytest.fixture
def models(bpe_model: Checkpoint, char_model: Checkpoint) -> dict[str, Checkpoint]:
    return {"bpe": bpe_model, "char": char_model}


def fresh(model: Checkpoint, view: View) -> Any:
    """A trace made without the application: settings by hand."""
    settings = AttentionSettings()
    if view.causal is not None or view.scale is not None:
        settings = AttentionSettings(view.causal, view.scale, view.layer, view.head)
    return model.trace(encode(model.tokenizer, view.text).ids, settings)


def stage_of(model: Checkpoint, view: View, stage: Stage) -> Tensor:
    """A stage from q, k and v in plain torch."""
    inputs = fresh(model, view).inputs[view.layer].head(view.head)
    scores = inputs.q @ inputs.k.T
    scaled = scores * inputs.scale
    masked = scaled.clone()
    if inputs.causal:
        masked[torch.ones_like(masked).triu(1).bool()] = -math.inf
    exponentials = masked.double().exp()
    weights = (exponentials / exponentials.sum(-1, keepdim=True)).float()
    found = {"scores": scores, "scaled": scaled, "masked": masked, "weights": weights, "mixed": weights @ inputs.v}
    return found[stage.value]


@pytest.mark.parametrize("stage", MATRICES)
@pytest.mark.parametrize("name", PAIRS)
def test_the_difference_is_right_minus_left(
    name: str, stage: Stage, engine: ReadingService, models: dict[str, Checkpoint]
) -> None:
    left, right = (replace(view, stage=stage) for view in PAIRS[name])
    comparison = Comparison(engine.read(left), engine.read(right))
    one, other = (stage_of(models[view.model], view, stage) for view in (left, right))
    rows, columns = min(len(one), len(other)), min(one.shape[1], other.shape[1])
    expected = other[:rows, :columns] - one[:rows, :columns]
    matrix, known = comparison.difference()
    torch.testing.assert_close(matrix, expected, rtol=1e-4, atol=1e-4, equal_nan=True)
    if stage is Stage.MASKED:
        assert known is not None
        assert torch.equal(known, ~expected.isnan())  # −∞ on both sides, and nothing else, has no difference
    elif stage is Stage.WEIGHTS:
        assert known is not None
        assert not matrix[~known].any()
    else:
        assert known is None


def test_a_key_hidden_on_one_side_only(engine: ReadingService) -> None:
    left, right = PAIRS["as trained and as set"]
    numbers = DifferenceNumbers.between(
        Comparison(*(engine.read(replace(view, stage=Stage.MASKED)) for view in (left, right)))
    )
    assert numbers.matrix[0, 5].item() == math.inf
    assert numbers.visible is not None
    assert numbers.visible.all()
    assert math.isfinite(numbers.limit)
    ramp = make_palette(True, Depth.TRUE, (0, 0, 0)).diverging
    assert ramp.level(math.inf, numbers.limit) == len(ramp.levels) - 1
    assert numbers.written(math.inf, 5) == "    ∞"


@pytest.mark.parametrize("name", PAIRS)
def test_measures_are_those_of_fresh_traces(name: str, engine: ReadingService, models: dict[str, Checkpoint]) -> None:
    views = PAIRS[name]
    comparison = Comparison(*map(engine.read, views))
    row = {measure.name: measure for measure in comparison.row_measures()}
    head = {measure.name: measure for measure in comparison.head_measures()}
    loss = {measure.name: measure for measure in comparison.loss_measures()}
    for side in Side:
        reading = comparison.sides[side]
        view, model = reading.view, models[reading.view.model]
        weights = stage_of(model, view, Stage.WEIGHTS).double()
        bits = -(weights * weights.clamp_min(1e-300).log2()).sum(-1)
        logits = fresh(model, view).logits.double()
        losses = -(logits[:-1] - logits[:-1].logsumexp(-1, keepdim=True)).gather(
            1, torch.tensor(reading.encoding.ids[1:])[:, None]
        )
        at = view.query
        for measure, expected in (
            (row["largest weight"], weights[at].max()),
            (row["entropy, bits"], bits[at]),
            (row["effective keys"], 2 ** bits[at]),
            (row["cell, weights"], weights[at, view.key]),
            (head["largest weight"], weights.max(-1).values.mean()),
            (head["entropy, bits"], bits.mean()),
            (head["effective keys"], (2**bits).mean()),
            (head["scores variance"], stage_of(model, view, Stage.SCORES).var(correction=0)),
            (loss["mean loss"], losses.mean()),
            (loss["next-token loss"], losses[at] if at < len(losses) else None),
        ):
            shown = (measure.left, measure.right)[side]
            assert shown == (None if expected is None else pytest.approx(expected.item(), rel=1e-4, abs=1e-5))
    for measure in (*row.values(), *head.values(), *loss.values()):
        if measure.left is not None and measure.right is not None:
            assert measure.difference == pytest.approx(measure.right - measure.left)


def test_kl_of_the_predictions(engine: ReadingService, models: dict[str, Checkpoint]) -> None:
    for name in ("heads", "as trained and as set", "sentences"):
        comparison = Comparison(*map(engine.read, PAIRS[name]))
        p, q = (
            fresh(models["bpe"], side.view).logits[side.view.query].double().softmax(-1) for side in comparison.sides
        )
        assert comparison.kl == pytest.approx((p * (p / q).log()).sum().item(), rel=1e-3, abs=1e-5)
    assert Comparison(*map(engine.read, PAIRS["heads"])).kl == pytest.approx(0.0, abs=1e-6)
    other = Comparison(*map(engine.read, PAIRS["models"]))
    assert not other.same_vocabulary
    assert other.kl is None


def test_which_tokens_differ(engine: ReadingService) -> None:
    same = Comparison(*map(engine.read, PAIRS["heads"]))
    assert same.differing_positions == ()
    assert tokens_text(same) == ""
    one = engine.read(replace(BPE, text="the cat saw the dog"))
    other = engine.read(replace(BPE, text="the dog saw the dog and"))
    comparison = Comparison(one, other)
    differing = [i for i in range(len(one.encoding)) if one.encoding.tokens[i] != other.encoding.tokens[i]]
    assert list(comparison.differing_positions) == differing != []
    words = tokens_text(comparison)
    assert f"{len(one.encoding)} tokens left, {len(other.encoding)} right" in words
    assert f"{differing[0]} ‘cat’ ≠ ‘dog’" in words
    assert comparison.positions == len(one.encoding)
    spaced = Comparison(engine.read(replace(BPE, text="the cat")), engine.read(replace(BPE, text=" the cat")))
    assert tokens_text(spaced) == "tokens differ at 0 ‘the’ ≠ ‘␣the’"
    cut = Comparison(engine.read(CHAR), engine.read(replace(CHAR, text="abcxyz" * 6)))
    assert "right leaves out 2 tokens" in tokens_text(cut)
    assert "does not know" in tokens_text(cut)


def test_what_differs_is_named(engine: ReadingService) -> None:
    expected = {
        "heads": {"head"},
        "as trained and as set": {"mask", "scale"},
        "sentences": {"text"},
        "models": {"model", "text", "head", "scale"},
    }
    for name, views in PAIRS.items():
        assert Comparison(*map(engine.read, views)).differing == expected[name]


def test_query_key_and_stage_are_those_of_both() -> None:
    pair = Pair(BPE, replace(BPE, head=0))
    moved = pair.with_view(replace(pair.view, query=1, key=0, stage=Stage.SCORES, head=1, stepping=True))
    assert moved.left == replace(BPE, query=1, key=0, stage=Stage.SCORES)
    assert moved.right == replace(BPE, query=1, key=0, stage=Stage.SCORES, head=1)
    assert moved.with_other_side_active().with_view(replace(moved.left, layer=0)).right == moved.right


BOUNDS = Bounds(positions=8, n_layer=2, n_head=3, head_size=16, scales=(0.25, 0.25))


def test_what_is_compared_first() -> None:
    view = View("m", "t")
    changed = replace(view, causal=False)
    assert opening(changed, BOUNDS) == Pair(view, changed)
    for place, beside in (((0, 0), (0, 1)), ((0, 2), (1, 0)), ((1, 1), (1, 2)), ((1, 2), (1, 1))):
        pair = opening(replace(view, layer=place[0], head=place[1]), BOUNDS)
        assert (pair.left.layer, pair.left.head) == place
        assert (pair.right.layer, pair.right.head) == beside
    alone = opening(view, replace(BOUNDS, n_layer=1, n_head=1, scales=(0.25,)))
    assert alone == Pair(view, replace(view, scale=1.0))


def test_a_difference_of_nothing_is_none() -> None:
    assert Measure("m", str, None, 1.0).difference is None
    assert Measure("m", str, math.inf, math.inf).difference is None


def test_small_differences_are_written_with_enough_digits() -> None:
    for limit, written in ((0.0031, "−0.0031"), (0.05, "−0.050"), (0.4, "−0.40"), (5.0, "−5.00"), (500.0, "−500")):
        numbers = DifferenceNumbers(Stage.WEIGHTS, torch.zeros(1, 1), None, -limit, limit / 2)
        assert numbers.written(-limit, numbers.width) == written
        assert numbers.width == len(written)


def test_a_line_of_measures_adds_up_as_it_is_written() -> None:
    for left, right, between in (
        (".14", ".58", ".44"),
        (".58", ".14", "−.44"),
        ("4.36", "1.87", "−2.49"),
        ("−0.20", "−0.31", "−0.11"),
        ("2,125", "106", "−2,019"),
        (".50", ".50", ".00"),
        ("–", "3.00", ""),
        ("1", ".50", "−.50"),
        (".25", "0", "−.25"),
        ("1.2×10⁻⁷", "3.4×10⁻⁷", ""),  # then the difference is written by itself
        ("∞", "1.00", ""),
    ):
        assert _between(left, right) == between


def test_variances_of_two_sizes_are_written_with_the_same_decimals() -> None:
    for variances, written in (
        ((9.714, 15.56), ("9.7", "15.6")),
        ((83.14, 1049.6), ("83", "1,050")),
        ((0.00412, 0.0399), ("0.0041", "0.0399")),
        ((10.04, 9.71), ("10.0", "9.7")),
        ((0.0, 0.0), ("0", "0")),
        ((1e12, 2.5e12), ("1×10¹²", "2.5×10¹²")),
        ((math.nan, 2.0), ("NaN", "2")),
    ):
        assert tuple(map(common_format(variances), variances)) == written
