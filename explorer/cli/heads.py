"""`explorer heads`: what each head of a model does, by measurement, and what the model loses without it."""

from typing import Any

import click

from explorer.cli.options import fetch_model, model_options, open_options


@click.command()
@model_options
@click.option(
    "--by",
    type=click.Choice(("position", "name", "score", "cost")),
    default="position",
    show_default=True,
    help="The order of the heads: score is by how much the score stands out from its baseline.",
)
@click.option("--cost/--no-cost", default=True, help="Ablate each head, which takes most of the time.  [default: cost]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def heads(by: str, cost: bool, as_json: bool, **values: Any) -> None:
    """Name the heads of a model by what they do on stories and on repeated random tokens.

    A score is a mean weight: on the previous or the first token, on the same token before (duplicate token) or the one
    after that (induction), from a verb to its subject and so on. Its baseline is what a head without that purpose would
    give. A head is called by the score that stands out most from its baseline; in brackets if it does by less than .2.
    Broad patterns, which are the current token itself, the 8 recent tokens before it, and where sentences end or start,
    name a head only if none of the other scores does.
    The cost is how much the loss rises when the head is ablated, in nats a token: on stories, and where random tokens
    are read for the second time.
    """
    if by == "cost" and not cost:
        raise click.UsageError("--by cost needs the costs, leave out --no-cost")
    fetch_model(values)
    from explorer.cli.heads_report import HeadsReport
    from explorer.core.loading import open_model

    report = HeadsReport(open_model(values["model"], open_options(values)))
    if cost:
        report.measure_costs()
    report.print_json() if as_json else report.print_table(by)
