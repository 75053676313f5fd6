"""Each family that is offered, against the eager attention of `transformers`; each that is not, refused in one line."""

from pathlib import Path

import pytest
import torch

from model.families import load
from model.families.directory import BYPASSING
from model.families.model import FamilyModel
from model.layout import CheckpointError
from model.settings import AS_TRAINED, AttentionSettings
from tests.model.families import table
from tests.model.families.making import IDS, PARTLY, REFUSED, WORKS, Family, open_tiny, version, write

TOLERANCE = 1e-5


def known(families: tuple[Family, ...]) -> list[object]:
    """Families as parameters; those that the installed version does not have are passed over."""
    return [
        pytest.param(each, id=each.model_type, marks=pytest.mark.skipif(version() < each.since, reason="too old"))
        for each in families
    ]


@pytest.mark.parametrize("each", known(WORKS))
def test_a_family_is_what_its_eager_attention_says(each: Family, tmp_path: Path) -> None:
    theirs = write(each, tmp_path)
    opened = load(tmp_path)
    shape, trace = opened.config, opened.trace(IDS)
    with torch.no_grad():
        plain = theirs(torch.tensor([IDS]), output_attentions=True, use_cache=False)
    assert torch.equal(trace.logits, plain.logits[0].float())
    assert shape.n_layer == len(plain.attentions)
    for layer, expected in enumerate(plain.attentions):
        for head in range(shape.n_head):
            stages = trace.head(layer, head)
            torch.testing.assert_close(stages.weights, expected[0, head], rtol=0, atol=TOLERANCE)
            assert stages.inputs.q.shape == (len(IDS), shape.head_size)
    assert len(trace.streams) == shape.n_layer + 1
    assert all(stream.shape == (len(IDS), shape.n_embd) for stream in trace.streams)
    for length in (1, shape.n_positions):
        assert opened.trace([5] * length).logits.shape == (length, shape.vocab_size)
    for settings in (AttentionSettings(scale=1.3), AttentionSettings(causal=False, layer=0, head=1)):
        assert not torch.equal(opened.trace(IDS, settings).logits, trace.logits)
    assert_reads_in_pieces(opened)


def assert_reads_in_pieces(opened: FamilyModel) -> None:
    """With a cache of keys and values, as trained and changed, as far as the context goes."""
    for settings in (AS_TRAINED, AttentionSettings(scale=1.3, ablated=frozenset({(0, 1)}))):
        reader = opened.reader(settings)
        assert reader is not None
        at_once = opened.trace(IDS, settings).logits
        for start, end in [(0, 5), *((i, i + 1) for i in range(5, len(IDS)))]:
            torch.testing.assert_close(reader.logits(IDS[start:end]), at_once[end - 1], rtol=1e-4, atol=1e-4)
        assert len(reader) == len(IDS)


@pytest.mark.parametrize("each", known(PARTLY))
def test_layers_without_attention_are_named_and_the_others_shown(each: Family, tmp_path: Path) -> None:
    theirs = write(each, tmp_path)
    opened = load(tmp_path)
    shape, trace = opened.config, opened.trace(IDS)
    with torch.no_grad():
        plain = theirs(torch.tensor([IDS]), use_cache=False).logits[0]
    assert torch.equal(trace.logits, plain)
    assert shape.n_layer == len(shape.layer_numbers) < 4
    for length in (1, shape.n_positions):
        assert opened.trace([5] * length).logits.shape == (length, shape.vocab_size)
    last = shape.n_layer - 1
    number = shape.layer_numbers[last]
    assert shape.layer_note(last) == f"layer {number} of 4, {4 - shape.n_layer} without attention: {each.shows}"
    changed = opened.trace(IDS, AttentionSettings(scale=1.3, layer=last, head=1))
    assert torch.equal(changed.inputs[last].q, trace.inputs[last].q)
    assert not torch.equal(changed.head(last, 1).weights, trace.head(last, 1).weights)
    assert torch.equal(changed.head(last, 0).weights, trace.head(last, 0).weights)
    assert not torch.equal(changed.logits, trace.logits)
    if opened.reader() is not None:  # Bamba's code reads something else in pieces, which is noticed
        assert_reads_in_pieces(opened)


def test_the_table_of_the_readme_is_up_to_date() -> None:
    readme = table.README.read_text(encoding="utf-8")
    assert readme == table.written(readme), "write it with: python -m tests.model.families.table"


def test_lists_know_which_families_are_refused() -> None:
    assert {each.model_type for each in REFUSED} == BYPASSING


@pytest.mark.parametrize("each", known(REFUSED))
def test_a_family_that_bypasses_the_interface_is_refused_in_one_line(each: Family, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as error:
        open_tiny(each, tmp_path)
    message = str(error.value)
    assert "\n" not in message
    assert each.refused in message
    assert str(tmp_path) in message
