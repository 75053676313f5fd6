"""`explorer generate`: text as it comes, reproducible, safe for a terminal, every error one line."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from explorer.cli.generate_text import SafeText
from explorer.cli.main import cli
from model import checkpoint
from model import tokenizer as tokenizers
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.errors import ModelError
from model.generate import Sampling, generate
from model.gpt import GPT
from tests.explorer.cli.test_main import ROOT


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A byte-level model of random weights, so that it writes any bytes."""
    made = tokenizers.train_bpe(["\x1b[31m\x07é"] * 9, 300)
    gpt = GPT(GPTConfig(tokenizers.vocab_size(made), 64, 16, 1, 2, initializer_range=0.01, eos_token_id=0))
    gpt.initialize(torch.Generator().manual_seed(0))
    directory = tmp_path_factory.mktemp("models") / "hostile"
    checkpoint.save(directory, gpt, made)
    return str(directory)


def run(*arguments: str, **extra: Any) -> Result:
    return CliRunner().invoke(cli, ["generate", *arguments], catch_exceptions=False, **extra)


def written(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    return result.stdout


def by_hand(model: Checkpoint, text: str, count: int, sampling: Sampling, seed: int) -> list[int]:
    ids = tokenizers.encode(model.tokenizer, text).ids
    return list(generate(model.gpt, ids, count, torch.Generator().manual_seed(seed), sampling))


def test_it_prints_the_text_and_what_follows(model: str) -> None:
    opened = checkpoint.load(model)
    ids = by_hand(opened, "abé c", 30, Sampling(1.5, 4, 0.9), 7)
    options = [
        "--tokens",
        "30",
        "--temperature",
        "1.5",
        "--top-k",
        "4",
        "--top-p",
        "0.9",
        "--seed",
        "7",
        "--model",
        model,
    ]
    text = tokenizers.decode(opened.tokenizer, ids)
    assert written(run("abé c", *options)) == f"abé c{text}\n"
    assert written(run("-", *options, input="abé c\n")) == f"abé c{text}\n"
    told = json.loads(written(run("abé c", *options, "--json")))
    assert told["token_ids"] == ids
    assert told["text"] == "".join(told["tokens"]) == text
    assert (told["prompt"], told["seed"], told["top_k"]) == ("abé c", 7, 4)


def test_switches_change_what_is_written(model: str) -> None:
    options = ["--model", model, "--tokens", "40", "--temperature", "1", "--json"]
    told = {
        switch: tuple(json.loads(written(run("abcdefg", *options, *switch.split())))["token_ids"])
        for switch in ("", "--no-mask", "--no-scale", "--scale 1", "--scale 3", "--ablate 0.1 --ablate 2.3", "--seed 2")
    }
    assert told["--no-scale"] == told["--scale 1"]
    assert len(set(told.values())) == len(told) - 1


def test_the_end_of_text_ends_it(hostile: str) -> None:
    options = ["--model", hostile, "--tokens", "3000", "--temperature", "1", "--json"]
    ended = json.loads(written(run("é", *options)))
    assert len(ended["token_ids"]) < 3000
    assert 0 not in ended["token_ids"]
    past = json.loads(written(run("é", *options, "--past-end")))["token_ids"]
    assert past[: len(ended["token_ids"]) + 1] == [*ended["token_ids"], 0]
    assert len(past) == 3000


def test_no_escape_reaches_the_terminal(hostile: str) -> None:
    arguments = ["--model", hostile, "--tokens", "600", "--temperature", "1", "--past-end"]
    raw = json.loads(written(run("\x1b]0;x\x07", *arguments, "--json")))["text"]
    assert "\x1b" in raw
    shown = written(run("\x1b]0;x\x07", *arguments))
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    assert shown.startswith("␛]0;x␇")


def test_pieces_are_as_safe_as_the_whole() -> None:
    safe = SafeText()
    told = "".join(
        map(safe.show, ["e", "\u0301", " ", "\u0301", "\x1b", "[2J\r", "\u202e", "a\tb\n", "\u0301", "\x9b"])
    )
    assert told == "e\u0301 ◌\u0301␛[2J␍‹RLO›a\tb\n◌\u0301‹9B›"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["", "--model", "{}"], "nothing to continue"),
        (["ZZZ", "--model", "{}"], "nothing to continue"),
        (["a", "--model", "nowhere"], "no model is called 'nowhere'"),
        (["a", "--model", "{}", "--temperature", "-1"], "temperature must be at least 0"),
        (["a", "--model", "{}", "--temperature", "nan"], "temperature must be at least 0"),
        (["a", "--model", "{}", "--top-k", "0"], "top-k must be at least 1"),
        (["a", "--model", "{}", "--top-p", "1.5"], "top-p must be above 0"),
        (["a", "--model", "{}", "--tokens", "0"], "'--tokens'"),
        (["a", "--model", "{}", "--ablate", "9.0"], "layer 9 does not exist"),
        (["a", "--model", "{}", "--scale", "inf"], "scale must be a finite number"),
        (["a", "--model", "{}", "--scale", "2", "--no-scale"], "contradict"),
        ([], "Missing argument"),
    ],
)
def test_errors_are_one_line(model: str, arguments: list[str], says: str) -> None:
    result = run(*(argument.format(model) for argument in arguments))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr.splitlines()[-1]
    assert all(line.startswith("explorer: ") for line in result.stderr.splitlines())
    assert "Traceback" not in result.stderr


