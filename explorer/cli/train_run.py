"""The training run of `explorer train`: in this process, shown in the terminal or to an application."""

import sys

import torch

from explorer.cli.train_display import TrainDisplay
from explorer.core import exit_codes
from explorer.training.options import TrainOptions
from explorer.training.run import Display, train
from explorer.training.setup import last_good, set_up
from explorer.training.stream import MessageStream
from explorer.training.threads import useful_threads
from explorer.training.worker import TrainingWorker
from model import devices
from model.errors import ModelError
from model.training import distributed
from model.training.divergence import DivergedError


def run_training(options: TrainOptions, given: set[str], stream: MessageStream | None) -> bool:
    """Train as the options say; `given` are the names of those on the command line.

    The run is shown in the terminal, or to the application at the other end of `stream`. Returns True if it is
    complete, False if it was stopped and saved before. Raises ModelError if it diverged.
    """
    group = distributed.group_from_environment()
    device = devices.choose(options.device, group.local_rank)
    with distributed.connected(group, device):
        setup = set_up(options, given, device, group)
        trainer, options = setup.trainer, setup.options
        threads = options.threads
        if threads is None:
            spare = 0 if stream is None else 1  # for the application
            threads = useful_threads(trainer, torch.get_num_threads(), spare=spare)
            if spare:
                # Losses differ a little between numbers of threads: it is resumed with these, wherever that is.
                setup.notes["options"]["threads"] = threads
        torch.set_num_threads(threads)
        display: Display
        if stream is not None:
            display = TrainingWorker(trainer, stream, options.sample_every, options.prompt)
        else:
            display = TrainDisplay(trainer, options.sample_every, options.prompt)
        try:
            with setup.claim:
                return train(setup, display)
        except DivergedError as error:
            if not group.is_main:  # every process sees the same loss, and the leading one reports it
                sys.exit(exit_codes.ERROR)
            raise ModelError(f"{error}; {last_good(options.out, error.last_good)}") from error
