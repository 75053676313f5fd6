"""`explorer train` when something goes wrong: one line, exit code 2, and nothing destroyed."""

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from model import devices
from model.checkpoint import load
from model.training import runs
from model.training.run_log import read_metrics, read_run_log
from model.training.runs import STATE_JSON
from model.training.snapshots import find_snapshots
from model.training.trainer import Trainer
from tests.explorer.cli.test_main import ROOT
from tests.explorer.training_runs import SMALL, before_each_step, explorer, losses, refusal, stop_after, train
from tests.explorer.training_runs import alone as alone
from tests.model.trainers import TEXT


def content(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def test_a_changed_text_is_named_and_nothing_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        stop_after(context, 6)
        explorer("text.txt", *SMALL, "--out", "run", "--steps", "10")
    before = content(Path("run"))
    Path("text.txt").write_text(TEXT.replace("cat", "cow"))
    message = refusal("--out", "run", "--resume")
    assert "'text.txt' has changed since the run began" in message
    Path("text.txt").unlink()
    assert "does not exist" in refusal("--out", "run", "--resume")
    Path("other.txt").write_text(TEXT[::-1])
    assert "'other.txt' is not 'text.txt'" in refusal("other.txt", "--out", "run", "--resume")
    Path("moved.txt").write_text(TEXT)
    assert "with 1 texts, not 2" in refusal("moved.txt", "moved.txt", "--out", "run", "--resume")
    assert content(Path("run")) == before
    assert explorer("moved.txt", "--out", "run", "--resume").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--layers", "3"], "the run began with --layers 2: leave out --layers"),
        (["--no-mask"], "the run began without --no-mask: leave out"),
        (["--storyteller", "9"], "the run began without --storyteller"),
        (["--seed", "1"], "--seed 1337"),
        (["--snapshot-steps", "a"], "not a list of steps"),
    ],
)
def test_what_a_run_is_cannot_be_changed_on_the_way(arguments: list[str], says: str) -> None:
    train(steps=1)
    assert says in refusal("--out", "run", "--resume", *arguments)
    assert explorer("--out", "run", "--resume", "--layers", "2", "--checkpoint-every", "9").exit_code == 0


def test_a_directory_of_something_else_is_left_alone() -> None:
    train(steps=1)
    before = content(Path("run"))
    assert "add --resume" in refusal("text.txt", *SMALL, "--out", "run")
    assert "no run is there to resume" in refusal("text.txt", *SMALL, "--out", "run/final")
    assert "no training run to resume" in refusal("--out", "run/final", "--resume")
    assert "is a file" in refusal("text.txt", *SMALL, "--out", "text.txt")
    Path("link").symlink_to("nowhere")
    assert "link is not a directory" in refusal("text.txt", *SMALL, "--out", "link")
    assert content(Path("run")) == before


def test_a_run_that_cannot_begin_leaves_no_directory() -> None:
    Path("short.txt").write_text("too short")
    Path("mine").mkdir()
    for out in ("new", "mine"):
        assert "too few for a context" in refusal("short.txt", *SMALL, "--out", out)
        assert "does not exist" in refusal("none.txt", *SMALL, "--out", out)
    assert not Path("new").exists()
    assert Path("mine").is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_one_process_at_a_time_trains_into_a_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        stop_after(context, 6)
        explorer("text.txt", *SMALL, "--out", "run", "--steps", "10")
    Path("new/step-000000.tmp").mkdir(parents=True)
    before = content(Path("run"))
    with runs.locked(Path("run")), runs.locked(Path("new")):
        assert "another process trains into run" in refusal("--out", "run", "--resume")
        assert "another process trains into new" in refusal("text.txt", *SMALL, "--out", "new")
    assert content(Path("run")) == before
    assert Path("new/step-000000.tmp").is_dir()
    assert explorer("--out", "run", "--resume").exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_run_is_claimed_before_its_checkpoint_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else a checkpoint that another process replaces meanwhile would be called damaged."""
    with monkeypatch.context() as context:
        stop_after(context, 6)
        explorer("text.txt", *SMALL, "--out", "run", "--steps", "10")
    state = runs.latest(Path("run")) / runs.STATE_JSON
    whole = state.read_text()
    with runs.locked(Path("run")):
        state.write_text("half of it")
        assert "another process trains into run" in refusal("--out", "run", "--resume")
    state.write_text(whole)
    plain = runs.read_state

    def meanwhile(directory: Path) -> dict[str, Any]:
        monkeypatch.setattr(runs, "read_state", plain)
        assert "another process trains into run" in refusal("--out", "run", "--resume")
        return plain(directory)

    monkeypatch.setattr(runs, "read_state", meanwhile)
    assert explorer("--out", "run", "--resume").exit_code == 0
    assert losses("run")[-1][0] == 10


def test_a_run_that_another_process_took_further_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It did so while this process read the text."""
    plain = Trainer.start

    def slowly(*arguments: Any, **extra: Any) -> Trainer:
        monkeypatch.setattr(Trainer, "start", plain)
        train(steps=6)
        return plain(*arguments, **extra)

    monkeypatch.setattr(Trainer, "start", slowly)
    assert "has trained into run up to step 6" in refusal("text.txt", *SMALL, "--out", "run")
    assert losses("run")[-1][0] == 6


