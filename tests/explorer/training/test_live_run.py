"""LiveRun: what is known of a run that is watched, line by line, also when lines are not as they should be."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.training.live_run import LONGEST, LiveRun, LossLine, Status, Update, read_told
from explorer.view import Stage, View
from model.attention import AttentionInputs, AttentionStages
from model.config import GPTConfig
from model.errors import ModelError
from model.training.run_log import METRICS
from tests.explorer import fake_training as fake
from tests.explorer.small import save_small

OUT = Path("nowhere")


def told(run: LiveRun, *lines: dict[str, Any]) -> LiveRun:
    for line in lines:
        update = read_told(line, run.request.out)
        assert update is not None, line
        run.take(update)
    return run


def steps(*metrics: dict[str, Any], left: float | None = None) -> dict[str, Any]:
    return {"event": "steps", "metrics": list(metrics), "left": left}


@pytest.fixture
def run() -> LiveRun:
    return LiveRun(fake.request())


@pytest.mark.parametrize("count", [1, 4095, 4096, 6000, 50_000])
def test_a_curve_is_thinned_but_keeps_its_beginning_its_end_and_its_mean(count: int) -> None:
    curve = LossLine()
    for step in range(1, count + 1):
        curve.add(step, float(step))
    assert len(curve.points) <= min(count, 4096)
    assert curve.points[:512] == [(step, float(step)) for step in range(1, min(count, 512) + 1)]
    places = [step for step, _ in curve.points]
    assert places == sorted(set(places))
    assert places[-1] == count
    mean = sum(loss * n for (_, loss), n in zip(curve.points, curve._counts, strict=True)) / count
    assert mean == pytest.approx((count + 1) / 2)
    assert sum(curve._counts) == count


def test_what_is_told_is_known(run: LiveRun) -> None:
    told(run, fake.started(), steps(fake.metrics(1, 4.0), fake.metrics(2, 3.5, validation_loss=3.25), left=12.5))
    assert run.status is Status.TRAINING
    assert run.description == fake.description()
    assert (run.place, run.tokens, run.step, run.left) == ("cpu, float32", (900, 100), 2, 12.5)
    assert run.losses.points == [(1, 4.0), (2, 3.5)]
    assert run.validation == [(2, 3.25)]
    assert run.last is not None
    assert run.last.tokens_per_second == 6400.0
    told(run, {"event": "sample", "step": 2, "text": "the cat"}, {"event": "paused", "paused": True})
    assert run.sample == (2, "the cat")
    assert run.status is Status.PAUSED
    told(run, {"event": "statistics", **fake.statistics(2).to_dict()}, {"event": "paused", "paused": False})
    assert run.statistics == fake.statistics(2)
    assert run.status is Status.TRAINING


def test_a_trail_of_statistics_is_short(run: LiveRun) -> None:
    for step in range(100):
        told(run, {"event": "statistics", **fake.statistics(step).to_dict()})
    assert [each.step for each in run.trail][-1] == 99
    assert len(run.trail) < 50


GOOD = {
    "started": fake.started(),
    "steps": steps(fake.metrics(1, 4.0)),
    "statistics": {"event": "statistics", **fake.statistics(1).to_dict()},
    "sample": {"event": "sample", "step": 1, "text": "x"},
    "heads": fake.heads(1, (1, 2, 3)),
    "paused": {"event": "paused", "paused": True},
}

BAD: list[dict[str, Any]] = [
    {},
    {"event": None},
    {"event": ["steps"]},
    {"event": "exit"},
    {"event": "started"},
    {**GOOD["started"], "tokenizer": "{}"},
    {**GOOD["started"], "tokenizer": 3},
    {**GOOD["started"], "description": "x"},
    {**GOOD["started"], "description": {**GOOD["started"]["description"], "config": {"vocab_size": -1}}},
    {**GOOD["started"], "description": {**GOOD["started"]["description"], "settings": {}}},
    {**GOOD["started"], "description": {**GOOD["started"]["description"], "parameters": "many"}},
    {**GOOD["started"], "tokens": [1]},
    steps({"step": 1}),
    steps({**fake.metrics(1, 1.0), "loss": "1[red]"}),
    steps({**fake.metrics(1, 1.0), "color": 1}),
    {"event": "steps", "metrics": 3, "left": None},
    {"event": "steps", "metrics": ["x"], "left": None},
    {"event": "steps", "metrics": [], "left": "soon"},
    {**GOOD["statistics"], "activations": []},
    {**GOOD["statistics"], "update_ratios": {"w": "large"}},
    {**GOOD["statistics"], "gradients": {"h.0": {"low": 0}}},
    {"event": "sample", "step": "x", "text": ""},
    {**GOOD["heads"], "shape": [1, 3, 1, 3, 1]},
    {**GOOD["heads"], "shape": [2, 3, 2, 12]},
    {**GOOD["heads"], "ids": [1, 2]},
    {**GOOD["heads"], "ids": None},
    {**GOOD["heads"], "data": "%%%"},
]


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_not_as_it_should_be_changes_nothing(line: dict[str, Any]) -> None:
    assert read_told(line, OUT) is None


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(kind=st.sampled_from(sorted(GOOD)), data=st.data())
def test_no_line_raises(kind: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(set(GOOD[kind]) - {"event"})))
    update = read_told({**GOOD[kind], name: data.draw(junk)}, OUT)
    assert update is None or isinstance(update, Update)


def test_while_it_stops_nothing_that_comes_late_says_otherwise(run: LiveRun) -> None:
    told(run, fake.started())
    run.status = Status.STOPPING
    told(run, {"event": "paused", "paused": False})
    assert run.status is Status.STOPPING


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [(0, Status.DONE, ""), (130, Status.STOPPED, ""), (2, Status.FAILED, "the disk is full"), (-9, Status.FAILED, "x")],
)
def test_how_it_ended(run: LiveRun, code: int, status: Status, message: str) -> None:
    told(run, fake.started())
    run.end(code, message)
    assert (run.status, run.message) == (status, message)
    assert not run.status.alive


def test_a_run_that_was_stopped_before_it_started_says_that_nothing_came_of_it(run: LiveRun) -> None:
    run.end(130, "")
    assert run.status is Status.STOPPED
    assert run.message == "it was stopped before its first step"


def test_going_on_keeps_what_is_known_until_it_has_started(run: LiveRun, tmp_path: Path) -> None:
    told(run, fake.started(), steps(fake.metrics(1, 4.0), fake.metrics(2, 3.0)))
    run.end(130, "")
    again = run.again(fake.request(tmp_path))
    assert again.status is Status.STARTING
    assert again.losses.points == [(1, 4.0), (2, 3.0)]
    earlier = [step.to_dict() for step in (read_step(1, 4.0), read_step(2, 3.0), read_step(3, 2.0))]
    (tmp_path / METRICS).write_text("".join(json.dumps(line) + "\n" for line in earlier))
    told(again, fake.started(done=2), steps(fake.metrics(3, 2.5)))
    assert again.losses.points == [(1, 4.0), (2, 3.0), (3, 2.5)], "each step once, and none beyond the checkpoint"
    assert run.losses.points == [(1, 4.0), (2, 3.0)]


def read_step(step: int, loss: float) -> Any:
    update = read_told(steps(fake.metrics(step, loss)), OUT)
    assert update is not None
    return update.steps[0]


def test_going_on_without_readable_metrics_begins_there(run: LiveRun, tmp_path: Path) -> None:
    run = run.again(fake.request(tmp_path))
    (tmp_path / METRICS).write_text("no JSON\n")
    told(run, fake.started(done=7))
    assert run.losses.points == []
    assert run.step == 7


def test_all_steps_done_means_that_the_model_is_written(run: LiveRun) -> None:
    told(run, fake.started(), steps(fake.metrics(fake.STEPS, 1.0)))
    assert run.finishing
    run.end(0, "")
    assert not run.finishing


def test_a_sentence_is_as_many_tokens_as_are_watched(run: LiveRun) -> None:
    assert run.encode("the cat") is None, "before the tokenizer is known"
    told(run, fake.started())
    found = run.encode("the cat sat on the mat")
    assert found is not None
    assert found.tokens == tuple("the cat sat on t"), "no more than the context"
    wide = GPTConfig(fake.CONFIG.vocab_size, n_positions=256, n_embd=8, n_layer=1, n_head=2)
    told(run, fake.started(config=wide))
    found = run.encode("the cat " * 20)
    assert found is not None
    assert len(found.ids) == len(found.tokens) == len(found.spans) == LONGEST
    for nothing in ("", "ÄÖÜ"):
        with pytest.raises(ModelError, match="no character of the sentence is known to 'run-x'"):
            run.encode(nothing)


def test_the_attention_is_that_of_the_queries_and_keys_that_were_told(run: LiveRun) -> None:
    told(run, fake.started())
    encoding = run.encode("the cat sat")
    assert encoding is not None
    view = View("run-x", "the cat sat", query=4, layer=1, head=1, stage=Stage.WEIGHTS)
    assert run.reading(view, encoding) is None
    told(run, fake.heads(3, encoding.ids))
    reading = run.reading(view, encoding)
    assert reading is not None
    assert run.heads is not None
    q, k, v = run.heads.numbers[1]
    expected = AttentionStages(AttentionInputs(q, k, v, scale=1 / math.sqrt(4), causal=True)).weights[1]
    torch.testing.assert_close(reading.stages.weights, expected)
    other = run.encode("the dog")
    assert run.reading(view, other) is None, "of another sentence nothing is known yet"
    assert run.reading(view, None) is None


def test_what_can_be_opened(run: LiveRun, tmp_path: Path) -> None:
    run = LiveRun(fake.request(tmp_path))
    assert run.openable is None
    save_small(tmp_path / "step-000010")
    (tmp_path / "latest").write_text("step-000010\n")
    assert run.openable == tmp_path / "step-000010"
    run.end(0, "")
    assert run.openable is None
    save_small(tmp_path / "final")
    assert run.openable == tmp_path / "final"
