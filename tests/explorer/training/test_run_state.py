"""RunState: what is known of a run, event by event."""

import json
import math
from pathlib import Path

import pytest
import torch

from explorer.training.attention import read_heads
from explorer.training.messages import Event, PauseChanged, SampleWritten, StatisticsMeasured
from explorer.training.run_state import MOST_WATCHED_TOKENS, LossSeries, RunState, RunStatus, earlier_curves
from explorer.view import Stage, View
from model.attention import AttentionInputs, AttentionStages
from model.config import GPTConfig
from model.errors import ModelError
from model.training.run_log import METRICS
from tests.explorer import fake_training as fake
from tests.explorer.small import save_small


def apply(run: RunState, *events: Event) -> None:
    for event in events:
        run.apply(event, earlier_curves(run.request.out, event))


@pytest.fixture
def run() -> RunState:
    return RunState(fake.request())


@pytest.mark.parametrize("count", [1, 4095, 4096, 6000, 50_000])
def test_a_series_is_thinned_but_keeps_its_beginning_its_end_and_its_mean(count: int) -> None:
    series = LossSeries()
    for step in range(1, count + 1):
        series.add(step, float(step))
    assert len(series.points) <= min(count, 4096)
    assert series.points[:512] == [(step, float(step)) for step in range(1, min(count, 512) + 1)]
    places = [step for step, _ in series.points]
    assert places == sorted(set(places))
    assert places[-1] == count
    mean = sum(loss * n for (_, loss), n in zip(series.points, series.counts, strict=True)) / count
    assert mean == pytest.approx((count + 1) / 2)
    assert sum(series.counts) == count


def test_events_change_what_is_known(run: RunState) -> None:
    done = fake.metrics(1, 4.0), fake.metrics(2, 3.5, validation_loss=3.25, prefix_loss=3.75)
    apply(run, fake.started(), fake.steps(*done, left=12.5))
    assert run.status is RunStatus.TRAINING
    assert run.description == fake.description()
    assert (run.device, run.step, run.seconds_left) == ("cpu, float32", 2, 12.5)
    assert run.curves.losses.points == [(1, 4.0), (2, 3.5)]
    assert run.curves.validation_losses == [(2, 3.25)]
    assert run.curves.prefix_losses == [(2, 3.75)]
    assert run.curves.last_step == done[1]
    apply(run, SampleWritten(2, "the cat"), PauseChanged(True))
    assert run.sample == SampleWritten(2, "the cat")
    assert run.status is RunStatus.PAUSED
    apply(run, StatisticsMeasured(fake.statistics(2)), PauseChanged(False))
    assert run.latest_statistics == fake.statistics(2)
    assert run.status is RunStatus.TRAINING


def test_only_the_last_statistics_are_kept(run: RunState) -> None:
    for step in range(100):
        apply(run, StatisticsMeasured(fake.statistics(step)))
    assert [each.step for each in run.statistics][-1] == 99
    assert len(run.statistics) < 50


def test_while_it_stops_no_late_event_changes_the_status(run: RunState) -> None:
    apply(run, fake.started())
    run.status = RunStatus.STOPPING
    apply(run, PauseChanged(False), fake.started())
    assert run.status is RunStatus.STOPPING


@pytest.mark.parametrize(
    ("code", "status", "failure"),
    [
        (0, RunStatus.DONE, ""),
        (130, RunStatus.STOPPED, ""),
        (2, RunStatus.FAILED, "the disk is full"),
        (-9, RunStatus.FAILED, "x"),
    ],
)
def test_the_exit_code_says_how_it_ended(run: RunState, code: int, status: RunStatus, failure: str) -> None:
    apply(run, fake.started())
    run.end(code, failure)
    assert (run.status, run.failure) == (status, failure)
    assert not run.status.is_alive
    assert run.is_resumable == (status is not RunStatus.DONE)


def test_a_run_that_was_stopped_before_it_started_says_that_nothing_came_of_it(run: RunState) -> None:
    run.end(130, "")
    assert run.status is RunStatus.STOPPED
    assert run.failure == "it was stopped before its first step"
    assert not run.is_resumable


