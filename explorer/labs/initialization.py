"""Lab 6, initialisation: a character model of names with one tanh layer, then one with five.

Notation: B examples, N hidden units, F inputs of a layer. The model and its fixes are those of the lecture "Building
makemore, part 3"; a gain of 5/3 for tanh is from He et al. 2015 and torch.nn.init.calculate_gain.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.core.formatting import fixed, weight
from explorer.labs.fitting import PROGRESS_EVERY, on_one_thread, smoothed
from explorer.labs.lab import (
    Cell,
    CurvePicture,
    IntegerParameter,
    Lab,
    Line,
    NumberParameter,
    OpenModel,
    PixelPicture,
    Progress,
    Question,
    Result,
    Step,
    TablePicture,
    Values,
    histogram,
    seed_parameter,
)
from explorer.labs.names import NAMES
from explorer.labs.registry import find_entry

SYMBOLS = 27  # the letters, and the dot that begins and ends a name
CONTEXT = 3
EMBEDDING = 10
DEEP_LAYERS = 5
DEEP_UNITS = 100
TANH_GAIN = 5 / 3
SATURATED = 0.97
RATE = 0.1
BATCH = 32
_DEEP_STEPS = 100

VARIANTS = ("as it comes", "quiet logits", "and unsaturated tanh")


def examples() -> tuple[Tensor, Tensor]:
    """Return three symbols, (N, 3), and the one that follows, (N,), for every symbol of every name."""
    xs, ys = [], []
    for name in NAMES:
        context = [0] * CONTEXT
        for symbol in [*(ord(letter) - ord("a") + 1 for letter in name), 0]:
            xs.append(context)
            ys.append(symbol)
            context = [*context[1:], symbol]
    return torch.tensor(xs), torch.tensor(ys)


@dataclass(frozen=True, eq=False)
class Network:
    """An embedding, tanh layers, and a linear layer to the logits."""

    embedding: Tensor  # (27, 10)
    layers: tuple[tuple[Tensor, Tensor], ...]  # weights (F, N) and bias (N,)
    output: tuple[Tensor, Tensor]

    @property
    def parameters(self) -> list[Tensor]:
        """The parameters that are trained."""
        return [self.embedding, *(p for layer in (*self.layers, self.output) for p in layer)]

    def forward(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, 3) -> the activations of each tanh layer, (B, N), and the logits, (B, 27)."""
        h = self.embedding[x].flatten(1)  # (B, 30)
        activations = []
        for W, b in self.layers:
            h = torch.tanh(h @ W + b)
            activations.append(h)
        W, b = self.output
        return activations, h @ W + b


def one_layer(variant: int, units: int, generator: torch.Generator) -> Network:
    """The lecture's model. Variant 1 makes the logits small; variant 2 keeps tanh from saturating as well."""
    inputs = CONTEXT * EMBEDDING
    C = torch.randn(SYMBOLS, EMBEDDING, generator=generator)
    W1 = torch.randn(inputs, units, generator=generator)
    b1 = torch.randn(units, generator=generator)
    W2 = torch.randn(units, SYMBOLS, generator=generator)
    b2 = torch.randn(SYMBOLS, generator=generator)
    if variant >= 1:
        W2, b2 = W2 * 0.01, b2 * 0
    if variant >= 2:
        W1, b1 = W1 * TANH_GAIN / inputs**0.5, b1 * 0.01
    return Network(C, ((W1, b1),), (W2, b2))


def several_layers(gain: float, generator: torch.Generator) -> Network:
    """Five tanh layers; weights are normal(0, gain / √inputs), those of the last layer a tenth of that."""
    sizes = [CONTEXT * EMBEDDING] + [DEEP_UNITS] * DEEP_LAYERS
    C = torch.randn(SYMBOLS, EMBEDDING, generator=generator)
    layers = [
        (torch.randn(inputs, units, generator=generator) * gain / inputs**0.5, torch.zeros(units))
        for inputs, units in pairwise(sizes)
    ]
    last = torch.randn(DEEP_UNITS, SYMBOLS, generator=generator) * 0.1 / DEEP_UNITS**0.5
    return Network(C, tuple(layers), (last, torch.zeros(SYMBOLS)))


def training_step(network: Network, x: Tensor, y: Tensor, rate: float) -> float:
    """One step of gradient descent; returns the loss before it."""
    for p in network.parameters:
        p.requires_grad_().grad = None
    loss = F.cross_entropy(network.forward(x)[1], y)
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for p in network.parameters:
            assert p.grad is not None
            p -= rate * p.grad
    return loss.item()


