"""Training a small model while somebody watches: a generator that yields the loss of each step."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from threading import Lock

import torch
from torch import Tensor

from data import storyteller
from explorer.labs.lab import OpenModel, Progress, Result, Run, Values

Batches = Callable[[], tuple[Tensor, Tensor]]

PROGRESS_EVERY = 20
"""Steps between two reports."""


class _OneThread:
    """While at least one lab trains, torch computes on one thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if not self._running:
                self._before = torch.get_num_threads()
                torch.set_num_threads(1)
            self._running += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._running -= 1
            if not self._running:
                torch.set_num_threads(self._before)


_one_thread = _OneThread()


def on_one_thread(run: Run) -> Run:
    """Run a lab that trains on one thread: quicker for small matrices, and the same numbers wherever it runs."""

    @wraps(run)
    def run_on_one(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
        with _one_thread:
            yield from run(values, open_model)

    return run_on_one


def random_batches(inputs: Tensor, targets: Tensor, size: int, generator: torch.Generator) -> Batches:
    """Draw `size` examples at a time: (N, …) -> (size, …)."""

    def draw() -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(inputs), (size,), generator=generator)
        return inputs[chosen], targets[chosen]

    return draw


def windows(ids: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Every stretch of `length` ids and the ids that follow each of them: two of (N, length)."""
    rows = ids.unfold(0, length + 1, 1)
    return rows[:, :-1], rows[:, 1:]


def fit(
    loss: Callable[[Tensor, Tensor], Tensor], parameters: Iterable[Tensor], batches: Batches, steps: int, rate: float
) -> Iterator[float]:
    """Train with AdamW and yield the loss of each step; the caller may stop at any of them."""
    optimizer = torch.optim.AdamW(list(parameters), lr=rate, weight_decay=0.0)
    for _ in range(steps):
        value = loss(*batches())
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        yield value.item()


def smoothed(losses: list[float], width: int = 20) -> tuple[tuple[float, float], ...]:
    """Means of `width` steps each, at the last step of each; the first loss is kept as it is."""
    points = [(1.0, losses[0])] if losses else []
    for end in range(width, len(losses) + 1, width):
        part = losses[end - width : end]
        points.append((float(end), sum(part) / len(part)))
    return tuple(points)


@dataclass(frozen=True, eq=False)
class Characters:
    """A text of the storyteller as ids of its characters, the last tenth held out."""

    symbols: tuple[str, ...]
    train: Tensor
    held_out: Tensor

    def encode(self, text: str) -> Tensor:
        """Ids of those characters that the text has."""
        return torch.tensor([self.symbols.index(c) for c in text if c in self.symbols])

    def decode(self, ids: Tensor) -> str:
        """The characters of some ids."""
        return "".join(self.symbols[i] for i in ids.tolist())


def story_characters(seed: int, characters: int) -> Characters:
    """Stories in lower case: letters, spaces, line ends and a few marks."""
    text = storyteller.text(seed=seed, characters=characters).lower()
    text = text.replace(storyteller.END_OF_STORY.lower(), "")
    symbols = tuple(sorted(set(text)))
    places = {symbol: i for i, symbol in enumerate(symbols)}
    ids = torch.tensor([places[c] for c in text])
    held_out = len(ids) // 10
    return Characters(symbols, ids[:-held_out], ids[-held_out:])
