"""Histograms and update ratios, against the same things computed by other means, and that other steps pay nothing."""

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from model.settings import AS_TRAINED
from model.training.probe import (
    ACTIVATION_BINS,
    GRADIENT_BINS,
    activation_histogram,
    gradient_histogram,
    update_ratio,
)
from model.training.run_log import StepMetrics
from model.training.step_statistics import StepStatistics
from model.training.trainer import Trainer
from tests.model.trainers import make_trainer, weights


def test_histograms_count_as_numpy_does() -> None:
    values = np.random.default_rng(0).normal(0, 3, (7, 50, 11)).astype(np.float32)
    found = activation_histogram(torch.from_numpy(values))
    low, high, bins = ACTIVATION_BINS
    inside = values[(values >= low) & (values < high)]
    assert list(found.counts) == np.histogram(inside, bins, (low, high))[0].tolist()
    assert (found.below, found.above) == ((values < low).sum(), (values >= high).sum())
    assert sum(found.counts) + found.below + found.above == values.size
    assert found.mean == pytest.approx(values.mean(), abs=1e-6)
    assert found.std == pytest.approx(values.std(), rel=1e-5)


def test_gradients_are_counted_by_their_size() -> None:
    values = torch.tensor([0.0, 1e-3, -1e-3, 2e-6, 1e-20, 5.0, -math.inf, math.nan])
    found = gradient_histogram(values)
    low, high, bins = GRADIENT_BINS
    width = (high - low) / bins
    counts = [0] * bins
    for exponent in (math.log10(1.001e-3), math.log10(1.001e-3), math.log10(2e-6)):
        counts[int((exponent - low) / width)] += 1
    assert list(found.counts) == counts
    assert (found.below, found.above) == (2, 3)  # zero and 1e-20; 5, infinity and NaN


def test_the_update_ratio() -> None:
    before = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    update = torch.tensor([[0.001, -0.001], [0.002, 0.0]])
    expected = math.log10(np.std(update.numpy()) / np.std(before.numpy()))
    assert update_ratio(before, before + update) == pytest.approx(expected, abs=1e-4)
    assert update_ratio(before, before) is None
    assert update_ratio(torch.zeros(4), torch.ones(4)) is None


def observed(trainer: Trainer, step: int) -> StepStatistics:
    steps = trainer.steps()
    for metrics in steps:
        if metrics.step == step:
            assert trainer.statistics is not None
            return trainer.statistics
    raise AssertionError(step)


def test_a_step_is_observed_as_it_was() -> None:
    trainer, other = make_trainer(), make_trainer()
    trainer.probe_every = 3
    seen = observed(trainer, 3)
    assert seen.step == 3

    steps = other.steps()
    next(steps)
    next(steps)
    before = weights(other)
    x, y = other.data.batch(other.settings.seed, 2, other.settings.batch_size)
    # The forward pass once more, block by block, with its intermediate values kept.
    kept: dict[str, torch.Tensor] = {}
    stream = other.gpt.embed(x)
    for layer, block in enumerate(other.gpt.blocks):
        inputs = block.inputs(stream, trainer_settings(other)(layer))
        kept[f"h.{layer}.attn"] = block.attn(inputs)
        middle = stream + kept[f"h.{layer}.attn"]
        kept[f"h.{layer}.mlp"] = block.mlp(block.ln_2(middle))
        stream = kept[f"h.{layer}"] = middle + kept[f"h.{layer}.mlp"]
    logits = torch.nn.functional.linear(other.gpt.ln_f(stream), other.gpt.wte.weight)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    gradients = torch.autograd.grad(loss, list(kept.values()))
    assert list(seen.activations) == list(seen.gradients) == list(kept)
    for (site, value), gradient in zip(kept.items(), gradients, strict=True):
        assert seen.activations[site].counts == activation_histogram(value).counts
        assert seen.gradients[site].std == pytest.approx(gradient.std(correction=0).item(), rel=1e-4)
        assert sum(seen.gradients[site].counts) == pytest.approx(gradient.numel(), abs=gradient.numel() / 50)

    next(steps)
    after = weights(other)
    for name, ratio in seen.update_ratios.items():
        data, update = before[name].double().numpy(), (after[name] - before[name]).double().numpy()
        if np.std(data) == 0 or np.std(update) == 0:
            assert ratio is None, name
        else:
            assert ratio == pytest.approx(math.log10(np.std(update) / np.std(data)), abs=1e-4), name


def trainer_settings(trainer: Trainer) -> Callable[[int], object]:
    return lambda layer: AS_TRAINED.for_layer(trainer.gpt.config, layer)


def test_observing_changes_nothing_and_leaves_nothing_behind() -> None:
    plain, probed = make_trainer(), make_trainer()
    probed.probe_every = 4
    seen = []

    def bare(metrics: StepMetrics) -> StepMetrics:
        return replace(metrics, seconds=0.0, tokens_per_second=0.0)

    for one, other in zip(plain.steps(), probed.steps(), strict=True):
        assert bare(one) == bare(other)
        assert plain.statistics is None
        seen.append(probed.statistics is not None)
        assert not any(module._forward_hooks for module in probed.gpt.modules())
    assert [step for step, there in enumerate(seen, 1) if there] == [4, 8, 12, 16, 20]
    for name, weight in weights(plain).items():
        assert weight.equal(weights(probed)[name])


def test_statistics_go_through_json() -> None:
    trainer = make_trainer()
    trainer.probe_every = 1
    seen = observed(trainer, 2)
    assert StepStatistics.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen
