"""Lab 8, from bigram to head: the lecture's ladder of models, each trained on the same text.

Notation: B examples, T positions, C channels, V symbols, H heads.
"""

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.core.formatting import significant
from explorer.labs.fitting import (
    PROGRESS_EVERY,
    fit,
    on_one_thread,
    random_batches,
    smoothed,
    story_characters,
    windows,
)
from explorer.labs.lab import (
    BarPicture,
    CurvePicture,
    IntegerParameter,
    Lab,
    Line,
    OpenModel,
    Progress,
    Question,
    Result,
    Step,
    TablePicture,
    Values,
    seed_parameter,
)
from explorer.labs.registry import find_entry
from model.attention import masked, mixed, scaled, scores, weights

CONTEXT = 16
CHANNELS = 32
HEADS = 4
_CHARACTERS = 40_000
_BATCH = 32
_RATE = 5e-3


def _visible(T: int) -> Tensor:
    return torch.ones(T, T, dtype=torch.bool).tril()


class Bigram(nn.Module):
    """A table: the logits of the next symbol, given this one and nothing else."""

    def __init__(self, symbols: int) -> None:
        super().__init__()
        self.table = nn.Embedding(symbols, symbols)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, V)."""
        logits: Tensor = self.table(ids)
        return logits


class Average(nn.Module):
    """The mean of the past, whatever it is: all weights of a row are equal."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Linear(CHANNELS, CHANNELS, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        T = x.shape[-2]
        wei = weights(masked(torch.zeros(T, T), _visible(T)))
        return mixed(wei, self.value(x))


class Heads(nn.Module):
    """Self-attention: weights that depend on the data, in one head or in several that share the channels."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(CHANNELS, CHANNELS, bias=False) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        q, k, v = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(-3, -2)  # (B, H, T, C / H)
            for project in (self.query, self.key, self.value)
        )
        wei = weights(masked(scaled(scores(q, k), q.shape[-1] ** -0.5), _visible(x.shape[-2])))
        return mixed(wei, v).transpose(-3, -2).flatten(-2)


class Block(nn.Module):
    """Several heads, then an MLP at each position; both added to the stream, both after a LayerNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = Heads(HEADS)
        self.project = nn.Linear(CHANNELS, CHANNELS)
        self.mlp = nn.Sequential(nn.Linear(CHANNELS, 4 * CHANNELS), nn.ReLU(), nn.Linear(4 * CHANNELS, CHANNELS))
        self.before_heads, self.before_mlp = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        x = x + self.project(self.heads(self.before_heads(x)))
        after: Tensor = x + self.mlp(self.before_mlp(x))
        return after


class Reader(nn.Module):
    """Symbols and positions, what `middle` makes of them, and the logits of the next symbol."""

    def __init__(self, symbols: int, middle: nn.Module) -> None:
        super().__init__()
        self.symbol, self.position = nn.Embedding(symbols, CHANNELS), nn.Embedding(CONTEXT, CHANNELS)
        self.middle = middle
        self.output = nn.Linear(CHANNELS, symbols)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, V)."""
        x = self.symbol(ids) + self.position(torch.arange(ids.shape[-1]))
        logits: Tensor = self.output(self.middle(x))
        return logits


RUNGS: tuple[tuple[str, Callable[[int], nn.Module]], ...] = (
    ("bigram table", Bigram),
    ("averaged past", lambda symbols: Reader(symbols, Average())),
    ("one head", lambda symbols: Reader(symbols, Heads(1))),
    ("four heads", lambda symbols: Reader(symbols, Heads(HEADS))),
    ("block", lambda symbols: Reader(symbols, Block())),
)


def next_symbol_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy of the symbol after each position: (B, T) and (B, T) -> one number, in nats."""
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


@dataclass(frozen=True, slots=True)
class Rung:
    """A trained model of the ladder: its parameters, the loss of each step, and the loss on held-out text."""

    name: str
    parameters: int
    losses: tuple[float, ...]
    held_out: float


