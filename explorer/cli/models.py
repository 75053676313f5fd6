"""`explorer models`: what can be opened here, from config and header alone."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.core.catalog import available, models_directory
from explorer.core.formatting import one_line
from explorer.core.model_list import described
from model.errors import ModelError

_COLUMNS = ("name", "layers", "heads", "head_size", "context", "vocabulary", "param-\neters", "tokenizer", "on\ndisk")


def show_models(console: Console | None = None) -> None:
    """Print a table of the models that can be asked for by name, and one line for each that is damaged."""
    console = console or Console(markup=False, highlight=False, emoji=False)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    for column in _COLUMNS:
        left = column in ("name", "tokenizer")
        table.add_column(
            Text(column),
            justify="left" if left else "right",
            no_wrap=column != "name",
            overflow="fold",
            vertical="bottom",
        )
    damaged = []
    for found in available():
        try:
            table.add_row(Text(one_line(found.name)), *map(Text, described(found)))
        except (ModelError, OSError) as error:
            damaged.append(f"{found.name} cannot be opened: {error}")
    console.print(table) if table.row_count else console.print(Text("no model is installed here"))
    for line in damaged:
        console.print(Text(one_line(line)))
    place = one_line(str(models_directory()))
    console.print(Text(f"Also found by name: checkpoints in {place}; or give a directory."))
