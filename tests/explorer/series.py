"""A model on disk with the snapshots of a training that was never done: head L0 H0 becomes a previous-token head."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import torch
from textual.pilot import Pilot
from transformers import GPT2LMHeadModel

from explorer.app import ExplorerApp
from explorer.core.history import History
from explorer.view import View
from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.gpt import GPT
from model.training import snapshots
from model.training.recorder import save_snapshot
from tests.explorer.helpers import app_of, until
from tests.explorer.small import CHARACTERS

TEXT = "a bad cafe"
OTHER = "bed face."
STEPS = {0: 0.0, 10: 0.05, 30: 0.2, 100: 0.4}
"""How strongly the head looks at the token before, by step."""
LAST, LAST_STRENGTH = 300, 0.7
CONFIG = GPTConfig(vocab_size=10, n_positions=16, n_embd=32, n_layer=2, n_head=2, initializer_range=0.3)
ALL_STEPS = (*STEPS, LAST)


def made(strength: float) -> GPT:
    """Random but for L0 H0, whose query is the key of the position before, times `strength`."""
    gpt = GPT(CONFIG)
    gpt.initialize(torch.Generator().manual_seed(round(100 * strength)))
    size, width = CONFIG.head_size, CONFIG.n_embd
    with torch.no_grad():
        gpt.wpe.weight.copy_(5 * torch.eye(CONFIG.n_positions, width))
        attention = gpt.get_submodule("h.0.attn.c_attn")
        assert isinstance(attention, torch.nn.Linear)
        attention.weight[:size] = strength * torch.eye(width).roll(1, 1)[:size]
        attention.weight[width : width + size] = torch.eye(width)[:size]
        attention.bias[:size] = attention.bias[width : width + size] = 0
    return gpt


def save_series(directory: Path) -> Path:
    """A model with its series inside, as a bundled one lies on the disk."""
    characters = tokenizer.train_char(CHARACTERS)
    note = {snapshots.TRAINING: snapshots.training_json(LAST)}
    checkpoint.save(directory, made(LAST_STRENGTH), characters, extra=note)
    for step, strength in STEPS.items():
        save_snapshot(directory, step, made(strength), characters)
    return directory


class Traced:
    """A snapshot read by `transformers` alone."""

    def __init__(self, path: Path, text: str) -> None:
        theirs = GPT2LMHeadModel.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
        assert isinstance(theirs, GPT2LMHeadModel)
        self.ids = torch.tensor([[sorted(CHARACTERS).index(c) for c in text]])
        with torch.no_grad():
            found = theirs(self.ids, output_attentions=True, labels=self.ids)
        self.weights: tuple[list[list[list[float]]], ...] = tuple(each[0].tolist() for each in found.attentions)
        self.loss: float = found.loss.item()

    def previous_token(self, layer: int, head: int) -> float:
        rows = self.weights[layer][head]
        return sum(rows[i][i - 1] for i in range(1, len(rows))) / (len(rows) - 1)


@lru_cache
def traced(path: Path, text: str = TEXT) -> Traced:
    """Read once."""
    return Traced(path, text)


def app_on(
    model: str, open_model: Callable[[str], checkpoint.Checkpoint] | None = None, **fields: object
) -> ExplorerApp:
    view = View(**{"model": model, "text": TEXT, "query": 5, "key": 4, **fields})  # type: ignore[arg-type]
    return ExplorerApp(view, open_model, History()) if open_model else ExplorerApp(view, history=History())


async def settled(pilot: Pilot[None]) -> None:
    """Wait until what is asked for is shown, and everything is prepared that will be."""
    app = app_of(pilot)
    await until(pilot, lambda: app.reading is not None and app.is_settled and app.explore.timeline.is_settled)
