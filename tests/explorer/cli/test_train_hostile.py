"""`explorer train` with names, texts and checkpoints that somebody made to harm it: one line each."""

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoint import CheckpointError, load
from model.training import runs
from model.training.runs import STATE_JSON
from tests.explorer.training_runs import SMALL, explorer, refusal, stop_after, train
from tests.explorer.training_runs import alone as alone
from tests.model.trainers import TEXT


def test_a_directory_with_a_hostile_name_sends_no_escape_to_the_terminal() -> None:
    """Its name is repeated where the run ends."""
    out = "run\n\x1b[31m"
    stopped = train(out=out, steps=1)
    assert "\x1b" not in stopped.output
    assert stopped.stdout.splitlines()[-1] == r"done; open it with: explorer --model $'run\x0a\x1b[31m/final'"


@pytest.mark.parametrize("name", ["model.safetensors", STATE_JSON, "trainer.safetensors", ""])
def test_a_damaged_latest_checkpoint_names_the_one_before_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        stop_after(context, 12)
        explorer("text.txt", *SMALL, "--out", "run", "--steps", "20")
    latest, spare = runs.latest(Path("run")), "step-000010"
    if name:
        (latest / name).write_bytes((latest / name).read_bytes()[:30])
    else:
        shutil.rmtree(latest)
    assert f"{spare} is there too, write its name into run/latest" in refusal("--out", "run", "--resume")
    Path("run/latest").write_text(f"{spare}\n")
    assert explorer("--out", "run", "--resume").exit_code == 0


CHANGES: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("settings", "batch_size"), 1.5),
    (("settings", "warmup"), "x"),
    (("settings", "steps"), 10**400),
    (("settings", "optimizer", "momentum"), "a"),
    (("settings", "optimizer", "gradient_clip"), "x"),
    (("settings", "optimizer", "beta1"), 1.0),
    (("settings", "optimizer", "name"), "foo"),
    (("context",), -3),
    (("notes", "options", "checkpoint_every"), 0),
    (("notes", "options", "snapshot_steps"), 5),
    (("notes", "options", "probe_every"), "x"),
    (("notes", "options", "prompt"), 5),
    (("notes", "options", "threads"), -1),
    (("notes", "options", "probe_every"), None),
    (("notes", "options", "checkpoint_every"), None),
    (("notes", "options", "prompt"), None),
    (("notes", "options", "snapshots"), None),
    (("notes", "options", "dropout"), 10**400),
    (("notes", "options", "validation"), 10**400),
    (("notes", "options"), None),
    (("notes", "command"), 1.5),
    (("notes", "command"), None),
    (("notes", "sources"), [["text.txt", "0", "many"]]),
    (("notes",), None),
    (("settings", "dropout"), 10**400),
    (("settings", "optimizer"), None),
    (("watch", "good"), 10**400),
    (("watch",), None),
    (("done",), 10**400),
    (("done",), None),
    (("data",), None),
    (("context",), 10**30),
)


def test_a_state_that_was_changed_by_hand_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        stop_after(context, 6)
        explorer("text.txt", *SMALL, "--out", "run", "--steps", "10")
    path = runs.latest(Path("run")) / STATE_JSON
    whole = path.read_text()
    for place, value in CHANGES:
        state = inner = json.loads(whole)
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = value
        path.write_text(json.dumps(state))
        assert refusal("--out", "run", "--resume"), place
    path.write_text(whole)
    assert explorer("--out", "run", "--resume").exit_code == 0


@pytest.mark.parametrize("how", ["nan", "int64", "scalar", "missing"])
def test_an_optimizer_that_was_changed_by_hand_is_one_line(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        stop_after(context, 6)
        explorer("text.txt", *SMALL, "--out", "run", "--steps", "10")
    path = runs.latest(Path("run")) / "trainer.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if name.endswith("exp_avg_sq"))
    whole = tensors.pop(name)
    if how != "missing":
        tensors[name] = {"nan": whole * math.nan, "int64": whole.long(), "scalar": torch.tensor(1.0)}[how]
    save_file(tensors, path)
    assert "trainer.safetensors is damaged or of another model" in refusal("--out", "run", "--resume")


def test_names_that_no_terminal_and_no_table_should_see() -> None:
    Path("t\x1b[31m|.txt").write_text(TEXT)
    done = explorer(
        "t\x1b[31m|.txt", *SMALL, "--out", "a  b\x1b", "--steps", "2", "--prompt", "\x1b[2J", "--sample-every", "1"
    )
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == r"done; open it with: explorer --model $'a  b\x1b/final'"
    card = Path("a  b\x1b/final/README.md").read_text()
    assert "\x1b" not in card + done.stdout
    assert r"| t\x1b[31m\|.txt |" in card


def test_names_that_are_no_utf_8() -> None:
    try:
        Path("t\udcff.txt").write_text(TEXT)
    except OSError:
        pytest.skip("this file system has no such names")
    assert explorer("t\udcff.txt", *SMALL, "--out", "run", "--steps", "2").exit_code == 0
    assert r"| t\udcff.txt |" in Path("run/final/README.md").read_text()
    assert "not valid UTF-8" in refusal("text.txt", *SMALL, "--out", "o\udcff", "--steps", "2")
    Path("run/final").rename("f\udcff")
    with pytest.raises(CheckpointError, match="not valid UTF-8"):
        load("f\udcff")


@pytest.mark.parametrize("out", ["--out={}/run/", "--out {}/run/", "--out {}//run"])
def test_a_card_names_no_directory_of_the_machine(out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = str(Path.cwd())
    arguments = [f"{here}//text.txt", *SMALL, "--steps", "2", *out.format(here).split()]
    monkeypatch.setattr(sys, "argv", ["explorer", "train", *arguments])
    assert explorer(*arguments).exit_code == 0
    assert here not in Path("run/final/README.md").read_text()
