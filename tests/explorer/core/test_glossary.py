"""The glossary: every part's words are in it, and what it says is measured is computed again from q and k alone."""

import math

import pytest

from explorer.core.formatting import fixed, significant
from explorer.core.glossary import GLOSSARY, explained
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.view import View
from explorer.widgets.labs.picture_matrix import PictureMatrix
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.peakedness import PeakednessPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.panels.row_table import RowTable
from model.checkpoint import Checkpoint
from tests.explorer.conftest import SENTENCES

PARTS = (Matrix, RowTable, PeakednessPanel, PredictionsPanel, CellPanel)


@pytest.fixture
def reading(bpe_model: Checkpoint) -> Reading:
    service = ReadingService()
    service.add_model("bpe", bpe_model)
    return service.read(View("bpe", SENTENCES[1], query=6, key=2, layer=1, head=2, causal=False))


def test_every_word_of_a_part_is_explained(reading: Reading) -> None:
    for part in PARTS:
        assert part.TERMS
        for name, text in explained(part.TERMS, reading):
            assert text.endswith("."), name
            assert len(text) < 700, name
    assert PictureMatrix.TERMS == ()


def test_all_terms_are_explained_with_and_without_a_reading(reading: Reading) -> None:
    for term in GLOSSARY.values():
        alone, here = term.explained(), term.explained(reading)
        assert here.startswith(alone)
        assert (len(here) > len(alone)) is (term.measured is not None)
        assert "nan" not in here.split()


def test_the_variance_is_explained_by_how_long_q_and_k_are(reading: Reading) -> None:
    q, k = (x.double().tolist() for x in (reading.stages.inputs.q, reading.stages.inputs.k))
    of_q, of_k = (sum(x * x for row in rows for x in row) / (len(rows) * 16) for rows in (q, k))
    scores = [sum(a * b for a, b in zip(one, other, strict=True)) for one in q for other in k]
    mean = sum(scores) / len(scores)
    variance = sum((score - mean) ** 2 for score in scores) / len(scores)
    said = GLOSSARY["var"].explained(reading)
    assert f"16 × {significant(of_q)} × {significant(of_k)} = {significant(16 * of_q * of_k)}" in said
    assert f"It is {significant(variance)}" in said


def test_measures_of_the_row(reading: Reading) -> None:
    weights = reading.stages.weights[6].double().tolist()
    bits = -sum(w * math.log2(w) for w in weights if w)
    assert f"{fixed(bits, 2)} bits, of at most {fixed(math.log2(len(weights)), 2)}" in GLOSSARY[
        "entropy, bits"
    ].explained(reading)
    assert f"{fixed(2**bits, 1)} of {len(weights)} keys" in GLOSSARY["keys of 9"].explained(reading)
