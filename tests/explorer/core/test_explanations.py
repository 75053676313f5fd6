"""The sentence about a stage: its numbers are computed again here, in plain Python, from q, k and v alone."""

import math
import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from rich.cells import cell_len

from explorer.core.explanations import explain_stage
from explorer.core.formatting import quoted, wrapped
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService, reading_from_inputs
from explorer.view import Stage, View
from model.checkpoint import Checkpoint
from model.settings import Scope
from tests.explorer.conftest import SENTENCES

VIEW = View("bpe", SENTENCES[0], query=3, layer=1, head=2)
CHANGES: list[dict[str, Any]] = [
    {},
    {"causal": False},
    {"scale": 1.0},
    {"scale": 0.03},
    {"scale": -2.0, "scope": Scope.MODEL},
    {"ablated": frozenset({(0, 1), (1, 0)})},
    {"query": 0},
    {"query": 0, "causal": False},
    {"query": 1, "scale": 1.0, "scope": Scope.LAYER},
]


def read(model: Checkpoint, **changes: Any) -> Reading:
    engine = ReadingService()
    engine.add_model("bpe", model)
    return engine.read(replace(VIEW, **changes))


class Plain:
    """One row of attention in plain Python numbers."""

    def __init__(self, reading: Reading) -> None:
        view, inputs = reading.view, reading.stages.inputs
        q, k, v = (x.double().tolist() for x in (inputs.q, inputs.k, inputs.v))
        self.tokens = reading.encoding.tokens
        self.keys = range(len(k)) if view.causal is False else range(view.query + 1)
        self.scale = 0.25 if view.scale is None else view.scale
        self.scores = [sum(a * b for a, b in zip(q[view.query], k[j], strict=True)) for j in self.keys]
        self.scaled = [self.scale * x for x in self.scores]
        powers = [math.exp(x - max(self.scaled)) for x in self.scaled]
        self.weights = [x / sum(powers) for x in powers]
        self.parts = [[w * x for x in v[j]] for w, j in zip(self.weights, self.keys, strict=True)]

    def named(self, position: int) -> str:
        names = [quoted(token, 99) for token in self.tokens]
        return f"{names[position]} at {position}" if names.count(names[position]) > 1 else names[position]


def variance(numbers: list[float]) -> float:
    mean = sum(numbers) / len(numbers)
    return sum((x - mean) ** 2 for x in numbers) / len(numbers)


def length(vector: Any) -> float:
    return math.sqrt(sum(x * x for x in vector))


_EXPONENTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−")


def numbers(sentence: str) -> list[float]:
    """The numbers of a sentence without its token names, in order."""
    bare = re.sub(r"‘[^’]*’(?: at \d+)?", "‘’", sentence)
    plain = bare.replace(",", "").replace("×10", "e").translate(_EXPONENTS)
    return [float(x.replace("−", "-")) for x in re.findall(r"−?(?:\d[\d,]*)?\.?\d+(?:e−?\d+)?", plain)]


def near(*expected: float) -> Any:
    return pytest.approx(list(expected), rel=6e-3, abs=6e-3)


@pytest.mark.parametrize("changes", CHANGES)
def test_scores(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, stage=Stage.SCORES, **changes)
    plain = Plain(reading)
    wordings = explain_stage(reading)
    if len(plain.scores) == 1:
        assert numbers(wordings[0]) == near(plain.scores[0])
        return
    low, high = min(plain.scores), max(plain.scores)
    assert numbers(wordings[0]) == near(len(plain.scores), low, high, variance(plain.scores))
    lowest, highest = plain.named(plain.scores.index(low)), plain.named(plain.scores.index(high))
    assert f"({lowest}) to" in wordings[0]
    assert f"({highest});" in wordings[0]
    for shorter in wordings[1:]:
        assert numbers(shorter) == near(len(plain.scores), variance(plain.scores))


@pytest.mark.parametrize("changes", CHANGES)
def test_scaled(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, stage=Stage.SCALED, **changes)
    plain = Plain(reading)
    first = explain_stage(reading)[0]
    scales = [plain.scale] if plain.scale == 0.25 else [plain.scale, 0.25]
    if len(plain.scores) == 1:
        assert numbers(first) == near(*scales, plain.scores[0], plain.scaled[0])
    elif plain.scale == 1.0:
        assert numbers(first) == near(*scales, variance(plain.scores))
    else:
        spread = variance(plain.scores), variance(plain.scaled)
        assert numbers(first) == near(*scales, *spread, min(plain.scaled), max(plain.scaled))


@pytest.mark.parametrize("changes", CHANGES)
def test_masked(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, stage=Stage.MASKED, **changes)
    seen, count = len(Plain(reading).keys), len(reading.encoding)
    after = count - 1 - reading.view.query
    off = reading.view.causal is False
    for sentence in explain_stage(reading)[:1]:
        assert ("off" in sentence) == off
        assert numbers(sentence) == ([count, after] if off else [after, seen, count])


