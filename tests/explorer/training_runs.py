"""`explorer train` at its smallest, for the tests of the command."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from torch import Tensor

from explorer.cli.main import cli
from model.training.batches import TrainingData
from model.training.run_log import StepMetrics, read_metrics
from model.training.trainer import Trainer
from tests.model.trainers import TEXT

SMALL = (
    *("--tokenizer", "char", "--layers", "2", "--heads", "2", "--width", "16", "--context", "16", "--batch-size", "4"),
    *("--evaluate-every", "5", "--checkpoint-every", "5", "--sample-every", "0", "--precision", "float32"),
    *("--threads", "1", "--device", "cpu"),
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    # A card measures every head on stories: seconds that only one test here needs.
    monkeypatch.setattr("explorer.training.model_card.heads_table", lambda opened: [])


def explorer(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)


def train(*arguments: str, out: str = "run", steps: int = 10) -> Result:
    result = explorer("text.txt", *SMALL, "--out", out, "--steps", str(steps), *arguments)
    assert result.exit_code == 0, result.stderr
    return result


def refusal(*arguments: str) -> str:
    """The one line with which training is refused or ends."""
    result = explorer(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("explorer: ")
    assert result.stderr[:-1].isprintable()
    return result.stderr


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Ctrl-C while this step is computed: when its batch is drawn."""
    plain = TrainingData.batch

    def batch(self: TrainingData, seed: int, done: int, *others: Any) -> tuple[Tensor, Tensor]:
        if done + 1 == step:
            signal.raise_signal(signal.SIGINT)
        return plain(self, seed, done, *others)

    monkeypatch.setattr(TrainingData, "batch", batch)


def before_each_step(monkeypatch: pytest.MonkeyPatch, act: Callable[[Trainer], object]) -> None:
    """Call `act` before each step, and once after the last one."""
    plain = Trainer.steps

    def steps(self: Trainer) -> Iterator[StepMetrics]:
        act(self)
        for metrics in plain(self):
            yield metrics
            act(self)

    monkeypatch.setattr(Trainer, "steps", steps)


def losses(out: str) -> list[tuple[int, float, float | None]]:
    return [(m.step, m.loss, m.validation_loss) for m in read_metrics(Path(out))]
