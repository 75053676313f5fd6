"""How many processor threads a run uses by default."""

import os

from model.training.trainer import Trainer

_WORK_PER_THREAD = 16e9
"""Floating-point operations of a step that keep a thread busy: with fewer, threads wait for one another instead."""


def useful_threads(trainer: Trainer, available: int, *, spare: int = 0) -> int:
    """Return how many of the `available` threads help to train this model, leaving `spare` processors to others.

    The number depends on the model, the batch and the machine alone, so a run gives the same losses each time.
    """
    tokens = trainer.settings.batch_size * trainer.data.context / trainer.group.size
    work = 6 * trainer.gpt.config.parameters * tokens  # forward and backward pass
    return max(1, min(available, processors() - spare, int(work / _WORK_PER_THREAD)))


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
