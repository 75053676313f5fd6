"""How many processor threads a run uses by default."""

from explorer.training.request import processors
from model.training.trainer import Trainer

_WORK_PER_THREAD = 16e9
"""Floating-point operations of a step that keep a thread busy: with fewer, threads wait for one another instead."""


def useful_threads(trainer: Trainer, available: int) -> int:
    """Return how many of the `available` threads help to train this model.

    The number depends on the model, the batch and the machine alone, so a run gives the same losses each time.
    """
    tokens = trainer.settings.batch_size * trainer.data.context / trainer.group.size
    work = 6 * trainer.gpt.config.parameters * tokens  # forward and backward pass
    return max(1, min(available, processors(), int(work / _WORK_PER_THREAD)))
