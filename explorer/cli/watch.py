"""`explorer train --watch`: the application, opened on a run that begins with it."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from explorer.core.formatting import visible
from explorer.training.request import request_of
from model.errors import ModelError


def watch_run(given: Mapping[str, Any]) -> None:
    """Open the application on the run that these options ask for, and say at the end how it went.

    Raises UsageError or ModelError where there is nobody to watch it, or when it failed.
    """
    from explorer import app
    from explorer.training.live_run import Status

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise click.UsageError("--watch shows a run of one process: leave it out under torchrun")
    if not _in_a_terminal():
        raise ModelError("--watch needs a terminal: leave it out to train without one")
    request = request_of(given)
    run = app.run(train=request)
    if run is None:
        return
    if run.status is Status.FAILED:
        raise ModelError(run.message)
    how = run.status.value if not run.status.alive else "ended at once; what was saved before is there,"
    print(f"{visible(str(request.out))}: {how} at step {run.step}")


def _in_a_terminal() -> bool:
    return sys.stdout.isatty() and sys.stdin.isatty()
