"""Lab 4, sharpening: the softmax of a few numbers times a growing factor, from uniform to one-hot."""

from collections.abc import Generator

import torch
from torch import Tensor

from explorer.core.formatting import MINUS, significant, weight
from explorer.labs.lab import (
    BarPicture,
    CurvePicture,
    Lab,
    Line,
    NumberParameter,
    NumbersParameter,
    OpenModel,
    Progress,
    Question,
    Result,
    Step,
    Values,
    matrix,
)
from explorer.labs.registry import find_entry
from model.attention import weights
from model.peakedness import effective_keys

FACTORS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0)


def sharpened(numbers: tuple[float, ...], factors: tuple[float, ...]) -> Tensor:
    """Softmax of the numbers times each factor: one row a factor."""
    logits = torch.tensor(numbers) * torch.tensor(factors)[:, None]
    return weights(logits)


def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Sharpen by the chosen factor, then by a range of factors."""
    numbers, factor = values.numbers("numbers"), values.number("factor")
    names = tuple(f"{x:g}".replace("-", MINUS) for x in numbers)
    once, times = sharpened(numbers, (1.0, factor)).tolist()
    all_factors = tuple(sorted({*FACTORS, factor}))
    table = sharpened(numbers, all_factors)
    keys = effective_keys(table)
    largest = max(range(len(numbers)), key=numbers.__getitem__)
    written = f"{factor:g}"
    lines = tuple(
        Line(f"{i + 1}: {name}", tuple(zip(all_factors, table[:, i].tolist(), strict=True)))
        for i, name in enumerate(names)
    )
    steps = (
        Step(
            f"Softmax of the numbers, and of {written} times the numbers",
            f"The largest, {names[largest]}, gets {weight(once[largest], 4)} as it is and {weight(times[largest], 4)} "
            f"times {written}. − and + change the factor.",
            (
                BarPicture("softmax(numbers)", tuple(zip(names, once, strict=True)), 1.0),
                BarPicture(f"softmax({written} × numbers)", tuple(zip(names, times, strict=True)), 1.0),
            ),
        ),
        Step(
            "Every factor",
            f"From {significant(keys[0].item())} effective keys at factor {all_factors[0]:g} to "
            f"{significant(keys[-1].item())} at factor {all_factors[-1]:g}. Scores of large variance are such factors.",
            (
                matrix("softmax by factor", table, tuple(f"×{x:g}" for x in all_factors), names, weights=True),
                CurvePicture("weight over the factor", "factor", "weight", lines, log_x=True),
            ),
        ),
    )
    at_eight = sharpened(numbers, (8.0,))[0].max().item()
    choice = 0 if at_eight < 0.5 else 1 if at_eight < 0.75 else 2
    answer = f"Times 8 the largest weight is {weight(at_eight, 4)}, {weight(once[largest], 4)} before."
    found = {"softmax": once, "factor": factor, "softmax_sharpened": times}
    by_factor = dict(zip((f"{x:g}" for x in all_factors), table.tolist(), strict=True))
    yield Result(steps, choice, answer, {**found, "by_factor": by_factor})


def ask(values: Values) -> Question:
    """Ask how large the largest weight is."""
    written = values.numbers("numbers")
    shown = " ".join(f"{x:g}" for x in written).replace("-", MINUS)
    return Question(
        f"The numbers {shown}, times 8, then softmax. How large is the largest weight?",
        ("below .5", "from .5 to .75", "above .75"),
    )


LAB = Lab(
    find_entry("sharpening"),
    (
        NumberParameter("factor", "what the numbers are multiplied by", 8.0, FACTORS, low=0.0, high=100.0),
        NumbersParameter("numbers", "what softmax is taken of", (0.1, -0.2, 0.3, -0.2, 0.5)),
    ),
    (sharpened, weights),
    ask,
    run,
)
