"""Lab 2, one head: the lecture's small example, then every head of a trained model on one sentence.

Notation: B batch, T positions, C channels, D head_size.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from data import bundled
from data.samples import SAMPLES
from explorer.core.formatting import fixed, label, one_line, quoted, weight
from explorer.labs.lab import (
    BarPicture,
    IntegerParameter,
    Lab,
    OpenModel,
    ParameterError,
    Progress,
    Question,
    Result,
    Step,
    TablePicture,
    TextParameter,
    Values,
    matrix,
    seed_parameter,
)
from explorer.labs.registry import find_entry
from explorer.labs.sentence import encode_sentence
from model.attention import AttentionInputs, AttentionStages, masked, mixed, scaled, scores, weights
from model.interface import TracedModel
from model.tokenizer import Encoding

_BATCH = 4
_LISTED = 6
_CHOICES = 9
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, eq=False)
class Head:
    """The input and the three projections of one head: x (B, T, C), and q, k, v (B, T, D)."""

    x: Tensor
    q: Tensor
    k: Tensor
    v: Tensor


def make_head(positions: int, channels: int, head_size: int, seed: int) -> Head:
    """The lecture's head: x = torch.randn(4, 8, 32), then three nn.Linear(32, 16, bias=False), seed 1337."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        x = torch.randn(_BATCH, positions, channels)
        key = nn.Linear(channels, head_size, bias=False)
        query = nn.Linear(channels, head_size, bias=False)
        value = nn.Linear(channels, head_size, bias=False)
        return Head(x, query(x), key(x), value(x))


def head_stages(head: Head) -> dict[str, Tensor]:
    """Every stage of attention of q, k and v, one after the other: (B, T, T), the last (B, T, D)."""
    T, D = head.q.shape[-2:]
    visible = torch.tril(torch.ones(T, T, dtype=torch.bool))
    raw = scores(head.q, head.k)
    times_scale = scaled(raw, D**-0.5)
    hidden = masked(times_scale, visible)
    wei = weights(hidden)
    return {"scores": raw, "scaled": times_scale, "masked": hidden, "weights": wei, "mixed": mixed(wei, head.v)}


def unscaled_weights(head: Head) -> Tensor:
    """Return the weights of the same head without its scale: (B, T, T)."""
    T = head.q.shape[-2]
    return weights(masked(scores(head.q, head.k), torch.tril(torch.ones(T, T, dtype=torch.bool))))


def _head_steps(head: Head) -> tuple[tuple[Step, ...], dict[str, Tensor]]:
    stages = {name: stage[0] for name, stage in head_stages(head).items()}
    unscaled = unscaled_weights(head)[0]
    T = len(unscaled)
    last = T - 1
    D = head.q.shape[-1]
    steps = (
        Step(
            "x, and its query, key and value",
            f"Each row of x is projected three times: what it looks for, what it offers, what it hands on ({D} numbers "
            "each).",
            (matrix("x[0]", head.x[0]), matrix("q", head.q[0]), matrix("k", head.k[0]), matrix("v", head.v[0])),
            code=make_head,
        ),
        Step(
            "Raw scores",
            f"Row i, column j: the dot product of query i and key j. Query 0 with key 0 gives "
            f"{fixed(stages['scores'][0, 0].item(), 4)}.",
            (matrix("scores, q @ kᵀ", stages["scores"]),),
            code=scores,
        ),
        Step(
            "Scaled and masked",
            f"Times 1/√{D} = {D**-0.5:.3g}, then −∞ for the keys after the query.",
            (matrix("scaled", stages["scaled"]), matrix("masked", stages["masked"])),
            code=scaled,
        ),
        Step(
            "Weights, with the scale and without",
            f"Softmax of each row. Row {last}: its largest weight is {weight(stages['weights'][last].max().item(), 4)} "
            f"with the scale, {weight(unscaled[last].max().item(), 4)} without.",
            (
                matrix("weights", stages["weights"].tril(), weights=True),
                matrix("weights without the scale", unscaled.tril(), weights=True),
            ),
            code=weights,
        ),
        Step(
            "Mixed",
            f"weights @ v. Row 0 has only itself to look at, so it is value 0; row {last} is an average of {T} values.",
            (matrix("mixed", stages["mixed"]), matrix("v", head.v[0])),
            code=mixed,
        ),
    )
    return steps, {**stages, "unscaled weights": unscaled}


def find_token(encoding: Encoding, word: str, parameter: str) -> int:
    """Return the last token of the first occurrence of a word. Raises ParameterError if the sentence lacks it."""
    start = encoding.text.find(word.strip())
    if start < 0:
        raise ParameterError(parameter, f"{word.strip()!r} is not in the sentence")
    end = start + len(word.strip())
    found = [i for i, (first, last) in enumerate(encoding.spans) if first < end and last > start]
    if not found:
        raise ParameterError(parameter, f"{word.strip()!r} is not read by this model")
    return found[-1]


def search_heads(inputs: tuple[AttentionInputs, ...], query: int, key: int) -> list[tuple[float, int, int]]:
    """The weight of one query on one key in every head, with layer and head, largest first."""
    found = []
    for layer, each in enumerate(inputs):
        wei = AttentionStages(each).weights  # (H, T, T)
        found += [(wei[head, query, key].item(), layer, head) for head in range(len(wei))]
    return sorted(found, reverse=True)


