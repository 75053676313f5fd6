"""The trainer: exact resuming, exact reproduction, batches by seed and step, divergence, learning."""

import json
import math
import time
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from model import tokenizer as tokenizers
from model.attention import AttentionStages
from model.checkpoint import CheckpointError, load
from model.config import GPTConfig
from model.errors import ModelError
from model.layout import LATEST
from model.peakedness import entropy_bits
from model.training import runs
from model.training.batches import TrainingData, token_sequence
from model.training.divergence import DivergedError
from model.training.runs import STATE_JSON, STATE_TENSORS
from model.training.settings import OptimizerSettings, TrainerSettings
from model.training.trainer import Trainer
from tests.model.trainers import make_trainer

TEXT = "the cat sat on the mat and the dog sat on the log while the hen ate the corn in the barn. " * 8


@pytest.fixture
def tokenizer() -> Tokenizer:
    return tokenizers.train_char(TEXT)


@pytest.fixture
def data(tokenizer: Tokenizer) -> TrainingData:
    return TrainingData.from_documents(tokenizer, [TEXT[:600]], [TEXT[600:]], context=16)


def config(tokenizer: Tokenizer) -> GPTConfig:
    return GPTConfig(tokenizers.vocab_size(tokenizer), n_positions=16, n_embd=32, n_layer=2, n_head=2)


def settings(**values: object) -> TrainerSettings:
    chosen = {"steps": 20, "batch_size": 4, "warmup": 3, "evaluate_every": 5, "precision": "float32", **values}
    return TrainerSettings(**chosen)  # type: ignore[arg-type]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in trainer.gpt.named_parameters()}


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize("others", [{}, {"dropout": 0.2, "precision": "bfloat16", "entropy_penalty": 0.5}], ids=str)
def test_twenty_steps_are_ten_and_ten_resumed(
    tokenizer: Tokenizer, data: TrainingData, tmp_path: Path, optimizer: str, others: dict[str, object]
) -> None:
    chosen = settings(optimizer=OptimizerSettings(name=optimizer), **others)
    whole = Trainer.start(config(tokenizer), tokenizer, data, chosen)
    expected = [(m.step, m.loss, m.validation_loss, m.learning_rate) for m in whole.steps()]

    first = Trainer.start(config(tokenizer), tokenizer, data, chosen)
    steps = first.steps()
    got = [next(steps) for _ in range(10)]
    first.save(tmp_path)
    torch.manual_seed(0)  # the global state of randomness must not matter
    second = Trainer.resume(tmp_path, data)
    got += list(second.steps())

    assert [(m.step, m.loss, m.validation_loss, m.learning_rate) for m in got] == expected
    for name, weight in weights(second).items():
        assert weight.equal(weights(whole)[name]), name


def test_a_run_with_synthetic_and_growing_windows_resumes_exactly(
    tokenizer: Tokenizer, data: TrainingData, tmp_path: Path
) -> None:
    optimizer = OptimizerSettings(weight_decay=0.1, position_rate=0.1, norm_rate=0.1)
    chosen = settings(repeats=0.4, recall=0.4, growth=0.6, position_waves=0.5, entropy_penalty=0.5, optimizer=optimizer)
    whole = list(Trainer.start(config(tokenizer), tokenizer, data, chosen).steps())
    first = Trainer.start(config(tokenizer), tokenizer, data, chosen)
    steps = first.steps()
    for _ in range(5):
        next(steps)
    first.save(tmp_path)
    assert [m.loss for m in whole[5:]] == [m.loss for m in Trainer.resume(tmp_path, data).steps()]


def mean_entropy(trainer: Trainer) -> float:
    """Entropy in bits of all heads on the first validation window."""
    x, _ = next(iter(trainer.data.validation_batches(64, 4)))
    bits = [entropy_bits(AttentionStages(inputs).weights).mean() for inputs in trainer.gpt.trace(x[0].tolist()).inputs]
    return torch.stack(bits).mean().item()


