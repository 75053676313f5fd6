"""Training of small models as a generator that yields the loss of each step, so that progress can be shown."""

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
"""The number of steps between two reports of progress."""


class _OneThread:
    """A context in which torch computes on one thread; it may be entered several times at once."""

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
    """Make a lab run on one thread: this is faster for small matrices, and the results do not depend on the machine."""

    @wraps(run)
    def run_on_one(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
        with _one_thread:
            yield from run(values, open_model)

    return run_on_one


def random_batches(inputs: Tensor, targets: Tensor, size: int, generator: torch.Generator) -> Batches:
    """Return a function that draws a random batch of inputs and targets: (N, …) -> (size, …)."""

    def draw() -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(inputs), (size,), generator=generator)
        return inputs[chosen], targets[chosen]

    return draw


def windows(ids: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Return every window of `length` ids, and the same windows one id later: both (N, length)."""
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
    """Return the means over `width` steps each, at the last step of each; the first loss is kept as it is."""
    points = [(1.0, losses[0])] if losses else []
    for end in range(width, len(losses) + 1, width):
        part = losses[end - width : end]
        points.append((float(end), sum(part) / len(part)))
    return tuple(points)


@dataclass(frozen=True, eq=False)
class Characters:
    """A text of generated stories as the ids of its characters, with the last tenth held out."""

    symbols: tuple[str, ...]
    train: Tensor
    held_out: Tensor

    def encode(self, text: str) -> Tensor:
        """Return the ids of a text, without characters that the stories do not have."""
        return torch.tensor([self.symbols.index(c) for c in text if c in self.symbols])

    def decode(self, ids: Tensor) -> str:
        """Return the text of some ids."""
        return "".join(self.symbols[i] for i in ids.tolist())


def story_characters(seed: int, characters: int) -> Characters:
    """Return generated stories in lower case: letters, spaces, line ends and a few punctuation marks."""
    text = storyteller.text(seed=seed, characters=characters).lower()
    text = text.replace(storyteller.END_OF_STORY.lower(), "")
    symbols = tuple(sorted(set(text)))
    places = {symbol: i for i, symbol in enumerate(symbols)}
    ids = torch.tensor([places[c] for c in text])
    held_out = len(ids) // 10
    return Characters(symbols, ids[:-held_out], ids[-held_out:])
