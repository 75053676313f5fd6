"""`explorer models`: what can be opened here, from config and header alone."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.cli import printable
from explorer.models import Found, available, models_directory
from model import layout
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
            table.add_row(*map(Text, _row(found)))
        except (ModelError, OSError) as error:
            damaged.append(f"{found.name} cannot be opened: {error}")
    console.print(table) if table.row_count else console.print(Text("no model is installed here"))
    for line in damaged:
        console.print(Text(printable(line)))
    place = printable(str(models_directory()))
    console.print(Text(f"Also found by name: checkpoints in {place}; or give a directory."))


def _row(found: Found) -> tuple[str, ...]:
    summary = layout.summarize(found.path)
    config = summary.config
    return (
        printable(found.name),
        str(config.n_layer),
        str(config.n_head),
        str(config.head_size),
        str(config.n_positions),
        f"{config.vocab_size:,}",
        _short(summary.parameters),
        _tokenizer(layout.locate(found.path)),
        f"{_short(summary.bytes_on_disk)}B",
    )


def _short(count: int) -> str:
    """A count in three digits: 812, 13.4k, 3.21M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}" if count < 999.5 * size else f"{count / size:,.0f}{letter}"
    return str(count)


def _tokenizer(directory: Path) -> str:
    from model import tokenizer

    return tokenizer.kind(tokenizer.load(directory))
