"""`explorer train`: train a GPT on text files or on the built-in corpus, in one process or in several (torchrun)."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

from explorer.core import exit_codes
from explorer.core.shell import shell_join
from explorer.training.options import TrainOptions, train_options
from explorer.training.setup import Setup, last_good, set_up
from explorer.training.stream import TrainStream
from model.errors import ModelError

SAMPLE_TOKENS = 120
"""How much a finished model writes for its card."""


@click.command(name="train")
@train_options
@click.option("--watch", is_flag=True, help="Open the application on this run: curves, samples, one head as it learns.")
@click.option("--stream", is_flag=True, hidden=True)
@click.pass_context
def train(ctx: click.Context, /, watch: bool, stream: bool, **values: Any) -> None:
    """Train a GPT on FILES (UTF-8 text), or on the built-in corpus when there are none.

    Checkpoints go into the run directory --out; `explorer --model OUT` opens it, also while it trains. Ctrl-C saves
    and stops. Under torchrun several processes share every batch; they all need the files and --out.
    """
    options = TrainOptions(**values)
    given = {name for name in values if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT}
    if watch:
        from explorer.cli.watch import watch_run

        watch_run({name: values[name] for name in given})
        return
    watcher = TrainStream.of_this_process() if stream else None
    import torch

    from model import devices
    from model.training import distributed, runs
    from model.training.divergence import DivergedError

    group = distributed.told()
    device = devices.choose(options.device, group.local)
    with distributed.joined(group, device):
        setup = set_up(options, given, device, group)
        if setup.options.threads:  # a resumed run's own, as losses differ a little between numbers of threads
            torch.set_num_threads(setup.options.threads)
        try:
            with runs.going_on(options.out, setup.trainer.done) if group.leads else nullcontext():
                stopped = _run(setup, watcher)
        except DivergedError as error:
            if not group.leads:  # every process sees the same loss, one tells of it
                sys.exit(exit_codes.ERROR)
            raise ModelError(f"{error}; {last_good(options.out, error.good)}") from error
    if stopped:
        sys.exit(exit_codes.INTERRUPTED)


def _run(setup: Setup, watcher: TrainStream | None) -> bool:
    """Train to the end, or until a signal asks to stop; returns whether it did."""
    from explorer.cli.train_display import TrainDisplay
    from model.training.recorder import Recorder

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
    with _signals(trainer.stop), display, recorder:
        for metrics in trainer.steps():
            recorder.record(metrics)
            display.step(metrics)
    if trainer.done < trainer.settings.steps:
        again = shell_join(["explorer", "train", "--out", str(options.out), "--resume"])
        display.end(f"stopped and saved at step {trainer.done}; go on with: {again}")
        return True
    if trainer.group.leads:
        final = _finish(setup)
        display.end(f"done; open it with: {shell_join(['explorer', '--model', str(final)])}")
    return False


def _finish(setup: Setup) -> Path:
    """Write the trained model, in half precision where that holds it, with its card, beside the checkpoints."""
    from explorer.training.model_card import model_card
    from model import checkpoint, layout
    from model.generate import sample_text
    from model.training import history, snapshots

    trainer, options = setup.trainer, setup.options
    final = options.out / layout.FINAL
    extra = {snapshots.TRAINING: snapshots.training_note(trainer.done)}
    dtype = checkpoint.small_dtype(trainer.gpt)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=dtype, extra=extra, replace=True)
    opened = checkpoint.load(final)
    written = sample_text(opened.gpt, opened.tokenizer, options.prompt, SAMPLE_TOKENS, trainer.settings.seed)
    metrics = history.read_metrics(options.out)
    notes = {
        **setup.notes,
        "stored_as": str(dtype).removeprefix("torch."),
        "seconds": sum(step.seconds for step in metrics),
        "validation_losses": [[m.step, m.validation_loss] for m in metrics if m.validation_loss is not None],
        "prefix_loss": next((m.prefix_loss for m in reversed(metrics) if m.prefix_loss is not None), None),
        "last_loss": metrics[-1].loss if metrics else float("nan"),
    }
    extra["README.md"] = model_card(trainer, opened, notes, written)
    checkpoint.save(final, trainer.gpt, trainer.tokenizer, dtype=dtype, extra=extra, replace=True)
    return final


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a terminal that goes away ask to stop, so that a step is never cut in two.

    A process that was told to outlive its terminal (nohup) does.
    """

    def ask(_signal: int, _frame: object) -> None:
        stop()

    numbers = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
