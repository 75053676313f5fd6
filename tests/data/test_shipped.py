"""The models that really ship: they open, are as small as promised, and their cards say what they are."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from data import bundled
from data.samples import SAMPLES, SHAKESPEARE_SAMPLES, Place, Sample
from explorer.core.head_kinds import named_score
from explorer.core.head_scores import measure_heads
from model import checkpoint
from model.attention import AttentionStages
from model.checkpoint import Checkpoint
from model.tokenizer import encode
from model.training import snapshots

NAMES = ("stories", "shakespeare")
MEGABYTE = 1_000_000


@pytest.fixture(scope="module", params=NAMES)
def shipped(request: pytest.FixtureRequest) -> Checkpoint:
    return opened(request.param)


@cache
def opened(name: str) -> Checkpoint:
    """A bundled model, opened once for all tests."""
    return checkpoint.load(bundled.path(name), name)


def loss_of(model: Checkpoint, text: str) -> float:
    """The mean cross-entropy of the tokens of a text, in nats."""
    ids = encode(model.tokenizer, text).ids
    logits = model.trace(ids).logits
    return torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:])).item()


def size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir() if path.is_file())


def test_both_ship_and_stories_is_the_default() -> None:
    assert bundled.names() == NAMES
    assert sum(size(bundled.path(name)) for name in NAMES) < 16 * MEGABYTE


def test_weights_are_half_precision_and_finite(shipped: Checkpoint) -> None:
    with safe_open(bundled.path(shipped.name) / "model.safetensors", "pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118 (not a dictionary)
            tensor = tensors.get_tensor(name)
            assert tensor.dtype is torch.float16
            assert tensor.isfinite().all()


def test_the_card_has_the_sizes_losses_and_texts(shipped: Checkpoint) -> None:
    card = (bundled.path(shipped.name) / "README.md").read_text(encoding="utf-8")
    config = shipped.config
    sizes = f"{config.n_layer} layers, {config.n_head} heads of head_size {config.head_size}, n_embd {config.n_embd}"
    assert f"| sizes | {sizes} |" in card
    assert f"| parameters | {sum(p.numel() for p in shipped.gpt.parameters()):,} |" in card
    for row in ("command", "seed", "validation loss", "training time"):
        assert f"| {row} |" in card
    assert len(re.findall(r"`[0-9a-f]{64}`", card)) == {"stories": 3, "shakespeare": 1}[shipped.name]
    assert card.count("| L") == config.n_layer
    assert not re.search(r"(^|[ '(])/\w+/", card), "a card names no path of a machine"


def test_samples_fit_and_every_character_is_known(shipped: Checkpoint) -> None:
    for sample in SAMPLES if shipped.name == "stories" else SHAKESPEARE_SAMPLES:
        encoding = encode(shipped.tokenizer, sample.text)
        assert not encoding.unknown
        assert len(encoding.ids) <= shipped.config.n_positions


PLACES = [(sample, sample.place) for sample in (*SAMPLES, *SHAKESPEARE_SAMPLES) if sample.place]


@pytest.mark.parametrize(("sample", "place"), PLACES, ids=lambda value: getattr(value, "text", "")[:20])
def test_a_sample_opens_where_the_query_finds_the_key(sample: Sample, place: Place) -> None:
    """The key has most of the weight, and no sample is about the query itself."""
    model = opened(place.model)
    trace = model.trace(encode(model.tokenizer, sample.text).ids)
    row = AttentionStages(trace.inputs[place.layer]).weights[place.head, place.query]
    assert int(row.argmax()) == place.key < place.query
    assert row[place.key] > 0.5


def test_the_samples_of_stories_show_each_kind_of_head_that_is_named() -> None:
    scores = measure_heads(opened("stories"))
    places = [place for _, place in PLACES if place.model == "stories"]
    shown = {named_score(scores, place.layer, place.head)[0] for place in places}
    assert shown >= {"previous_token", "duplicate_token", "induction", "object_to_verb", "quote_to_opening"}


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("stories", "Once upon a time there was a little girl named Lily. She loved to play with her toys.", 3.0),
        ("shakespeare", "ROMEO:\nI will not go to the king, my lord.", 2.0),
    ],
)
def test_the_bundled_models_have_learnt_their_language(name: str, text: str, most: float) -> None:
    """Far below ln(vocabulary): 7.62 and 4.17."""
    assert loss_of(opened(name), text) < most


@pytest.mark.parametrize(
    ("name", "expected_steps", "text"),
    [
        ("shakespeare", [0, 10, 30, 100, 300, 1000], "First Citizen:\nBefore we proceed any further, hear me speak."),
        ("stories", [300, 1000, 3200], "Once upon a time there was a little girl named Lily. She loved to play."),
    ],
)
def test_they_ship_with_steps_of_their_training(name: str, expected_steps: list[int], text: str) -> None:
    place = bundled.path(name)
    series = snapshots.find_snapshots(place)
    steps = [step for step, _ in series]
    assert steps == sorted(steps)
    assert steps[: len(expected_steps)] == expected_steps
    assert steps[-1] == json.loads((place / "training.json").read_text())["step"]
    assert series[-1][1] == place
    assert sum(size(path) for _, path in series[:-1]) < 10 * MEGABYTE
    losses = [loss_of(checkpoint.load(path), text) for _, path in series]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.slow
def test_the_heads_of_stories_appear_one_after_another() -> None:
    best = []
    for _, path in snapshots.find_snapshots(bundled.path("stories")):
        scores = measure_heads(checkpoint.load(path))
        found = (scores.values[name] for name in ("previous_token", "duplicate_token", "induction", "first_token"))
        best.append([float(score.max()) for score in found])
    before, previous_token, induction, end = best
    assert max(before) < 0.3
    assert previous_token[0] > 0.7 > 0.3 > max(previous_token[1:])
    assert induction[2] > 0.5 > induction[3]
    assert end[0] > 0.9
    assert end[1] > 0.6
    assert end[2] > 0.6
    assert end[3] > 0.9
