"""Two processes train as one does, over gloo on the loopback."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from model.errors import ModelError
from model.training import distributed
from model.training.distributed import SINGLE_PROCESS, Group
from model.training.recorder import Recorder
from model.training.run_log import read_metrics
from model.training.settings import OptimizerSettings
from model.training.trainer import Trainer
from tests.model.trainers import make_trainer, processes, weights
from tests.ports import free_port

CPU = torch.device("cpu")
STEPS = 12


def one_of_two(rank: int, port: int, out: Path, cases: list[dict[str, Any]], answers: Any) -> None:
    """What each process does: the whole of every case, then two that stop early or fail."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": "2"}
    torch.set_num_threads(1)
    told: dict[str, Any] = {"cases": []}
    with distributed.connected(distributed.group_from_environment(), CPU) as group:
        for settings in cases:
            trainer = make_trainer(group, **settings)
            with Recorder(trainer, out / f"case-{len(told['cases'])}", checkpoint_every=5) as recorder:
                metrics = []
                for step in trainer.steps():
                    recorder.record(step)
                    metrics.append(asdict(step))
            summed = {name: weight.tolist() for name, weight in weights(trainer).items()}
            told["cases"].append((metrics, summed))
        trainer = make_trainer(group)
        for metrics_ in trainer.steps():
            if rank == 1 and metrics_.step == 3:
                trainer.stop()
        told["stopped"] = trainer.done
        told["errors"] = [agreed(group, "no such file" if rank == 1 else None, ""), agreed(group, None, str(rank))]
        told["fine"] = agreed(group, None, "the same")
    answers.put((rank, told))


def agreed(group: Group, error: str | None, digest: str) -> str:
    try:
        group.agree(CPU, error, digest)
    except ModelError as raised:
        return str(raised)
    return ""


CASES: list[dict[str, Any]] = [
    {"steps": STEPS, "batch_size": 5},
    {"steps": STEPS, "batch_size": 4, "optimizer": OptimizerSettings(name="adamw")},
    {"steps": STEPS, "batch_size": 2, "config": {"causal": False}, "entropy_penalty": 0.5},
]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, dict[str, Any]]]:
    """What both processes told."""
    out = tmp_path_factory.mktemp("two")
    for i in range(len(CASES)):
        (out / f"case-{i}").mkdir()
    context = processes()
    answers = context.Queue()
    port = free_port()
    started = [context.Process(target=one_of_two, args=(rank, port, out, CASES, answers)) for rank in (0, 1)]
    for process in started:
        process.start()
    try:
        told = dict(answers.get(timeout=120) for _ in started)
        for process in started:
            process.join(60)
            assert process.exitcode == 0
    finally:
        for process in started:
            process.kill()
    return out, told


@pytest.mark.parametrize("case", range(len(CASES)))
def test_two_processes_train_as_one(two: tuple[Path, dict[int, dict[str, Any]]], case: int) -> None:
    trainer = make_trainer(**CASES[case])
    expected = list(trainer.steps())
    for rank in (0, 1):
        metrics, found = two[1][rank]["cases"][case]
        assert len(metrics) == STEPS
        for one, alone in zip(metrics, expected, strict=True):
            assert one["loss"] == pytest.approx(alone.loss, abs=2e-5)
            assert one["gradient_norm"] == pytest.approx(alone.gradient_norm, rel=1e-3)
            for name in ("validation_loss", "prefix_loss"):
                value = getattr(alone, name)
                assert one[name] == (None if value is None else pytest.approx(value, abs=2e-5))
        for name, weight in weights(trainer).items():
            assert torch.tensor(found[name]).allclose(weight, atol=2e-3), name
    assert two[1][0]["cases"][case][1] == two[1][1]["cases"][case][1]  # the processes agree to the last digit


def test_the_first_process_alone_writes_and_what_it_writes_resumes_alone(
    two: tuple[Path, dict[int, dict[str, Any]]],
) -> None:
    out = two[0] / "case-0"
    assert [m.step for m in read_metrics(out)] == list(range(1, STEPS + 1))
    assert sorted(path.name for path in out.iterdir()) == [
        *("latest", "metrics.jsonl", "run.json", "step-000010", "step-000012")
    ]
    assert Trainer.resume(out, make_trainer(**CASES[0]).data).done == STEPS


def test_one_asks_to_stop_and_both_do_after_the_same_step(two: tuple[Path, dict[int, dict[str, Any]]]) -> None:
    assert two[1][0]["stopped"] == two[1][1]["stopped"] == 4


def test_an_error_in_one_process_is_raised_in_both(two: tuple[Path, dict[int, dict[str, Any]]]) -> None:
    for rank in (0, 1):
        missing, other = two[1][rank]["errors"]
        assert missing == "process 1 of 2: no such file"
        assert other == "process 1 of 2 read other text than process 0: give all the same"
        assert two[1][rank]["fine"] == ""


@pytest.mark.parametrize(("count", "size"), [(5, 2), (4, 4), (7, 3), (32, 5)])
def test_parts_of_a_batch_are_all_of_it(count: int, size: int) -> None:
    parts = [list(range(count))[Group(rank, size).part_of(count)] for rank in range(size)]
    assert [window for part in parts for window in part] == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_an_environment_that_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert distributed.group_from_environment() == SINGLE_PROCESS
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ModelError, match="RANK 2 does not fit"):
        distributed.group_from_environment()
    monkeypatch.setenv("RANK", "first")
    with pytest.raises(ModelError, match="whole numbers"):
        distributed.group_from_environment()


def test_a_batch_must_feed_every_process() -> None:
    with pytest.raises(ModelError, match="batch-size 4 is too small for 5 processes"):
        make_trainer(Group(0, 5), batch_size=4)
