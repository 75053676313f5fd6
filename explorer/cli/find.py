"""`explorer find`: which heads look from one token to another, or matter most for the text."""

from typing import Any

import click

from explorer.cli.options import fetch_model, model_options, open_options, read_text
from explorer.core.head_search import Order
from explorer.view import View


@click.command()
@click.argument("text")
@model_options
@click.option(
    "--query", metavar="TOKEN", help="The token that looks: its text, or its position from 0.  [default: last]"
)
@click.option("--key", metavar="TOKEN", help="The token looked at; with --by loss or kl it may be left out.")
@click.option(
    "--by",
    type=click.Choice([order.value for order in Order]),
    default=Order.WEIGHT.value,
    show_default=True,
    help="Weight from the query to the key, or how much the loss of the text or KL of its predictions rises when the "
    "head is ablated.",
)
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="Heads to print; --json has all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def find(text: str, query: str | None, key: str | None, by: str, top: int, as_json: bool, **values: Any) -> None:
    """Rank the heads of a model by what they do to TEXT; - reads standard input.

    A word that is several tokens stands for the last of them.
    """
    order = Order(by)
    if key is None and not order.needs_ablation:
        raise click.UsageError("name the token looked at with --key, or rank by --by loss")
    fetch_model(values)
    view = View(values["model"], read_text(text))
    from explorer.cli.find_heads import Search

    search = Search(view, open_options(values), query, key)
    search.print(order, None if as_json else top)