def test_a_checkpoint_of_another_model_cannot_be_resumed() -> None:
    train(steps=1)
    train("--width", "32", out="other", steps=1)
    ours, other = (runs.latest(Path(out)) for out in ("run", "other"))
    for name in ("config.json", "model.safetensors"):
        shutil.copy(other / name, ours / name)
    before = content(Path("run"))
    assert "of another model" in refusal("--out", "run", "--resume")
    assert content(Path("run")) == before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["notes"], {}),
        (["notes", "sources"], [[1]]),
        (["notes", "sources"], [[1, 2, 3]]),
        (["notes", "options", "validation"], "x"),
        (["notes", "options", "storyteller"], "x"),
        (["notes", "options", "files"], 5),
        (["context"], "16"),
        (["settings", "seed"], "x"),
    ],
)
def test_a_state_that_says_nonsense_is_one_line(path: list[str], value: Any) -> None:
    train(steps=1)
    state = runs.latest(Path("run")) / STATE_JSON
    saved = node = json.loads(state.read_text())
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    state.write_text(json.dumps(saved))
    assert "was not written by this command" in refusal("--out", "run", "--resume")


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int, after: int) -> None:
    """Let writing files fail with an error of the system after some calls."""
    calls = iter(range(10**9))
    plain = getattr(Path, name)

    def write(self: Path, *arguments: Any, **extra: Any) -> Any:
        if "run" in self.parts and next(calls) >= after:
            raise OSError(code, os.strerror(code), str(self))
        return plain(self, *arguments, **extra)

    monkeypatch.setattr(Path, name, write)


