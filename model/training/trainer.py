"""The trainer: a generator of steps that can be stopped after any of them and resumed bit for bit.

Notation: B batch, T positions, V vocab_size.
"""

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from operator import index
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as to_bytes
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from model import checkpoint, devices
from model.attention import AttentionInputs
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.layout import CheckpointError, step_directory
from model.training import memory, runs
from model.training.batches import TrainingData, derived_seed
from model.training.distributed import SINGLE_PROCESS, Group
from model.training.divergence import DivergedError, DivergenceWatch
from model.training.entropy_penalty import entropy_penalty, recorded_inputs
from model.training.optimizer_state import load_optimizer_tensors, optimizer_tensors
from model.training.optimizers import make_optimizers, schedule
from model.training.probe import StepProbe
from model.training.run_log import RunDescription, StepMetrics
from model.training.runs import STATE_JSON, STATE_TENSORS
from model.training.settings import OptimizerSettings, TrainerSettings
from model.training.step_statistics import StepStatistics
from model.training.synthetic import SyntheticWindows


class Trainer:
    """Trains `gpt` on `data`.

    On the same machine, with the same number of threads and the same seed, the losses are the same to the last digit,
    however often the run was interrupted and resumed. In a `group` of processes each one trains on its part of the same
    batches.

    Attributes:
        done: the number of steps done so far.
        stopped: True once `steps` has ended, or will end, because of `stop`.
        changed_from: the settings before `change`, or None.
        probe_every: steps between two probed steps, or 0 for none; a probe slows down its own step only.
        statistics: what the probe recorded in the last step, or None if that step was not probed.
    """

    def __init__(
        self,
        gpt: GPT,
        tokenizer: Tokenizer,
        data: TrainingData,
        settings: TrainerSettings,
        done: int = 0,
        device: torch.device | None = None,
        group: Group = SINGLE_PROCESS,
    ) -> None:
        if data.context > gpt.config.n_positions:
            raise ModelError(f"windows of {data.context} tokens do not fit a context of {gpt.config.n_positions}")
        if settings.batch_size < group.size:
            raise ModelError(f"batch-size {settings.batch_size} is too small for {group.size} processes")
        self.device = device or torch.device("cpu")
        self.group = group
        self.gpt = gpt.to(self.device)
        self.tokenizer = tokenizer
        self.data = data
        self.settings = settings
        self.done = done
        self.stopped = False
        self.changed_from: TrainerSettings | None = None
        self.probe_every = 0
        self.statistics: StepStatistics | None = None
        self.uses_bfloat16 = devices.uses_bfloat16(self.device, settings.precision)
        muon_dtype = torch.bfloat16 if self.uses_bfloat16 else torch.float32
        self.optimizers = make_optimizers(gpt, settings.optimizer, muon_dtype)
        self._parameters = list(gpt.parameters())
        self._synthetic = self._synthetic_windows()
        self._rates = [[each["lr"] for each in optimizer.param_groups] for optimizer in self.optimizers]
        self._stop_requested = False
        self._watch = DivergenceWatch(gpt.config.vocab_size)
        memory.keep_freed_memory()

    @classmethod
    def start(
        cls,
        config: GPTConfig,
        tokenizer: Tokenizer,
        data: TrainingData,
        settings: TrainerSettings,
        device: torch.device | None = None,
        group: Group = SINGLE_PROCESS,
    ) -> "Trainer":
        """Begin a run with new weights, drawn from the seed. Raises ModelError if it cannot fit into memory."""
        device = device or torch.device("cpu")
        memory.check(
            config,
            tokens=math.ceil(settings.batch_size / group.size) * data.context,
            device=device,
            adamw=settings.optimizer.name == "adamw",
            autocast=devices.uses_bfloat16(device, settings.precision),
        )
        gpt = GPT(config, settings.dropout)
        generator = torch.Generator().manual_seed(derived_seed(settings.seed, 0, "weights"))
        gpt.initialize(generator, settings.position_waves)
        if not gpt.is_finite():
            raise ModelError(f"init-std {config.initializer_range:g} is too large for float32: choose a smaller one")
        return cls(gpt, tokenizer, data, settings, device=device, group=group)

    def stop(self) -> None:
        """Let `steps` end after the current step. In a group, all processes end after the same one."""
        self._stop_requested = True
        self.stopped = self.group.size == 1

    def steps(self) -> Iterator[StepMetrics]:
        """Train to `settings.steps`, yielding after each step. Nothing is lost by stopping between two steps.

        Raises DivergedError if a loss is not finite, with the weights as before that step, or if it climbs far above
        where it has been.
        """
        while self.done < self.settings.steps and not self.stopped:
            began = time.perf_counter()
            rate = self._set_rates()
            loss, norm = self._step()
            self.done += 1
            seconds = max(time.perf_counter() - began, 1e-9)  # a clock may stand still
            is_due = self.done % self.settings.evaluate_every == 0 or self.done == self.settings.steps
            tokens = self.settings.batch_size * self.data.context
            yield StepMetrics(
                step=self.done,
                loss=loss,
                validation_loss=self.validation_loss() if is_due else None,
                learning_rate=rate,
                gradient_norm=norm,
                tokens=self.done * tokens,
                seconds=seconds,
                tokens_per_second=tokens / seconds,
                prefix_loss=self.prefix_loss() if is_due and not self.gpt.config.causal else None,
            )

    def rate_factor(self, done: int, steps: int) -> float:
        """Return the factor on the learning rates of the step after `done`, in a run of `steps` steps."""
        return schedule(done, steps, self.settings.warmup, self.settings.cooldown)

    def _set_rates(self) -> float:
        """Set the learning rates of the next step; returns AdamW's."""
        settings = self.settings
        factor = self.rate_factor(self.done, settings.steps)
        for optimizer, rates in zip(self.optimizers, self._rates, strict=True):
            for each, rate in zip(optimizer.param_groups, rates, strict=True):
                each["lr"] = rate * factor
        return settings.optimizer.learning_rate * factor

    def _step(self) -> tuple[float, float]:
        """Update the weights once; returns the loss before the update and the norm of the gradients."""
        settings, step = self.settings, self.done + 1
        parts = self._windows_per_context()
        size, context = settings.batch_size * parts, self.data.context // parts
        x, y = self.data.batch(settings.seed, self.done, size, context, self._synthetic)
        mine = self.group.part_of(len(x))
        share = len(x[mine]) / len(x)
        if not self.gpt.training:
            self.gpt.train()
        for p in self._parameters:
            p.grad = None
        is_probed = self.probe_every > 0 and step % self.probe_every == 0
        with StepProbe(self.gpt, step) if is_probed else nullcontext() as probe:
            with recorded_inputs(self.gpt) if settings.entropy_penalty else nullcontext() as inputs:
                loss = self._loss_with_dropout(x[mine], y[mine])
            minimized = loss + self._penalty(inputs) if inputs else loss
            if share < 1:
                loss, minimized = loss * share, minimized * share
            minimized.backward()  # type: ignore[no-untyped-call]
            value, stops = self.group.all_reduce_gradients(
                self._parameters, loss, torch.tensor(float(self._stop_requested), device=self.device)
            )
            self._watch.check(step, value)
            norm = self._clip_gradients(settings.optimizer.gradient_clip or math.inf)
            self._watch.check(step, norm, "gradient")
            for optimizer in self.optimizers:
                optimizer.step()
            self.statistics = probe.statistics() if probe else None
        self.stopped = self.stopped or stops > 0
        return value, norm

    def _penalty(self, inputs: list[AttentionInputs]) -> Tensor:
        """The penalty on the entropy of attention in this step, given the inputs of all layers."""
        generator = torch.Generator().manual_seed(derived_seed(self.settings.seed, self.done, "entropy"))
        return self.settings.entropy_penalty * entropy_penalty(inputs, generator)

    def _windows_per_context(self) -> int:
        """How many windows of the current length have as many tokens as one of the whole context: 4, then 2, then 1."""
        growth = self.settings.growth * self.settings.steps  # in steps
        if self.done >= growth:
            return 1
        return min(4 if self.done < growth / 2 else 2, self.data.context)

    def _clip_gradients(self, limit: float) -> float:
        """Scale the gradients down if their norm is above the limit; returns the norm before."""
        norm = torch.nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        if (value := norm.item()) > limit:
            torch.nn.utils.clip_grads_with_norm_(self._parameters, limit, norm)
        return value

    def _loss_with_dropout(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss of this step's windows; dropout depends on seed and step, and in a group on the rank, alone."""
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
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.uses_bfloat16):
            logits = self.gpt(x)  # (B, T, V)
            return F.cross_entropy(logits.flatten(0, 1), y.flatten())

    def validation_loss(self) -> float:
        """Mean loss in float32 over evenly spaced validation windows, always the same ones.

        Without the causal mask the model sees the very token that it is to predict: see `prefix_loss`.
        """
        batches = self.data.validation_batches(self.settings.validation_tokens, self.settings.batch_size)
        return evaluate(self.gpt, self.group.every(batches), self.group)

    def prefix_loss(self) -> float:
        """Mean validation loss of the token that follows a prefix, with nothing after the prefix, as in generation.

        The prefixes are always the same, of eight lengths from 1 to the context. With the causal mask this estimates
        `validation_loss`; without it, this is the one to trust.
        """
        batches = self.data.prefix_batches(self.settings.validation_tokens)
        return evaluate(self.gpt, self.group.every(batches), self.group)

    @property
    def description(self) -> RunDescription:
        """What is trained, and for how long."""
        return RunDescription(
            config=self.gpt.config,
            parameters=self.gpt.config.parameters,
            context=self.data.context,
            settings=asdict(self.settings),
        )

    def state(self, notes: dict[str, Any] | None = None) -> dict[str, bytes]:
        """What resuming needs beside the model, as files of the checkpoint: JSON and tensors, no pickle."""
        described = {
            "done": self.done,
            "data": self.data.digest,
            "context": self.data.context,
            "settings": asdict(self.settings),
            "watch": self._watch.state(),
            "notes": notes or {},
        }
        return {
            STATE_JSON: (json.dumps(described, indent=2) + "\n").encode(),
            STATE_TENSORS: to_bytes(optimizer_tensors(self.gpt, self.optimizers)),
        }

    def check_weights(self) -> None:
        """Raise DivergedError if a weight is not finite: even the update of a finite gradient can overflow."""
        if not self.gpt.is_finite():
            raise DivergedError(self.done, "a weight is NaN or infinite", self._watch.last_good)

    def save(self, out: Path, notes: dict[str, Any] | None = None) -> Path:
        """Write a checkpoint into the run directory `out` and return the checkpoint's own directory.

        Raises DivergedError if a weight is not finite, and CheckpointError if the checkpoint cannot be written.
        """
        self.check_weights()
        directory = out / step_directory(self.done)
        checkpoint.save(directory, self.gpt, self.tokenizer, extra=self.state(notes), replace=True)
        runs.set_latest(out, directory, self._watch.last_good)
        return directory

    @classmethod
    def resume(
        cls,
        out: Path,
        data: TrainingData,
        device: torch.device | None = None,
        group: Group = SINGLE_PROCESS,
        changes: Mapping[str, Any] | None = None,
    ) -> "Trainer":
        """Continue the run in `out` from its latest checkpoint, with `changes` of its settings as for `change`.

        Raises CheckpointError if there is none, it is damaged, or `data` is not what the run was trained on, and
        ModelError if a change is out of range.
        """
        directory = runs.latest(out)
        saved = runs.read_state(directory)
        if saved["data"] != data.digest:
            raise CheckpointError(f"{out} was trained on other text: give the same files, unchanged, to resume")
        with runs.suggesting_another(directory):
            opened = checkpoint.load(directory)
        try:
            values = dict(saved["settings"])
            settings = TrainerSettings(**{**values, "optimizer": OptimizerSettings(**values["optimizer"])})
            gpt = GPT(opened.config, settings.dropout)
            gpt.load_state_dict(opened.gpt.state_dict())
            trainer = cls(gpt, opened.tokenizer, data, settings, index(saved["done"]), device, group)
            if "watch" in saved:
                trainer._watch.restore(saved["watch"])
        except ModelError:
            raise
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise CheckpointError(f"{directory / STATE_JSON} is damaged: this run cannot be resumed") from error
        with runs.suggesting_another(directory):
            load_optimizer_tensors(directory / STATE_TENSORS, trainer.gpt, trainer.optimizers, started=trainer.done > 0)
        if changes:
            trainer.change(**changes)
        return trainer

    def change(self, **changes: Any) -> None:
        """Change settings among `CHANGEABLE` from the next step on.

        With other `steps`, learning rates are those of a run of that length. If they had not begun to fall, the run
        becomes the same as one that began with that many steps, except that its steps with short windows stay as they
        were. Raises ModelError if more steps are done, or a value is out of range.
        """
        before = self.settings
        steps = changes.get("steps", before.steps)
        if steps < self.done:
            raise ModelError(f"{self.done} steps are done: give --steps of more than that")
        growth = before.growth if steps == before.steps else min(1.0, before.growth * before.steps / steps)
        self.settings = replace(before, growth=growth, **changes)
        self._synthetic = self._synthetic_windows()
        if self.settings != before:
            self.changed_from = before

    def _synthetic_windows(self) -> SyntheticWindows | None:
        """Return what replaces windows of the text, or None if nothing does."""
        settings = self.settings
        if not settings.repeats and not settings.recall:
            return None
        return SyntheticWindows(settings.repeats, settings.recall, self.data.frequencies(self.gpt.config.vocab_size))


@torch.inference_mode()
def evaluate(gpt: GPT, batches: Iterable[tuple[Tensor, Tensor]], group: Group = SINGLE_PROCESS) -> float:
    """Mean loss in nats over batches of inputs (B, T) and targets (B, T), or (B, 1) for the last position alone."""
    gpt.eval()
    device = gpt.wte.weight.device
    sums = torch.zeros(2, dtype=torch.float64)  # of losses, of tokens
    for x, y in batches:
        logits = gpt(x.to(device))[:, -y.shape[1] :]
        loss = F.cross_entropy(logits.flatten(0, 1), y.to(device).flatten(), reduction="sum").item()
        sums += torch.tensor([loss, y.numel()], dtype=torch.float64)
    dtype = torch.float32 if device.type == "mps" else torch.float64
    total, count = group.all_reduce(sums.to(dtype).to(device)).tolist()
    return float(total / count)