@dataclass(frozen=True, eq=False)
class Layers:
    """The measures of each layer on one batch."""

    activations: tuple[Tensor, ...]  # (B, N)
    gradients: tuple[float, ...]  # standard deviation of the gradient of the loss with respect to the weights
    ratios: tuple[float, ...]  # log10 of the update's standard deviation over that of the weights

    @property
    def spreads(self) -> tuple[float, ...]:
        """The standard deviation of each layer's activations."""
        return tuple(h.std().item() for h in self.activations)

    @property
    def saturated(self) -> tuple[float, ...]:
        """The share of each layer's activations beyond ±0.97."""
        return tuple(saturated_share(h) for h in self.activations)


def saturated_share(h: Tensor) -> float:
    """Share of the activations of tanh that are nearly −1 or 1, where its gradient is nearly 0."""
    return (h.abs() > SATURATED).float().mean().item()


def measure_layers(network: Network, x: Tensor, y: Tensor, rate: float) -> Layers:
    """Activations, gradients and update-to-data ratios of one batch; the network is not changed."""
    for p in network.parameters:
        p.requires_grad_().grad = None
    activations, logits = network.forward(x)
    F.cross_entropy(logits, y).backward()  # type: ignore[no-untyped-call]
    weights = [W for W, _ in (*network.layers, network.output)]
    gradients = [W.grad.std().item() for W in weights if W.grad is not None]
    data = [W.detach().std().item() for W in weights]
    ratios = [math.log10(max(rate * g, 1e-12) / d) for g, d in zip(gradients, data, strict=True)]
    return Layers(tuple(h.detach() for h in activations), tuple(gradients), tuple(ratios))


def _train(
    network: Network, data: tuple[Tensor, Tensor], steps: int, seed: int, found: list[float], before: int, total: int
) -> Iterator[Progress]:
    """Train a network, yield the progress, and append the losses to `found`."""
    x, y = data
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        chosen = torch.randint(len(x), (BATCH,), generator=generator)
        found.append(training_step(network, x[chosen], y[chosen], RATE))
        if step % PROGRESS_EVERY == 0:
            yield Progress(before + step, total, f"loss {found[-1]:.3f}")


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _first_loss_step(losses: list[list[float]]) -> Step:
    uniform = math.log(SYMBOLS)
    rows = tuple(
        (name, round(found[0], 4), round(sum(found[-50:]) / len(found[-50:]), 4))
        for name, found in zip(VARIANTS, losses, strict=True)
    )
    curves = tuple(Line(name, smoothed(found, 10)) for name, found in zip(VARIANTS, losses, strict=True))
    return Step(
        "The first loss",
        f"27 symbols, equally likely, cost ln 27 = {uniform:.4f}. As it comes the network begins at "
        f"{losses[0][0]:.2f}: confident and wrong. The hockey stick is the time it takes to unlearn that.",
        (
            CurvePicture("loss over steps", "step", "loss", curves, levels=((uniform, "ln 27"),)),
            TablePicture("loss in nats", ("initialisation", "first", "last 50 steps"), rows),
        ),
    )


def _saturation_step(title: str, h: Tensor, why: str) -> Step:
    dead = int((h.abs() > 0.99).all(0).sum())
    share = saturated_share(h)
    return Step(
        title,
        f"{weight(share)} of the activations are beyond ±{SATURATED}, where tanh is flat and passes hardly a "
        f"gradient. {why}",
        (
            histogram("activations of tanh", h, -1.0, 1.0, note=f"{weight(share)} beyond ±{SATURATED}"),
            PixelPicture(
                "saturated: examples down, units across",
                tuple(tuple(row) for row in (h.abs() > 0.99).tolist()),
                f"{dead} of {h.shape[1]} units are saturated in all {len(h)} examples: dead on this batch",
            ),
        ),
        code=saturated_share,
    )


