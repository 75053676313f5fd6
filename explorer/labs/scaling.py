"""Lab 3, why √head_size: the variance of q · k, its effect on the softmax, and on the gradient.

Notation: N samples, K keys, D head_size.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.core.formatting import significant, weight
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
from model.attention import scaled, scores, weights
from model.peakedness import entropy_bits, largest_weight, variance

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SHOWN = 8


@dataclass(frozen=True, eq=False)
class Measured:
    """Means over all samples at one head_size, scaled or unscaled, and the weights (N, K) behind them."""

    variance: float
    largest: float
    entropy: float
    jacobian: float
    weights: Tensor


def random_scores(head_size: int, keys: int, samples: int, seed: int) -> Tensor:
    """Dot products of unit-variance queries and keys, each query with keys of its own: (N, K)."""
    generator = torch.Generator().manual_seed(seed)
    q = torch.randn(samples, 1, head_size, generator=generator)
    k = torch.randn(samples, keys, head_size, generator=generator)
    return scores(q, k).squeeze(-2)


def jacobian_norm(p: Tensor) -> Tensor:
    """Frobenius norm of the softmax's Jacobian, diag(p) − p pᵀ, of each row: (N, K) -> (N,)."""
    jacobian = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    return jacobian.square().sum((-2, -1)).sqrt()


def measure(logits: Tensor) -> Measured:
    """Variance of the numbers, and how peaked their softmax is: (N, K)."""
    p = weights(logits)
    return Measured(
        variance(logits).item(),
        largest_weight(p).mean().item(),
        entropy_bits(p).mean().item(),
        jacobian_norm(p).mean().item(),
        p,
    )


def _measure_sizes(values: Values, sizes: Sequence[int]) -> dict[int, tuple[Measured, Measured]]:
    found = {}
    for size in sizes:
        raw = random_scores(size, *(values.integer(name) for name in ("keys", "samples", "seed")))
        found[size] = measure(raw), measure(scaled(raw, size**-0.5))
    return found


def _curves(
    title: str,
    y: str,
    measure: str,
    found: dict[int, tuple[Measured, Measured]],
    *,
    log_y: bool,
    reference: bool = False,
) -> CurvePicture:
    sizes = sorted(found)
    lines = [
        Line(name, tuple((float(size), float(getattr(found[size][place], measure))) for size in sizes))
        for place, name in enumerate(("raw", "scaled"))
    ]
    if reference:
        lines.append(Line("head_size", tuple((float(size), float(size)) for size in sizes)))
    return CurvePicture(title, "head_size", y, tuple(lines), log_x=True, log_y=log_y)


def _numbers(found: dict[int, tuple[Measured, Measured]]) -> dict[str, dict[str, dict[str, float]]]:
    """Return everything measured, by head_size."""
    return {
        str(n): {
            kind: {name: getattr(m, name) for name in ("variance", "largest", "entropy", "jacobian")}
            for kind, m in zip(("raw", "scaled"), found[n], strict=True)
        }
        for n in sorted(found)
    }


def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Measure every head_size, then show the chosen one in detail."""
    size, keys = values.integer("head_size"), values.integer("keys")
    found = _measure_sizes(values, sorted({*SIZES, size}))
    raw, with_scale = found[size]
    ratio = with_scale.jacobian / raw.jacobian
    first = [weight(x.weights[0].max().item()) for x in (raw, with_scale)]
    rows = tuple(
        (n, *(round(getattr(m, name), 4) for name in ("variance", "largest", "entropy", "jacobian") for m in found[n]))
        for n in sorted(found)
    )
    columns = ("D", *(f"{name} {kind}" for name in ("var", "max", "bits", "‖J‖") for kind in ("raw", "scaled")))
    steps = (
        Step(
            f"The variance of q · k at head_size {size}",
            f"q and k are unit normal. Measured: the variance of q · k is {significant(raw.variance)}, compared with "
            f"head_size {size}; it is {significant(with_scale.variance)} after dividing by √{size}.",
            (_curves("variance over head_size", "variance", "variance", found, log_y=True, reference=True),),
        ),
        Step(
            "What softmax makes of both",
            f"{_SHOWN} queries, {keys} keys each. "
            f"The first one gives its favourite {first[0]} unscaled, {first[1]} scaled.",
            (
                matrix("softmax of raw scores", raw.weights[:_SHOWN], weights=True),
                matrix("softmax of scaled scores", with_scale.weights[:_SHOWN], weights=True),
            ),
        ),
        Step(
            "Mean largest weight and entropy",
            f"Over {values.integer('samples'):,} queries the largest weight is {weight(raw.largest, 3)} unscaled and "
            f"{weight(with_scale.largest, 3)} scaled; the entropy {significant(raw.entropy)} and "
            f"{significant(with_scale.entropy)} bits.",
            (
                _curves("mean largest weight", "weight", "largest", found, log_y=False),
                _curves("mean entropy in bits", "bits", "entropy", found, log_y=False),
            ),
            code=measure,
        ),
        Step(
            "Why it matters in training",
            "Gradients pass through the softmax's Jacobian, diag(p) − p pᵀ. One-hot p makes it 0: nothing is learned. "
            f"At head_size {size} its norm is {significant(ratio)} times as large with the scale.",
            (_curves("norm of the Jacobian", "norm", "jacobian", found, log_y=True),),
            code=jacobian_norm,
        ),
        Step("All of it in numbers", "D is head_size.", (TablePicture("measured", columns, rows),)),
    )
    last = found[256][0].largest, found[256][1].largest
    answer = (
        f"At head_size 16 the largest weight is {weight(found[16][0].largest, 3)} unscaled and "
        f"{weight(found[16][1].largest, 3)} scaled, at 256 {weight(last[0], 3)} and {weight(last[1], 3)}."
    )
    change = last[0] - found[16][0].largest
    choice = 0 if change > 0.05 else 2 if change < -0.05 else 1
    yield Result(steps, choice, answer, {"by_head_size": _numbers(found)})


def ask(values: Values) -> Question:
    """Ask what a larger head_size does to unscaled weights."""
    return Question(
        "head_size goes from 16 to 256, without the scale. What happens to the largest weight of a row?",
        ("it grows", "it stays", "it shrinks"),
    )


LAB = Lab(
    find_entry("scaling"),
    (
        IntegerParameter("head_size", "D, width of q and k", 16, SIZES, low=1, high=1024),
        IntegerParameter("keys", "keys that each query scores", 8, (2, 4, 8, 16, 32), low=2, high=32),
        IntegerParameter("samples", "queries to average over", 1000, (100, 300, 1000), low=10, high=1000),
        seed_parameter("of q and k"),
    ),
    (random_scores, measure, jacobian_norm, scores, scaled, weights),
    ask,
    run,
)
