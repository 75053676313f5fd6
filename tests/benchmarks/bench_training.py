"""How long training takes to a validation loss of 1.88, beside nanoGPT's own script, and tokens per second beside it.

    python -m tests.benchmarks.bench_training NANOGPT TEXT [--rounds 3] [--threads 1] [--quick]

NANOGPT is a checkout of karpathy/nanoGPT (train.py, model.py, configurator.py, config/), which needs numpy and torch
alone; TEXT is tinyshakespeare. Both are read only: nanoGPT runs in a copy. Both programs are whole processes that take
turns, with the sizes of nanoGPT's recipe for a CPU (its README): 4 layers, 4 heads, 128 wide, context 64, no dropout,
and its activation, the exact GELU. The recipe leaves the biases out that GPT-2 and ours have: for tokens per second
nanoGPT runs once more with them, 300 iterations, so that both train the same tensors.

Counted are the seconds of training steps, without start-up, evaluation and checkpoints, which both programs log for
each step. nanoGPT's step that follows an evaluation counts as its median step. Validation losses are over about as
many tokens as the validation part has: random windows in nanoGPT's, evenly spread windows in ours. nanoGPT runs
its 2,000 iterations; where its loss does not reach the goal in them, its whole time stands for the time to it.
"""

import argparse
import json
import os
import pickle
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GOAL = 1.88
SIZES = (
    "--tokenizer char --layers 4 --heads 4 --width 128 --context 64 --activation gelu --seed 1337 --sample-every 0 "
    "--no-snapshots"
)
TO_THE_GOAL = (
    "--batch-size 12 --steps 420 --evaluate-every 20 --warmup 10 --cooldown 0.7 "
    "--learning-rate 0.01 --muon-learning-rate 0.02 --momentum 0.9 --init-std 0.05"
)
SAME_OPTIMIZER = "--batch-size 12 --steps 300 --evaluate-every 300 --optimizer adamw --learning-rate 0.001"
RECIPE = (
    "config/train_shakespeare_char.py --device=cpu --compile=False --block_size=64 --batch_size=12 --n_layer=4 "
    "--n_head=4 --n_embd=128 --lr_decay_iters=2000 --dropout=0.0 --log_interval=1 --eval_interval=100 "
    "--eval_iters=145"
)
SAME_TENSORS = f"{RECIPE} --bias=True"


@dataclass(frozen=True)
class Run:
    """Seconds of training after which each validation loss was measured, and the median step."""

    losses: tuple[tuple[float, float], ...]  # (seconds, loss)
    tokens_per_second: float

    @property
    def to_goal(self) -> float | None:
        """Seconds to the first validation loss that is no more than the goal."""
        return next((seconds for seconds, loss in self.losses if loss <= GOAL), None)


def nanogpt(directory: Path, options: str, iterations: int, threads: int) -> Run:
    """Run nanoGPT's script in a prepared copy and read its log."""
    command = [sys.executable, "train.py", *options.split(), f"--max_iters={iterations}", "--out_dir=out"]
    lines = output(command, directory, threads)
    steps: list[float] = []
    evaluated: list[tuple[int, float]] = []
    follows_evaluation = False
    for line in lines:
        if found := re.match(r"step (\d+): .* val loss ([\d.]+)", line):
            evaluated.append((int(found[1]), float(found[2])))
            follows_evaluation = True
        elif found := re.match(r"iter \d+: .* time ([\d.]+)ms", line):
            steps.append(-1.0 if follows_evaluation else float(found[1]) / 1000)
            follows_evaluation = False
    median = statistics.median(seconds for seconds in steps if seconds >= 0)
    steps = [median if seconds < 0 else seconds for seconds in steps]
    return Run(tuple((sum(steps[:step]), loss) for step, loss in evaluated), 12 * 64 / median)


