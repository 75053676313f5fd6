"""A training process that does what it is told, in the place of a real one, and what it tells of a tiny model."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from explorer.training.process import Ended, Told
from explorer.training.request import TrainRequest
from model.config import GPTConfig
from model.training.run_log import RunDescription
from model.training.step_statistics import Histogram, StepStatistics
from tests.model.trainers import make_tokenizer

TOKENIZER = make_tokenizer()
CONFIG = GPTConfig(TOKENIZER.get_vocab_size(), n_positions=16, n_embd=8, n_layer=2, n_head=2)
STEPS = 400


def description(config: GPTConfig = CONFIG, steps: int = STEPS) -> RunDescription:
    return RunDescription(config, 12_345, config.n_positions, {"steps": steps})


def started(done: int = 0, config: GPTConfig = CONFIG, steps: int = STEPS) -> dict[str, Any]:
    told = {**asdict(description(config, steps)), "config": config.to_dict()}
    return {
        "event": "started",
        "description": told,
        "done": done,
        "tokens": [900, 100],
        "place": "cpu, float32",
        "tokenizer": TOKENIZER.to_str(),
    }


def metrics(step: int, loss: float, **values: float) -> dict[str, Any]:
    made = {"learning_rate": 0.003, "gradient_norm": 1.0, "tokens": 64 * step, "seconds": 0.01}
    return {"step": step, "loss": loss, **made, "tokens_per_second": 6400.0, **values}


def histogram(
    counts: Sequence[int] = (1, 2, 4, 2, 1), *, low: float = -5.0, below: int = 0, above: int = 0
) -> Histogram:
    return Histogram(low, low + 10.0, tuple(counts), below, above, 0.0, 1.25)


def statistics(step: int, ratio: float | None = -3.0) -> StepStatistics:
    sites = [f"h.{layer}{part}" for layer in range(CONFIG.n_layer) for part in (".attn", ".mlp", "")]
    return StepStatistics(
        step,
        {site: histogram() for site in sites},
        {site: histogram((0, 0, 8, 0, 0), low=-12.0, below=2) for site in sites},
        {"wte.weight": ratio, "h.0.ln_1.bias": None, "h.1.mlp.c_proj.weight": -2.0},
    )


def heads(step: int, ids: Sequence[int], config: GPTConfig = CONFIG) -> dict[str, Any]:
    shape = (config.n_layer, 3, config.n_head, len(ids), config.head_size)
    numbers = np.random.default_rng(step).normal(size=shape).astype("<f2")
    data = b64encode(numbers.tobytes()).decode()
    return {"event": "heads", "step": step, "ids": list(ids), "shape": list(shape), "data": data}


class FakeProcess:
    """Records what it is asked and tells what the test says; `made` are those of this test, oldest first."""

    made: ClassVar[list["FakeProcess"]] = []

    def __init__(self, request: TrainRequest, told: Told, ended: Ended) -> None:
        self.request = request
        self.asked: list[dict[str, Any]] = []
        self.closed = self.killed = False
        self._told = told
        self._ended = ended
        self.made.append(self)

    def send(self, do: str, **values: Any) -> None:
        self.asked.append({"do": do, **values})

    def close(self) -> None:
        self.closed = True

    def kill(self) -> None:
        self.killed = True

    def wait(self, seconds: float) -> bool:
        return True

    # What the test lets it do

    @property
    def ids(self) -> tuple[int, ...]:
        """The tokens last asked for."""
        return next(tuple(asked["ids"]) for asked in reversed(self.asked) if asked["do"] == "look")

    def tell(self, line: dict[str, Any]) -> None:
        self._told(line)

    def start(self, done: int = 0, config: GPTConfig = CONFIG, steps: int = STEPS) -> None:
        self.tell(started(done, config, steps))

    def step(self, *steps: dict[str, Any], left: float | None = 61.0) -> None:
        self.tell({"event": "steps", "metrics": list(steps), "left": left})

    def observe(self, step: int, ratio: float | None = -3.0) -> None:
        self.tell({"event": "statistics", **statistics(step, ratio).to_dict()})

    def sample(self, step: int, text: str) -> None:
        self.tell({"event": "sample", "step": step, "text": text})

    def show_heads(self, step: int) -> None:
        self.tell(heads(step, self.ids))

    def pause(self, paused: bool) -> None:
        self.tell({"event": "paused", "paused": paused})

    def end(self, code: int, message: str = "") -> None:
        self._ended(code, message)


def request(out: Path | str = "run-x") -> TrainRequest:
    return TrainRequest(("--out", str(out)), Path(out))