@pytest.mark.parametrize("after", [1, 3, 12, 27])
def test_a_disk_that_fills_up_is_one_line_and_destroys_nothing(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """After so many files the disk is full; with room again the run goes on to the same end."""
    train(out="whole", steps=20)
    with monkeypatch.context() as context:
        failing(context, "write_bytes", errno.ENOSPC, after)
        assert "No space left on device" in refusal("text.txt", *SMALL, "--out", "run", "--steps", "20")
    run = Path("run")
    for path in [*runs.checkpoints(run), *(path for _, path in find_snapshots(run))]:
        load(path)
    arguments = ["--out", "run", "--resume"] if runs.is_run(run) else ["text.txt", *SMALL, "--out", "run"]
    more = [] if runs.is_run(run) else ["--steps", "20"]
    assert explorer(*arguments, *more).exit_code == 0
    assert losses("run") == losses("whole")


def test_a_read_only_directory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a system that says so: root may write whatever the permissions say."""
    train(steps=2)
    before = content(Path("run"))
    with monkeypatch.context() as context:
        for name in ("touch", "mkdir"):
            failing(context, name, errno.EROFS, 0)
        assert "run cannot be written: Read-only file system" in refusal("--out", "run", "--resume")
        assert "Read-only file system" in refusal("text.txt", *SMALL, "--out", "other/run")
    assert content(Path("run")) == before


_MOUNT = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c"]


def _can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    asked = subprocess.run([*_MOUNT, "mount -t tmpfs none /mnt"], check=False, capture_output=True)
    return asked.returncode == 0


@pytest.mark.slow
def test_a_small_disk_that_is_really_full(tmp_path: Path) -> None:
    if not _can_mount():
        pytest.skip("this system lets us mount nothing")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size=600k none {disk} && "
        f'"$@" --out {disk}/run; echo "exit $?" >&2; cp -r {disk}/run {tmp_path}/copy; '
        f"mount -o remount,ro {disk}; {sys.executable} -m explorer train --out {disk}/run --resume; "
        'echo "exit $?" >&2'
    )
    command = [
        sys.executable,
        "-m",
        "explorer",
        "train",
        "text.txt",
        *SMALL,
        "--checkpoint-every",
        "1",
        "--width",
        "32",
    ]
    done = subprocess.run(
        [*_MOUNT, script, "sh", *command],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    lines = done.stderr.splitlines()
    assert len(lines) == 4, lines
    assert "No space left on device" in lines[0]
    assert "Read-only file system" in lines[2]
    assert lines[1] == lines[3] == "exit 2"
    found = runs.checkpoints(Path("copy"))
    for path in found:
        load(path)
    assert runs.latest(Path("copy")) in found


def break_at(monkeypatch: pytest.MonkeyPatch, step: int, change: Callable[[Trainer], None]) -> None:
    def change_before(trainer: Trainer) -> None:
        if trainer.done + 1 == step:
            change(trainer)

    before_each_step(monkeypatch, change_before)


def test_nan_stops_the_run_with_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, 8, lambda trainer: trainer.gpt.ln_f.weight.data.fill_(math.nan))
    message = refusal("text.txt", *SMALL, "--out", "run", "--steps", "20")
    assert "training diverged at step 8: the loss is NaN; try a smaller --learning-rate" in message
    assert "the last good checkpoint is 'run/step-000005'" in message
    load("run/step-000005")
    assert runs.latest(Path("run")).name == "step-000005"
    assert [m.step for m in read_metrics(Path("run"))] == list(range(1, 8))


def test_a_leaping_loss_stops_the_run_and_names_a_checkpoint_before_the_leap(monkeypatch: pytest.MonkeyPatch) -> None:
    break_at(monkeypatch, 33, lambda trainer: trainer.gpt.wte.weight.data.mul_(300))
    message = refusal("text.txt", *SMALL, "--out", "run", "--steps", "80", "--checkpoint-every", "20")
    assert "training diverged at step 3" in message or "training diverged at step 4" in message
    assert "over the last 20 steps" in message
    assert "the last good checkpoint is 'run/step-000020'" in message


def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    message = refusal("text.txt", *SMALL, "--out", "run", "--device", "cuda")
    assert "there is no cuda device" in message
    assert "use --device cpu" in message
    assert not Path("run").exists()
    assert devices.choose("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.choose("auto") == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose("auto", 1) == torch.device("cuda:1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--init-std", "0"], "'--init-std'"),
        (["--init-std", "nan"], "'--init-std'"),
        (["--learning-rate", "-1"], "'--learning-rate'"),
        (["--checkpoint-every", "0"], "'--checkpoint-every'"),
        (["--snapshot-steps", "1;2"], "not a list of steps"),
        (["--heads", "3"], "n_embd 16 is not a multiple"),
        (["--steps", "0"], "steps must be at least 1"),
        (["--warmup", "-1"], "'--warmup'"),
        (["--seed", str(2**63)], "'--seed'"),
        (["--momentum", "nan"], "is not a number of at least 0 and below 1"),
        (["--momentum", "1"], "'--momentum'"),
    ],
)
def test_options_out_of_range(arguments: list[str], says: str) -> None:
    assert says in refusal("text.txt", *SMALL, "--out", "run", *arguments)
    assert not Path("run").exists()


@pytest.mark.parametrize(
    "arguments", [["--steps", "1" + "0" * 400], ["--vocab-size", str(10**12)], ["--warmup", "1" + "0" * 400]]
)
def test_counts_that_are_too_large_are_one_line(arguments: list[str]) -> None:
    assert "is not in the range" in refusal("text.txt", *SMALL, "--out", "run", *arguments)


def test_batches_that_no_memory_holds_are_one_line() -> None:
    assert "not enough memory" in refusal("text.txt", *SMALL, "--out", "run", "--batch-size", str(10**14))
    assert not Path("run").exists()


@pytest.mark.parametrize("sizes", [["--layers", str(10**7)], ["--width", str(2**22), "--heads", "4"]], ids=str)
def test_a_model_that_no_memory_holds_is_refused_before_any_is_taken(sizes: list[str]) -> None:
    assert "GB or more, and there are" in refusal("text.txt", *SMALL, *sizes, "--out", "run")
    assert not Path("run").exists()


def test_a_run_killed_before_its_first_checkpoint_is_begun_anew() -> None:
    beginning = Path("run") / "step-000000.tmp"
    beginning.mkdir(parents=True)
    (beginning / "config.json").write_text("{")
    train(steps=1)
    assert read_run_log("run").metrics[-1].step == 1


def test_histories_need_no_torch() -> None:
    modules = "model.training.run_log, model.training.snapshots, explorer.cli.compare"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_metrics_are_written_as_steps_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches a run from outside sees every step at once."""
    seen: list[int] = []
    before_each_step(monkeypatch, lambda trainer: seen.append(len(read_metrics(Path("run")))))
    train(steps=5)
    assert seen == [0, 1, 2, 3, 4, 5]
    assert json.loads((runs.latest(Path("run")) / STATE_JSON).read_text())["done"] == 5


def test_a_moved_text_is_known_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        stop_after(context, 3)
        assert explorer("text.txt", *SMALL, "--out", "run", "--steps", "10").exit_code == 130
    Path("text.txt").rename("moved.txt")
    with monkeypatch.context() as context:
        stop_after(context, 6)
        assert explorer("moved.txt", "--out", "run", "--resume").exit_code == 130
    assert explorer("--out", "run", "--resume").exit_code == 0


def test_weights_that_overflow_are_a_diverged_run_or_a_wrong_beginning() -> None:
    message = refusal("text.txt", *SMALL, "--out", "a", "--steps", "3", "--learning-rate", "1e38", "--warmup", "0")
    assert "training diverged at step" in message
    assert "the last good checkpoint is 'a/step-000000'" in message
    assert "init-std 1e+300 is too large" in refusal("text.txt", *SMALL, "--out", "b", "--init-std", "1e300")
    assert not Path("b").exists()


def test_weights_too_large_for_half_precision_are_kept_whole() -> None:
    train("--learning-rate", "1e7", steps=1)
    assert load(Path("run/final")).gpt.wte.weight.abs().max() > 65_504
    assert "| stored as | float32 |" in Path("run/final/README.md").read_text()
    assert [step for step, _ in find_snapshots("run")] == [0, 1]
