"""`explorer circuits`: what heads do with tokens, read from the weights of a model."""

from typing import Any

import click

from explorer.cli.options import fetch_model, model_options, open_options


@click.command()
@model_options
@click.option("--layer", type=click.IntRange(0), help="The layer of one head.")
@click.option("--head", type=click.IntRange(0), help="One head; without it, the scores of all heads are printed.")
@click.option("--token", help="A token: what the head writes when it looks at it, and what it looks for as a query.")
@click.option(
    "--top", type=click.IntRange(1), default=10, show_default=True, help="Tokens from the top, and from the bottom."
)
@click.option(
    "--plain-embedding",
    is_flag=True,
    help="Let the embedding alone stand for a token in all layers, without what the MLP of layer 0 adds to it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def circuits(
    layer: int | None,
    head: int | None,
    token: str | None,
    top: int,
    plain_embedding: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Read from the weights alone what heads write (OV) and look for (QK): no text is needed.

    Scores are Σλ / Σ|λ| of the eigenvalues of both circuits, from −1 to 1: a head with a copying score near 1 raises
    the tokens that it looks at. Only for models in GPT-2's layout.
    """
    if (layer is None) is not (head is None):
        raise click.UsageError("a head is named by --layer and --head together")
    if token is not None and head is None:
        raise click.UsageError("name the head that looks at the token with --layer and --head")
    fetch_model(values)
    from explorer.cli.circuits_report import CircuitsReport
    from explorer.core.loading import open_model

    report = CircuitsReport(open_model(values["model"], open_options(values)), plain=plain_embedding)
    if layer is None or head is None:
        report.print_all_heads(as_json=as_json)
    else:
        report.print_head(layer, head, token, top, as_json=as_json)