def test_a_resumed_run_keeps_what_is_known_until_it_has_started(tmp_path: Path) -> None:
    run = RunState(fake.request(tmp_path))
    done = [fake.metrics(step, 5.0 - step) for step in (1, 2, 3)]
    apply(run, fake.started(), fake.steps(*done[:2]))
    run.end(130, "")
    resumed = run.resumed()
    assert resumed.request == run.request.resumed()
    assert resumed.status is RunStatus.STARTING
    assert resumed.curves.losses.points == [(1, 4.0), (2, 3.0)]
    (tmp_path / METRICS).write_text("".join(json.dumps(step.to_dict()) + "\n" for step in done))
    apply(resumed, fake.started(done=2), fake.steps(fake.metrics(3, 2.5)))
    assert resumed.curves.losses.points == [(1, 4.0), (2, 3.0), (3, 2.5)], (
        "each step once, and none beyond the checkpoint"
    )
    assert run.curves.losses.points == [(1, 4.0), (2, 3.0)]


def test_a_resumed_run_without_readable_metrics_begins_there(tmp_path: Path) -> None:
    run = RunState(fake.request(tmp_path)).resumed()
    (tmp_path / METRICS).write_text("no JSON\n")
    apply(run, fake.started(done=7))
    assert run.curves.losses.points == []
    assert run.step == 7


def test_after_its_last_step_it_is_finishing(run: RunState) -> None:
    apply(run, fake.started(), fake.steps(fake.metrics(fake.STEPS, 1.0)))
    assert run.is_finishing
    run.end(0, "")
    assert not run.is_finishing


def test_a_sentence_is_cut_to_as_many_tokens_as_are_watched(run: RunState) -> None:
    assert run.encode("the cat") is None, "before the tokenizer is known"
    apply(run, fake.started())
    found = run.encode("the cat sat on the mat")
    assert found is not None
    assert found.tokens == tuple("the cat sat on t"), "no more than the context"
    wide = GPTConfig(fake.CONFIG.vocab_size, n_positions=256, n_embd=8, n_layer=1, n_head=2)
    apply(run, fake.started(config=wide))
    found = run.encode("the cat " * 20)
    assert found is not None
    assert len(found.ids) == len(found.tokens) == len(found.spans) == MOST_WATCHED_TOKENS
    with pytest.raises(ModelError, match="no character of the sentence is known to 'run-x'"):
        run.encode("ÄÖÜ")
    with pytest.raises(ModelError, match="the sentence is empty"):
        run.encode("")


def test_the_attention_is_that_of_the_queries_and_keys_that_were_sent(run: RunState) -> None:
    apply(run, fake.started())
    encoding, other = run.encode("the cat sat"), run.encode("the dog")
    assert encoding is not None
    assert other is not None
    view = View("run-x", "the cat sat", query=4, layer=1, head=1, stage=Stage.WEIGHTS)
    assert read_heads(run, encoding, view) is None
    heads = fake.heads(3, encoding.ids)
    apply(run, heads)
    reading = read_heads(run, encoding, view)
    assert reading is not None
    numbers = torch.frombuffer(bytearray(heads.data), dtype=torch.float16).reshape(heads.shape).float()
    q, k, v = numbers[1]
    expected = AttentionStages(AttentionInputs(q, k, v, scale=1 / math.sqrt(4), causal=True)).weights[1]
    torch.testing.assert_close(reading.stages.weights, expected)
    assert read_heads(run, other, view) is None, "of another sentence nothing is known yet"


def test_heads_of_another_shape_than_the_model_are_ignored(run: RunState) -> None:
    apply(run, fake.heads(1, (1, 2)))
    assert run.heads is None
    apply(run, fake.started())
    apply(run, fake.heads(1, (1, 2), GPTConfig(20, n_positions=16, n_embd=8, n_layer=1, n_head=2)))
    assert run.heads is None


def test_what_can_be_opened(tmp_path: Path) -> None:
    run = RunState(fake.request(tmp_path))
    assert run.openable is None
    save_small(tmp_path / "step-000010")
    (tmp_path / "latest").write_text("step-000010\n")
    assert run.openable == tmp_path / "step-000010"
    run.end(0, "")
    assert run.openable is None
    save_small(tmp_path / "final")
    assert run.openable == tmp_path / "final"
