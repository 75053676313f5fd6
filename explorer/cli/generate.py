"""`explorer generate`: continue a text with a model, token by token."""

from typing import Any

import click

from explorer.cli.options import ablate_option, fetch_model, model_options, open_options, read_text


@click.command()
@click.argument("text")
@model_options
@click.option("--tokens", type=click.IntRange(1), default=200, show_default=True, help="The most tokens to write.")
@click.option(
    "--temperature", default=0.8, show_default=True, help="0 always takes the most likely token; 1 is the model's own."
)
@click.option("--top-k", type=int, help="Choose among the k most likely tokens only.")
@click.option("--top-p", type=float, help="Choose among the fewest tokens that reach this probability together.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1337, show_default=True)
@click.option("--past-end", is_flag=True, help="Go on after the end-of-text token.")
@click.option("--scale", type=float, help="What scores are multiplied by, in the whole model.")
@click.option("--no-scale", is_flag=True, help="The same as --scale 1.")
@click.option("--no-mask", is_flag=True, help="Let every query see all keys, in the whole model.")
@ablate_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end and nothing else.")
def generate(text: str, as_json: bool, **values: Any) -> None:
    """Continue TEXT with a model, printing tokens as they come; - reads standard input.

    The same seed writes the same text. Control characters that a model writes are shown as marks.
    """
    from explorer.cli.generate_text import Continuation, GenerateOptions

    fetch_model(values)
    how = open_options(values)
    for name in ("dtype", "device", "context", "bos", "download"):
        del values[name]
    options = GenerateOptions(**values, opening=how)
    continuation = Continuation.start(read_text(text), options)
    if as_json:
        continuation.print_json()
    else:
        continuation.print_text()
