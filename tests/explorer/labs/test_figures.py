"""The lecture's figures at the lecture's seeds, and the claims of the labs as numbers."""

import math

import pytest
import torch

from explorer.core.head_search import HeadSearch
from explorer.core.readings import ReadingService
from explorer.labs import averaging, head, initialization, ladder, mask, scaling, sharpening, trained
from explorer.labs.fitting import windows
from explorer.labs.lab import Lab, ParameterError, Result
from explorer.view import View
from model.attention import AttentionInputs, AttentionStages, attend
from model.tokenizer import encode
from tests.explorer.conftest import Opener


def result(lab: Lab, opener: Opener, **texts: str) -> Result:
    *_, last = lab.run(lab.parse(texts), opener)
    assert isinstance(last, Result)
    return last


# Averaging the past


def test_the_lectures_x_and_its_averages() -> None:
    x = averaging.example(4, 8, 2, 1337)
    assert x[0, 0].tolist() == pytest.approx([0.1808, -0.0700], abs=5e-5)
    assert averaging.average_by_loop(x)[0, 1].tolist() == pytest.approx([-0.0894, -0.4926], abs=5e-5)


@pytest.mark.parametrize(("positions", "channels", "seed"), [(8, 2, 1337), (4, 1, 0), (32, 8, 5)])
def test_the_three_averages_are_equal(positions: int, channels: int, seed: int) -> None:
    x = averaging.example(3, positions, channels, seed)
    loop = averaging.average_by_loop(x)
    for wei in (averaging.weights_by_tril(positions), averaging.weights_by_softmax(positions)):
        torch.testing.assert_close(
            averaging.average_by_product(wei, x), loop, rtol=0, atol=1e-7 * max(1, x.abs().max())
        )


def test_each_row_of_the_loop_is_a_step(opener: Opener) -> None:
    steps = result(averaging.LAB, opener).steps
    assert [step.pictures[0].read_to for step in steps[:8]] == list(range(8))  # type: ignore[union-attr]
    assert steps[-1].timed
    assert not any(step.timed for step in steps[:-1])


# One head


def test_the_lectures_head() -> None:
    stages = head.head_stages(made := head.make_head(8, 32, 16, 1337))
    assert stages["scores"][0, 0, :3].tolist() == pytest.approx([-1.7629, -1.3011, 0.5652], abs=5e-5)
    assert head.unscaled_weights(made)[0, 7].tolist() == pytest.approx(
        [0.0210, 0.0843, 0.0555, 0.2297, 0.0573, 0.0709, 0.2423, 0.2391], abs=5e-5
    )
    assert stages["weights"][0, 7].tolist() == pytest.approx(
        [0.0845, 0.1197, 0.1078, 0.1537, 0.1086, 0.1146, 0.1558, 0.1553], abs=5e-5
    )


def test_the_stages_of_the_lab_are_those_of_the_explorer() -> None:
    made = head.make_head(8, 32, 16, 1337)
    inputs = AttentionInputs(made.q, made.k, made.v, 16**-0.5)
    expected = AttentionStages(inputs)
    stages = head.head_stages(made)
    for name in ("scores", "scaled", "masked", "weights", "mixed"):
        torch.testing.assert_close(stages[name], getattr(expected, name))
    torch.testing.assert_close(stages["mixed"], attend(inputs), rtol=1e-5, atol=1e-6)


def test_the_lab_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    head.make_head(8, 32, 16, 1337)
    assert torch.equal(torch.rand(3), expected)


def test_the_search_finds_the_head_with_the_largest_weight(opener: Opener) -> None:
    found = result(head.LAB, opener, model="bpe").numbers["heads"]
    assert len(found) == 8
    assert [entry["weight"] for entry in found] == sorted((entry["weight"] for entry in found), reverse=True)


def test_the_search_is_that_of_explore(opener: Opener) -> None:
    found = result(head.LAB, opener, model="bpe").numbers["heads"]
    text = head.LAB.defaults().text("sentence")
    encoding = encode(opener("bpe").tokenizer, text)
    query, key = (head.find_token(encoding, word, "") for word in ("guy", "Ivan"))
    reading = ReadingService(opener).read(View("bpe", text, query, key))
    ranking = HeadSearch(reading).ranking(reading)
    assert [(each["layer"], each["head"]) for each in found] == [each.head for each in ranking]
    assert [each["weight"] for each in found] == pytest.approx([each.weight for each in ranking], abs=1e-6)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"query": "dog"}, "query: 'dog' is not in the sentence"),
        ({"query": "Ivan", "key": "guy"}, "key: 'guy' comes after the query, which cannot see it"),
        ({"sentence": "guy Ivan " * 40}, "sentence: it has"),
    ],
)
def test_what_the_sentence_lacks_is_explained(texts: dict[str, str], message: str, opener: Opener) -> None:
    with pytest.raises(ParameterError, match=message):
        result(head.LAB, opener, model="bpe", **texts)


# Why √head_size


@pytest.mark.parametrize(
    ("size", "variance", "raw", "scaled"), [(16, 16.2, 0.749, 0.358), (64, 64, 0.874, 0.356), (256, 256, 0.937, 0.357)]
)
def test_the_variance_of_scores_is_head_size(size: int, variance: float, raw: float, scaled: float) -> None:
    scores = scaling.random_scores(size, 8, 1000, 1337)
    without, with_scale = scaling.measure(scores), scaling.measure(scores * size**-0.5)
    assert without.variance == pytest.approx(variance, rel=0.06)
    assert with_scale.variance == pytest.approx(1, rel=0.06)
    assert without.largest == pytest.approx(raw, abs=0.015)
    assert with_scale.largest == pytest.approx(scaled, abs=0.015)
    assert without.jacobian < with_scale.jacobian


