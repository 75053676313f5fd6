"""What a trace of a model of another family costs beside its plain forward pass: time and memory, in one run.

    python -m tests.benchmarks.bench_families [--threads N] [--tokens T]

A random Llama of SmolLM2-135M's sizes (30 layers, 9 heads of 64, 3 of keys and values), eager attention
throughout, logits of all positions included. Each way runs in a process of its own, several times in turns: `plain`
is the model's forward pass, `attentions` the same with `output_attentions=True`, `trace` ours with its logits. The
first trace of a process has a line of its own. Memory is the peak of the process above what it had before the first
pass, less that of `plain`; it is read from /proc. Time is that of the processor, which a busy machine changes little.
Aimed at: time at most 1.2 × plain, memory at most 0.2 × that of `attentions`.

Then 32 tokens after a prompt of 64: with the cache of keys and values, and with the whole text read for each.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig

from model import tokenizer
from model.families import load
from model.generate import generate_with
from model.settings import AS_TRAINED, AttentionSettings

WAYS = ("plain", "attentions", "trace")
WRITING = ("cached", "reread")
UNCACHED = AttentionSettings(causal=False, layer=0, head=0)
"""Settings that rule out the cache, and change one head."""

ROUNDS = 2
PROMPT, NEW = 64, 32


def write(directory: Path) -> None:
    """A random model with a tokenizer of its whole vocabulary's first bytes."""
    config = LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, max_position_embeddings=8192, tie_word_embeddings=True,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(directory)
    tokenizer.save(tokenizer.train_bpe("a few words", 300), directory)


def resident(name: str) -> int:
    """Bytes of this process: VmRSS now, or VmHWM at most since `forget_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def forget_peak() -> None:
    """Begin to count the peak anew: opening a model has one of its own."""
    Path("/proc/self/clear_refs").write_text("5")


def run(way: str, directory: Path, tokens: int, threads: int) -> None:
    """One process: prints the processor seconds of each round and the bytes above the start."""
    torch.set_num_threads(threads)
    opened = load(directory)
    ids = [(7 * i) % 40_000 for i in range(tokens)]
    network: Any = opened.network

    def plain() -> object:
        with torch.inference_mode():
            return network(torch.tensor([ids]), use_cache=False, output_attentions=way == "attentions")

    def traced() -> object:
        trace = opened.trace(ids)
        return trace, trace.logits

    def generated() -> object:
        settings = AS_TRAINED if way == "cached" else UNCACHED
        return list(generate_with(opened, ids[:PROMPT], NEW, torch.Generator().manual_seed(0), settings=settings))

    work: Callable[[], object] = {"trace": traced, "cached": generated, "reread": generated}.get(way, plain)
    forget_peak()
    before, seconds = resident("VmRSS"), []
    for _ in range(1 if way in WRITING else ROUNDS):
        start = time.process_time()
        kept = work()
        seconds.append(time.process_time() - start)
        del kept
    print(json.dumps({"seconds": seconds, "bytes": resident("VmHWM") - before}))


def main() -> None:
    """Run all ways and print what they took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=WAYS + WRITING)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    if given.way:
        run(given.way, given.directory, given.tokens, given.threads)
        return
    with tempfile.TemporaryDirectory() as place:
        write(Path(place))
        arguments = ["--directory", place, "--tokens", str(given.tokens), "--threads", str(given.threads)]
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS + WRITING}
        for again in (False, True):
            for way in WAYS if again else WAYS + WRITING:
                command = [sys.executable, "-W", "ignore", "-m", __spec__.name, "--way", way, *arguments]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                found[way].append(json.loads(output))
    report(found)


def report(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the best of all passes of each way."""
    seconds = {way: min(min(each["seconds"]) for each in runs) for way, runs in found.items()}
    memory = {way: min(each["bytes"] for each in runs) for way, runs in found.items()}
    for way in WAYS:
        print(f"{way:10}  {seconds[way]:7.2f} s  {seconds[way] / seconds['plain']:5.2f} ×  {memory[way] / 1e9:6.2f} GB")
    first = min(each["seconds"][0] for each in found["trace"])
    print(f"the first trace: {first:.2f} s, {first / seconds['plain']:.2f} ×")
    print(f"{NEW} tokens: {seconds['cached']:.2f} s with the cache, {seconds['reread']:.2f} s without")
    extra = {way: memory[way] - memory["plain"] for way in WAYS}
    print(f"memory above plain: trace {extra['trace'] / 1e9:.2f} GB, attentions {extra['attentions'] / 1e9:.2f} GB, "
          f"{extra['trace'] / extra['attentions']:.2f} ×")  # fmt: skip


if __name__ == "__main__":
    main()
