"""What a switch did: the numbers of its sentences are computed again here with NumPy, from q, k, v and the logits."""

import math
import random
import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.cells import cell_len

from explorer.core.change_explanations import explain_change, most_changed_key, most_changed_row, row_changes
from explorer.core.change_tracker import ChangeTracker
from explorer.core.explanations import explain_stage
from explorer.core.formatting import fixed, fullest, quoted, significant, weight
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.view import STAGES, Stage, View, go_to, move_query, toggle_mask, toggle_scale
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.settings import Scope
from model.tokenizer import train_char
from model.trace import Prediction, Trace
from tests.explorer.conftest import SENTENCES
from tests.explorer.core.test_explanations import numbers
from tests.explorer.small import CHARACTERS

VIEW = View("bpe", SENTENCES[0], query=3, key=1, layer=1, head=2)
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def service(bpe_model: Checkpoint, char_model: Checkpoint) -> ReadingService:
    made = ReadingService()
    made.add_model("bpe", bpe_model)
    made.add_model("char", char_model)
    return made


@dataclass(frozen=True)
class Plain:
    """One row of a head in NumPy: its scaled scores, weights and mixed values, from q, k and v in double precision."""

    scaled: Array  # of the visible keys
    weights: Array
    mixed: Array

    @classmethod
    def of(cls, reading: Reading) -> "Plain":
        view, inputs = reading.view, reading.as_set.inputs[reading.view.layer].head(reading.view.head)
        q, k, v = (x.double().numpy() for x in (inputs.q, inputs.k, inputs.v))
        causal = reading.shape.causal if view.causal is None else view.causal
        count = view.query + 1 if causal else len(k)
        scale = reading.shape.scale(view.layer) if view.scale is None else view.scale
        scaled = k[:count] @ q[view.query] * scale
        powers = np.exp(scaled - scaled.max())
        weights = np.zeros(len(k))
        weights[:count] = powers / powers.sum()
        return cls(scaled, weights, weights @ v)

    @property
    def effective_keys(self) -> float:
        seen = self.weights[self.weights > 0]
        return float(2 ** -(seen * np.log2(seen)).sum())


def log_softmax(logits: torch.Tensor) -> Array:
    x: Array = logits.double().numpy()
    shifted: Array = x - x.max(-1, keepdims=True)
    sums: Array = np.exp(shifted).sum(-1, keepdims=True)
    return np.subtract(shifted, np.log(sums))


def text_loss(reading: Reading) -> float:
    found = log_softmax(reading.as_set.logits)
    return float(np.mean([-found[i, token] for i, token in enumerate(reading.encoding.ids[1:])]))


def kl(before: Reading, after: Reading, position: int) -> float:
    p, q = (log_softmax(reading.as_set.logits[position]) for reading in (before, after))
    return float((np.exp(p) * (p - q)).sum())


def changed(service: ReadingService, view: View, **switches: Any) -> tuple[Reading, Reading]:
    return service.read(view), service.read(replace(view, **switches))


def near(*expected: float) -> Any:
    return pytest.approx(list(expected), rel=6e-3, abs=6e-3)


def test_the_mask_off_says_what_goes_to_tokens_that_should_not_be_known(service: ReadingService) -> None:
    before, after = changed(service, VIEW, causal=False)
    plain = Plain.of(after)
    future = plain.weights[4:]
    top = 4 + int(future.argmax())
    row = explain_change(before, after).row
    assert row[0].startswith(f"Mask off: {quoted(after.encoding.tokens[3])} now gives ")
    assert f"to {quoted(after.encoding.tokens[top])}" in row[0]
    assert numbers(row[0]) == pytest.approx([100 * future.max(), 100 * future.sum(), len(future)], abs=0.51)
    assert "in training" in row[0]
    for shorter in row[1:]:
        assert numbers(shorter) == pytest.approx([100 * future.max()], abs=0.51)


