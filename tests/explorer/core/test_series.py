"""Series: which steps a model has, by whatever name it is asked for, and what is none of them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.core import catalog
from explorer.core.loading import open_model
from explorer.core.readings import ReadingService
from explorer.core.series import Entry, NoSeriesError, Series, mismatch, series_of
from explorer.core.steps import split_step
from explorer.view import View
from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.training import snapshots
from model.training.recorder import Recorder
from model.training.snapshots import TRAINING
from tests.explorer.series import ALL_STEPS, LAST, STEPS, TEXT, save_series
from tests.explorer.small import CHARACTERS, save_small
from tests.model.trainers import make_trainer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_series(tmp_path_factory.mktemp("series") / "grown"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run that keeps snapshots at 0, 5 and 12."""
    out = tmp_path_factory.mktemp("runs") / "run"
    trainer = make_trainer(steps=12)
    with Recorder(trainer, out, checkpoint_every=6, snapshot_steps=(0, 5, 12)) as recorder:
        for metrics in trainer.steps():
            recorder.record(metrics)
    note = {TRAINING: snapshots.training_json(12)}
    checkpoint.save(out / "final", trainer.gpt, trainer.tokenizer, extra=note)
    return out


def steps_and_models(series: Series) -> list[tuple[int | None, str]]:
    return [(entry.step, entry.model) for entry in series.entries]


def test_a_model_with_its_series_inside(model: str) -> None:
    expected = [*((step, f"{model}@{step}") for step in STEPS), (LAST, model)]
    for name in (model, f"{model}@0", f"{model}@30"):
        series = series_of(name)
        assert series.base == model
        assert steps_and_models(series) == expected
    for place, step in enumerate(ALL_STEPS):
        assert series.place(f"{model}@{step}") == place
    assert series.place(model) == len(ALL_STEPS) - 1
    assert series.place(f"{model}@0010") == 1
    for other in (f"{model}@11", "other", "other@10", f"{model}@10@10", ""):
        assert series.place(other) is None


def test_the_models_of_a_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final = f"{run}/final"
    assert steps_and_models(series_of(final)) == [(0, f"{final}@0"), (5, f"{final}@5"), (12, final)]
    assert steps_and_models(series_of(str(run))) == [(0, f"{run}@0"), (5, f"{run}@5"), (12, str(run))]
    checkpoints = sorted(path.name for path in run.glob("step-*"))
    assert checkpoints
    for name in checkpoints:
        step, path = int(name.removeprefix("step-")), f"{run}/{name}"
        expected = {at: f"{path}@{at}" for at in (0, 5, 12)} | {step: path}
        assert steps_and_models(series_of(path)) == sorted(expected.items())
    monkeypatch.chdir(run)
    assert steps_and_models(series_of("final")) == [(0, "final@0"), (5, "final@5"), (12, "final")]
    assert [step for step, _ in steps_and_models(series_of("."))] == [0, 5, 12]


def test_a_snapshot_asked_for_by_its_path_has_the_others_beside_it(run: Path, model: str) -> None:
    path = f"{run}/snapshots/step-000005"
    series = series_of(path)
    assert steps_and_models(series) == [(0, f"{run}@0"), (5, path), (12, f"{run}@12")]
    assert series.place(path) == 1
    inside = f"{model}/snapshots/step-000010"
    assert steps_and_models(series_of(inside))[1] == (10, inside)
    assert steps_and_models(series_of(inside))[2] == (30, f"{model}@30")
    for entry in series.entries + series_of(inside).entries:
        assert checkpoint.load(Path(entry.model)) if "@" not in entry.model else True


def test_a_snapshot_asked_for_from_within_the_run_has_the_others_beside_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for within, path in (("snapshots", "step-000005"), ("snapshots/step-000005", "."), ("snapshots", "./step-000005")):
        monkeypatch.chdir(run / within)
        series = series_of(path)
        assert steps_and_models(series) == [(0, f"{run}@0"), (5, path), (12, f"{run}@12")]
        assert series.place(path) == 1
        assert open_model(series.entries[2].model).name == "run@12"


