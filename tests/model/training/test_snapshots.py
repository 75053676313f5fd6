"""Snapshots: their steps, that each opens as a model, and that runs and models are both looked through."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from model.checkpoint import load
from model.layout import CheckpointError
from model.training.recorder import Recorder
from model.training.snapshots import TRAINING, find_snapshots, nearest, parse_steps, spaced_steps, training_json
from tests.model.trainers import make_trainer, weights


def test_steps_are_spaced_like_a_logarithm() -> None:
    assert spaced_steps(2600) == (0, 10, 30, 100, 300, 1000, 2600)
    assert spaced_steps(1000) == (0, 10, 30, 100, 300, 1000)
    assert spaced_steps(5) == (0, 5)
    assert spaced_steps(30) == (0, 10, 30)
    for last in (1, 7, 31, 12345):
        steps = spaced_steps(last)
        assert sorted(set(steps)) == list(steps)
        assert steps[-1] == last


def test_a_list_of_steps() -> None:
    assert parse_steps("300, 0,10,10") == (0, 10, 300)
    for wrong in ("", "a", "1,,2", "-1", "1.5", "9" * 40, "１"):
        with pytest.raises(CheckpointError, match="not a list of steps"):
            parse_steps(wrong)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, dict[str, torch.Tensor]]]:
    """A run with a series, and the weights as they were at each of its steps."""
    out = tmp_path_factory.mktemp("runs") / "run"
    trainer = make_trainer(steps=12)
    kept = {0: weights(trainer)}
    with Recorder(trainer, out, checkpoint_every=5, snapshot_steps=spaced_steps(12)) as recorder:
        for metrics in trainer.steps():
            recorder.record(metrics)
            kept[metrics.step] = weights(trainer)
    return out, kept


def test_every_snapshot_opens_as_the_model_of_its_step(run: tuple[Path, dict[int, dict[str, torch.Tensor]]]) -> None:
    out, kept = run
    series = find_snapshots(out)
    assert [step for step, _ in series] == [0, 10, 12]
    for step, path in series:
        opened = load(path)
        for name, weight in opened.gpt.state_dict().items():
            assert weight.equal(kept[step][name].half().float()), (step, name)
        assert path.name == f"step-{step:06d}"
    half = sum(p.numel() for p in kept[0].values()) * 2
    assert (series[0][1] / "model.safetensors").stat().st_size < half + 5000


def test_transformers_opens_a_snapshot(run: tuple[Path, dict[int, dict[str, torch.Tensor]]]) -> None:
    path = find_snapshots(run[0])[1][1]
    ours = load(path)
    ids = AutoTokenizer.from_pretrained(path)("the cat")["input_ids"]
    theirs = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)(torch.tensor([ids])).logits
    assert torch.allclose(ours.gpt(torch.tensor([ids])), theirs, atol=1e-5)


def test_a_model_in_a_run_and_a_model_with_a_series_of_its_own(
    run: tuple[Path, dict[int, dict[str, torch.Tensor]]], tmp_path: Path
) -> None:
    out, _ = run
    assert find_snapshots(out / "step-000012") == find_snapshots(out)
    model = tmp_path / "models" / "shipped"
    shutil.copytree(out / "step-000012", model)
    assert find_snapshots(model) == []
    shutil.copytree(out / "snapshots", model / "snapshots")
    shutil.rmtree(model / "snapshots" / "step-000012")
    assert [step for step, _ in find_snapshots(model)] == [0, 10]
    (model / TRAINING).write_text(training_json(12))
    assert [step for step, _ in find_snapshots(model)] == [0, 10, 12]
    assert find_snapshots(model)[-1][1] == model
    for step, path in find_snapshots(model):
        assert load(path).config.n_layer == 2, step


def test_what_is_no_snapshot_is_passed_over(tmp_path: Path) -> None:
    assert find_snapshots(tmp_path) == []
    assert find_snapshots(tmp_path / "nowhere") == []
    folder = tmp_path / "snapshots"
    for name in ("step-000001", "step-000002.tmp", ".step-000003.replaced", "step-x", "step-٠٠٠٠٠٠"):
        (folder / name).mkdir(parents=True)
    (folder / "step-000004").write_text("")
    assert find_snapshots(tmp_path) == []
    (tmp_path / TRAINING).write_text(json.dumps({"step": "many"}))
    (tmp_path / "config.json").write_text("{}")
    assert find_snapshots(tmp_path) == []


def test_the_nearest_of_a_series() -> None:
    series = [(0, Path("a")), (10, Path("b")), (30, Path("c"))]
    assert [nearest(series, step)[0] for step in (0, 5, 6, 20, 21, 999)] == [0, 0, 10, 10, 30, 30]
