"""`explorer train --watch`: the application, opened on a training run that it starts."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from explorer import app
from explorer.cli.terminal import drawing_to_terminal
from explorer.core.formatting import visible
from explorer.core.terminal import is_terminal
from explorer.training.request import request_of
from explorer.training.run_state import RunStatus
from model.errors import ModelError


def watch_run(given: Mapping[str, Any]) -> None:
    """Open the application on the run that these options ask for, and print how it ended.

    Raises UsageError or ModelError if there is no terminal to show it in, or the run failed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise click.UsageError("--watch shows a run of one process: leave it out under torchrun")
    if not (is_terminal(sys.stdout) and is_terminal(sys.stdin)):
        raise ModelError("--watch needs a terminal: leave it out to train without one")
    request = request_of(given)
    with drawing_to_terminal():
        run = app.run(train=request)
    if run is None:
        return
    if run.status is RunStatus.FAILED:
        raise ModelError(run.failure)
    how = run.status.value if not run.status.is_alive else "ended at once; what was saved before is there,"
    print(f"{visible(str(request.out))}: {how} at step {run.step}")
