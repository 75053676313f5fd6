"""`explorer models`: the models that can be opened here, described from their configs and headers alone."""

import click
from rich import box
from rich.table import Table
from rich.text import Text

from explorer.cli.output import console
from explorer.core.catalog import available_models, models_directory
from explorer.core.formatting import one_line
from explorer.core.model_list import ModelEntry

_COLUMNS = ("name", "layers", "heads", "head_size", "context", "vocabulary", "param-\neters", "tokenizer", "on\ndisk")


@click.command()
def models() -> None:
    """List the models that can be opened here."""
    output = console()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    for column in _COLUMNS:
        table.add_column(
            Text(column),
            justify="left" if column in ("name", "tokenizer") else "right",
            no_wrap=column != "name",
            overflow="fold",
            vertical="bottom",
        )
    damaged = []
    for model in available_models():
        entry = ModelEntry.of(model)
        if entry.details is not None:
            table.add_row(Text(one_line(entry.name)), *map(Text, entry.details))
        else:
            damaged.append(f"{entry.name} cannot be opened: {entry.problem}")
    output.print(table if table.row_count else Text("no model is installed here"))
    for line in damaged:
        output.print(Text(one_line(line)))
    directory = one_line(str(models_directory()))
    output.print(Text(f"Also found by name: checkpoints in {directory}; or give a directory."))
