"""The output of `explorer train`: a Rich progress display in a terminal, plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from explorer.cli.output import PipeConsole
from explorer.cli.terminal import silence_output
from model.config import GPT_2_INIT_STD
from model.generate import sample_text
from model.training.optimizers import cooldown_start
from model.training.run_log import StepMetrics
from model.training.settings import CHANGEABLE, TrainerSettings
from model.training.trainer import Trainer

SAMPLE_TOKENS = 60


class TrainDisplay:
    """Shows a run: a progress bar with the current loss, and permanent lines for validation losses and samples."""

    def __init__(self, trainer: Trainer, sample_every: int, prompt: str) -> None:
        # In a group of processes only the leading one prints.
        self.console = PipeConsole(highlight=False, soft_wrap=True, quiet=not trainer.group.is_main)
        self._output_error = ""
        self._trainer = trainer
        self._sample_every = sample_every
        self._prompt = prompt
        self._last_line = 0.0
        self._first = True
        self._progress = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[losses]}", markup=False),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal or self.console.quiet,
        )
        self._task = self._progress.add_task(
            "train", total=trainer.settings.steps, completed=trainer.done, losses="starting"
        )

    def __enter__(self) -> "TrainDisplay":
        with self._output():
            self._describe()
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._output():
            self._progress.stop()

    def end(self, line: str, sample: str = "") -> None:
        """Print how the run ended; if standard output cannot be written any more, on standard error with the reason."""
        with self._output():
            self._say(line)
        if self._output_error:
            with suppress(OSError):
                print(
                    f"explorer: standard output cannot be written ({self._output_error}): {line}",
                    file=sys.stderr,
                    flush=True,
                )

    def step(self, metrics: StepMetrics) -> None:
        """Show a step; the display itself limits how often it is drawn."""
        with self._output():
            self._step(metrics)

    @contextmanager
    def _output(self) -> Iterator[None]:
        """Stop the run, so that it is saved, if the output cannot be written: a closed pipe or a full disk."""
        try:
            yield
        except OSError as error:
            self._output_error = error.strerror or type(error).__name__
            self.console.quiet = True
            silence_output()
            self._trainer.stop()

    def _say(self, line: str) -> None:
        """Print a permanent line; it is not parsed as markup."""
        self.console.print(Text(line))

    def _step(self, metrics: StepMetrics) -> None:
        if self._first:
            self._first = False
            expected = math.log(self._trainer.gpt.config.vocab_size)
            self._say(
                f"step {metrics.step}: loss {metrics.loss:.4f}; a uniform guess is ln(vocabulary) = {expected:.4f}"
            )
        losses = f"loss {metrics.loss:.3f} · {metrics.tokens_per_second:,.0f} tokens/s"
        self._progress.update(self._task, completed=metrics.step, losses=losses)
        if metrics.validation_loss is not None:
            prefix = "" if metrics.prefix_loss is None else f" (without the tokens ahead {metrics.prefix_loss:.4f})"
            self._say(
                f"step {metrics.step}: loss {metrics.loss:.4f}, validation loss {metrics.validation_loss:.4f}{prefix}, "
                f"{metrics.tokens_per_second:,.0f} tokens/s"
            )
        elif not self.console.is_terminal and time.monotonic() - self._last_line > 30:
            self._last_line = time.monotonic()
            left = (self._trainer.settings.steps - metrics.step) * metrics.seconds
            self._say(f"step {metrics.step}: {losses} · {left / 60:.0f} min left")
        if self._sample_every and metrics.step % self._sample_every == 0 and not self.console.quiet:
            trainer = self._trainer
            written = sample_text(trainer.gpt, trainer.tokenizer, self._prompt, SAMPLE_TOKENS, metrics.step)
            self._say(f"  sample: {written!r}")

    def _describe(self) -> None:
        config, data = self._trainer.gpt.config, self._trainer.data
        self._say(
            f"{config.parameters:,} parameters: {config.n_layer} layers, {config.n_head} heads, "
            f"n_embd {config.n_embd}, head_size {config.head_size}, context {config.n_positions}, "
            f"vocabulary {config.vocab_size}"
        )
        self._say(f"{len(data.train):,} training tokens, {len(data.validation):,} validation tokens")
        self._say("; ".join(_setup_notes(self._trainer)))
        if self._trainer.done:
            self._say(f"resumed after step {self._trainer.done}")
        if self._trainer.changed_from is not None:
            for line in _changes(self._trainer, self._trainer.changed_from):
                self._say(line)


def _changes(trainer: Trainer, before: TrainerSettings) -> list[str]:
    """Return the changes of settings with which a run was resumed."""
    now = trainer.settings
    lines = [_changed_length(trainer, before.steps)] if now.steps != before.steps else []
    for name in CHANGEABLE:
        was, value = getattr(before, name), getattr(now, name)
        if name != "steps" and value != was:
            lines.append(f"--{name.replace('_', '-')} {value:g} instead of {was:g}")
    return lines


def _changed_length(trainer: Trainer, before: int) -> str:
    """Describe the learning rate of a run whose number of steps has changed."""
    settings, last = trainer.settings, max(0, trainer.done - 1)
    was, now = trainer.rate_factor(last, before), trainer.rate_factor(trainer.done, settings.steps)
    length = f"{settings.steps:,} steps instead of {before:,}"
    if was == trainer.rate_factor(last, settings.steps) and not settings.growth:
        return (
            f"{length}: the learning rate has not begun to fall, so the losses are those of a run that began with "
            f"{settings.steps:,} steps"
        )
    falls = max(trainer.done, cooldown_start(settings.steps, settings.cooldown))
    return (
        f"{length}: the learning rate goes from {was:.0%} to {now:.0%} of its highest, and falls to 0 "
        f"from step {falls:,} to {settings.steps:,}; a run that began with {settings.steps:,} steps gives other losses"
    )


def _setup_notes(trainer: Trainer) -> list[str]:
    """Return the device and precision, and how the model differs from an ordinary GPT."""
    config = trainer.gpt.config
    parts = [f"on {trainer.device}, {'bfloat16' if trainer.uses_bfloat16 else 'float32'}"]
    if trainer.group.size > 1:
        parts.append(f"{trainer.group.size} processes")
    if not config.scale_attn_weights:
        parts.append("no scale: scores go unscaled into the softmax")
    if config.initializer_range != GPT_2_INIT_STD:
        parts.append(f"initial weights of standard deviation {config.initializer_range:g}")
    if not config.causal:
        parts.append("no mask: every query sees all keys, so the loss counts answers that the model can see")
    return parts