def ours(directory: Path, text: Path, options: str, threads: int) -> Run:
    """Run `explorer train` into a new directory and read its metrics."""
    out = Path(tempfile.mkdtemp(dir=directory)) / "run"
    more = ["--checkpoint-every", "1000000", "--threads", str(threads)]
    command = [sys.executable, "-m", "explorer", "train", str(text), "--out", str(out), *SIZES.split(), *more]
    output([*command, *options.split()], Path.cwd(), threads)
    metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    seconds, losses, steps = 0.0, [], []
    for each in metrics:
        if each["step"]:
            steps.append(each["seconds"])
            seconds += each["seconds"]
        if each.get("validation_loss") is not None:
            losses.append((seconds, each["validation_loss"]))
    tokens = (metrics[-1]["tokens"] - metrics[0]["tokens"]) / (metrics[-1]["step"] - metrics[0]["step"])
    return Run(tuple(losses), tokens / statistics.median(steps))


def output(command: list[str], directory: Path, threads: int) -> list[str]:
    """Standard output of a process with so many threads, as lines. Raises SystemExit with its errors if it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TERM": "dumb"}
    done = subprocess.run(command, check=False, cwd=directory, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout.splitlines()


def prepared(checkout: Path, text: Path, place: Path) -> Path:
    """A copy of nanoGPT with tinyshakespeare as its script prepares it: characters as uint16, nine tenths to train."""
    copy = place / "nanoGPT"
    shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git", "assets", "*.bin", "out*"))
    written = text.read_text(encoding="utf-8")
    characters = sorted(set(written))
    ids = {character: i for i, character in enumerate(characters)}
    split = int(len(written) * 0.9)
    directory = copy / "data" / "shakespeare_char"
    for name, part in (("train", written[:split]), ("val", written[split:])):
        np.array([ids[character] for character in part], dtype=np.uint16).tofile(directory / f"{name}.bin")
    meta = {"vocab_size": len(characters), "itos": dict(enumerate(characters)), "stoi": ids}
    (directory / "meta.pkl").write_bytes(pickle.dumps(meta))
    return copy


def rounds(arguments: argparse.Namespace, place: Path) -> Iterator[tuple[Run, Run, Run, Run]]:
    """In turn: nanoGPT's recipe, ours to the goal, ours with nanoGPT's optimizer, nanoGPT with biases."""
    copy = prepared(arguments.nanogpt, arguments.text, place)
    iterations = 200 if arguments.quick else 2000
    for _ in range(arguments.rounds):
        yield (
            nanogpt(copy, RECIPE, iterations, arguments.threads),
            ours(place, arguments.text, arguments.options, arguments.threads),
            ours(place, arguments.text, SAME_OPTIMIZER, arguments.threads),
            nanogpt(copy, SAME_TENSORS, min(iterations, 300), arguments.threads),
        )


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nanogpt", type=Path, help="a checkout of karpathy/nanoGPT")
    parser.add_argument("text", type=Path, help="tinyshakespeare")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--options", default=TO_THE_GOAL, help="of `explorer train`, for the way to the goal")
    parser.add_argument("--quick", action="store_true", help="200 iterations of nanoGPT: speeds, but no goal")
    arguments = parser.parse_args()
    if not (arguments.nanogpt / "train.py").is_file():
        parser.error(f"{arguments.nanogpt} is no checkout of nanoGPT: it has no train.py")
    with tempfile.TemporaryDirectory() as place:
        for peer, mine, same, biased in rounds(arguments, Path(place)):
            whole, last = peer.losses[-1]
            theirs = peer.to_goal or whole
            print(
                f"nanoGPT {peer.tokens_per_second:,.0f} tokens/s, {last:.4f} after {whole:.1f} s, "
                f"goal {'after' if peer.to_goal else 'not reached in'} {theirs:.1f} s"
            )
            reached = f"{mine.to_goal:.1f} s" if mine.to_goal else "not reached"
            print(f"ours    {mine.tokens_per_second:,.0f} tokens/s, goal {reached}, last {mine.losses[-1][1]:.4f}")
            if mine.to_goal:
                print(f"time to {GOAL}: {mine.to_goal / theirs:.3f} of nanoGPT's")
            speed = same.tokens_per_second
            print(f"ours, AdamW: {speed:,.0f} tokens/s, {speed / peer.tokens_per_second:.2f} times nanoGPT's")
            ratio = speed / biased.tokens_per_second
            print(f"nanoGPT with biases {biased.tokens_per_second:,.0f} tokens/s: ours {ratio:.2f} times as many")


if __name__ == "__main__":
    main()
