"""A tiny run for the tests of the trainer and of what it leaves on the disk."""

import multiprocessing
from multiprocessing.context import ForkServerContext
from typing import Any

import torch
from tokenizers import Tokenizer

from model import tokenizer as tokenizers
from model.config import GPTConfig
from model.training.batches import TrainingData
from model.training.distributed import SINGLE_PROCESS, Group
from model.training.settings import TrainerSettings
from model.training.trainer import Trainer

TEXT = "the cat sat on the mat and the dog sat on the log while the hen ate the corn in the barn. " * 8


def make_tokenizer() -> Tokenizer:
    return tokenizers.train_char(TEXT)


def make_trainer(group: Group = SINGLE_PROCESS, config: dict[str, Any] | None = None, **settings: Any) -> Trainer:
    tokenizer = make_tokenizer()
    data = TrainingData.from_documents(tokenizer, [TEXT[:600]], [TEXT[600:]], context=16)
    sizes = {"n_positions": 16, "n_embd": 16, "n_layer": 2, "n_head": 2, **(config or {})}
    chosen = {"steps": 20, "batch_size": 4, "warmup": 3, "evaluate_every": 5, "precision": "float32", **settings}
    config_ = GPTConfig(tokenizers.vocab_size(tokenizer), **sizes)
    return Trainer.start(config_, tokenizer, data, TrainerSettings(**chosen), group=group)


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in trainer.gpt.named_parameters()}


def processes() -> ForkServerContext:
    """Makes processes in which torch is imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["explorer.cli.train", "explorer.cli.train_run", "model.training.recorder", __name__]
    )
    return context