def test_the_norm_of_the_jacobian_is_that_of_autograd() -> None:
    logits = torch.tensor([0.3, -1.0, 2.0, 0.0], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: torch.softmax(x, -1), logits)  # type: ignore[no-untyped-call]
    p = torch.softmax(logits, -1)
    torch.testing.assert_close(scaling.jacobian_norm(p[None])[0], torch.linalg.matrix_norm(jacobian))


def test_a_one_hot_row_passes_no_gradient() -> None:
    assert scaling.jacobian_norm(torch.eye(4)).tolist() == [0.0] * 4


# Sharpening


def test_the_lectures_five_numbers(opener: Opener) -> None:
    found = result(sharpening.LAB, opener).numbers
    assert found["softmax"] == pytest.approx([0.1925, 0.1426, 0.2351, 0.1426, 0.2872], abs=5e-5)
    assert found["softmax_sharpened"] == pytest.approx([0.0326, 0.0030, 0.1615, 0.0030, 0.8000], abs=5e-5)


def test_sharpening_ends_uniform_and_one_hot() -> None:
    uniform, sharp = sharpening.sharpened((0.1, -0.2, 0.5), (0.0, 100.0)).tolist()
    assert uniform == pytest.approx([1 / 3] * 3)
    assert sharp == pytest.approx([0, 0, 1], abs=1e-6)


# And in a trained model?


def test_the_measures_are_those_of_the_explorer(opener: Opener) -> None:
    model = opener("bpe")
    ids = (5, 9, 12, 40, 41)
    heads = trained.measure_model(model, ids)
    stages = model.trace(ids).head(1, 2)
    assert heads.raw_variance[1, 2].item() == pytest.approx(stages.scores.var(correction=0).item())
    assert heads.largest[1, 2].item() == pytest.approx(stages.weights.amax(-1).mean().item())
    assert heads.loss == pytest.approx(model.trace(ids).loss)


def test_a_model_without_snapshots_is_compared_with_a_fresh_one(opener: Opener) -> None:
    assert list(result(trained.LAB, opener, model="bpe").numbers["by_step"]) == ["0", "as trained"]


def test_a_trained_models_scores_do_not_have_the_variance_head_size() -> None:
    from explorer.core.loading import open_model

    found = result(trained.LAB, open_model).numbers
    steps = list(found["by_step"])
    assert steps[0] == "0"
    assert len(steps) == 7
    first, last = (torch.tensor(found["by_step"][step]["raw_variance"]) for step in (steps[0], steps[-1]))
    assert first.max() < 1
    assert last.min() > 2 * found["head_size"]


# Initialisation


def test_the_first_losses_are_compared_with_ln_27(opener: Opener) -> None:
    found = result(initialization.LAB, opener, steps="20").numbers
    first = list(found["first_loss"].values())
    assert found["ln_27"] == pytest.approx(3.2958, abs=5e-5)
    assert first[0] > 20
    assert first[1] == pytest.approx(math.log(27), abs=0.05)
    assert first[2] == pytest.approx(math.log(27), abs=0.05)
    saturated = list(found["saturated"].values())
    assert saturated[0] > 0.5
    assert saturated[2] < 0.3


def test_names_have_no_other_symbols_than_the_letters() -> None:
    names = initialization.NAMES
    assert len(names) == len(set(names))
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    x, y = initialization.examples()
    assert x.shape == (sum(len(name) + 1 for name in names), 3)
    assert int(y.max()) == 26


def test_training_steps_lower_the_loss() -> None:
    x, y = initialization.examples()
    network = initialization.one_layer(2, 50, torch.Generator().manual_seed(1))
    losses = [initialization.training_step(network, x[:64], y[:64], 0.1) for _ in range(30)]
    assert losses[-1] < losses[0] - 0.3


# The mask as honesty


@pytest.mark.slow
def test_a_model_without_the_mask_reads_the_answer(opener: Opener) -> None:
    found = result(mask.LAB, opener, model="bpe", steps="300").numbers["held_out"]
    honest, cheat = found["trained with the mask"], found["trained without it"]
    assert cheat["unmasked"] < 0.5 < 1.5 < honest["masked"]
    assert cheat["unmasked, last position"] > honest["masked"]
    assert cheat["masked"] > honest["masked"] + 1


# From bigram to head


def test_heads_of_the_ladder_are_attention() -> None:
    module = ladder.Heads(4)
    x = torch.randn(2, 8, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        q, k, v = (
            project(x).unflatten(-1, (4, -1)).transpose(-3, -2) for project in (module.query, module.key, module.value)
        )
        expected = attend(AttentionInputs(q, k, v, 8**-0.5)).transpose(-3, -2).flatten(-2)
        torch.testing.assert_close(module(x), expected, rtol=1e-5, atol=1e-6)


def test_no_model_of_the_ladder_sees_the_future() -> None:
    ids = torch.arange(16)[None] % 7
    changed = ids.clone()
    changed[0, 10] = 6 - changed[0, 10]
    for _, make in ladder.RUNGS:
        model = make(7)
        with torch.no_grad():
            torch.testing.assert_close(model(ids)[:, :10], model(changed)[:, :10])


def test_windows_are_followed_by_their_answers() -> None:
    x, y = windows(torch.arange(10), 4)
    assert x.shape == y.shape == (6, 4)
    assert torch.equal(x + 1, y)


@pytest.mark.slow
def test_the_ladder_goes_down(opener: Opener) -> None:
    found = result(ladder.LAB, opener).numbers["models"]
    losses = {name: model["held_out"] for name, model in found.items()}
    assert (
        losses["averaged past"] > losses["bigram table"] > losses["one head"] > losses["four heads"] > losses["block"]
    )