def _deep_steps(gains: tuple[float, float], at_start: list[Layers], after: list[Layers]) -> Iterator[Step]:
    for gain, layers in zip(gains, at_start, strict=True):
        names = [f"layer {i + 1}" for i in range(DEEP_LAYERS)]
        notes = [
            f"std {fixed(s, 2)}, saturated {weight(x)}" for s, x in zip(layers.spreads, layers.saturated, strict=True)
        ]
        shown = (0, 2, 4)
        yield Step(
            f"Five layers, gain {gain:.3g}: activations",
            f"Standard deviation {fixed(layers.spreads[0], 2)} in the first layer, {fixed(layers.spreads[-1], 2)} in "
            f"the fifth; saturated {weight(layers.saturated[0])} and {weight(layers.saturated[-1])}.",
            tuple(histogram(names[i], layers.activations[i], -1.0, 1.0, 30, notes[i]) for i in shown),
            code=several_layers,
        )
    lines = tuple(
        Line(f"gain {gain:.3g}", tuple((float(i + 1), g) for i, g in enumerate(layers.gradients)))
        for gain, layers in zip(gains, at_start, strict=True)
    )
    ratios = tuple(
        Line(f"gain {gain:.3g}", tuple((float(i + 1), r) for i, r in enumerate(layers.ratios)))
        for gain, layers in zip(gains, after, strict=True)
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{i + 1}",
            *(round(layers.gradients[i], 5) for layers in at_start),
            *(round(layers.ratios[i], 2) for layers in (*at_start, *after)),
        )
        for i in range(DEEP_LAYERS + 1)
    )
    heads = tuple(f"{what} {gain:.2g}" for what in ("grad", "before", "after") for gain in gains)
    yield Step(
        "Five layers: gradients and updates",
        f"Left: how large the gradient is in each layer. Right: log10 of update over data after {_DEEP_STEPS} steps; "
        "about −3 is a good pace, far above it is rash.",
        (
            CurvePicture("gradient of the weights (std) by layer", "layer", "std", lines, log_y=True),
            CurvePicture("log10 update / data by layer", "layer", "log10", ratios, levels=((-3.0, "−3"),)),
            TablePicture("by layer; before and after: log10 update / data", ("layer", *heads), rows),
        ),
        code=measure_layers,
    )


@on_one_thread
def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Train the three variants of one layer, then five layers at two gains."""
    steps, seed = values.integer("steps"), values.integer("seed")
    x, y = data = examples()
    total = len(VARIANTS) * steps + 2 * _DEEP_STEPS
    batch = torch.randperm(len(x), generator=_generator(seed))[:BATCH]
    losses: list[list[float]] = [[] for _ in VARIANTS]
    activations = []
    for variant, found in enumerate(losses):
        network = one_layer(variant, values.integer("units"), _generator(seed))
        activations.append(network.forward(x[batch])[0][0])
        for progress in _train(network, data, steps, seed, found, variant * steps, total):
            yield Progress(progress.done, total, f"{VARIANTS[variant]}: {progress.text}")
    gains = values.number("gain"), TANH_GAIN
    at_start, after = [], []
    for i, gain in enumerate(gains):
        deep = several_layers(gain, _generator(seed))
        at_start.append(measure_layers(deep, x[batch], y[batch], RATE))
        before = len(VARIANTS) * steps + i * _DEEP_STEPS
        yield from _train(deep, data, _DEEP_STEPS, seed, [], before, total)
        after.append(measure_layers(deep, x[batch], y[batch], RATE))
    first = [found[0] for found in losses]
    uniform = math.log(SYMBOLS)
    shown = (
        _first_loss_step(losses),
        _saturation_step("Saturated, as it comes", activations[0], "W1 is normal(0, 1): its sums are far too large."),
        _saturation_step("After both fixes", activations[2], "W1 is now (5/3)/√30 times as large."),
        *_deep_steps(gains, at_start, after),
    )
    numbers = {
        "ln_27": uniform,
        "first_loss": dict(zip(VARIANTS, first, strict=True)),
        "losses": dict(zip(VARIANTS, losses, strict=True)),
        "saturated": dict(zip(VARIANTS, map(saturated_share, activations), strict=True)),
        "by_gain": {
            f"{gain:.4g}": {
                "spread": start.spreads,
                "saturated": start.saturated,
                "gradient": start.gradients,
                "ratio_before": start.ratios,
                "ratio_after": end.ratios,
            }
            for gain, start, end in zip(gains, at_start, after, strict=True)
        },
    }
    choice = 0 if first[0] < 1.1 * uniform else 1 if first[0] < 2 * uniform else 2
    answer = f"{first[0]:.2f} as it comes, {first[1]:.4f} with quiet logits; ln 27 = {uniform:.4f}."
    yield Result(shown, choice, answer, numbers)


def ask(values: Values) -> Question:
    """Ask how large the loss is before the first step."""
    return Question(
        "All weights are drawn from normal(0, 1). How large is the loss before the first step? (ln 27 = 3.2958)",
        ("about 3.3", "about 5", "more than 6.6"),
    )


LAB = Lab(
    find_entry("initialization"),
    (
        NumberParameter(
            "gain", "of the five tanh layers, compared with 5/3", 1.0, (0.5, 1.0, 2.0, 3.0), low=0.1, high=10.0
        ),
        IntegerParameter("steps", "of training, for each of three networks", 300, (100, 300, 1000), low=20, high=5000),
        IntegerParameter("units", "of the one hidden layer", 200, (50, 100, 200), low=10, high=500),
        seed_parameter("of weights and batches", 2147483647),
    ),
    (one_layer, Network.forward, training_step, saturated_share, several_layers, measure_layers),
    ask,
    run,
    trains=True,
)
