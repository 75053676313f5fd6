"""The measures below the slider, against plain loops over the weights, and how they are format_measure."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from rich.cells import cell_len

from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.core.step_measures import ENTROPY, FIRST, LOSS, MEASURES, PREVIOUS, format_measure, measure_step
from explorer.view import View
from model.attention import AttentionInputs
from model.checkpoint import Checkpoint
from model.head_scores import text_measures
from model.settings import Scope
from tests.explorer.conftest import SENTENCES

VIEW = View("bpe", SENTENCES[1])
CHANGES: list[dict[str, Any]] = [
    {},
    {"causal": False, "scope": Scope.MODEL},
    {"scale": 1.0, "scope": Scope.LAYER, "layer": 1},
    {"scale": 0.01, "causal": False, "head": 3},
    {"ablated": frozenset({(0, 1)})},
    {"text": SENTENCES[0], "scale": -3.0, "scope": Scope.MODEL},
]


def read(model: Checkpoint, **changes: Any) -> Reading:
    engine = ReadingService()
    engine.add_model("bpe", model)
    return engine.read(replace(VIEW, **changes))


def plain_weights(inputs: AttentionInputs, head: int) -> list[list[float]]:
    """Softmax of scaled scores in plain Python, over the keys that each query may see."""
    q, k = inputs.q[head].double().tolist(), inputs.k[head].double().tolist()
    scale = torch.as_tensor(inputs.scale).reshape(-1).expand(inputs.q.shape[0])[head].item()
    seen = torch.as_tensor(inputs.visible).expand(inputs.q.shape[0], len(q), len(q))[head].tolist()
    rows = []
    for i, query in enumerate(q):
        scores = [scale * math.fsum(a * b for a, b in zip(query, key, strict=True)) for key in k]
        highest = max(score for score, visible in zip(scores, seen[i], strict=True) if visible)
        powers = [math.exp(s - highest) if visible else 0.0 for s, visible in zip(scores, seen[i], strict=True)]
        rows.append([power / math.fsum(powers) for power in powers])
    return rows


@pytest.mark.parametrize("changes", CHANGES)
def test_measures_equal_plain_loops(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, **changes)
    measured = measure_step(reading)
    assert measured.of(LOSS, 0, 0) == pytest.approx(reading.as_set.losses.double().mean().item())
    for layer, inputs in enumerate(reading.as_set.inputs):
        for head in range(4):
            rows = plain_weights(inputs, head)
            count = len(rows)
            expected = {
                PREVIOUS: sum(rows[i][i - 1] for i in range(1, count)) / (count - 1),
                FIRST: sum(rows[i][0] for i in range(1, count)) / (count - 1),
                ENTROPY: -sum(w * math.log2(w) for row in rows for w in row if w > 0) / count,
            }
            for name, value in expected.items():
                assert measured.of(name, layer, head) == pytest.approx(value, abs=2e-5), (name, layer, head)


def test_a_single_token_has_no_key_before_it(bpe_model: Checkpoint) -> None:
    reading = read(bpe_model, text="a")
    assert len(reading.encoding) == 1
    measured = measure_step(reading)
    assert [measured.of(name, 0, 0) for name in (PREVIOUS, FIRST, LOSS)] == [None, None, None]
    assert measured.of(ENTROPY, 0, 0) == 0.0


def test_two_tokens_by_hand() -> None:
    """Query 1 gives key 0 a weight of 3/4: scores 0 and −ln 3."""
    q = torch.tensor([[[1.0], [1.0]]])
    k = torch.tensor([[[0.0], [-math.log(3)]]])
    found = text_measures([AttentionInputs(q, k, k, 1.0)] * 3)
    for tensor, value in (
        (found.previous_token, 0.75),
        (found.first_token, 0.75),
        (found.entropy_bits, (0.75 * math.log2(4 / 3) + 0.25 * 2) / 2),
    ):
        assert tensor.shape == (3, 1)
        assert tensor.flatten().tolist() == pytest.approx([value] * 3)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("cells", [3, 4, 6])
def test_values_fit_into_their_cells(measure: str, cells: int) -> None:
    weights = measure in (PREVIOUS, FIRST)
    for value in (
        0.0,
        1e-9,
        0.004,
        0.1234,
        0.995,
        0.99999,
        1.0,
        *(() if weights else (4.1744, 12.3456, 123.4, 9999.0)),
    ):
        text = format_measure(measure, value, cells)
        assert cell_len(text) <= cells, text
        if text != "…":
            assert float(text) == pytest.approx(value, abs=0.5 if not weights else 0.005 + 1e-9)
    assert format_measure(measure, 0.25, 4) == (".25" if weights else "0.25")
    assert format_measure(LOSS, 4.1744, 3) == "4.2"