def _train(place: int, values: Values) -> Iterator[Progress | Rung]:
    name, make = RUNGS[place]
    steps, seed = values.integer("steps"), values.integer("seed")
    text = story_characters(seed, _CHARACTERS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(len(text.symbols))
    batches = random_batches(*windows(text.train, CONTEXT), _BATCH, torch.Generator().manual_seed(seed))
    rate = 10 * _RATE if place == 0 else _RATE  # each row of the table is trained by one symbol only
    losses = []
    for loss in fit(lambda x, y: next_symbol_loss(model, x, y), model.parameters(), batches, steps, rate):
        losses.append(loss)
        if len(losses) % PROGRESS_EVERY == 0:
            yield Progress(place * steps + len(losses), len(RUNGS) * steps, f"{name}: loss {loss:.3f}")
    x, y = windows(text.held_out, CONTEXT)
    with torch.inference_mode():
        held_out = next_symbol_loss(model, x[::CONTEXT], y[::CONTEXT]).item()
    yield Rung(name, sum(p.numel() for p in model.parameters()), tuple(losses), held_out)


@on_one_thread
def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Train the models of the ladder one after the other."""
    rungs: list[Rung] = []
    for place in range(len(RUNGS)):
        for item in _train(place, values):
            if isinstance(item, Progress):
                yield item
            else:
                rungs.append(item)
    symbols = len(story_characters(values.integer("seed"), _CHARACTERS).symbols)
    uniform = math.log(symbols)
    best = min(rungs, key=lambda rung: rung.held_out)
    by_name = {rung.name: rung for rung in rungs}
    table, average = by_name["bigram table"].held_out, by_name["averaged past"].held_out
    drops = {b.name: a.held_out - b.held_out for a, b in pairwise(rungs)}
    largest = max(drops, key=drops.__getitem__)
    steps = (
        Step(
            "The losses compared",
            f"Held-out text, {symbols} symbols; a uniform guess costs ln {symbols} = {uniform:.2f}. The best is the "
            f"{best.name} with {best.held_out:.2f}; the largest step down is to the {largest}, by "
            f"{significant(drops[largest])}.",
            (
                BarPicture("held-out loss in nats", tuple((rung.name, rung.held_out) for rung in rungs), uniform),
                TablePicture(
                    "the ladder",
                    ("model", "parameters", "held-out loss"),
                    tuple((rung.name, rung.parameters, round(rung.held_out, 4)) for rung in rungs),
                ),
            ),
        ),
        Step(
            "How they learned",
            f"{values.integer('steps')} steps of {_BATCH} examples each, in the same order for every model.",
            (
                CurvePicture(
                    "loss over steps",
                    "step",
                    "loss",
                    tuple(Line(rung.name, smoothed(list(rung.losses))) for rung in rungs),
                    levels=((uniform, f"ln {symbols}"),),
                ),
            ),
        ),
    )
    numbers = {
        rung.name: {"parameters": rung.parameters, "held_out": rung.held_out, "losses": rung.losses} for rung in rungs
    }
    choice = 0 if average < table - 0.02 else 2 if average > table + 0.02 else 1
    forgets = ": an average forgets what came last" if choice == 2 else ""
    answer = f"The table costs {table:.2f} and the averaged past {average:.2f}{forgets}."
    yield Result(steps, choice, answer, {"ln_symbols": uniform, "models": numbers})


def ask(values: Values) -> Question:
    """Ask whether averaging the past lowers the loss."""
    return Question(
        "A bigram table sees one symbol; the averaged past sees all of them, equally. Is its loss lower?",
        ("yes, lower", "the same", "no, higher"),
    )


LAB = Lab(
    find_entry("ladder"),
    (
        IntegerParameter("steps", "of each training", 400, (100, 400, 1000), low=20, high=5000),
        seed_parameter("of text, weights and batches"),
    ),
    (Bigram, Average, Heads, Block, Reader, next_symbol_loss, fit),
    ask,
    run,
    trains=True,
)