@pytest.mark.parametrize("changes", CHANGES)
def test_weights(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, stage=Stage.WEIGHTS, **changes)
    plain = Plain(reading)
    first = explain_stage(reading)[0]
    if len(plain.weights) == 1:
        assert "all weight" in first
        return
    most = max(plain.weights)
    bits = -sum(w * math.log2(w) for w in plain.weights if w)
    assert f"gives {plain.named(plain.weights.index(most))} the largest" in first
    assert numbers(first)[:2] == near(most, bits)
    assert numbers(first)[2:] == pytest.approx([2**bits, len(plain.weights)], abs=0.051)


@pytest.mark.parametrize("changes", CHANGES)
def test_mixed(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, stage=Stage.MIXED, **changes)
    plain = Plain(reading)
    first = explain_stage(reading)[0]
    norm = length([sum(column) for column in zip(*plain.parts, strict=True)])
    if len(plain.parts) == 1:
        assert numbers(first) == near(norm)
        return
    order = sorted(plain.keys, key=lambda j: -length(plain.parts[j]))
    assert numbers(first) == near(norm, *(length(plain.parts[j]) for j in order[:2]))
    assert first.index(plain.named(order[0])) <= first.index(plain.named(order[1]))


def test_an_ablated_head_hands_on_zeros(bpe_model: Checkpoint) -> None:
    reading = read(bpe_model, stage=Stage.MIXED, ablated=frozenset({(1, 2)}))
    norm = length([sum(column) for column in zip(*Plain(reading).parts, strict=True)])
    for sentence in explain_stage(reading):
        assert "blated" in sentence
        assert numbers(sentence) == near(norm)


@pytest.mark.parametrize("changes", CHANGES)
def test_next_token(bpe_model: Checkpoint, changes: dict[str, Any]) -> None:
    reading = read(bpe_model, stage=Stage.NEXT_TOKEN, **changes)
    view = reading.view
    first = explain_stage(reading)[0]
    now, before = (t.logits[view.query].double().softmax(-1) for t in (reading.as_set, reading.as_trained))
    tops = [dist.sort(descending=True) for dist in (now, before)]
    for dist, ids in tops[: 2 if view.changed else 1]:
        assert f"{quoted(reading.token_text(ids[0].item()), 12)} {f'{dist[0].item():.2f}'.lstrip('0')}" in first
    if view.changed:
        assert numbers(first)[-1:] == near((before * (before / now).log()).sum().item())
    else:
        came = reading.encoding.ids[view.query + 1]
        assert numbers(first)[-2:] == near(now[came].item(), -math.log(now[came].item()))


@pytest.mark.parametrize("causal", [None, False])
@pytest.mark.parametrize("stage", list(Stage))
def test_one_token(bpe_model: Checkpoint, stage: Stage, causal: bool | None) -> None:
    reading = read(bpe_model, text="a", stage=stage, causal=causal, query=0)
    assert len(reading.encoding) == 1
    sentence = explain_stage(reading)[0]
    assert sentence.endswith(".")
    assert not re.search(r"nan|inf|\b0 keys", sentence, re.IGNORECASE)


def test_weights_that_are_all_alike_have_no_largest(bpe_model: Checkpoint) -> None:
    sentence = explain_stage(read(bpe_model, stage=Stage.WEIGHTS, scale=0.0))[0]
    assert "same weight" in sentence
    assert numbers(sentence) == near(4, 0.25, 2.0)


@pytest.mark.parametrize("changes", CHANGES)
@pytest.mark.parametrize("stage", list(Stage))
def test_wordings_get_shorter_and_fit_even_the_smallest_screen(
    bpe_model: Checkpoint, stage: Stage, changes: dict[str, Any]
) -> None:
    for text in (SENTENCES[0], "\x1b[31m" * 4 + " \u202e\u200b漢字" * 5):
        wordings = explain_stage(read(bpe_model, text=text, stage=stage, **changes))
        widths = [cell_len(sentence) for sentence in wordings]
        assert widths == sorted(widths, reverse=True)
        assert len(wrapped(wordings[-1], 56, 42)) <= 2  # 60 columns without the number and the state
        assert widths[-1] <= 62  # one line of 80 without these
        assert not re.search(r"[\x00-\x1f\u200b\u202e]", "".join(wordings))


def test_wrapping_keeps_every_word() -> None:
    text = "one two three four five six"
    assert wrapped(text, 9, 7) == ["one two", "three", "four", "five", "six"]
    assert " ".join(wrapped(text, 13, 10)) == text
    assert wrapped("longest", 3, 3) == ["longest"]


@pytest.mark.parametrize(("query", "strength", "said"), [(5, 9.0, True), (0, 9.0, False), (5, 0.1, False)])
def test_a_head_that_rests_on_the_first_token_is_said_to(
    bpe_model: Checkpoint, query: int, strength: float, said: bool
) -> None:
    whole = read(bpe_model)
    size = len(whole.encoding)
    q = torch.ones(4, size, 16)
    k = torch.zeros(4, size, 16)
    k[:, 0] = strength
    view = replace(VIEW, query=query, stage=Stage.WEIGHTS)
    reading = reading_from_inputs(view, [(q, k, k)] * 2, whole.shape, whole.encoding, whole.tokenizer)
    wordings = explain_stage(reading)
    assert all(("first token (attention sink)" in wording) == said for wording in wordings)
    if said:
        assert numbers(wordings[0])[0] == pytest.approx(reading.stages.weights[query, 0].item(), abs=0.006)
        assert cell_len(wordings[-1]) <= 62
