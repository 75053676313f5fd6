"""The training run of `explorer train`, from its options to the model that it leaves behind."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch

from explorer.cli.train_display import TrainDisplay
from explorer.core import exit_codes
from explorer.core.shell import shell_join
from explorer.training.model_card import model_card
from explorer.training.options import TrainOptions
from explorer.training.setup import Setup, last_good, set_up
from explorer.training.stream import TrainStream
from model import checkpoint, devices, layout
from model.errors import ModelError
from model.generate import sample_text
from model.training import distributed, run_log, runs, snapshots
from model.training.divergence import DivergedError
from model.training.recorder import Recorder

_CARD_SAMPLE_TOKENS = 120
"""Length of the sample in the model card."""


def run_training(options: TrainOptions, given: set[str], watcher: TrainStream | None) -> bool:
    """Train as the options say; `given` are the names of those on the command line.

    Returns True if the run is complete, False if it was stopped and saved before. Raises ModelError if it diverged.
    """
    group = distributed.group_from_environment()
    device = devices.choose(options.device, group.local_rank)
    with distributed.connected(group, device):
        setup = set_up(options, given, device, group)
        if setup.options.threads:  # those of a resumed run: losses differ a little between numbers of threads
            torch.set_num_threads(setup.options.threads)
        try:
            with runs.locked_at(options.out, setup.trainer.done) if group.is_main else nullcontext():
                return _train(setup, watcher)
        except DivergedError as error:
            if not group.is_main:  # every process sees the same loss, and the leading one reports it
                sys.exit(exit_codes.ERROR)
            raise ModelError(f"{error}; {last_good(options.out, error.last_good)}") from error


def _train(setup: Setup, watcher: TrainStream | None) -> bool:
    """Train to the last step or until a signal; return True if the last step was reached."""
    trainer, options = setup.trainer, setup.options
    display: TrainDisplay | TrainStream
    if watcher is not None:
        display = watcher.watch(trainer, options.sample_every, options.prompt)
    else:
        display = TrainDisplay(trainer, options.sample_every, options.prompt)
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
        command = shell_join(["explorer", "train", "--out", str(options.out), "--resume"])
        display.end(f"stopped and saved at step {trainer.done}; go on with: {command}")
        return False
    if trainer.group.is_main:
        final = _save_final_model(setup)
        display.end(f"done; open it with: {shell_join(['explorer', '--model', str(final)])}")
    return True


def _save_final_model(setup: Setup) -> Path:
    """Save the trained model beside the checkpoints, in half precision if that loses nothing, with a model card."""
    trainer, options = setup.trainer, setup.options
    final = options.out / layout.FINAL
    extra = {snapshots.TRAINING: snapshots.training_json(trainer.done)}
    dtype = checkpoint.small_dtype(trainer.gpt)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=dtype, extra=extra, replace=True)
    opened = checkpoint.load(final)
    sample = sample_text(opened.gpt, opened.tokenizer, options.prompt, _CARD_SAMPLE_TOKENS, trainer.settings.seed)
    metrics = run_log.read_metrics(options.out)
    notes = {
        **setup.notes,
        "stored_as": str(dtype).removeprefix("torch."),
        "seconds": sum(step.seconds for step in metrics),
        "validation_losses": [[m.step, m.validation_loss] for m in metrics if m.validation_loss is not None],
        "prefix_loss": next((m.prefix_loss for m in reversed(metrics) if m.prefix_loss is not None), None),
        "last_loss": metrics[-1].loss if metrics else float("nan"),
    }
    extra["README.md"] = model_card(trainer, opened, notes, sample)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=dtype, extra=extra, replace=True)
    return final


@contextmanager
def _stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on Ctrl-C, SIGTERM and SIGHUP, so that a step is never interrupted halfway.

    A process that was started to outlive its terminal (nohup) goes on ignoring SIGHUP.
    """

    def handle(_signal: int, _frame: object) -> None:
        stop()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    previous = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
