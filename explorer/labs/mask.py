"""Lab 7, why the mask is needed: two small models of the same text, one trained with the causal mask, one without.

Notation: B examples, T positions, V symbols.
"""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from data import bundled
from data.samples import SAMPLES
from explorer.core.formatting import fixed, one_line, visible
from explorer.labs.fitting import (
    PROGRESS_EVERY,
    Characters,
    fit,
    on_one_thread,
    random_batches,
    smoothed,
    story_characters,
    windows,
)
from explorer.labs.lab import (
    Cell,
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
    TextParameter,
    TextPicture,
    Values,
    matrix,
    seed_parameter,
)
from explorer.labs.registry import find_entry
from explorer.labs.sentence import encode_sentence
from model.attention import AttentionStages, masked, weights
from model.config import GPTConfig
from model.gpt import GPT
from model.interface import TracedModel
from model.settings import AS_TRAINED, AttentionSettings

CONTEXT = 16
_CHARACTERS = 40_000
_BATCH = 16
_RATE = 1e-2
_WRITTEN = 120
_PROMPT = "the little "
_NAMES = ("with the mask", "without it")
_COLUMNS = ("masked", "unmasked", "unmasked, last position")


def new_model(symbols: int, causal: bool, seed: int) -> GPT:
    """One layer of two heads, trained with the causal mask or without."""
    gpt = GPT(GPTConfig(symbols, CONTEXT, n_embd=32, n_layer=1, n_head=2, causal=causal))
    gpt.initialize(torch.Generator().manual_seed(seed))
    return gpt


def next_symbol_loss(gpt: GPT, x: Tensor, y: Tensor, settings: AttentionSettings = AS_TRAINED) -> Tensor:
    """Cross-entropy of the symbol after each position, (B, T) -> (B, T), with the mask as `settings` say."""
    logits: Tensor = gpt(x, settings)
    return F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view(x.shape)


@torch.inference_mode()
def write(gpt: GPT, prompt: Tensor, count: int, seed: int) -> Tensor:
    """Let a model continue a prompt, one symbol at a time, so that there is no answer to read."""
    generator = torch.Generator().manual_seed(seed)
    ids = prompt
    for _ in range(count):
        logits = gpt(ids[None, -CONTEXT:])[0, -1]
        gumbel = -torch.empty_like(logits).exponential_(generator=generator).log()
        ids = torch.cat((ids, (logits + gumbel).argmax()[None]))  # a sample from the softmax of the logits
    return ids


@dataclass(frozen=True, eq=False)
class Trained:
    """A small model, the loss of each training step, and its losses on held-out text."""

    gpt: GPT
    losses: list[float]
    held_out: tuple[float, float, float]  # masked, unmasked, unmasked at the last position


@torch.inference_mode()
def _losses(gpt: GPT, x: Tensor, y: Tensor) -> tuple[float, float, float]:
    with_mask = next_symbol_loss(gpt, x, y, AttentionSettings(causal=True))
    without = next_symbol_loss(gpt, x, y, AttentionSettings(causal=False))
    return with_mask.mean().item(), without.mean().item(), without[:, -1].mean().item()


def _train(text: Characters, causal: bool, values: Values, before: int) -> Iterator[Progress | Trained]:
    steps, seed = values.integer("steps"), values.integer("seed")
    gpt = new_model(len(text.symbols), causal, seed)
    generator = torch.Generator().manual_seed(seed)
    batches = random_batches(*windows(text.train, CONTEXT), _BATCH, generator)
    losses = []
    name = _NAMES[0 if causal else 1]
    for loss in fit(lambda x, y: next_symbol_loss(gpt, x, y).mean(), gpt.parameters(), batches, steps, _RATE):
        losses.append(loss)
        if len(losses) % PROGRESS_EVERY == 0:
            yield Progress(before + len(losses), 2 * steps, f"trained {name}: loss {loss:.3f}")
    x, y = windows(text.held_out, CONTEXT)
    yield Trained(gpt, losses, _losses(gpt, x[::CONTEXT], y[::CONTEXT]))


def _reading_ahead(gpt: GPT, ids: Tensor, causal: bool) -> tuple[int, Tensor, float]:
    """Return the head with the largest mean weight on the key after the query, its weights (T, T), and that mean."""
    stages = AttentionStages(gpt.trace(ids.tolist(), AttentionSettings(causal=causal)).inputs[0])
    ahead = stages.weights.diagonal(1, -2, -1).mean(-1)  # (H,)
    head = int(ahead.argmax())
    return head, stages.weights[head], ahead[head].item()


def _training_step(trained: tuple[Trained, Trained], symbols: int) -> Step:
    uniform = math.log(symbols)
    lines = tuple(Line(name, smoothed(each.losses)) for name, each in zip(_NAMES, trained, strict=True))
    last = [sum(each.losses[-20:]) / len(each.losses[-20:]) for each in trained]
    return Step(
        "Two trainings",
        f"The same model, text and batches. With the mask the loss ends at {last[0]:.2f}; without it at {last[1]:.2f}"
        f"{', which looks like a triumph' if last[1] < last[0] else ''}.",
        (CurvePicture("loss over steps", "step", "loss", lines, levels=((uniform, f"ln {symbols}"),)),),
        code=fit,
    )


