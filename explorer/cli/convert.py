"""`explorer convert`: turn a checkpoint of nanoGPT or minGPT into a directory that opens here."""

from pathlib import Path

import click


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new directory.")
@click.option("--heads", type=click.IntRange(1), help="Number of heads; minGPT's files do not say.")
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="tokenizer.json, a directory with GPT-2's vocab.json and merges.txt, or the .txt of a model of characters.",
)
def convert(checkpoint: Path, out: Path, heads: int | None, tokenizer: Path | None) -> None:
    """Convert CHECKPOINT, a .pt of nanoGPT or minGPT, to a directory in GPT-2's layout.

    Only tensors and plain values are read from the file: code in it is never run.
    """
    from model.families.convert import convert

    config = convert(checkpoint, out, n_head=heads, tokenizer=tokenizer)
    click.echo(f"{config.n_layer} layers × {config.n_head} heads of {config.head_size}: explorer --model {out}")
