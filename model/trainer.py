"""The trainer: a generator of steps that can be stopped after any of them and resumed bit for bit.

Notation: B batch, T positions, V vocab_size.
"""

import ctypes
import json
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from model import runs
from model.batches import TrainingData, derived_seed
from model.checkpoint import CheckpointError, load
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.optim import OptimizerSettings, make_optimizers, schedule

PRECISIONS = ("auto", "float32", "bfloat16")

STATE_JSON, STATE_TENSORS = "trainer.json", "trainer.safetensors"


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """How to train. Raises ModelError for a number out of range."""

    steps: int = 2000
    batch_size: int = 32  # windows a step
    seed: int = 1337
    warmup: int = 20  # steps
    cooldown: float = 0.5  # share of the run in which the learning rate falls to 0
    dropout: float = 0.0
    precision: str = "auto"  # bfloat16 where the processor computes it natively
    evaluate_every: int = 250  # steps
    validation_tokens: int = 65536
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "evaluate_every", "validation_tokens"):
            if getattr(self, name) < 1:
                raise ModelError(f"{name.replace('_', '-')} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1 or not 0 <= self.cooldown <= 1:
            raise ModelError("dropout must be at least 0 and below 1, cooldown from 0 to 1")
        if self.precision not in PRECISIONS:
            raise ModelError(f"precision {self.precision!r} is not known: use one of {', '.join(PRECISIONS)}")

    @property
    def autocast(self) -> bool:
        """Whether matrices are multiplied in bfloat16; weights, sums and attention stay float32."""
        if self.precision == "auto":
            return torch.cpu._is_avx512_bf16_supported()
        return self.precision == "bfloat16"


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """What is known after a step. Losses are mean cross-entropies in nats."""

    step: int  # steps done, from 1; 0 is the evaluation before the first
    loss: float  # of this step's batch, before its update
    validation_loss: float | None  # None when not measured at this step
    learning_rate: float  # AdamW's, of this step
    gradient_norm: float  # before clipping
    tokens: int  # trained on so far
    seconds: float  # of this step, without evaluation
    tokens_per_second: float


class DivergedError(ModelError):
    """The loss is no longer a finite number."""


class Trainer:
    """Trains `gpt` on `data`; `done` steps are behind it.

    Same machine, same threads, same seed: the same losses to the last digit, however often it was resumed.
    """

    def __init__(
        self, gpt: GPT, tokenizer: Tokenizer, data: TrainingData, settings: TrainerSettings, done: int = 0
    ) -> None:
        if data.context > gpt.config.n_positions:
            raise ModelError(f"windows of {data.context} tokens do not fit a context of {gpt.config.n_positions}")
        self.gpt = gpt
        self.tokenizer = tokenizer
        self.data = data
        self.settings = settings
        self.done = done
        self._autocast = settings.autocast
        self.optimizers = make_optimizers(gpt, settings.optimizer, torch.bfloat16 if self._autocast else torch.float32)
        self._rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]
        self._optimizer_of = {
            id(p): optimizer
            for optimizer in self.optimizers
            for group in optimizer.param_groups
            for p in group["params"]
        }
        keep_freed_memory()

    @classmethod
    def start(cls, config: GPTConfig, tokenizer: Tokenizer, data: TrainingData, settings: TrainerSettings) -> "Trainer":
        """A fresh model, its weights drawn from the seed."""
        gpt = GPT(config, settings.dropout)
        gpt.initialize(torch.Generator().manual_seed(derived_seed(settings.seed, 0, "weights")))
        return cls(gpt, tokenizer, data, settings)

    def steps(self) -> Iterator[StepMetrics]:
        """Train to `settings.steps`, yielding after each step. Stopping between two steps loses nothing.

        Raises DivergedError when a loss is not finite; the weights are then those before that step.
        """
        while self.done < self.settings.steps:
            began = time.perf_counter()
            rate = self._set_rates()
            loss, norm = self._step()
            self.done += 1
            seconds = time.perf_counter() - began
            due = self.done % self.settings.evaluate_every == 0 or self.done == self.settings.steps
            size = self.settings.batch_size * self.data.context
            yield StepMetrics(
                step=self.done,
                loss=loss,
                validation_loss=self.validation_loss() if due else None,
                learning_rate=rate,
                gradient_norm=norm,
                tokens=self.done * size,
                seconds=seconds,
                tokens_per_second=size / seconds,
            )

    def _set_rates(self) -> float:
        settings = self.settings
        factor = schedule(self.done, settings.steps, settings.warmup, settings.cooldown)
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
        return settings.optimizer.learning_rate * factor

    def _step(self) -> tuple[float, float]:
        """One update; returns the loss before it and the norm of the gradients."""
        settings = self.settings
        x, y = self.data.batch(settings.seed, self.done, settings.batch_size)
        self.gpt.train()
        with torch.random.fork_rng(enabled=settings.dropout > 0, devices=[]):
            if settings.dropout:
                torch.manual_seed(derived_seed(settings.seed, self.done, "dropout"))
            loss = self._loss(x, y)
        value = loss.item()
        if not math.isfinite(value):
            raise DivergedError(f"the loss is {value} at step {self.done + 1}: train again with smaller learning rates")
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        clip = settings.optimizer.gradient_clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.gpt.parameters(), clip).item()
        if not math.isfinite(norm):
            raise DivergedError(f"the gradient is {norm} at step {self.done + 1}: train with smaller learning rates")
        for optimizer in self.optimizers:
            optimizer.step()
        return value, norm

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean next-token cross-entropy of inputs and targets (B, T)."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self._autocast):
            logits = self.gpt(x)  # (B, T, V)
            return F.cross_entropy(logits.flatten(0, 1), y.flatten())

    @torch.inference_mode()
    def validation_loss(self) -> float:
        """Mean loss over the same evenly spread validation windows each time, in float32."""
        self.gpt.eval()
        total, count = 0.0, 0
        for x, y in self.data.validation_batches(self.settings.validation_tokens, self.settings.batch_size):
            logits = self.gpt(x)
            total += F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").item()
            count += y.numel()
        return total / count

    def state(self, notes: dict[str, Any] | None = None) -> dict[str, bytes]:
        """What resuming needs beside the model, as files of the checkpoint: plain JSON and tensors, no pickle."""
        described = {
            "done": self.done,
            "data": self.data.digest,
            "context": self.data.context,
            "settings": asdict(self.settings),
            "notes": notes or {},
        }
        tensors = {
            f"{name}.{key}": value.contiguous()
            for name, p in self.gpt.named_parameters()
            for key, value in self._optimizer_of[id(p)].state.get(p, {}).items()
        }
        return {STATE_JSON: (json.dumps(described, indent=2) + "\n").encode(), STATE_TENSORS: to_bytes(tensors)}

    def save(self, out: Path, notes: dict[str, Any] | None = None) -> Path:
        """Write a checkpoint of this moment into the run directory `out`; returns its own directory."""
        return runs.add(out, self.done, self.gpt, self.tokenizer, self.state(notes))

    @classmethod
    def resume(cls, out: Path, data: TrainingData) -> "Trainer":
        """Continue the run in `out` from its latest checkpoint.

        Raises CheckpointError when there is none to continue or the data is not what the run was trained on.
        """
        directory = runs.latest(out)
        saved = read_state(directory)
        if saved["data"] != data.digest:
            raise CheckpointError(f"{out} was trained on other text: give the same files, unchanged, to resume")
        values = dict(saved["settings"])
        settings = TrainerSettings(**{**values, "optimizer": OptimizerSettings(**values["optimizer"])})
        opened = load(directory)
        gpt = GPT(opened.config, settings.dropout)
        gpt.load_state_dict(opened.gpt.state_dict())
        trainer = cls(gpt, opened.tokenizer, data, settings, saved["done"])
        trainer._load_optimizers(directory / STATE_TENSORS)
        return trainer

    def _load_optimizers(self, path: Path) -> None:
        try:
            tensors = load_file(path)
        except Exception as error:
            raise CheckpointError(f"{path.name} is damaged or missing: this checkpoint cannot be resumed") from error
        for name, p in self.gpt.named_parameters():
            keys = [key for key in tensors if key.startswith(f"{name}.")]
            for key in keys:
                state = self._optimizer_of[id(p)].state[p]
                state[key.removeprefix(f"{name}.")] = tensors[key]

    def shortened(self, steps: int) -> None:
        """Let the run end at `steps` instead, with the schedule that belongs to it."""
        self.settings = replace(self.settings, steps=steps)


def read_state(directory: Path) -> dict[str, Any]:
    """The described state of a training checkpoint.

    Raises CheckpointError when it is missing or damaged.
    """
    try:
        saved = json.loads((directory / STATE_JSON).read_text(encoding="utf-8"))
        if not {"done", "data", "settings", "context", "notes"} <= saved.keys():
            raise ValueError("incomplete")
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{directory} holds no training state to resume: train into a new directory") from error
    return dict(saved)


def keep_freed_memory() -> None:
    """Tell glibc to keep large freed blocks: otherwise every step maps its activations anew, page by page.

    Worth about a tenth of the time of a step; without effect where the C library is another.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        m_trim_threshold, m_mmap_threshold = -1, -3
        libc.mallopt(m_mmap_threshold, 1 << 30)
        libc.mallopt(m_trim_threshold, (1 << 31) - 1)
