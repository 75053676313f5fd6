"""Lab 5: the measures of lab 3 on every head of a trained model, at initialisation and through its training.

Notation: L layers, H heads, T positions, D head_size.
"""

from collections.abc import Generator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from data import bundled
from explorer.core.formatting import fixed, one_line, significant, weight
from explorer.core.series import NoSeriesError, series_of
from explorer.labs.lab import (
    Cell,
    CurvePicture,
    Lab,
    Line,
    OpenModel,
    ParameterError,
    Picture,
    Progress,
    Question,
    Result,
    Step,
    TablePicture,
    TextParameter,
    Values,
    matrix,
)
from explorer.labs.registry import find_entry
from model.attention import AttentionStages
from model.config import GPTConfig
from model.gpt import GPT
from model.interface import TracedModel
from model.peakedness import effective_keys, largest_weight
from model.settings import AttentionSettings
from model.tokenizer import encode

MODEL = "shakespeare" if "shakespeare" in bundled.names() else bundled.DEFAULT
_SEED = 1337
_SENTENCE = "ROMEO: What light is in thy window, what light"


@dataclass(frozen=True, eq=False)
class Heads:
    """Measures of every head on one text, each (L, H), and the loss of the text with and without the scale."""

    raw_variance: Tensor
    scaled_variance: Tensor
    q_variance: Tensor
    k_variance: Tensor
    largest: Tensor  # mean largest weight
    largest_unscaled: Tensor
    keys: Tensor  # mean effective keys
    loss: float
    loss_unscaled: float


def measure_head(stages: AttentionStages) -> tuple[Tensor, ...]:
    """Variances of q · k, scaled scores, q and k; largest weight with the scale and without; effective keys."""
    q, k = stages.inputs.q, stages.inputs.k
    with_scale, without = stages.weights, stages.rescaled(1.0).weights
    return (
        stages.scores.var(correction=0),
        stages.scaled.var(correction=0),
        q.var(correction=0),
        k.var(correction=0),
        largest_weight(with_scale).mean(),
        largest_weight(without).mean(),
        effective_keys(with_scale).mean(),
    )


def measure_model(model: TracedModel | GPT, token_ids: tuple[int, ...]) -> Heads:
    """Measure every head on one text, then the loss of the text with each head's scale and with none."""
    trace = model.trace(token_ids)
    unscaled = model.trace(token_ids, AttentionSettings(scale=1.0), base=trace)
    shape = model.config
    by_head = [[torch.stack(measure_head(trace.head(i, j))) for j in range(shape.n_head)] for i in range(shape.n_layer)]
    measures = torch.stack([torch.stack(row) for row in by_head]).movedim(-1, 0)  # (7, L, H)
    raw, with_scale, q, k, largest, unscaled_largest, keys = measures
    losses = trace.loss or 0.0, unscaled.loss or 0.0
    return Heads(raw, with_scale, q, k, largest, unscaled_largest, keys, *losses)


def _steps_of(name: str) -> list[tuple[str, str]]:
    """Return the snapshots of a model's training as (caption, name); only the model if it has none."""
    try:
        entries = series_of(name).entries
    except (NoSeriesError, ValueError):
        return [("as trained", name)]
    return [("as trained" if entry.step is None else str(entry.step), entry.model) for entry in entries]


def _initialized(config: GPTConfig) -> GPT:
    """Return an untrained model of this configuration, as `explorer train` initialises it."""
    gpt = GPT(config)
    gpt.initialize(torch.Generator().manual_seed(_SEED))
    return gpt


def _tokens(model: TracedModel, sentence: str) -> tuple[int, ...]:
    encoding = encode(model.tokenizer, sentence)
    ids = encoding.ids[: model.config.n_positions]
    if len(ids) < 2:
        raise ParameterError("sentence", f"{model.name} reads {len(ids)} tokens of it, and needs 2")
    return ids


def _range(values: Tensor) -> str:
    """Return the smallest and the largest number as text."""
    low, high = (significant(values.min().item()), significant(values.max().item()))
    return low if low == high else f"{low} to {high}"


def _heads_matrix(title: str, values: Tensor, *, weights: bool = False) -> Picture:
    layers, heads = values.shape
    names = tuple(f"L{i}" for i in range(layers)), tuple(f"H{j}" for j in range(heads))
    return matrix(title, values, *names, weights=weights)


def _first_steps(caption: str, heads: Heads, head_size: int) -> tuple[Step, ...]:
    unit = (heads.q_variance * heads.k_variance * head_size).mean().item()
    spread = torch.cat((heads.q_variance.flatten(), heads.k_variance.flatten()))
    verdict = "all near 1" if bool(((spread > 0.8) & (spread < 1.25)).all()) else "not all near 1"
    return (
        Step(
            f"The variance of q · k: {caption}",
            f"head_size is {head_size}. The variance of q · k is {_range(heads.raw_variance)}, q has "
            f"{_range(heads.q_variance)} and k {_range(heads.k_variance)}, {verdict}. "
            f"Independent numbers of these variances would give {significant(unit)}.",
            (
                _heads_matrix("variance of q · k", heads.raw_variance),
                _heads_matrix("variance of q", heads.q_variance),
                _heads_matrix("variance of k", heads.k_variance),
            ),
        ),
        Step(
            f"How peaked: {caption}",
            f"The mean largest weight is {weight(heads.largest.mean().item())} with the scale and "
            f"{weight(heads.largest_unscaled.mean().item())} without; {_range(heads.keys)} effective keys.",
            (
                _heads_matrix("mean largest weight", heads.largest, weights=True),
                _heads_matrix("the same without the scale", heads.largest_unscaled, weights=True),
            ),
        ),
    )


