"""The recorder writes a run to disk while it trains.

run.json, metrics.jsonl           what is trained, and the losses of every step (model.training.run_log)
step-000250/, latest              checkpoints to resume from (model.training.runs)
snapshots/step-000000/            small copies of the model at chosen steps (model.training.snapshots)
statistics.jsonl                  histograms of probed steps, if there are any (model.training.step_statistics)
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from tokenizers import Tokenizer

from model import checkpoint
from model.gpt import GPT
from model.layout import step_directory
from model.training import run_log, runs, snapshots
from model.training.run_log import JsonLinesWriter, StepMetrics
from model.training.trainer import Trainer


class Recorder:
    """Writes the run of `trainer` into the directory `out`; pass it the metrics of every step.

    with Recorder(trainer, out, notes) as recorder:
        for metrics in trainer.steps():
            recorder.record(metrics)

    At the end of the block, also after `Trainer.stop`, a last checkpoint is saved; after an exception it is not. In a
    group of processes only the main one writes.

    Raises CheckpointError if something cannot be written.
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
        self._metrics: JsonLinesWriter | None = None
        self._statistics: JsonLinesWriter | None = None

    def __enter__(self) -> "Recorder":
        if self.trainer.group.is_main:
            done = self.trainer.done
            runs.remove_leftovers(self.out)
            if not done or self.trainer.changed_from is not None:
                self.trainer.save(self.out, self.notes)  # from now on the run can be resumed, to its new last step
            run_log.write_description(self.out, self.trainer.description)
            self._metrics = JsonLinesWriter(self.out / run_log.METRICS, done)
            if self.trainer.probe_every or (self.out / run_log.STATISTICS).exists():
                self._statistics = JsonLinesWriter(self.out / run_log.STATISTICS, done)
            snapshots.remove_after(self.out, done)
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
            for writer in (self._metrics, self._statistics):
                if writer:
                    writer.close()

    def record(self, metrics: StepMetrics) -> None:
        """Log a step, and write a snapshot or a checkpoint if one is due."""
        if self._metrics is None:
            return
        self._metrics.append(metrics.to_dict())
        if self._statistics and self.trainer.statistics:
            self._statistics.append(self.trainer.statistics.to_dict())
        self._snapshot(metrics.step)
        if metrics.step % self.checkpoint_every == 0:
            self.save()

    def save(self) -> None:
        """Write a checkpoint now, once the log of the steps before it is on the disk."""
        if self._metrics is None:
            return
        self._metrics.sync()
        self.trainer.save(self.out, self.notes)
        self._saved = self.trainer.done

    def _snapshot(self, step: int) -> None:
        if step in self.snapshot_steps:
            self.trainer.check_weights()
            save_snapshot(self.out, step, self.trainer.gpt, self.trainer.tokenizer)


def save_snapshot(out: Path, step: int, gpt: GPT, tokenizer: Tokenizer) -> Path:
    """Write the snapshot of a step in the run or model `out` atomically, and return its directory.

    Raises CheckpointError if it cannot be written.
    """
    directory = out / snapshots.FOLDER / step_directory(step)
    checkpoint.save(directory, gpt, tokenizer, dtype=checkpoint.small_dtype(gpt), replace=True)
    return directory