def _honesty_step(trained: tuple[Trained, Trained]) -> Step:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (f"trained {name}", *(round(x, 4) for x in each.held_out)) for name, each in zip(_NAMES, trained, strict=True)
    )
    honest, cheat = (each.held_out for each in trained)
    return Step(
        "Predict with the mask and without",
        f"Held-out text. The model trained without the mask costs {cheat[1]:.2f} where the next symbol can be read "
        f"and {cheat[0]:.2f} where it cannot; at the last position, where no answer is in view, {cheat[2]:.2f}. The "
        f"honest model costs {honest[0]:.2f}.",
        (TablePicture("loss in nats, held-out text", ("model", *_COLUMNS), rows),),
        code=next_symbol_loss,
    )


def _picture_step(trained: tuple[Trained, Trained], text: Characters) -> Step:
    ids = text.held_out[:CONTEXT]
    names = tuple(visible(symbol) for symbol in text.decode(ids))
    pictures = []
    shares = []
    for name, each, causal in zip(_NAMES, trained, (True, False), strict=True):
        head, wei, share = _reading_ahead(each.gpt, ids, causal)
        shares.append(share)
        shown = wei.tril() if causal else wei
        pictures.append(matrix(f"trained {name}, H{head}", shown, names, names, weights=True))
    copied = ": the answer is copied, nothing is predicted" if shares[1] > 0.5 else ""
    return Step(
        "How it reads the answer",
        f"Row i, column i + 1 is the next symbol. Without the mask one head gives it {shares[1]:.0%} of its weight "
        f"on average{copied}.",
        tuple(pictures),
        code=masked,
    )


def _writing_step(trained: tuple[Trained, Trained], text: Characters, seed: int) -> Step:
    prompt = text.encode(_PROMPT)
    pictures = tuple(
        TextPicture(f"written by the model trained {name}", text.decode(write(each.gpt, prompt, _WRITTEN, seed)))
        for name, each in zip(_NAMES, trained, strict=True)
    )
    return Step("Let both write", "When a model writes, the next symbol does not exist yet.", pictures, code=write)


def _bundled_step(model: TracedModel, sentence: str) -> tuple[Step, dict[str, float]]:
    encoding = encode_sentence(model, sentence)
    as_trained = model.trace(encoding.ids)
    losses = {
        name: model.trace(encoding.ids, AttentionSettings(causal=causal), base=as_trained).loss or 0.0
        for name, causal in (("masked", True), ("unmasked", False))
    }
    rows = tuple((name, round(loss, 4)) for name, loss in losses.items())
    step = Step(
        f"And in {one_line(model.name)}, trained with the mask",
        f"This model never saw the future when it was trained. It costs {fixed(losses['masked'], 2)} nats a token with "
        f"the mask and {fixed(losses['unmasked'], 2)} without; the same switch is m in Explore.",
        (TablePicture("loss of the sentence in nats", ("attention", "loss"), rows),),
    )
    return step, losses


@on_one_thread
def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Train both models, then compare them."""
    bundled_step, losses = _bundled_step(open_model(values.text("model")), values.text("sentence"))
    seed = values.integer("seed")
    text = story_characters(seed, _CHARACTERS)
    found: list[Trained] = []
    for i, causal in enumerate((True, False)):
        for item in _train(text, causal, values, i * values.integer("steps")):
            if isinstance(item, Progress):
                yield item
            else:
                found.append(item)
    trained = found[0], found[1]
    steps = (
        _training_step(trained, len(text.symbols)),
        _honesty_step(trained),
        _picture_step(trained, text),
        _writing_step(trained, text, seed),
        bundled_step,
    )
    honest, cheat = (each.held_out for each in trained)
    numbers = {
        "held_out": {
            f"trained {name}": dict(zip(_COLUMNS, each.held_out, strict=True))
            for name, each in zip(_NAMES, trained, strict=True)
        },
        "training": {name: each.losses for name, each in zip(_NAMES, trained, strict=True)},
        values.text("model"): losses,
    }
    choice = 2 if cheat[1] < 0.5 * honest[0] else 1 if cheat[1] < 1.1 * honest[0] else 0
    answer = f"{cheat[1]:.2f} without the mask, {honest[0]:.2f} with it, on held-out text."
    yield Result(steps, choice, answer, numbers)


def ask(values: Values) -> Question:
    """Ask how low the loss gets without the mask."""
    return Question(
        "The same model is trained without the causal mask. How does its loss compare with that of the masked one?",
        ("higher", "about the same", "less than half of it"),
    )


LAB = Lab(
    find_entry("mask"),
    (
        IntegerParameter("steps", "of each training", 400, (200, 400, 800), low=20, high=5000),
        seed_parameter("of text, weights and batches"),
        TextParameter("model", "a model trained with the mask", bundled.DEFAULT),
        TextParameter("sentence", "what that model reads", SAMPLES[0].text),
    ),
    (new_model, next_symbol_loss, fit, write, masked, weights),
    ask,
    run,
    trains=True,
)