def test_parts_of_a_run_are_called_after_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint_ = min(run.glob("step-*")).name
    step = int(checkpoint_.removeprefix("step-"))
    names = {
        "": "run",
        "final": "run",
        checkpoint_: f"run@{step}",
        "snapshots/step-000005": "run@5",
        "final@5": "run@5",
        f"{checkpoint_}@5": "run@5",
    }
    assert {part: open_model(str(run / part)).name for part in names} == names
    monkeypatch.chdir(run / "final")
    assert open_model(".").name == "run"


def test_a_directory_named_like_a_part_of_a_run_is_not_one(model: str, tmp_path: Path) -> None:
    for name in ("final", "step-000005"):
        shutil.copytree(model, tmp_path / name)
        assert open_model(str(tmp_path / name)).name == name


def test_a_directory_named_like_a_step_is_not_one(model: str, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "x@100")
    asked = str(tmp_path / "x@100")
    opened = open_model(asked)
    assert opened.name == "x@100/"
    assert split_step(opened.name) == ("x@100/", None)
    assert open_model(f"{asked}@10").name == "x@100@10"
    assert split_step("x@100@10") == ("x@100", 10)
    assert catalog.without_step(asked) == asked
    assert catalog.without_step(f"{asked}@10") == asked


def test_a_model_that_does_not_say_its_step_comes_last(model: str, tmp_path: Path) -> None:
    copy = tmp_path / "grown"
    shutil.copytree(model, copy)
    (copy / TRAINING).unlink()
    assert steps_and_models(series_of(str(copy)))[-2:] == [(100, f"{copy}@100"), (None, str(copy))]
    for damaged in ("", "{", "[]", '{"step": -1}', '{"step": true}', '{"step": "3"}'):
        (copy / TRAINING).write_text(damaged)
        assert series_of(str(copy)).entries[-1] == Entry(None, str(copy))


def test_without_a_series(tmp_path: Path, model: str) -> None:
    alone = str(save_small(tmp_path / "alone"))
    with pytest.raises(NoSeriesError, match=r"alone' has no snapshots of its training: `explorer train` keeps them"):
        series_of(alone)
    one = tmp_path / "one"
    shutil.copytree(model, one)
    for path in (one / "snapshots").iterdir():
        shutil.rmtree(path)
    with pytest.raises(NoSeriesError):
        series_of(str(one))  # itself is no series
    shutil.copytree(Path(model, "snapshots", "step-000010"), one / "snapshots" / "step-000010")
    assert [entry.step for entry in series_of(str(one)).entries] == [10, LAST]
    for nothing in (f"{tmp_path}/nowhere", f"{tmp_path}/nowhere@10", f"{alone}@10", "\0"):
        with pytest.raises(ModelError):
            series_of(nothing)


def saved(directory: Path, characters: str = CHARACTERS, **changes: Any) -> checkpoint.Checkpoint:
    sizes: dict[str, Any] = {"vocab_size": 10, "n_positions": 16, "n_embd": 32, "n_layer": 2, "n_head": 2, **changes}
    gpt = GPT(GPTConfig(**sizes))
    gpt.initialize(torch.Generator().manual_seed(1))
    checkpoint.save(directory, gpt, tokenizer.train_char(characters))
    return checkpoint.load(directory)


def test_another_model_is_distinguished_from_a_step(model: str, tmp_path: Path) -> None:
    engine = ReadingService()
    engine.add_model(model, engine.open_model(model))
    reading = engine.read(View(model, TEXT))
    for step in STEPS:
        assert mismatch(engine.open_model(f"{model}@{step}"), reading) == ""
    cases: list[tuple[dict[str, Any], str]] = [
        ({"n_layer": 3}, "with 3 × 2 heads of size 16, context 16 where there are 2 × 2 heads"),
        ({"n_head": 4}, "2 × 4 heads of size 8"),
        ({"n_embd": 16}, "heads of size 8"),
        ({"n_positions": 8}, "context 8 where"),
        ({"scale_attn_weights": False}, "another scale"),
        ({"characters": "abcdefg .x"}, "other tokens"),
    ]
    for i, (changes, reason) in enumerate(cases):
        assert reason in mismatch(saved(tmp_path / str(i), **changes), reading)
