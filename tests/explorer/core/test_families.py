"""What the screen says of sinks, soft caps, windows and shared keys, checked against the numbers themselves."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.core.arithmetic import CellArithmetic, MixedArithmetic
from explorer.core.explanations import explain_stage
from explorer.core.export import row_table
from explorer.core.formatting import significant
from explorer.core.link import link_line
from explorer.core.reading import Reading
from explorer.core.readings import compute
from explorer.core.stages import stage_matrix
from explorer.view import STAGES, Stage, View
from explorer.widgets.wording import matrix_measure, matrix_title, scale_text
from model.families import OpenOptions
from model.families.model import FamilyModel
from tests.model.families.making import family, open_tiny

TEXT = "Ivan is the guy"
Read = Callable[..., Reading]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FamilyModel]:
    names = ("gpt_oss", "gemma2", "granite", "deepseek_v3")
    return {name: open_tiny(family(name), tmp_path_factory.mktemp(name)) for name in names}


@pytest.fixture
def read(opened: dict[str, FamilyModel]) -> Read:
    return lambda name, **changes: compute(opened[name], replace(View(name, TEXT, query=9, key=8), **changes))


def said(reading: Reading, stage: Stage) -> str:
    return explain_stage(replace(reading, view=replace(reading.view, stage=stage)))[0]


def test_a_sink_is_named_wherever_weights_do_not_add_up_to_one(read: Read) -> None:
    reading = read("gpt_oss", layer=1)
    row = reading.stages.row(9)
    assert row.sink_weights is not None
    share = row.sink_weights[0].item()
    assert row.weights.sum().item() + share == pytest.approx(1, abs=1e-6)
    assert f"the sink ⌂ takes .{round(share * 100):02}" in said(reading, Stage.WEIGHTS)
    assert "⌂" in matrix_title(reading, Stage.WEIGHTS).plain
    assert "⌂ takes" in matrix_measure(reading, Stage.WEIGHTS).plain
    alone = read("gpt_oss", layer=1, query=0)
    assert "gives itself" in said(alone, Stage.WEIGHTS)
    assert "the sink ⌂ leaves" in said(alone, Stage.MIXED)


def test_entropy_counts_the_sink_as_one_more_key(read: Read) -> None:
    reading = read("gpt_oss", layer=1)
    row = reading.stages.row(9)
    shares = [*row.weights[0].tolist(), row.sink_weights[0].item()]  # type: ignore[index]
    bits = -sum(x * math.log2(x) for x in shares if x > 0)
    assert reading.head.measures.entropy_bits[9].item() == pytest.approx(bits, abs=1e-4)


def test_the_arithmetic_of_a_cell_goes_through_the_soft_cap(read: Read) -> None:
    reading = read("gemma2", layer=1)
    cell = CellArithmetic.of(reading)
    assert cell.softcap == 50
    assert cell.capped == pytest.approx(reading.stages.capped[9, 8].item(), abs=1e-4)
    assert cell.weight == pytest.approx(math.exp(cell.capped - cell.log_sum), abs=1e-5)
    assert float(cell.steps.capped.replace("−", "-")) == pytest.approx(cell.capped, abs=0.006)


def test_a_soft_cap_is_a_stage_of_its_own(read: Read) -> None:
    """Between scaled and masked, in models that have one, and in no other."""
    reading = read("gemma2", layer=1, stage=Stage.CAPPED)
    assert reading.view.stage is Stage.CAPPED
    assert reading.bounds.stages[1:4] == (Stage.SCALED, Stage.CAPPED, Stage.MASKED)
    capped = 50 * torch.tanh(reading.stages.scaled / 50)
    torch.testing.assert_close(stage_matrix(reading.stages, Stage.CAPPED), capped)
    seen = reading.stages.inputs.visible
    assert torch.equal(reading.stages.masked[seen], reading.stages.capped[seen])
    titles = [matrix_title(reading, stage).plain for stage in reading.bounds.matrices[1:4]]
    assert titles == ["2 scaled ×0.2887", "6 soft cap ±50", "3 masked"]
    assert matrix_measure(reading, Stage.CAPPED).plain == f"var {significant(capped.var(correction=0).item())}"
    assert "between −50 and 50" in said(reading, Stage.CAPPED)
    assert row_table(reading).rows[0] == ["key", "scores", "scaled", "capped", "masked", "weights"]
    with np.load(written(reading)) as arrays:
        np.testing.assert_allclose(arrays["capped"], capped.numpy(), rtol=1e-5, atol=1e-5)
    other = read("granite", stage=Stage.CAPPED)
    assert other.view.stage is Stage.SCALED
    assert other.bounds.stages == STAGES
    assert row_table(other).rows[0] == ["key", "scores", "scaled", "masked", "weights"]
    with np.load(written(other)) as arrays:
        assert "capped" not in arrays


def written(reading: Reading) -> io.BytesIO:
    file = io.BytesIO()
    reading.write_npz(file)
    file.seek(0)
    return file


def test_keys_outside_a_window_are_distinguished_from_later_keys(read: Read) -> None:
    reading = read("gemma2", layer=0)
    sentence = said(reading, Stage.MASKED)
    assert "its window of 4 hides 6 keys too far before" in sentence
    assert "4 of 15 keys remain" in sentence
    last = said(read("gemma2", layer=0, query=14), Stage.MASKED)
    assert last.startswith("Its window of 4 hides 11 keys")
    assert "window" not in said(read("gemma2", layer=1), Stage.MASKED)
    assert "window" not in said(read("gemma2", layer=0, causal=False), Stage.MASKED)


def test_the_scale_goes_by_the_formula_of_the_model(read: Read) -> None:
    assert scale_text(read("gemma2")) == "1/√query_pre_attn_scalar = 0.2887"
    assert scale_text(read("granite")) == "attention_multiplier = 0.3"
    assert scale_text(read("gpt_oss")) == "1/√16 = 0.25"
    assert scale_text(read("granite", scale=1.0)) == "none ×1"


def test_a_link_says_how_the_model_was_opened(tmp_path: Path) -> None:
    model = open_tiny(family("llama"), tmp_path, bos=True, context=16)
    reading = compute(model, View(str(tmp_path), TEXT))
    assert link_line(reading.view, reading.shape.opening).endswith(" --context 16 --bos")
    assert link_line(View("x", TEXT), OpenOptions()) == link_line(View("x", TEXT))


def test_values_may_be_narrower_than_keys(read: Read) -> None:
    reading = read("deepseek_v3")
    assert reading.stages.mixed.shape == (15, 8)
    assert reading.stages.inputs.q.shape == (15, 16)
    mixed = MixedArithmetic.of(reading)
    assert len(mixed.mixed) == 8


@pytest.mark.parametrize("name", ["gpt_oss", "gemma2", "granite", "deepseek_v3"])
@pytest.mark.parametrize("changes", [{}, {"causal": False}, {"scale": 1.0}, {"ablated": frozenset({(1, 1)})}], ids=str)
def test_every_stage_has_a_sentence(read: Read, name: str, changes: dict[str, object]) -> None:
    for query in (0, 9, 14):
        reading = read(name, layer=1, head=1, query=query, key=0, **changes)
        for stage in Stage:
            assert said(reading, stage)
        assert torch.isfinite(reading.as_set.logits).all()
