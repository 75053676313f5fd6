"""Lab 1, averaging the past: by a loop, by a product with a lower-triangular matrix, and by a softmax of zeros and −∞.

Notation: B batch, T positions, C channels. The three versions are those of the lecture "Let's build GPT".
"""

import time
from collections.abc import Callable, Generator, Iterator

import torch
from torch import Tensor

from explorer.core.formatting import scientific, significant
from explorer.labs.lab import (
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
    matrix,
    seed_parameter,
)
from explorer.labs.registry import find_entry
from model.attention import masked, weights

_REPEATS = 3
_TIMED = (8, 16, 32, 64, 128, 256)


def average_by_loop(x: Tensor) -> Tensor:
    """Average x[b, 0…t] for every b and t, one at a time: (B, T, C) -> (B, T, C)."""
    B, T, C = x.shape
    average = torch.zeros((B, T, C))
    for b in range(B):
        for t in range(T):
            past = x[b, : t + 1]  # (t + 1, C)
            average[b, t] = torch.mean(past, 0)
    return average


def weights_by_tril(T: int) -> Tensor:
    """Ones on and below the diagonal, each row divided by its sum: (T, T)."""
    wei = torch.tril(torch.ones(T, T))
    return wei / wei.sum(1, keepdim=True)


def weights_by_softmax(T: int) -> Tensor:
    """Zeros with −∞ in place of the future, then the softmax of each row: (T, T)."""
    tril = torch.tril(torch.ones(T, T, dtype=torch.bool))
    wei = masked(torch.zeros(T, T), tril)
    return weights(wei)


def average_by_product(wei: Tensor, x: Tensor) -> Tensor:
    """All averages at once: (T, T) @ (B, T, C) -> (B, T, C)."""
    return wei @ x


def example(batch: int, positions: int, channels: int, seed: int) -> Tensor:
    """Return the input x (B, T, C); the lecture has torch.manual_seed(1337), torch.randn(4, 8, 2)."""
    return torch.randn(batch, positions, channels, generator=torch.Generator().manual_seed(seed))


def _ways() -> dict[str, Callable[[Tensor], Tensor]]:
    return {
        "loop": average_by_loop,
        "tril": lambda x: average_by_product(weights_by_tril(x.shape[1]), x),
        "softmax": lambda x: average_by_product(weights_by_softmax(x.shape[1]), x),
    }


def _milliseconds(way: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """Return the shortest time of a few runs, in milliseconds."""
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        way(x)
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def _timing(values: Values) -> tuple[Step, dict[str, dict[int, float]]]:
    times: dict[str, dict[int, float]] = {name: {} for name in _ways()}
    for positions in _TIMED:
        x = example(values.integer("batch"), positions, values.integer("channels"), values.integer("seed"))
        for name, way in _ways().items():
            times[name][positions] = _milliseconds(way, x)
    longest = _TIMED[-1]
    ratio = times["loop"][longest] / times["tril"][longest]
    lines = tuple(Line(name, tuple((float(T), ms) for T, ms in found.items())) for name, found in times.items())
    text = f"At T = {longest} the loop takes {significant(ratio)} times as long as the product, on this machine."
    rows = tuple((T, *(round(times[name][T], 4) for name in times)) for T in _TIMED)
    pictures = (
        CurvePicture("milliseconds over T", "T", "ms", lines, log_x=True, log_y=True),
        TablePicture("milliseconds", ("T", *times), rows),
    )
    return Step("Timed as T grows", text, pictures, timed=True), times


def _written(average: Tensor, t: int) -> Tensor:
    """Return the average with the rows that the loop has not reached set to −∞, which is drawn as hidden."""
    return average.masked_fill(torch.arange(len(average))[:, None] > t, -torch.inf)


def _loop_steps(x: Tensor, average: Tensor) -> Iterator[Step]:
    """Yield a step for each row of the loop, in the first example of the batch."""
    for t in range(len(x)):
        yield Step(
            f"The loop at t = {t}",
            f"t = {t}: it reads row{'s 0 to' if t else ''} {t} of x, those not dim, and writes their mean into row {t}."
            + (" Row 0 has no past but itself." if t == 0 else ""),
            (
                matrix("x[0], what is read", x, read_to=t),
                matrix("average[0], written so far", _written(average, t)),
            ),
            code=average_by_loop,
        )


def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Compute, compare and time the three versions."""
    x = example(*(values.integer(name) for name in ("batch", "positions", "channels", "seed")))
    found = {name: way(x) for name, way in _ways().items()}
    T = x.shape[1]
    by_tril, by_softmax = weights_by_tril(T), weights_by_softmax(T)
    difference = max((found[name] - found["loop"]).abs().max().item() for name in ("tril", "softmax"))
    zeros = masked(torch.zeros(T, T), torch.tril(torch.ones(T, T, dtype=torch.bool)))
    timing, times = _timing(values)
    written = scientific(difference, 1) if difference else "0"
    steps = (
        *_loop_steps(x[0], found["loop"][0]),
        Step(
            "The same as one product",
            "torch.tril has ones for the past; divided by its sum each row holds the weights of a mean. wei @ x is all "
            "the means at once.",
            (
                matrix("wei, from torch.tril", by_tril, weights=True),
                matrix("x[0]", x[0]),
                matrix("wei @ x[0]", found["tril"][0]),
            ),
            code=weights_by_tril,
        ),
        Step(
            "The same by softmax",
            "Zeros, −∞ for the future, softmax: equal scores give equal weights. Now the zeros may become scores that "
            "depend on the data, and that is attention.",
            (
                matrix("before: 0 and −∞", zeros),
                matrix("wei, by softmax", by_softmax, weights=True),
                matrix("wei @ x[0]", found["softmax"][0]),
            ),
            code=weights_by_softmax,
        ),
        Step(
            "Are they equal?",
            f"The largest difference of any number from that of the loop is {written}: rounding in float32.",
            (
                TablePicture(
                    "largest difference from the loop",
                    ("version", "difference"),
                    tuple((name, (found[name] - found["loop"]).abs().max().item()) for name in ("tril", "softmax")),
                ),
            ),
        ),
        timing,
    )
    yield Result(
        steps,
        1,
        f"Row 3 is the mean of rows 0 to 3: its weights are {significant(by_tril[min(3, T - 1), 0].item())} each.",
        {
            "x": x[0].tolist(),
            "average": found["loop"][0].tolist(),
            "largest_difference": difference,
            "milliseconds": times,
        },
    )


def ask(values: Values) -> Question:
    """Ask which rows one row of the result averages."""
    return Question("Which rows of x does row 3 of the result average?", ("only row 3", "rows 0 to 3", "all rows"))


LAB = Lab(
    find_entry("averaging"),
    (
        IntegerParameter("positions", "T, rows of x", 8, (4, 8, 16, 32), low=4, high=64),
        IntegerParameter("channels", "C, columns of x", 2, (1, 2, 4, 8), low=1, high=16),
        IntegerParameter("batch", "B, independent examples", 4, low=1, high=16),
        seed_parameter("of torch.randn"),
    ),
    (average_by_loop, weights_by_tril, weights_by_softmax, average_by_product, masked, weights),
    ask,
    run,
)
