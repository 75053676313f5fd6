"""Recorder: what a run leaves on the disk while it trains.

out/metrics.jsonl  run.json         the losses of every step, and what is trained (model.training.history)
out/step-000250/   latest           checkpoints to go on from (model.training.runs)
out/snapshots/step-000000/          small models at chosen steps (model.training.snapshots)
out/statistics.jsonl                histograms, where they were asked for (model.training.probe)
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from model.training import history, runs, snapshots
from model.training.history import LineLog, StepMetrics
from model.training.trainer import Trainer


class Recorder:
    """Writes the run of `trainer` into `out`; give it every step's metrics.

    with Recorder(trainer, out, notes) as recorder:
        for metrics in trainer.steps():
            recorder.record(metrics)

    When the block ends, by itself or by `Trainer.stop`, what is not saved yet is saved. An error saves nothing more.
    In a group of processes the first one writes. Raises CheckpointError when something cannot be written.
    """

    def __init__(
        self,
        trainer: Trainer,
        out: Path,
        notes: dict[str, Any] | None = None,
        *,
        checkpoint_every: int = 250,
        snapshot_steps: Iterable[int] = (),
    ) -> None:
        self.trainer = trainer
        self.out = out
        self.notes = notes or {}
        self.checkpoint_every = checkpoint_every
        self.snapshot_steps = frozenset(snapshot_steps)
        self._saved = trainer.done
        self._metrics: LineLog | None = None
        self._statistics: LineLog | None = None

    def __enter__(self) -> "Recorder":
        if self.trainer.group.leads:
            done = self.trainer.done
            runs.tidy(self.out)
            if not done:
                self.trainer.save(self.out, self.notes)  # from now on the run can be resumed
            history.describe(self.out, self.trainer.description)
            self._metrics = LineLog(self.out / history.METRICS, done)
            if self.trainer.probe_every or (self.out / history.STATISTICS).exists():
                self._statistics = LineLog(self.out / history.STATISTICS, done)
            snapshots.drop_beyond(self.out, done)
            if not done:
                self._snapshot(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._saved != self.trainer.done:
                self.save()
        finally:
            for log in (self._metrics, self._statistics):
                if log:
                    log.close()

    def record(self, metrics: StepMetrics) -> None:
        """Keep a step: a line always, a snapshot or a checkpoint where one is due."""
        if self._metrics is None:
            return
        self._metrics.append(history.as_line(metrics))
        if self._statistics and self.trainer.statistics:
            self._statistics.append(self.trainer.statistics.to_dict())
        self._snapshot(metrics.step)
        if metrics.step % self.checkpoint_every == 0:
            self.save()

    def save(self) -> None:
        """Write a checkpoint of this moment, after the lines that lead to it are on the disk."""
        if self._metrics is None:
            return
        self._metrics.sync()
        self.trainer.save(self.out, self.notes)
        self._saved = self.trainer.done

    def _snapshot(self, step: int) -> None:
        if step in self.snapshot_steps:
            self.trainer.check_weights()
            snapshots.add(self.out, step, self.trainer.gpt, self.trainer.tokenizer)