def test_the_mask_on_says_what_is_shared_out_again(service: ReadingService) -> None:
    after, before = changed(service, VIEW, causal=False)
    share, top = Plain.of(before).weights[4:].sum(), int(Plain.of(after).weights.argmax())
    row = explain_change(before, after).row
    was, now = (Plain.of(reading).weights[top] for reading in (before, after))
    assert numbers(row[0]) == pytest.approx([len(after.encoding) - 4, 100 * share, was, now], abs=0.51)
    assert row[0].startswith("Mask on: the ")


@pytest.mark.parametrize("scale", [1.0, 0.03, 4.0, -0.5])
@pytest.mark.parametrize("scope", list(Scope))
def test_the_scale_says_variance_keys_and_largest_weight(service: ReadingService, scale: float, scope: Scope) -> None:
    before, after = changed(service, replace(VIEW, scope=scope), scale=scale)
    old, new = Plain.of(before), Plain.of(after)
    row = explain_change(before, after).row
    full = numbers(row[0])[1 if scale != 1.0 else 0 :]
    full = full[1:] if scope is Scope.LAYER else full  # its number
    assert full[:2] == near(old.scaled.var(), new.scaled.var())
    keys = [new.effective_keys, old.effective_keys]
    assert full[2] == pytest.approx(keys[0], abs=0.051)
    if fixed(keys[0], 1) != fixed(keys[1], 1):
        assert full[3] == pytest.approx(keys[1], abs=0.051)
        assert ("sharper" in row[0]) == (keys[0] < keys[1])
    assert weight(new.weights.max()) in row[0]
    assert significant(float(new.scaled.var())) in row[-1]


def test_scale_0_is_the_lower_triangular_average(service: ReadingService) -> None:
    for query in range(4):
        before, after = changed(service, replace(VIEW, query=query), scale=0.0)
        assert after.stages.weights[query, : query + 1].tolist() == pytest.approx([1 / (query + 1)] * (query + 1))
        for wording in explain_change(before, after).row:
            assert (f"1/{query + 1}" if query else "1 ") in wording
            assert "average" in wording
        assert "lower-triangular" in explain_change(before, after).row[0]
    before, after = changed(service, replace(VIEW, causal=False), scale=0.0)
    for wording in explain_change(before, after).row:
        assert f"1/{len(after.encoding)}" in wording
        assert "triangular" not in wording


def test_ablation_says_what_the_head_brought(service: ReadingService) -> None:
    before, after = changed(service, VIEW, ablated=frozenset({(1, 2)}))
    plain = Plain.of(before)
    norm = float(np.linalg.norm(plain.mixed))
    for one, other, lead in ((before, after, "Head ablated"), (after, before, "Head back")):
        row = explain_change(one, other).row
        assert all(wording.startswith(lead) for wording in row)
        assert numbers(row[0]) == near(plain.weights.max(), norm)
        assert numbers(row[-1]) == near(norm)


def test_the_change_of_the_prediction_is_explained(service: ReadingService) -> None:
    for query in (3, 7):
        before, after = changed(service, replace(VIEW, query=query), scale=4.0, scope=Scope.MODEL)
        full = explain_change(before, after).prediction[0]
        old, new = (np.exp(log_softmax(reading.as_set.logits[query])) for reading in (before, after))
        assert quoted(after.token_text(int(new.argmax())), 12) in full
        found = numbers(full)
        assert found[0] == pytest.approx(new.max() if new.argmax() != old.argmax() else old.max(), abs=6e-3)
        losses = [text_loss(before), text_loss(after)]
        assert found[-3:] == near(*losses, kl(before, after, query))
        if query + 1 < len(after.encoding):
            came = after.encoding.ids[query + 1]
            assert found[-5:-3] == near(-math.log(old[came]), -math.log(new[came]))
        assert ("worse" in full) == (losses[1] > losses[0])