def _through_training(measured: list[tuple[str, Heads]]) -> Step:
    """Return a step with means over heads; the x axis counts snapshots, as their steps are spaced logarithmically."""
    series = [(float(i), heads) for i, (_, heads) in enumerate(measured)]
    variances = tuple(
        Line(name, tuple((x, getattr(heads, field).mean().item()) for x, heads in series))
        for name, field in (("q · k", "raw_variance"), ("scaled", "scaled_variance"))
    )
    peaks = tuple(
        Line(name, tuple((x, getattr(heads, field).mean().item()) for x, heads in series))
        for name, field in (("with the scale", "largest"), ("unscaled", "largest_unscaled"))
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            caption,
            *(round(x, 4) for x in (heads.raw_variance.mean().item(), heads.largest.mean().item())),
            *(round(x, 4) for x in (heads.loss, heads.loss_unscaled)),
        )
        for caption, heads in measured
    )
    first, last = measured[0][1], measured[-1][1]
    return Step(
        "Through its training",
        f"{_caption(measured[0][0]).capitalize()} the mean variance of q · k is "
        f"{significant(first.raw_variance.mean().item())} and the mean largest weight "
        f"{weight(first.largest.mean().item())}; as trained they are "
        f"{significant(last.raw_variance.mean().item())} and {weight(last.largest.mean().item())}.",
        (
            CurvePicture("mean variance, by snapshot", "snapshot", "variance", variances, log_y=True),
            CurvePicture("mean largest weight, by snapshot", "snapshot", "weight", peaks),
            TablePicture("means over heads", ("step", "var q · k", "largest", "loss", "unscaled"), rows),
        ),
    )


def _verdict(heads: Heads) -> str:
    """Return a sentence on how much the scale lowers the loss on this text."""
    difference = heads.loss_unscaled - heads.loss
    word = "worse" if difference > 0 else "better"
    return (
        f"Without any scale the text costs {fixed(heads.loss_unscaled, 3)} nats a token, with it "
        f"{fixed(heads.loss, 3)}: {significant(abs(difference))} {word}."
    )


def _answer(heads: Heads, head_size: int) -> tuple[int, str]:
    share = (heads.raw_variance / head_size).mean().item()
    choice = 0 if share < 0.5 else 1 if share <= 2 else 2
    mean = significant(heads.raw_variance.mean().item())
    return choice, f"As trained, {mean} on average over its heads, compared with head_size {head_size}."


def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Measure the model at every snapshot of its training."""
    name = values.text("model")
    model = open_model(name)
    token_ids = _tokens(model, values.text("sentence"))
    entries = _steps_of(name)
    measured: list[tuple[str, Heads]] = []
    for i, (caption, at_step) in enumerate(entries):
        yield Progress(i, len(entries), f"measuring {at_step}")
        measured.append((caption, measure_model(open_model(at_step), token_ids)))
    if len(measured) == 1 and isinstance(model.config, GPTConfig):
        measured.insert(0, ("0", measure_model(_initialized(model.config), token_ids)))
    head_size = model.config.head_size
    steps = list(_first_steps(_caption(measured[0][0]), measured[0][1], head_size))
    if len(measured) > 1:
        steps += [*_first_steps("as trained", measured[-1][1], head_size), _through_training(measured)]
    steps.append(Step("What holds", _verdict(measured[-1][1]), (_loss_table(measured),)))
    numbers = {
        caption: {
            field.name: value.tolist() if isinstance(value := getattr(heads, field.name), Tensor) else value
            for field in fields(Heads)
        }
        for caption, heads in measured
    }
    choice, answer = _answer(measured[-1][1], head_size)
    yield Result(tuple(steps), choice, answer, {"head_size": head_size, "by_step": numbers})


def _caption(step: str) -> str:
    return "at initialisation" if step == "0" else step if step == "as trained" else f"step {step}"


def _loss_table(measured: list[tuple[str, Heads]]) -> TablePicture:
    rows = tuple((caption, round(heads.loss, 4), round(heads.loss_unscaled, 4)) for caption, heads in measured)
    return TablePicture("loss of the text in nats", ("step", "as trained", "without the scale"), rows)


def ask(values: Values) -> Question:
    """Ask how the variance of q · k compares with head_size."""
    text = f"In {one_line(values.text('model'))}, as trained: how does the variance of q · k compare with head_size?"
    return Question(text, ("less than half of it", "about head_size", "more than twice"))


LAB = Lab(
    find_entry("trained"),
    (
        TextParameter("model", "a bundled model or a directory", MODEL),
        TextParameter("sentence", "what the heads are measured on", _SENTENCE),
    ),
    (measure_head, measure_model, largest_weight, effective_keys),
    ask,
    run,
)
