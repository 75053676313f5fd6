"""`explorer train`: what it leaves on the disk, and how it goes on."""

import json
import math
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from data import storyteller
from explorer.training.options import REFRAIN_EVERY
from model import checkpoint
from model.checkpoint import load
from model.training import runs
from model.training.run_log import read_metrics, read_statistics
from model.training.snapshots import find_snapshots
from model.training.trainer import Trainer
from tests.explorer.training_runs import SMALL, explorer, losses, stop_after, train
from tests.explorer.training_runs import alone as alone


def test_the_same_seed_gives_the_same_run_and_another_another() -> None:
    for out, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        torch.manual_seed(len(out) * ord(out))
        train("--seed", seed, "--dropout", "0.1", out=out)
    assert losses("a") == losses("b") != losses("c")
    weights = [(Path(out) / "final" / "model.safetensors").read_bytes() for out in "abc"]
    assert weights[0] == weights[1] != weights[2]


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(monkeypatch: pytest.MonkeyPatch) -> None:
    train(out="whole")
    with monkeypatch.context() as context:
        stop_after(context, 7)
        stopped = explorer("text.txt", *SMALL, "--out", "run", "--steps", "10")
    assert stopped.exit_code == 130
    assert "stopped and saved at step 7; go on with: explorer train --out run --resume" in stopped.stdout
    assert runs.latest(Path("run")).name == "step-000007"
    assert explorer("--out", "run", "--resume").exit_code == 0
    assert losses("run") == losses("whole")
    final = [(Path(out) / "final" / "model.safetensors").read_bytes() for out in ("run", "whole")]
    assert final[0] == final[1]


def test_a_run_older_than_refrains_goes_on_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert REFRAIN_EVERY == storyteller.REFRAIN_EVERY
    story = ("--storyteller", "3000", "--refrain-every", "0")
    with monkeypatch.context() as context:
        stop_after(context, 3)
        explorer(*story, *SMALL, "--out", "run", "--steps", "5")
    state = runs.latest(Path("run")) / runs.STATE_JSON
    saved = json.loads(state.read_text())
    del saved["notes"]["options"]["refrain_every"]
    state.write_text(json.dumps(saved))
    assert explorer("--out", "run", "--resume").exit_code == 0


def test_a_run_goes_on_with_its_own_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)
    for step, threads in ((2, ("--threads", "3")), (4, ("--resume",)), (6, ("--resume", "--threads", "2"))):
        with monkeypatch.context() as context:
            stop_after(context, step)
            options = (*SMALL[:-4], "--device", "cpu", "--steps", "10") if step == 2 else ()
            assert explorer(*(("text.txt",) if step == 2 else ()), *options, "--out", "run", *threads).exit_code == 130
    assert set_to == [3, 3, 2]


def test_a_finished_run_is_extended_and_the_learning_rate_is_that_of_the_longer_run() -> None:
    train("--warmup", "2", steps=10)
    train("--warmup", "2", out="long", steps=20)
    extended = explorer("--out", "run", "--resume", "--steps", "20")
    assert extended.exit_code == 0
    said = "20 steps instead of 10: the learning rate goes from 20% to 100% of its highest, "
    assert said in " ".join(extended.stdout.split())
    steps, long = read_metrics(Path("run")), read_metrics(Path("long"))
    assert list(steps.steps) == list(range(1, 21))
    assert steps.column("learning_rate")[10:] == long.column("learning_rate")[10:]
    assert [step for step, _ in find_snapshots(Path("run"))] == [0, 10, 20]
    assert " && explorer" in (Path("run") / "final" / "README.md").read_text()  # both commands
    assert explorer("--out", "run", "--resume").exit_code == 0  # complete, as it says
    refused = explorer("--out", "run", "--resume", "--steps", "15")
    assert (refused.exit_code, "20 steps are done" in refused.stderr) == (2, True)


def test_a_run_that_is_extended_before_its_learning_rate_falls_is_the_longer_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train("--warmup", "2", out="long", steps=20)
    with monkeypatch.context() as context:
        stop_after(context, 4)
        explorer("text.txt", *SMALL, "--warmup", "2", "--out", "run", "--steps", "10")
    with monkeypatch.context() as context:
        stop_after(context, 4)  # before the first step: the new length is saved nevertheless
        extended = explorer("--out", "run", "--resume", "--steps", "20")
    assert "so the losses are those of a run that began with 20 steps" in " ".join(extended.stdout.split())
    assert explorer("--out", "run", "--resume").exit_code == 0
    assert losses("run") == losses("long")


def test_synthetic_windows_and_the_entropy_penalty_may_change_from_a_step_on(monkeypatch: pytest.MonkeyPatch) -> None:
    train("--warmup", "2", "--recall", "0.5", out="same", steps=10)
    with monkeypatch.context() as context:
        stop_after(context, 4)
        explorer("text.txt", *SMALL, "--warmup", "2", "--recall", "0.5", "--out", "run", "--steps", "10")
    changed = explorer("--out", "run", "--resume", "--recall", "0", "--repeats", "0.9", "--entropy-penalty", "0.5")
    assert changed.exit_code == 0
    assert "--repeats 0.9 instead of 0" in changed.stdout
    assert "--recall 0 instead of 0.5" in changed.stdout
    assert "--entropy-penalty 0.5 instead of 0" in changed.stdout
    assert losses("run")[:4] == losses("same")[:4]
    assert all(ours != other for ours, other in zip(losses("run")[4:], losses("same")[4:], strict=True))
    assert " (after step 4)" in (Path("run") / "final" / "README.md").read_text()
    refused = explorer("--out", "run", "--resume", "--recall", "0.2")
    assert (refused.exit_code, "repeats and recall must be at most 1 together, not 1.1" in refused.stderr) == (2, True)


