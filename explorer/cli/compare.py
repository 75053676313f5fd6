"""`explorer compare`: the loss curves of several runs in one plot, and their latest figures in a table."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from explorer.cli import output
from explorer.core.formatting import one_line, significant
from explorer.core.plot import Curve, axis, draw
from model.errors import ModelError
from model.training.run_log import MetricsSeries, RunDescription, RunLog, read_run_log

COLOURS = ("dodger_blue1", "orange3", "green3", "magenta3", "yellow3", "cyan3", "red3", "grey62")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WIDE = 76  # cells; a narrower table has fewer columns
MEAN_OF = 50
"""Steps over which the latest training loss is averaged, as single batches are noisy."""


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
    logs = [read_run_log(run) for run in runs]
    for run, run_log in zip(runs, logs, strict=True):
        if not run_log.metrics:
            raise ModelError(f"{str(run)!r} has not finished its first step yet: try again in a moment")
    if as_json:
        print(json.dumps({"runs": [as_object(run_log) for run_log in logs]}))
        return
    console = output.console()
    free_lines = console.size.height - len(logs) - 8 if console.is_terminal else 20
    height = height or max(10, min(30, free_lines))
    for line in plot_lines(logs, console.width, height, log=log, log_steps=log_steps):
        console.print(line, soft_wrap=True)
    console.print(make_table(logs, console.width))
    for letter, run_log in zip(LETTERS, logs, strict=False):
        if settings := ", ".join(distinguishing_settings(run_log, logs)):
            console.print(Text(f"{letter}: {settings}"))
    if any(not run_log.description.config.causal for run_log in logs):
        console.print(
            Text(
                "Without the mask a model sees the token that it is to predict, so its validation loss is too low. "
                "“From the prefix” is its loss without the tokens ahead, as when it writes."
            )
        )


def plot_lines(
    logs: Sequence[RunLog], width: int, height: int, *, log: bool = False, log_steps: bool = False
) -> list[Text]:
    """Plot the curves of all runs, with a dashed line at ln(vocabulary) for each size of vocabulary."""
    levels = {run_log.description.config.vocab_size: run_log.description.uniform_loss for run_log in logs}
    curves = [
        Curve(
            letter,
            _smoothed(run_log.metrics),
            run_log.metrics.evaluations("validation_loss"),
        )
        for letter, run_log in zip(LETTERS, logs, strict=False)
    ]
    values = [value for curve in curves for _, value in (*curve.line, *curve.marks)]
    steps = axis([step for run_log in logs for step in run_log.metrics.steps], log_steps)
    losses = axis([*values, *levels.values()], log, margin=0.03)
    labels = [(level, f"ln({size:,}) = {level:.2f}") for size, level in levels.items()]
    scale = "loss in nats, logarithmic" if log else "loss in nats"
    lines = [Text(f"{scale}: line training, letter validation; over steps{', logarithmic' if log_steps else ''}")]
    for pieces in draw(curves, steps, losses, width, height, labels):
        lines.append(Text.assemble(*((text, "" if i is None else _colour(i)) for text, i in pieces)))
    return lines


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _smoothed(metrics: MetricsSeries) -> list[tuple[float, float]]:
    """Return the losses by step; of a long run, means of neighbours, each at its last step."""
    steps, losses = metrics.steps, metrics.column("loss")
    size = max(1, len(metrics) // 200)
    groups = (slice(i, i + size) for i in range(0, len(metrics), size))
    return [(steps[group][-1], math.fsum(losses[group]) / len(losses[group])) for group in groups]


def make_table(logs: Sequence[RunLog], width: int) -> Table:
    """Return a table with the latest figures of every run; a narrow table has fewer columns."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    has_unmasked = any(not run_log.description.config.causal for run_log in logs)
    wide = width >= _WIDE
    columns = ["", "run", "step", "training", "validation"]
    columns += ["from the\nprefix"] * has_unmasked + ["lowest\nvalidation", "time"] * wide
    for name in columns:
        left = name in ("", "run")
        table.add_column(
            Text(name), justify="left" if left else "right", no_wrap=not left, overflow="fold", vertical="bottom"
        )
    for index, run_log in enumerate(logs):
        figures = latest_figures(run_log)
        row = [
            Text(LETTERS[index], _colour(index)),
            Text(one_line(run_log.path.name or str(run_log.path.resolve()))),
            Text(f"{run_log.metrics.steps[-1]:,}"),
            _loss(figures["training_loss"]),
            _loss(figures["validation_loss"]),
            *([_loss(figures["prefix_loss"])] if has_unmasked else []),
            *([_loss(figures["lowest_validation_loss"]), Text(_time(figures["seconds"]))] if wide else []),
        ]
        table.add_row(*row)
    return table


