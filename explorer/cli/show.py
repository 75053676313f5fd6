"""`explorer show`: the stages of one head as tables, or as one JSON object."""

import json
from typing import Any

import click

from explorer.cli.errors import warn_about_unknown_characters
from explorer.cli.options import open_options, read_text, view_of, view_options
from explorer.core.export import head_as_object


@click.command()
@click.argument("text")
@view_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def show(text: str, as_json: bool, **values: Any) -> None:
    """Print the stages of one head for TEXT; - reads standard input."""
    view = view_of(read_text(text), values)
    from explorer.cli.show_reading import read_whole_text
    from explorer.cli.show_tables import Tables
    from explorer.core.loading import open_model

    reading = read_whole_text(view, open_model(view.model, open_options(values)))
    warn_about_unknown_characters(reading.encoding, reading.model_name)
    if as_json:
        click.echo(json.dumps(head_as_object(reading), allow_nan=False))
    else:
        query = view.query if values["query"] is not None else None
        Tables(reading).print(query=query, stage=view.stage if values["stage"] else None)