def test_a_run_keeps_snapshots_statistics_and_a_card() -> None:
    train("--probe-every", "4", steps=12)
    run = Path("run")
    assert [step for step, _ in find_snapshots(run)] == [0, 10, 12]
    assert find_snapshots(run / "final") == find_snapshots(run)
    assert [told["step"] for told in read_statistics(run)] == [4, 8, 12]
    shutil.copytree(run / "final", "shipped")
    shutil.copytree(run / "snapshots", "shipped/snapshots")
    shutil.rmtree("shipped/snapshots/step-000012")
    assert find_snapshots("shipped")[-1] == (12, Path("shipped"))
    assert "| validation loss |" in (run / "final" / "README.md").read_text()
    train("--no-snapshots", out="none")
    assert find_snapshots("none") == []
    train("--snapshot-steps", "7,2", out="some")
    assert [step for step, _ in find_snapshots("some")] == [2, 7]


def test_the_output_names_what_differs_from_an_ordinary_gpt() -> None:
    result = train("--no-mask", "--no-scale", "--init-std", "0.3")
    output = " ".join(result.stdout.split())
    assert "no mask: every query sees all keys" in output
    assert "no scale" in output
    assert "standard deviation 0.3" in output
    assert "(without the tokens ahead " in output
    config = load("run").config
    assert (config.causal, config.scale_attn_weights, config.initializer_range) == (False, False, 0.3)
    stored = json.loads((Path("run") / "final" / "config.json").read_text())
    assert (stored["causal"], stored["scale_attn_weights"]) == (False, False)
    assert load("run").gpt.h[0].attn.inputs(torch.zeros(3, 16), _layer(load("run"))).scale == 1.0
    weight = load(find_snapshots("run")[0][1]).gpt.wte.weight
    assert weight.std().item() == pytest.approx(0.3, rel=0.1)
    assert "without the causal mask" in (Path("run") / "final" / "README.md").read_text()
    assert all((m.prefix_loss is None) == (m.validation_loss is None) for m in read_metrics(Path("run")))


def test_the_exact_activation() -> None:
    large = ("--init-std", "0.5")  # near 0 the two are the same number
    train(*large)
    assert load("run").config.activation_function == "gelu_new"
    train(*large, "--activation", "gelu", out="exact")
    assert json.loads((Path("exact") / "final" / "config.json").read_text())["activation_function"] == "gelu"
    assert all(exact[1] != new[1] for exact, new in zip(losses("exact"), losses("run"), strict=True))
    refused = explorer("--out", "exact", "--resume", "--activation", "gelu_new")
    assert refused.exit_code == 2
    assert "leave out --activation" in refused.stderr


def _layer(model: checkpoint.Checkpoint) -> Any:
    from model.settings import AS_TRAINED

    return AS_TRAINED.for_layer(model.config, 0)


@pytest.mark.slow
def test_a_model_without_the_mask_cheats_and_we_say_so() -> None:
    """Random letters cannot be foretold, only read ahead; when nothing lies ahead, reading ahead is of no use."""
    draw = random.Random(0)
    Path("text.txt").write_text("".join(draw.choice("abcd") for _ in range(4000)))
    sizes = ("--width", "32", "--evaluate-every", "250", "--batch-size", "8", "--no-snapshots")
    train("--no-mask", *sizes, out="cheat", steps=250)
    train(*sizes, out="fair", steps=250)
    cheat, fair = read_metrics(Path("cheat"))[-1], read_metrics(Path("fair"))[-1]
    uniform = math.log(4)
    assert fair.validation_loss == pytest.approx(uniform, abs=0.1)
    assert cheat.validation_loss is not None
    assert cheat.prefix_loss is not None
    assert cheat.validation_loss < 0.5 * uniform
    assert cheat.prefix_loss > 1.1 * uniform


def test_the_loss_from_prefixes_is_what_prefixes_give() -> None:
    train("--no-mask")
    trainer = Trainer.resume(Path("run"), _data())
    found = []
    for x, y in trainer.data.prefix_batches(trainer.settings.validation_tokens):
        for prefix, target in zip(x, y, strict=True):
            with torch.no_grad():
                found.append(-trainer.gpt(prefix[None])[0, -1].double().log_softmax(0)[target].item())
    assert trainer.prefix_loss() == pytest.approx(sum(found) / len(found), abs=1e-5)
    assert trainer.prefix_loss() == pytest.approx(read_metrics(Path("run"))[-1].prefix_loss, abs=1e-9)


def _data() -> Any:
    from data.corpus import read_corpus, split
    from model import tokenizer as tokenizers
    from model.training.batches import TrainingData

    parts = split(read_corpus([Path("text.txt")]), 0.1)
    return TrainingData.from_documents(tokenizers.load(runs.latest(Path("run"))), parts.train, parts.validation, 16)