def test_a_penalty_on_entropy_makes_sharper_heads_and_is_not_in_the_reported_loss(
    tokenizer: Tokenizer, data: TrainingData
) -> None:
    trainers = [
        Trainer.start(config(tokenizer), tokenizer, data, settings(steps=60, entropy_penalty=x)) for x in (0.0, 3.0)
    ]
    plain, sharp = (list(trainer.steps()) for trainer in trainers)
    assert plain[0].loss == sharp[0].loss
    assert plain[1].loss != sharp[1].loss
    assert mean_entropy(trainers[1]) < 0.9 * mean_entropy(trainers[0])


def test_windows_grow_and_every_step_reads_as_many_tokens(tokenizer: Tokenizer, data: TrainingData) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings(growth=0.5))
    shapes = []
    trainer.gpt.register_forward_pre_hook(
        lambda module, inputs: shapes.append(tuple(inputs[0].shape)) if module.training else None
    )
    metrics = list(trainer.steps())
    assert shapes == [(16, 4)] * 5 + [(8, 8)] * 5 + [(4, 16)] * 10
    assert [m.tokens for m in metrics] == [64 * step for step in range(1, 21)]


def test_it_learns_and_starts_near_a_uniform_guess(tokenizer: Tokenizer, data: TrainingData) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings(steps=60))
    metrics = list(trainer.steps())
    assert metrics[0].loss == pytest.approx(math.log(tokenizers.vocab_size(tokenizer)), abs=0.1)
    assert metrics[-1].loss < 0.6 * metrics[0].loss
    assert metrics[-1].tokens == 60 * 4 * 16
    assert [m.step for m in metrics if m.validation_loss is not None] == list(range(5, 61, 5))


def test_batches_depend_on_seed_and_step_alone(data: TrainingData) -> None:
    x, y = data.batch(1, 7, 4)
    again, _ = data.batch(1, 7, 4)
    assert x.equal(again)
    assert not x.equal(data.batch(1, 8, 4)[0])
    assert not x.equal(data.batch(2, 7, 4)[0])
    assert x[:, 1:].equal(y[:, :-1])
    row = data.train.tolist()
    assert all(any(row[i : i + 16] == window for i in range(len(row))) for window in x.tolist())


def test_documents_are_closed_by_the_end_of_text() -> None:
    tokenizer = tokenizers.train_bpe([TEXT], 300)
    end = tokenizer.token_to_id(tokenizers.END_OF_TEXT)
    row = token_sequence(tokenizer, ["the cat", "the dog"]).tolist()
    assert row.count(end) == 2
    assert row[-1] == end
    assert tokenizers.decode(tokenizer, row[: row.index(end)]) == "the cat"


def test_validation_loss_is_the_mean_over_its_windows(tokenizer: Tokenizer, data: TrainingData) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings(validation_tokens=48))
    losses = []
    last = len(data.validation) - 17
    for start in (0, last / 2, last):
        window = data.validation[int(start) : int(start) + 17].tolist()
        probabilities = trainer.gpt(torch.tensor(window[:-1])).double().softmax(-1)
        losses += [-math.log(probabilities[i, token].item()) for i, token in enumerate(window[1:])]
    assert trainer.validation_loss() == pytest.approx(sum(losses) / len(losses), abs=1e-5)


def test_too_little_text_says_how_much_there_is(tokenizer: Tokenizer) -> None:
    with pytest.raises(ModelError, match="validation text has 5 tokens, too few for a context of 16"):
        TrainingData.from_documents(tokenizer, [TEXT], ["the c"], 16)


def test_divergence_stops_with_a_word_and_keeps_the_weights(tokenizer: Tokenizer, data: TrainingData) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings())
    trainer.gpt.ln_f.bias.data[0] = math.inf
    before = weights(trainer)
    with pytest.raises(DivergedError, match="at step 1"):
        next(trainer.steps())
    assert all(weight.equal(before[name]) for name, weight in weights(trainer).items())