def _sentence_steps(values: Values, model: TracedModel) -> tuple[tuple[Step, ...], dict[str, object], list[float]]:
    encoding = encode_sentence(model, values.text("sentence"))
    inputs = model.trace(encoding.ids).inputs
    query = find_token(encoding, values.text("query"), "query")
    key = find_token(encoding, values.text("key"), "key")
    if key > query:
        raise ParameterError("key", f"{values.text('key')!r} comes after the query, which cannot see it")
    names = tuple(label(token) for token in encoding.tokens)
    ranked = search_heads(inputs, query, key)
    best, layer, head = ranked[0]
    wei = AttentionStages(inputs[layer].head(head).in_float32()).weights
    largest = int(wei[query].argmax())
    mean = torch.stack([AttentionStages(each).weights[:, query].mean(0) for each in inputs]).mean(0)
    asks, looks = (quoted(values.text(name), 12) for name in ("query", "key"))
    token = quoted(encoding.tokens[key])
    through = "" if token == looks else f" (its token {token})"
    most = quoted(encoding.tokens[largest])
    more = f"but more, {weight(wei[query].max().item())}, to {most}"
    verdict = "and to no other key more" if largest == key else more
    seen = names[: query + 1]
    rows = tuple((f"L{i} H{j}", round(w, 4)) for w, i, j in ranked[:_LISTED])
    steps = (
        Step(
            f"Which head lets {asks} look at {looks}?",
            f"Of {len(ranked)} heads of {one_line(model.name)}, L{layer} H{head} gives {looks}{through} the most, "
            f"{weight(best)}, {verdict}. In Explore, / finds such heads.",
            (
                matrix(f"weights of L{layer} H{head}", wei.tril(), names, names, weights=True, start=(query, key)),
                TablePicture(f"heads by the weight of {asks} on {looks}", ("head", "weight"), rows),
            ),
            code=search_heads,
        ),
        Step(
            f"All heads together: where does {asks} look?",
            f"The mean of its row of weights over {len(ranked)} heads.",
            (BarPicture(f"mean weight of {asks}", tuple(zip(seen, mean[: query + 1].tolist(), strict=True)), 1.0),),
        ),
    )
    found: dict[str, object] = {
        "heads": [{"layer": i, "head": j, "weight": w} for w, i, j in ranked],
        "mean_weights": dict(zip([f"{i} {name}" for i, name in enumerate(seen)], mean.tolist(), strict=False)),
    }
    return steps, found, _word_weights(encoding, mean)


def _word_weights(encoding: Encoding, mean: Tensor) -> list[float]:
    """Return the mean weight on each word of the sentence, which is the sum over its tokens."""
    totals = []
    for word in _WORD.finditer(encoding.text):
        tokens = [i for i, (first, last) in enumerate(encoding.spans) if first < word.end() and last > word.start()]
        totals.append(sum(mean[i].item() / _words_in(encoding, i) for i in tokens))
    return totals


def _words_in(encoding: Encoding, token: int) -> int:
    """Return the number of words that a token belongs to, among which its weight is divided."""
    first, last = encoding.spans[token]
    return max(1, len(_WORD.findall(encoding.text[first:last])))


def _words(values: Values) -> list[str]:
    """Return the words of the sentence up to the one at the query."""
    sentence, query = values.text("sentence"), values.text("query").strip()
    end = sentence.find(query) + len(query) if query in sentence else len(sentence)
    return _WORD.findall(sentence[:end])


def ask(values: Values) -> Question:
    """Ask which word gets the largest weight."""
    words = [quoted(word, 12) for word in _words(values)]
    choices = words if len(words) <= _CHOICES else [*words[: _CHOICES - 1], "another word"]
    text = f"Over all heads together, which word will {quoted(values.text('query'), 12)} weigh most?"
    return Question(text, tuple(choices))


def run(values: Values, open_model: OpenModel) -> Generator[Progress | Result]:
    """Compute the small head, then search the model's heads."""
    head = make_head(*(values.integer(name) for name in ("positions", "channels", "head_size", "seed")))
    own, stages = _head_steps(head)
    theirs, found, by_word = _sentence_steps(values, open_model(values.text("model")))
    words = _words(values)
    weighed = by_word[: len(words)]
    most = weighed.index(max(weighed))
    answer = f"{quoted(words[most])}, with {weight(weighed[most])} on average over all heads."
    choice = min(most, len(ask(values).choices) - 1)
    numbers = {**{name: stage.tolist() for name, stage in stages.items()}, **found}
    yield Result((*own, *theirs), choice, answer, numbers)


LAB = Lab(
    find_entry("head"),
    (
        IntegerParameter("head_size", "D, width of q, k and v in the example", 16, (1, 4, 16, 64), low=1, high=256),
        IntegerParameter("positions", "T, rows of x", 8, low=2, high=32),
        IntegerParameter("channels", "C, columns of x", 32, low=1, high=256),
        seed_parameter("of x and the three projections"),
        TextParameter("sentence", "what the model reads", SAMPLES[0].text),
        TextParameter("query", "the word that looks", "guy", longest=40),
        TextParameter("key", "the word looked at", "Ivan", longest=40),
        TextParameter("model", "the model whose heads are searched", bundled.DEFAULT),
    ),
    (make_head, head_stages, scores, scaled, masked, weights, mixed, search_heads),
    ask,
    run,
)