def test_an_error_in_the_middle_has_a_line_of_its_own(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any, **options: Any) -> Iterator[int]:
        yield 1
        raise ModelError("the numbers overflow")

    monkeypatch.setattr("explorer.cli.generate_text.generate_with", failing)
    result = run("a", "--model", model)
    assert result.exit_code == 2
    assert result.stdout.endswith("\n")
    assert result.stderr == "explorer: the numbers overflow\n"


def test_of_a_very_long_text_the_end_is_read_and_printed(model: str) -> None:
    text = "a bad fed cab " * 20_000
    result = run("-", "--model", model, "--tokens", "5", input=text)
    printed = written(result)
    assert len(printed) < len(text) // 2
    assert printed[:-6].endswith(text[-1000:])
    left_out = len(text) - len(printed) + 6  # five tokens and the end of the line
    assert result.stderr == (
        f"explorer: the text is long and 'small' reads at most its last 16 tokens: its first {left_out:,} characters "
        "are left out\n"
    )


def test_a_model_with_more_rows_than_its_tokenizer_has_tokens(model: str, tmp_path: Path) -> None:
    opened = checkpoint.load(model)
    more = GPT(replace(opened.config, vocab_size=opened.config.vocab_size + 50))
    rows = torch.cat((opened.gpt.wte.weight, torch.zeros(50, opened.config.n_embd)))
    more.load_state_dict({**opened.gpt.state_dict(), "wte.weight": rows})
    checkpoint.save(tmp_path / "more", more, opened.tokenizer)
    assert len(written(run("a", "--model", str(tmp_path / "more"), "--temperature", "9", "--tokens", "300"))) > 100


@pytest.fixture
def terminal(hostile: str, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The command at work in a pseudo-terminal for much longer than a test lasts."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer", "generate", "é", "--model", hostile, "--tokens", "100000000", "--past-end"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests begun by `&` in a script ignore it
    )
    os.close(theirs)
    yield process, ours
    process.kill()
    process.wait()
    os.close(ours)


def test_tokens_come_as_they_are_made_and_ctrl_c_is_clean(terminal: tuple["subprocess.Popen[bytes]", int]) -> None:
    process, ours = terminal
    seen = b""
    while len(seen) < 300:  # long before the last token
        assert select.select([ours], [], [], 120)[0], seen
        seen += os.read(ours, 64)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    while select.select([ours], [], [], 120)[0]:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the terminal's other end is closed
            break
        if not piece:
            break
        seen += piece
    assert process.wait(60) == 130
    assert b"Traceback" not in seen
    assert b"\x1b" not in seen
    assert seen.endswith(b"\n")
