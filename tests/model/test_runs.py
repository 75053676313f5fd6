"""Run directories: what a kill leaves while something is removed."""

import os
from pathlib import Path
from typing import Any

import pytest

from model import checkpoint, runs
from model.snapshots import FOLDER, add, drop_beyond, snapshots
from model.trainer import Trainer
from tests.model.training import make_trainer


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
    assert len(runs.steps(tmp_path)) == runs.KEPT
    for path in runs.steps(tmp_path):
        checkpoint.load(path)
    runs.tidy(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-000002", "step-000003"]


def test_a_kill_while_a_snapshot_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer()
    for step in (0, 10):
        add(tmp_path, step, trainer.gpt, trainer.tokenizer)
    with monkeypatch.context() as context:
        kill_at_unlink(context, 1)
        with pytest.raises(Killed):
            drop_beyond(tmp_path, 5)
    assert [step for step, _ in snapshots(tmp_path)] == [0]
    runs.tidy(tmp_path)
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
