"""`explorer train`: train a GPT on text files or on the built-in corpus, in one process or in several (torchrun)."""

import sys
from typing import Any

import click

from explorer.core import exit_codes
from explorer.training.options import PARAMETERS, TrainOptions


@click.command(params=list(PARAMETERS))
@click.option("--watch", is_flag=True, help="Open the application on this run: curves, samples, one head as it learns.")
@click.option("--stream", is_flag=True, hidden=True)
@click.pass_context
def train(ctx: click.Context, /, watch: bool, stream: bool, **values: Any) -> None:
    """Train a GPT on FILES (UTF-8 text), or on the built-in corpus when there are none.

    Checkpoints go into the run directory --out; `explorer --model OUT` opens it, also while it trains. Ctrl-C saves
    and stops. Under torchrun several processes share every batch; they all need the files and --out.
    """
    options = TrainOptions(**values)
    given = {name for name in values if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT}
    if watch:
        from explorer.cli.watch import watch_run

        watch_run({name: values[name] for name in given})
        return
    from explorer.training.stream import MessageStream

    # Before torch is imported: from here on the application can stop this process.
    stream_to_app = MessageStream.over_standard_streams() if stream else None
    from explorer.cli.train_run import run_training

    if not run_training(options, given, stream_to_app):
        sys.exit(exit_codes.INTERRUPTED)
