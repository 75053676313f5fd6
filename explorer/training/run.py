"""Trains a run that was set up, to its end or until it is stopped."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol

from explorer.core.shell import shell_join
from explorer.training.model_card import model_card
from explorer.training.setup import Setup
from model import checkpoint, layout
from model.generate import sample_text
from model.training import run_log, snapshots
from model.training.recorder import Recorder
from model.training.run_log import StepMetrics

SAMPLE_TOKENS = 120
"""The number of tokens that a finished model writes for its card."""


class Display(Protocol):
    """Shows a run while it trains: a `TrainDisplay` in a terminal, a `TrainingWorker` to an application."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def step(self, metrics: StepMetrics) -> None:
        """Show a step."""

    def end(self, line: str, sample: str = "") -> None:
        """Show how the run has ended; `sample` is what the finished model wrote for its card."""


def train(setup: Setup, display: Display) -> bool:
    """Train until the last step, a signal or `Trainer.stop`; return True if the last step was reached."""
    trainer, options = setup.trainer, setup.options
    recorder = Recorder(
        trainer,
        options.out,
        setup.notes,
        checkpoint_every=options.checkpoint_every,
        snapshot_steps=setup.snapshot_steps,
    )
    with _stop_on_signals(trainer.stop), display, recorder:
        for metrics in trainer.steps():
            recorder.record(metrics)
            display.step(metrics)
    if trainer.done < trainer.settings.steps:
        resume = shell_join(["explorer", "train", "--out", str(options.out), "--resume"])
        display.end(f"stopped and saved at step {trainer.done}; go on with: {resume}")
        return False
    if trainer.group.is_main:
        final, sample = _save_final(setup)
        display.end(f"done; open it with: {shell_join(['explorer', '--model', str(final)])}", sample)
    return True


def _save_final(setup: Setup) -> tuple[Path, str]:
    """Save the trained model with its card beside the checkpoints, in half precision if that can hold its weights.

    Return its directory and what it wrote.
    """
    trainer, options = setup.trainer, setup.options
    final = options.out / layout.FINAL
    extra = {snapshots.TRAINING: snapshots.training_json(trainer.done)}
    dtype = checkpoint.small_dtype(trainer.gpt)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=dtype, extra=extra, replace=True)
    opened = checkpoint.load(final)
    sample = sample_text(opened.gpt, opened.tokenizer, options.prompt, SAMPLE_TOKENS, trainer.settings.seed)
    metrics = run_log.read_metrics(options.out)
    notes = {
        **setup.notes,
        "stored_as": str(dtype).removeprefix("torch."),
        "seconds": sum(metrics.column("seconds")),
        "validation_losses": metrics.evaluations("validation_loss"),
        "prefix_loss": next((loss for _, loss in reversed(metrics.evaluations("prefix_loss"))), None),
        "last_loss": metrics.column("loss")[-1] if metrics else float("nan"),
    }
    extra["README.md"] = model_card(trainer, opened, notes, sample)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=dtype, extra=extra, replace=True)
    return final, sample


@contextmanager
def _stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the closing of the terminal call `stop`, so that no step is interrupted.

    A process that ignores SIGHUP, as under nohup, goes on when its terminal is closed.
    """

    def on_signal(_signal: int, _frame: object) -> None:
        stop()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
