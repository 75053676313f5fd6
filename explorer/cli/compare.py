"""`explorer compare`: the curves of several runs in one picture, and their last figures in a table."""

import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.core.formatting import one_line, significant
from explorer.core.plot import Curve, axis, draw
from model.config import GPTConfig
from model.errors import ModelError
from model.training.run_log import RunDescription, RunLog, StepMetrics, read_run_log

COLOURS = ("dodger_blue1", "orange3", "green3", "magenta3", "yellow3", "cyan3", "red3", "grey62")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WIDE = 76  # cells from which the table shows everything
MEAN_OF = 50
"""Steps over which the last training loss is averaged: one batch alone is noise."""


@click.command(name="compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--log", is_flag=True, help="A logarithmic axis for the loss.")
@click.option("--log-steps", is_flag=True, help="A logarithmic axis for the steps.")
@click.option("--height", type=click.IntRange(8, 200), help="Lines of the picture.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def compare(runs: Sequence[Path], log: bool, log_steps: bool, height: int | None, as_json: bool) -> None:
    """Draw the losses of RUNS, directories of `explorer train`, together.

    A line is the training loss, its letters are validation losses. A run may still be training.
    """
    if len(runs) > len(LETTERS):
        raise ModelError(f"{len(runs)} runs are too many to tell apart: give at most {len(LETTERS)}")
    histories = [read_run_log(run) for run in runs]
    for run, history in zip(runs, histories, strict=True):
        if not history.metrics:
            raise ModelError(f"{str(run)!r} has not finished its first step yet: try again in a moment")
    if as_json:
        print(json.dumps({"runs": [as_object(history) for history in histories]}))
        return
    console = Console(highlight=False, markup=False, emoji=False)
    room = console.size.height - len(histories) - 8 if console.is_terminal else 20
    for line in picture(histories, console.width, height or max(10, min(30, room)), log=log, log_steps=log_steps):
        console.print(line, soft_wrap=True)
    console.print(table(histories, console.width))
    for letter, history in zip(LETTERS, histories, strict=False):
        told = ", ".join(differences(history, histories))
        console.print(Text(f"{letter}: {told}")) if told else None
    if any(not history.description.config.causal for history in histories):
        console.print(
            Text(
                "Without the mask a model sees the token that it is asked for: its validation loss counts answers in "
                "view. “From the prefix” is its loss when nothing lies ahead, as when it writes."
            )
        )


def picture(
    histories: Sequence[RunLog], width: int, height: int, *, log: bool = False, log_steps: bool = False
) -> list[Text]:
    """The curves of all runs, with a dashed line at ln(vocabulary) for every size of vocabulary among them."""
    levels = {history.description.config.vocab_size: history.description.uniform_loss for history in histories}
    curves = [
        Curve(
            letter,
            [(m.step, m.loss) for m in _smoothed(history.metrics)],
            [(m.step, m.validation_loss) for m in history.metrics if m.validation_loss is not None],
        )
        for letter, history in zip(LETTERS, histories, strict=False)
    ]
    values = [value for curve in curves for _, value in (*curve.line, *curve.marks)]
    steps = axis([m.step for history in histories for m in history.metrics], log_steps)
    losses = axis([*values, *levels.values()], log, margin=0.03)
    told = [(level, f"ln({size:,}) = {level:.2f}") for size, level in levels.items()]
    scale = "loss in nats, logarithmic" if log else "loss in nats"
    lines = [Text(f"{scale}: line training, letter validation; over steps{', logarithmic' if log_steps else ''}")]
    for pieces in draw(curves, steps, losses, width, height, told):
        lines.append(Text.assemble(*((text, "" if i is None else _colour(i)) for text, i in pieces)))
    return lines


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _smoothed(metrics: Sequence[StepMetrics]) -> list[StepMetrics]:
    """Means of neighbouring steps for long runs; each stands at its last step."""
    size = max(1, len(metrics) // 200)
    groups = [metrics[i : i + size] for i in range(0, len(metrics), size)]
    return [replace(group[-1], loss=sum(m.loss for m in group) / len(group)) for group in groups]


def table(histories: Sequence[RunLog], width: int) -> Table:
    """The last figures of every run, fewer of them where there is little room."""
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    honest = any(not history.description.config.causal for history in histories)
    wide = width >= _WIDE
    columns = ["", "run", "step", "training", "validation"]
    columns += ["from the\nprefix"] * honest + ["lowest\nvalidation", "time"] * wide
    for name in columns:
        left = name in ("", "run")
        shown.add_column(
            Text(name), justify="left" if left else "right", no_wrap=not left, overflow="fold", vertical="bottom"
        )
    for index, history in enumerate(histories):
        figures = as_object(history)
        row = [
            Text(LETTERS[index], _colour(index)),
            Text(one_line(history.path.name or str(history.path.resolve()))),
            Text(f"{figures['step']:,}"),
            _loss(figures["training_loss"]),
            _loss(figures["validation_loss"]),
            *([_loss(figures["prefix_loss"])] if honest else []),
            *([_loss(figures["lowest_validation_loss"]), Text(_time(figures["seconds"]))] if wide else []),
        ]
        shown.add_row(*row)
    return shown


def _loss(value: float | None) -> Text:
    return Text("–" if value is None else f"{value:.4f}")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def differences(history: RunLog, histories: Sequence[RunLog]) -> list[str]:
    """What sets a run apart: how it differs from a usual GPT, then every setting that not all runs share."""
    config = history.description.config
    told = [
        *(["no mask"] if not config.causal else []),
        *(["no scale"] if not config.scale_attn_weights else []),
    ]
    mine, all_of_them = _flat(history.description), [_flat(other.description) for other in histories]
    for name, value in mine.items():
        if any(other.get(name) != value for other in all_of_them):
            told.append(f"{name.replace('_', ' ')} {significant(value) if isinstance(value, float) else value}")
    return [one_line(text) for text in told]


def _flat(description: RunDescription) -> dict[str, Any]:
    """Every setting by name, but the two switches that have words of their own, and what follows from others."""
    left_out = ("causal", "scale_attn_weights", "bos_token_id", "eos_token_id")
    config = {
        ("init std" if field.name == "initializer_range" else field.name): getattr(description.config, field.name)
        for field in fields(GPTConfig)
        if field.name not in left_out
    }
    flat = {"context": description.context, **config}
    flat.pop("n_positions")
    for name, value in description.settings.items():
        inner = value.items() if isinstance(value, dict) else [(name, value)]
        flat.update(("optimizer" if key == "name" else key, item) for key, item in inner)
    return flat


def as_object(history: RunLog) -> dict[str, Any]:
    """One run for `--json`: what it is, its last figures, and its curves as [step, loss]."""
    metrics, config = history.metrics, history.description.config
    validation = [(m.step, m.validation_loss) for m in metrics if m.validation_loss is not None]
    prefix = [(m.step, m.prefix_loss) for m in metrics if m.prefix_loss is not None]
    last = metrics[-MEAN_OF:]
    lowest = min(validation, key=lambda point: point[1], default=(None, None))
    return {
        "run": str(history.path),
        "step": metrics[-1].step,
        "steps": history.description.steps,
        "parameters": history.description.parameters,
        "vocabulary": config.vocab_size,
        "uniform_loss": history.description.uniform_loss,
        "mask": config.causal,
        "scale": config.scale_attn_weights,
        "init_std": config.initializer_range,
        "training_loss": sum(m.loss for m in last) / len(last),
        "validation_loss": validation[-1][1] if validation else None,
        "prefix_loss": prefix[-1][1] if prefix else None,
        "lowest_validation_loss": lowest[1],
        "lowest_at_step": lowest[0],
        "seconds": math.fsum(m.seconds for m in metrics),
        "tokens_per_second": median(m.tokens_per_second for m in metrics),
        "settings": dict(history.description.settings),
        "training": [[m.step, m.loss] for m in metrics],
        "validation": validation,
        "prefix": prefix,
    }
