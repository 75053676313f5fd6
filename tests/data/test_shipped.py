"""The models that really ship: they open, are as small as promised, and their cards say what they are."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from data import bundled
from data.samples import SAMPLES, SHAKESPEARE_SAMPLES
from model import checkpoint
from model.checkpoint import Checkpoint
from model.tokenizer import encode
from model.training import snapshots

NAMES = ("stories", "shakespeare")
MEGABYTE = 1_000_000


@pytest.fixture(scope="module", params=NAMES)
def shipped(request: pytest.FixtureRequest) -> Checkpoint:
    return checkpoint.load(bundled.path(request.param), request.param)


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


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("stories", "Once upon a time there was a little girl named Lily. She loved to play with her toys.", 3.0),
        ("shakespeare", "ROMEO:\nI will not go to the king, my lord.", 2.0),
    ],
)
def test_the_bundled_models_have_learnt_their_language(name: str, text: str, most: float) -> None:
    """Far below ln(vocabulary): 8.32 and 4.17."""
    model = checkpoint.load(bundled.path(name))
    ids = encode(model.tokenizer, text).ids
    logits = model.trace(ids).logits
    loss = torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:])).item()
    assert loss < most


def test_shakespeare_ships_with_steps_of_its_training() -> None:
    place = bundled.path("shakespeare")
    series = snapshots.find_snapshots(place)
    steps = [step for step, _ in series]
    assert steps == sorted(steps)
    assert len(steps) >= 7
    assert steps[:6] == [0, 10, 30, 100, 300, 1000]
    assert steps[-1] == json.loads((place / "training.json").read_text())["step"]
    assert series[-1][1] == place
    assert sum(size(path) for _, path in series[:-1]) < 10 * MEGABYTE
    losses = []
    for _, path in series:
        model = checkpoint.load(path)
        ids = encode(model.tokenizer, "First Citizen:\nBefore we proceed any further, hear me speak.").ids
        logits = model.trace(ids).logits
        losses.append(torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(ids[1:])).item())
    assert losses == sorted(losses, reverse=True)