def test_predictions_that_only_a_space_tells_apart_are_told_apart(
    service: ReadingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = changed(service, replace(VIEW, stage=Stage.NEXT_TOKEN), scale=4.0)
    old, new = (after.tokenizer.encode(text).ids[0] for text in ("a", " a"))
    predictions = {before.as_set: Prediction(old, 0.5), after.as_set: Prediction(new, 0.75)}
    monkeypatch.setattr(Trace, "predictions", lambda trace, position, count: (predictions[trace],))
    for wording in explain_change(before, after).prediction[:-1]:
        assert re.search("‘␣a’ .75 (instead of|for) ‘a’ .50", wording)
    assert "‘␣a’ .75; as trained ‘a’ .50" in explain_stage(after)[0]


def test_a_loss_below_the_trained_one_is_chance_or_looking_ahead(service: ReadingService) -> None:
    seen = set()
    switches: list[dict[str, Any]] = [{"scale": 1.0}, {"scale": 0.1}, {"causal": False}]
    for layer in range(2):
        for head in range(4):
            here = replace(VIEW, layer=layer, head=head)
            for switch in [*switches, {"ablated": frozenset({(layer, head)})}]:
                before, after = changed(service, here, **switch)
                full = explain_change(before, after).prediction[0]
                lower = fixed(text_loss(after), 2) != fixed(text_loss(before), 2) and text_loss(after) < text_loss(
                    before
                )
                assert ("by chance" in full) == (lower and "causal" not in switch)
                assert ("should guess" in full) == (lower and "causal" in switch)
                if lower:
                    seen.add(next(iter(switch)))
                back = explain_change(after, before).prediction[0]
                assert "chance" not in back
                assert ("no longer sees" in back) == (lower and "causal" in switch)  # not that the mask is worse
    assert seen  # some switch makes the loss of an untrained model lower


def test_a_row_that_is_untouched_names_the_one_that_changed_most(service: ReadingService) -> None:
    last = len(service.read(VIEW).encoding) - 1
    before, after = changed(service, replace(VIEW, query=last), causal=False)
    moved = np.abs(after.stages.weights.double().numpy() - before.stages.weights.double().numpy()).sum(-1) / 2
    assert row_changes(before, after).tolist() == pytest.approx(moved.tolist(), abs=1e-6)
    row = int(moved.argmax())
    assert most_changed_row(before, after) == row
    name = quoted(after.encoding.tokens[row], 8)
    for wording in explain_change(before, after).row[:-1]:
        assert "nothing changes" in wording
        assert "b goes to" in wording or "press b" in wording
        assert name[:4] in wording
    jumped = explain_change(*changed(service, replace(VIEW, query=row), causal=False)).row
    assert all("nothing" not in wording for wording in jumped)


def test_an_ablated_head_changed_the_row_whose_prediction_it_changed_most(service: ReadingService) -> None:
    before, after = changed(service, VIEW, ablated=frozenset({(1, 2)}))
    expected = [kl(before, after, i) for i in range(len(after.encoding))]
    assert row_changes(before, after).tolist() == pytest.approx(expected, abs=1e-5)
    assert row_changes(after, before).tolist() == pytest.approx(expected, abs=1e-5)  # from as trained in both
    assert most_changed_key(before, after, 3) == int(Plain.of(before).weights.argmax())
    other = service.read(replace(VIEW, ablated=frozenset({(1, 2), (0, 1)}), layer=0, head=1))
    one = service.read(replace(VIEW, ablated=frozenset({(1, 2)}), layer=0, head=1))
    assert row_changes(one, other).tolist() == pytest.approx(
        [kl(one, other, i) for i in range(len(one.encoding))], abs=1e-5
    )


def test_the_narrowest_screen_has_room_for_what_matters(service: ReadingService) -> None:
    """The effective keys beside the variance, and the loss of the text with its verdict."""
    for query, scale in product(range(1, 8), (1.0, 0.0884)):
        before, after = changed(service, replace(VIEW, query=query), scale=scale)
        explanation = explain_change(before, after)
        row, prediction = (fullest(wordings, 58) for wordings in (explanation.row, explanation.prediction))
        old, new = (f"{Plain.of(reading).effective_keys:.1f}" for reading in (before, after))
        assert old == new or f" {new} keys, not {old}." in row
        assert re.search(r"text loss \S+ → \S+ \(\w+|loss stays|text stays", prediction)
        assert cell_len(row) <= 58 >= cell_len(prediction)


def test_the_query_and_the_key_are_not_run_together(service: ReadingService) -> None:
    before, after = changed(service, VIEW, scale=4.0, causal=False)
    query = quoted(after.encoding.tokens[VIEW.query], 24)
    assert f"in the row of {query}, " in explain_change(before, after).row[0]


def test_what_stays_is_not_written_twice(service: ReadingService) -> None:
    before, after = (service.read(replace(VIEW, scale=scale)) for scale in (1.0, 1.0001))
    assert "KL stays 0." in explain_change(before, after).prediction[0]


def test_a_query_that_sees_only_itself_takes_all_from_itself(service: ReadingService) -> None:
    before, after = changed(service, replace(VIEW, query=0), ablated=frozenset({(1, 2)}))
    for old, new in ((before, after), (after, before)):
        assert " all of it from" in explain_change(old, new).row[0]


def test_nearly_all_is_not_written_as_a_number(service: ReadingService) -> None:
    readings = []
    for scale in (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0):  # one of them makes a weight that rounds to 1
        before, after = changed(service, replace(VIEW, scale=scale), ablated=frozenset({(1, 2)}))
        if weight(Plain.of(before).weights.max()) == "1.0":
            readings.append((before, after))
    for before, after in readings:
        assert "nearly all of it from" in explain_change(before, after).row[0]
    assert readings


def test_one_token_has_nothing_to_change(service: ReadingService) -> None:
    view = replace(VIEW, text="a", query=0, key=0)
    for switch in ({"causal": False}, {"scale": 1.0}, {"scale": 0.0}):
        before, after = changed(service, view, **switch)
        assert most_changed_row(before, after) is None
        explanation = explain_change(before, after)
        assert not any("b goes" in wording or "press b" in wording for wording in explanation.row)
        assert "loss" not in explanation.prediction[0]


def test_stages_not_yet_reached_are_not_explained(service: ReadingService) -> None:
    for stage in STAGES:
        view = replace(VIEW, stage=stage, stepping=True)
        for switch in ({"causal": False}, {"scale": 1.0}, {"causal": False, "scale": 1.0}):
            before, after = changed(service, view, **switch)
            explanation = explain_change(before, after)
            assert bool(explanation.prediction) == (stage is Stage.NEXT_TOKEN)
            if after.view.is_pending(Stage.WEIGHTS):
                assert "%" not in explanation.row[0]
                assert weight(Plain.of(after).weights.max()) not in explanation.row[0]


SWITCHES = st.fixed_dictionaries(
    {
        "causal": st.sampled_from([None, False]),
        "scale": st.sampled_from([None, 0.0, 0.01, 1.0, 30.0, -2.0]),
        "scope": st.sampled_from(list(Scope)),
        "ablated": st.sampled_from([frozenset[tuple[int, int]](), frozenset({(1, 1)}), frozenset({(0, 0), (1, 1)})]),
    }
)
TEXTS = st.sampled_from([SENTENCES[1], "a", "the\x1b[31m \u202e漢字漢字漢字漢字漢字漢字 the"])


@given(SWITCHES, SWITCHES, TEXTS, st.sampled_from(list(Stage)), st.booleans(), st.integers(0, 9))
def test_every_explanation_can_be_shown(
    service: ReadingService,
    old: dict[str, Any],
    new: dict[str, Any],
    text: str,
    stage: Stage,
    stepping: bool,
    query: int,
) -> None:
    view = View("bpe", text, query=query, layer=1, head=1, stage=stage, stepping=stepping)
    before, after = (service.read(replace(view, **switches)) for switches in (old, new))
    explanation = explain_change(before, after)
    for wordings in (explanation.row, explanation.prediction):
        for wording in wordings:
            assert wording.endswith(".")
            assert not any(word in wording.lower() for word in ("nan", "inf", "\x1b", "\u202e", "  "))
        if wordings:
            assert cell_len(wordings[-1]) <= 58
            assert any(cell_len(wording) <= 78 for wording in wordings)


@cache
def random_service(seed: int) -> ReadingService:
    """A model of random size and weights that knows ten characters."""
    chance = random.Random(seed)
    config = GPTConfig(
        vocab_size=10,
        n_positions=16,
        n_embd=12 * chance.choice((1, 2)),
        n_layer=chance.choice((1, 2)),
        n_head=chance.choice((1, 2, 3)),
        initializer_range=chance.choice((0.1, 0.5, 1.0)),
    )
    gpt = GPT(config)
    gpt.initialize(torch.Generator().manual_seed(seed))
    model = Checkpoint("random", Path("random"), config, gpt.eval().requires_grad_(False), train_char(CHARACTERS))
    service = ReadingService()
    service.add_model("random", model)
    return service


@given(st.integers(0, 7), st.text(CHARACTERS, min_size=2, max_size=16), st.data())
def test_numbers_are_those_of_any_model(seed: int, text: str, data: st.DataObject) -> None:
    service = random_service(seed)
    view = service.read(View("random", text, query=data.draw(st.integers(0, len(text) - 1)))).view
    before, after = changed(service, view, causal=False)
    share = 100 * Plain.of(after).weights[view.query + 1 :]
    row = explain_change(before, after).row
    if len(share) and share.sum() > 1:
        assert numbers(row[-1])[0] == pytest.approx(share.max(), abs=0.51)
        assert "now gives" in row[0]
    elif not len(share):
        assert "nothing changes" in row[0]
    scale = data.draw(st.sampled_from([0.0, 0.01, 0.3, 1.0, 2.0]))
    before, after = changed(service, view, scale=scale)
    old, new = Plain.of(before), Plain.of(after)
    if scale and view.query and after.view.scale is not None:
        goes = explain_change(before, after).row[1].partition("goes from ")[2]
        assert numbers(goes)[:2] == near(old.scaled.var(), new.scaled.var())
    moved = np.abs(after.stages.weights.double().numpy() - before.stages.weights.double().numpy()).sum(-1) / 2
    row_found = most_changed_row(before, after)
    assert moved[row_found or 0] == pytest.approx(moved.max(), abs=1e-6)


def test_no_model_is_run_to_explain(service: ReadingService, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = changed(service, VIEW, causal=False, scale=1.0)
    monkeypatch.setattr(GPT, "forward", lambda *_, **__: pytest.fail("the model was run"))
    monkeypatch.setattr(Checkpoint, "trace", lambda *_, **__: pytest.fail("the model was run"))
    assert explain_change(before, after).prediction


def test_the_last_switch_is_explained_until_the_view_changes(service: ReadingService) -> None:
    reading = service.read(replace(VIEW, query=7))
    tracker = ChangeTracker()
    tracker.follow(reading)
    assert tracker.explanation is None
    assert tracker.jump(reading) is None  # nothing is switched
    off = service.read(toggle_mask(reading.view, reading.bounds))
    tracker.follow(off)
    assert tracker.explanation == explain_change(reading, off)
    tracker.follow(off)  # shown again, as after a resize
    assert tracker.explanation is not None
    place = tracker.jump(off)
    assert place is not None
    there = service.read(go_to(*place)(off.view, off.bounds))
    tracker.follow(there)
    assert tracker.explanation == explain_change(service.read(there.view.as_trained()), there)
    assert tracker.explanation.row[0].startswith("Mask off")
    elsewhere = service.read(move_query(+1)(there.view, there.bounds))
    tracker.follow(elsewhere)
    assert tracker.explanation is None
    assert not tracker.has_switch
    both = service.read(toggle_scale(elsewhere.view, elsewhere.bounds))
    tracker.follow(both)
    assert tracker.explanation is not None
    assert tracker.explanation.row[0].startswith("Scale off")
