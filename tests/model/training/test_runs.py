"""Run directories: what a kill leaves while something is removed."""

import os
from pathlib import Path
from typing import Any

import pytest

from model import checkpoint
from model.checkpoint import CheckpointError
from model.errors import ModelError
from model.training import runs
from model.training.recorder import save_snapshot
from model.training.snapshots import FOLDER, find_snapshots, remove_after
from model.training.trainer import Trainer
from tests.model.trainers import make_trainer


class Killed(BaseException):
    """The end of the process."""


def kill_at_unlink(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the process end when it removes its file of this number."""
    plain, calls = os.unlink, iter(range(10**9))

    def dying(*arguments: Any, **options: Any) -> None:
        if next(calls) == number:
            raise Killed
        plain(*arguments, **options)

    monkeypatch.setattr(os, "unlink", dying)


def save(trainer: Trainer, out: Path, step: int) -> None:
    trainer.done = step
    trainer.save(out)


@pytest.mark.parametrize("number", range(6))
def test_a_kill_while_an_old_checkpoint_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whatever looks like a checkpoint afterwards opens, and what is left of the other is tidied away."""
    trainer = make_trainer()
    for step in (1, 2):
        save(trainer, tmp_path, step)
    with monkeypatch.context() as context:
        kill_at_unlink(context, number)
        with pytest.raises(Killed):
            save(trainer, tmp_path, 3)
    assert len(runs.checkpoints(tmp_path)) == runs.CHECKPOINTS_KEPT
    for path in runs.checkpoints(tmp_path):
        checkpoint.load(path)
    runs.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-000002", "step-000003"]


def test_a_kill_while_a_snapshot_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer()
    for step in (0, 10):
        save_snapshot(tmp_path, step, trainer.gpt, trainer.tokenizer)
    with monkeypatch.context() as context:
        kill_at_unlink(context, 1)
        with pytest.raises(Killed):
            remove_after(tmp_path, 5)
    assert [step for step, _ in find_snapshots(tmp_path)] == [0]
    runs.remove_leftovers(tmp_path)
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["step-000000"]


@pytest.mark.parametrize("number", range(4))
def test_a_kill_while_a_replaced_model_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The next save to the same place works, and nothing is left beside it."""
    trainer = make_trainer()
    target = tmp_path / "final"
    checkpoint.save(target, trainer.gpt, trainer.tokenizer)
    with monkeypatch.context() as context:
        kill_at_unlink(context, number)
        with pytest.raises(Killed):
            checkpoint.save(target, trainer.gpt, trainer.tokenizer, replace=True)
    checkpoint.load(target)
    checkpoint.save(target, trainer.gpt, trainer.tokenizer, replace=True)
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_the_checkpoint_that_a_diverged_run_goes_back_to_stays(tmp_path: Path) -> None:
    trainer = make_trainer()
    for step in range(6):
        trainer._watch.last_good = min(step, 2)
        save(trainer, tmp_path, step)
    assert [path.name for path in runs.checkpoints(tmp_path)] == ["step-000002", "step-000004", "step-000005"]
    assert runs.newest_checkpoint(tmp_path, 2) == tmp_path / "step-000002"


def test_a_link_in_the_place_of_the_pointer_is_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    out = tmp_path / "run"
    out.mkdir()
    (out / "latest.tmp").symlink_to(theirs)
    save(make_trainer(), out, 1)
    assert theirs.read_text() == "precious"
    assert runs.latest(out).name == "step-000001"


@pytest.mark.parametrize("name", ["step-000000", "step-000000.tmp", "final.tmp", "latest.tmp"])
def test_what_only_looks_like_a_beginning_is_left_alone(tmp_path: Path, name: str) -> None:
    """A snapshot, or a checkpoint beside which somebody put something, is no killed start."""
    out = tmp_path / "run"
    save_snapshot(tmp_path, 0, make_trainer().gpt, make_trainer().tokenizer)
    (tmp_path / FOLDER / "step-000000").rename(out.mkdir() or out / name)
    (out / name / "notes.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="not empty"), runs.new_run(out):
        pass
    assert (out / name / "notes.txt").read_text() == "mine"


def test_a_killed_start_is_removed_only_when_the_new_run_can_begin(tmp_path: Path) -> None:
    out = tmp_path / "run"
    save(make_trainer(), out, 0)
    (out / "latest").unlink()
    (out / "step-000001.tmp").mkdir()
    with pytest.raises(ModelError, match="no text"), runs.new_run(out):
        raise ModelError("no text")
    assert sorted(path.name for path in out.iterdir()) == ["step-000000", "step-000001.tmp"]
    with runs.new_run(out):
        pass
    assert not list(out.iterdir())