def test_other_text_cannot_be_resumed(tokenizer: Tokenizer, data: TrainingData, tmp_path: Path) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings())
    next(trainer.steps())
    trainer.save(tmp_path)
    other = TrainingData.from_documents(tokenizer, [TEXT[1:600]], [TEXT[600:]], context=16)
    with pytest.raises(CheckpointError, match="other text"):
        Trainer.resume(tmp_path, other)


def test_checkpoints_open_and_only_two_are_kept(tokenizer: Tokenizer, data: TrainingData, tmp_path: Path) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings(steps=4))
    for _ in trainer.steps():
        trainer.save(tmp_path, {"note": 1})
    assert [path.name for path in runs.checkpoints(tmp_path)] == ["step-000003", "step-000004"]
    assert runs.latest(tmp_path).name == "step-000004"
    opened = load(runs.latest(tmp_path))
    assert opened.gpt.wte.weight.equal(trainer.gpt.wte.weight)


@pytest.mark.parametrize("damage", ["no pointer", "pointer elsewhere", "no state", "bad state", "bad tensors"])
def test_a_damaged_run_is_one_clear_error(
    tokenizer: Tokenizer, data: TrainingData, tmp_path: Path, damage: str
) -> None:
    trainer = Trainer.start(config(tokenizer), tokenizer, data, settings())
    next(trainer.steps())
    directory = trainer.save(tmp_path)
    match damage:
        case "no pointer":
            (tmp_path / LATEST).unlink()
        case "pointer elsewhere":
            (tmp_path / LATEST).write_text("../../etc\n")
        case "no state":
            (directory / STATE_JSON).unlink()
        case "bad state":
            (directory / STATE_JSON).write_text(json.dumps([1]))
        case "bad tensors":
            (directory / STATE_TENSORS).write_bytes(b"\x80\x04")
    with pytest.raises(CheckpointError) as caught:
        Trainer.resume(tmp_path, data)
    assert "\n" not in str(caught.value)


def test_a_run_is_not_written_over_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(CheckpointError, match="not empty"):
        runs.prepare(tmp_path)
    with pytest.raises(CheckpointError, match="is a file"):
        runs.prepare(tmp_path / "thesis.txt")
    runs.prepare(tmp_path / "new" / "run")
    assert (tmp_path / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(
    "values",
    [
        {"steps": 0},
        {"batch_size": 0},
        {"dropout": 1.0},
        {"dropout": math.nan},
        {"precision": "int4"},
        {"cooldown": 2.0},
    ],
)
def test_settings_out_of_range(values: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        settings(**values)


def test_gradients_longer_than_the_limit_are_shortened_and_others_are_left(
    tokenizer: Tokenizer, data: TrainingData
) -> None:
    found = {}
    for limit in (0.01, 1e9, 0.0):
        chosen = settings(optimizer=OptimizerSettings(gradient_clip=limit))
        trainer = Trainer.start(config(tokenizer), tokenizer, data, chosen)
        metrics = next(trainer.steps())
        flat = torch.cat([p.grad.flatten() for p in trainer.gpt.parameters() if p.grad is not None]).double()
        found[limit] = metrics.gradient_norm, flat
    (norm, short), (unlimited, whole), (off, same) = found.values()
    assert norm == unlimited == off == pytest.approx(whole.norm().item(), rel=1e-5)
    assert norm > 0.01
    assert short.norm().item() == pytest.approx(0.01, rel=1e-4)
    assert torch.allclose(short, whole * (0.01 / norm), rtol=1e-3, atol=1e-12)
    assert whole.equal(same)


def test_a_clock_that_stands_still_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 1.0)
    metrics = next(make_trainer(steps=1).steps())
    assert 0 < metrics.seconds < 1e-6
    assert math.isfinite(metrics.tokens_per_second)