def _loss(value: float | None) -> Text:
    return Text("–" if value is None else f"{value:.4f}")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def distinguishing_settings(run_log: RunLog, logs: Sequence[RunLog]) -> list[str]:
    """Return how a run differs from an ordinary GPT, then every setting in which the runs differ."""
    config = run_log.description.config
    texts = [
        *(["no mask"] if not config.causal else []),
        *(["no scale"] if not config.scale_attn_weights else []),
    ]
    all_settings = [_settings(other.description) for other in logs]
    for name, value in _settings(run_log.description).items():
        if any(settings.get(name) != value for settings in all_settings):
            texts.append(f"{name.replace('_', ' ')} {significant(value) if isinstance(value, float) else value}")
    return [one_line(text) for text in texts]


def _settings(description: RunDescription) -> dict[str, Any]:
    """Return the settings of a run by name, without mask and scale, and without those that follow from others."""
    left_out = ("causal", "scale_attn_weights", "bos_token_id", "eos_token_id")
    config = {
        ("init std" if name == "initializer_range" else name): value
        for name, value in asdict(description.config).items()
        if name not in left_out
    }
    flat = {"context": description.context, **config}
    flat.pop("n_positions")
    for name, value in description.settings.items():
        inner = value.items() if isinstance(value, dict) else [(name, value)]
        flat.update(("optimizer" if key == "name" else key, item) for key, item in inner)
    return flat


def as_object(run_log: RunLog) -> dict[str, Any]:
    """Return one run for `--json`: its settings, its latest figures, and its curves as [step, loss]."""
    metrics, config = run_log.metrics, run_log.description.config
    return {
        "run": str(run_log.path),
        "step": metrics.steps[-1],
        "steps": run_log.description.steps,
        "parameters": run_log.description.parameters,
        "vocabulary": config.vocab_size,
        "uniform_loss": run_log.description.uniform_loss,
        "mask": config.causal,
        "scale": config.scale_attn_weights,
        "init_std": config.initializer_range,
        **latest_figures(run_log),
        "tokens_per_second": median(metrics.column("tokens_per_second")),
        "settings": dict(run_log.description.settings),
        "training": list(zip(metrics.steps, metrics.column("loss"), strict=True)),
        "validation": metrics.evaluations("validation_loss"),
        "prefix": metrics.evaluations("prefix_loss"),
    }


def latest_figures(run_log: RunLog) -> dict[str, Any]:
    """Return the latest losses of a run, the lowest one, and how long the run took."""
    metrics = run_log.metrics
    validation, prefix = metrics.evaluations("validation_loss"), metrics.evaluations("prefix_loss")
    last = metrics.column("loss")[-MEAN_OF:]
    lowest = min(validation, key=itemgetter(1), default=(None, None))
    return {
        "training_loss": sum(last) / len(last),
        "validation_loss": validation[-1][1] if validation else None,
        "prefix_loss": prefix[-1][1] if prefix else None,
        "lowest_validation_loss": lowest[1],
        "lowest_at_step": lowest[0],
        "seconds": math.fsum(metrics.column("seconds")),
    }
