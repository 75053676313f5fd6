"""The trainer: a generator of steps that can be stopped after any of them and resumed bit for bit.

Notation: B batch, T positions, V vocab_size.
"""

import ctypes
import json
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from model import devices
from model.checkpoint import CheckpointError, load
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.training import memory, runs
from model.training.batches import TrainingData, derived_seed
from model.training.distributed import ALONE, Group
from model.training.divergence import DivergedError, DivergenceWatch
from model.training.history import RunDescription, StepMetrics
from model.training.optimizers import Muon, OptimizerSettings, check_types, make_optimizers, schedule
from model.training.probe import Observation, StepStatistics

__all__ = ["DivergedError", "StepMetrics", "Trainer", "TrainerSettings", "read_state"]

PRECISIONS = ("auto", "float32", "bfloat16")

STATE_JSON, STATE_TENSORS = runs.STATE


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """How to train. Raises ModelError for a number out of range."""

    steps: int = 2000
    batch_size: int = 32  # windows a step
    seed: int = 1337
    warmup: int = 20  # steps
    cooldown: float = 0.5  # share of the run in which the learning rate falls to 0
    dropout: float = 0.0
    precision: str = "auto"  # bfloat16 where that pays, see `devices.multiplies_bfloat16`
    evaluate_every: int = 250  # steps
    validation_tokens: int = 65536
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("steps", "batch_size", "evaluate_every", "validation_tokens"):
            if getattr(self, name) < 1:
                raise ModelError(f"{name.replace('_', '-')} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.seed < 2**63 or self.warmup < 0:
            raise ModelError("seed and warmup must be at least 0")
        if not 0 <= self.dropout < 1 or not 0 <= self.cooldown <= 1:
            raise ModelError("dropout must be at least 0 and below 1, cooldown from 0 to 1")
        if self.precision not in PRECISIONS:
            raise ModelError(f"precision {self.precision!r} is not known: use one of {', '.join(PRECISIONS)}")

    def autocast(self, device: torch.device) -> bool:
        """Whether matrices are multiplied in bfloat16 there; weights, sums and attention stay float32."""
        if self.precision == "auto":
            return devices.multiplies_bfloat16(device)
        return self.precision == "bfloat16"


class Trainer:
    """Trains `gpt` on `data`; `done` steps are behind it.

    Same machine, same threads, same seed: the same losses to the last digit, however often it was resumed. In a `group`
    of processes each trains on its part of the same batches.
    """

    def __init__(
        self,
        gpt: GPT,
        tokenizer: Tokenizer,
        data: TrainingData,
        settings: TrainerSettings,
        done: int = 0,
        device: torch.device | None = None,
        group: Group = ALONE,
    ) -> None:
        if data.context > gpt.config.n_positions:
            raise ModelError(f"windows of {data.context} tokens do not fit a context of {gpt.config.n_positions}")
        if settings.batch_size < group.size:
            raise ModelError(f"batch-size {settings.batch_size} is too small for {group.size} processes")
        self.device = device or torch.device("cpu")
        self.group = group
        self.gpt = gpt.to(self.device)
        self._parameters = list(gpt.parameters())
        self.probe_every = 0
        """Steps between statistics of activations, gradients and updates; 0 for none. No other step pays for them."""
        self.statistics: StepStatistics | None = None
        """Those of the step just done, where it was observed."""
        self.stopped = False
        self._stop_asked = False
        self._watch = DivergenceWatch(gpt.config.vocab_size)
        self.tokenizer = tokenizer
        self.data = data
        self.settings = settings
        self.done = done
        self.autocasts = settings.autocast(self.device)
        self.optimizers = make_optimizers(gpt, settings.optimizer, torch.bfloat16 if self.autocasts else torch.float32)
        self._rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]
        self._optimizer_of = {
            id(p): optimizer
            for optimizer in self.optimizers
            for group in optimizer.param_groups
            for p in group["params"]
        }
        keep_freed_memory()

    @classmethod
    def start(
        cls,
        config: GPTConfig,
        tokenizer: Tokenizer,
        data: TrainingData,
        settings: TrainerSettings,
        device: torch.device | None = None,
        group: Group = ALONE,
    ) -> "Trainer":
        """A fresh model, its weights drawn from the seed. Raises ModelError where it cannot fit into the memory."""
        device = device or torch.device("cpu")
        tokens = math.ceil(settings.batch_size / group.size) * data.context
        adamw, autocast = settings.optimizer.name == "adamw", settings.autocast(device)
        memory.check(config, tokens, device, adamw=adamw, autocast=autocast)
        gpt = GPT(config, settings.dropout)
        gpt.initialize(torch.Generator().manual_seed(derived_seed(settings.seed, 0, "weights")))
        if not all(p.isfinite().all() for p in gpt.parameters()):
            raise ModelError(f"init-std {config.initializer_range:g} is too large for float32: choose a smaller one")
        return cls(gpt, tokenizer, data, settings, device=device, group=group)

    def stop(self) -> None:
        """Let `steps` end after the step at work, or the next; in a group, after the same one everywhere."""
        self._stop_asked = True
        self.stopped = self.group.size == 1

    def steps(self) -> Iterator[StepMetrics]:
        """Train to `settings.steps`, yielding after each step. Stopping between two steps loses nothing.

        Raises DivergedError when a loss is not finite, with the weights as before that step, or when it climbs far
        above where it has been.
        """
        while self.done < self.settings.steps and not self.stopped:
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
                prefix_loss=self.prefix_loss() if due and not self.gpt.config.causal else None,
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
        settings, step = self.settings, self.done + 1
        x, y = self.data.batch(settings.seed, self.done, settings.batch_size)
        mine = self.group.share(len(x))
        share = len(x[mine]) / len(x)
        if not self.gpt.training:
            self.gpt.train()
        for p in self._parameters:
            p.grad = None
        observed = self.probe_every > 0 and step % self.probe_every == 0
        with Observation(self.gpt, step) if observed else nullcontext() as observation:
            loss = self._random_loss(x[mine], y[mine])
            if share < 1:
                loss = loss * share
            loss.backward()  # type: ignore[no-untyped-call]
            value, stops = self.group.sum_gradients(
                self._parameters, loss, torch.tensor(float(self._stop_asked), device=self.device)
            )
            self._watch.check(step, value)
            norm = self._clip(settings.optimizer.gradient_clip or math.inf)
            self._watch.check(step, norm, "gradient")
            for optimizer in self.optimizers:
                optimizer.step()
            self.statistics = observation.statistics() if observation else None
        self.stopped = self.stopped or stops > 0
        return value, norm

    def _clip(self, limit: float) -> float:
        """Bring the norm of all gradients together within the limit; returns what it was before."""
        norm = torch.nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        if (value := norm.item()) > limit:
            torch.nn.utils.clip_grads_with_norm_(self._parameters, limit, norm)
        return value

    def _random_loss(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss of this step's windows, its dropout drawn from (seed, step) alone, and from the rank in a group."""
        settings = self.settings
        if not settings.dropout:
            return self._loss(x, y)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            purpose = f"dropout {self.group.rank}" if self.group.rank else "dropout"
            torch.manual_seed(derived_seed(settings.seed, self.done, purpose))
            return self._loss(x, y)

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean next-token cross-entropy of inputs and targets (B, T)."""
        x, y = x.to(self.device), y.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocasts):
            logits = self.gpt(x)  # (B, T, V)
            return F.cross_entropy(logits.flatten(0, 1), y.flatten())

    def validation_loss(self) -> float:
        """Mean loss over the same evenly spread validation windows each time, in float32.

        Without the causal mask the model sees the token that it is asked for: see `prefix_loss`.
        """
        batches = self.data.validation_batches(self.settings.validation_tokens, self.settings.batch_size)
        return evaluate(self.gpt, self.group.every(batches), self.group)

    def prefix_loss(self) -> float:
        """Mean validation loss of the token after a prefix when there is nothing after it, as when text is written.

        The same prefixes each time, of eight lengths from 1 to the context. With the causal mask it estimates
        `validation_loss`; without it, it is the honest one of the two.
        """
        batches = self.data.prefix_batches(self.settings.validation_tokens)
        return evaluate(self.gpt, self.group.every(batches), self.group)

    @property
    def description(self) -> RunDescription:
        """What is trained here."""
        return RunDescription(
            config=self.gpt.config,
            parameters=self.gpt.config.parameters,
            context=self.data.context,
            settings=asdict(self.settings),
        )

    def state(self, notes: dict[str, Any] | None = None) -> dict[str, bytes]:
        """What resuming needs beside the model, as files of the checkpoint: plain JSON and tensors, no pickle."""
        described = {
            "done": self.done,
            "data": self.data.digest,
            "context": self.data.context,
            "settings": asdict(self.settings),
            "watch": self._watch.state(),
            "notes": notes or {},
        }
        tensors = {
            f"{name}.{key}": value.cpu().contiguous()
            for name, p in self.gpt.named_parameters()
            for key, value in self._optimizer_of[id(p)].state.get(p, {}).items()
        }
        return {STATE_JSON: (json.dumps(described, indent=2) + "\n").encode(), STATE_TENSORS: to_bytes(tensors)}

    def check_weights(self) -> None:
        """Raise DivergedError when a weight is not finite: the update of a sound gradient can overflow too."""
        if not all(p.isfinite().all() for p in self._parameters):
            raise DivergedError(self.done, "a weight is NaN or infinite", self._watch.good)

    def save(self, out: Path, notes: dict[str, Any] | None = None) -> Path:
        """Write a checkpoint of this moment into the run directory `out`; returns its own directory.

        Raises DivergedError for weights that are not finite, CheckpointError when it cannot be written.
        """
        self.check_weights()
        return runs.add(out, self.done, self.gpt, self.tokenizer, self.state(notes), self._watch.good)

    @classmethod
    def resume(
        cls, out: Path, data: TrainingData, device: torch.device | None = None, group: Group = ALONE
    ) -> "Trainer":
        """Continue the run in `out` from its latest checkpoint.

        Raises CheckpointError when there is none to continue or the data is not what the run was trained on.
        """
        directory = runs.latest(out)
        saved = read_state(directory)
        if saved["data"] != data.digest:
            raise CheckpointError(f"{out} was trained on other text: give the same files, unchanged, to resume")
        with runs.naming_spare(directory):
            opened = load(directory)
        try:
            values = dict(saved["settings"])
            settings = TrainerSettings(**{**values, "optimizer": OptimizerSettings(**values["optimizer"])})
            gpt = GPT(opened.config, settings.dropout)
            gpt.load_state_dict(opened.gpt.state_dict())
            trainer = cls(gpt, opened.tokenizer, data, settings, int(saved["done"]), device, group)
            if "watch" in saved:
                trainer._watch.restore(saved["watch"])
        except ModelError:
            raise
        except (TypeError, ValueError, KeyError) as error:
            raise CheckpointError(f"{directory / STATE_JSON} is damaged: this run cannot be resumed") from error
        with runs.naming_spare(directory):
            trainer._load_optimizers(directory / STATE_TENSORS)
        return trainer

    def _load_optimizers(self, path: Path) -> None:
        try:
            tensors = load_file(path)
        except Exception as error:
            raise CheckpointError(f"{path.name} is damaged or missing: this checkpoint cannot be resumed") from error
        for name, p in self.gpt.named_parameters():
            state = self._optimizer_of[id(p)].state[p]
            found = {key.removeprefix(f"{name}."): tensors.pop(key) for key in list(tensors) if _is_of(name, key)}
            keys = _STATE[type(self._optimizer_of[id(p)])]
            if (self.done or found) and (
                found.keys() != keys or any(not _is_sound(key, tensor, p) for key, tensor in found.items())
            ):
                raise CheckpointError(
                    f"{path.name} is damaged or of another model ({name!r} differs): this run cannot be resumed"
                )
            state.update({key: tensor.to(p.device) for key, tensor in found.items()})
        if tensors:
            raise CheckpointError(f"{path.name} is of another model ({min(tensors)!r}): this run cannot be resumed")


_STATE = {torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"}, Muon: {"momentum_buffer"}}


def _is_sound(key: str, tensor: Tensor, parameter: Tensor) -> bool:
    """Whether a stored tensor can be the optimizer's `key` of a parameter."""
    shape = torch.Size() if key == "step" else parameter.shape
    return tensor.shape == shape and tensor.dtype is torch.float32 and bool(tensor.isfinite().all())


def _is_of(name: str, key: str) -> bool:
    """Whether a stored tensor is optimizer state of the parameter `name`."""
    return key.rpartition(".")[0] == name


@torch.inference_mode()
def evaluate(gpt: GPT, batches: Iterable[tuple[Tensor, Tensor]], group: Group = ALONE) -> float:
    """Mean loss in nats of inputs (B, T) and targets (B, T), or targets (B, 1) of the last position alone."""
    gpt.eval()
    device = gpt.wte.weight.device
    sums = torch.zeros(2, dtype=torch.float64)  # of losses, of tokens
    for x, y in batches:
        logits = gpt(x.to(device))[:, -y.shape[1] :]
        loss = F.cross_entropy(logits.flatten(0, 1), y.to(device).flatten(), reduction="sum").item()
        sums += torch.tensor([loss, y.numel()], dtype=torch.float64)
    total, count = group.sum(sums.to(torch.float32 if device.type == "mps" else torch.float64).to(device)).tolist()
    return float(total / count)


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
