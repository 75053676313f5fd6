"""Hostile checkpoints: each opens or is refused in one line, quickly. A try is a checkpoint with a few changes."""

import json
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from explorer.core.catalog import ModelLocation
from explorer.core.loading import open_path
from explorer.core.model_list import ModelEntry
from explorer.core.readings import compute
from explorer.view import View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from tests.campaigns.tries import tries

SECONDS = 60
"""Seconds after which a checkpoint counts as one that never opens."""

Dice = random.Random
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, -0.0, 2**31, 2**63, 10**400, -(10**400), 1e308, float("nan"), float("inf")),
    *("", "x", "gpt2", "\x1b[31337m", "\u202e", "\0", "x" * 100_000, "../../etc/passwd", "10", "F64", "[red]"),
    *([], {}, [[]], [1, 2, 3], ["a"] * 1000, {"type": "Sequence"}, {"a": {"b": None}}, [-1, 2**40], [0, 0]),
)
SLOW = r"[\s\S]*[\s\S]*[\s\S]*\d"
PARTS: tuple[Any, ...] = (
    {"type": "Replace", "pattern": {"String": "a"}, "content": "b" * 50},
    {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": "b"},
    {"type": "Replace", "pattern": {"Regex": ""}, "content": "bb"},
    {"type": "Prepend", "prepend": "ab" * 30},
    {"type": "Precompiled", "precompiled_charsmap": "AAQAAA=="},
    {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}] * 9},
    {"type": "Split", "pattern": {"Regex": SLOW}, "behavior": "Isolated", "invert": False},
    {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
    {"type": "WordPiece", "prefix": "##", "cleanup": True},
    {"type": "Strip", "content": "a", "start": 10**6, "stop": 10**6, "left": True, "right": True},
)
"""Normalizers, pre-tokenizers and decoders, harmless ones and others."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def change_json(dice: Dice, value: Any) -> Any:
    """Replace, remove or add a few values anywhere in a JSON value."""
    for _ in range(dice.randint(1, 3)):
        found = list(places(value))
        if not found:
            return dice.choice(VALUES)
        *way, last = dice.choice(found)
        parent = value
        for key in way:
            parent = parent[key]
        kind = dice.choice(["replace", "replace", "remove", "add"])
        if kind == "remove":
            del parent[last]
        elif kind == "add" and isinstance(parent, dict):
            parent[dice.choice(["x", "type", "\x1b[31337m", "n_layer", "__metadata__"])] = dice.choice(VALUES)
        else:
            parent[last] = dice.choice(VALUES)
    return value


def change_config(dice: Dice, directory: Path) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(change_json(dice, json.loads(path.read_text()))))


def change_tokenizer(dice: Dice, directory: Path) -> None:
    path = directory / "tokenizer.json"
    content = json.loads(path.read_text())
    if dice.random() < 0.5:
        content[dice.choice(["normalizer", "pre_tokenizer", "decoder", "post_processor"])] = dice.choice(PARTS)
    else:
        content = change_json(dice, content)
    path.write_text(json.dumps(content))


def change_header(dice: Dice, directory: Path) -> None:
    """Change the header of the weights, or its length."""
    path = directory / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(change_json(dice, json.loads(content[8 : 8 + length]))).encode()
    said = dice.choice([len(header)] * 4 + [0, len(header) + 8, 2**40, 2**64 - 1])
    path.write_bytes(said.to_bytes(8, "little") + header + content[8 + length :])


def change_bytes(dice: Dice, directory: Path) -> None:
    """Overwrite, cut off or insert bytes of any file."""
    path = dice.choice(sorted(path for path in directory.iterdir() if path.is_file()))
    content = bytearray(path.read_bytes())
    start = dice.randrange(len(content) + 1)
    noise = dice.randbytes(dice.randrange(1, 40))
    end = dice.choice([start, start + len(noise), len(content)])
    content[start:end] = noise if dice.random() < 0.8 else b""
    path.write_bytes(content)


def change_files(dice: Dice, directory: Path) -> None:
    """Remove or empty a file, or replace it by a directory or by a link to nowhere or to itself."""
    path = dice.choice(sorted(path for path in directory.iterdir() if path.is_file()))
    path.unlink()
    kind = dice.choice(["missing", "empty", "directory", "nowhere", "itself"])
    if kind == "empty":
        path.touch()
    elif kind == "directory":
        path.mkdir()
    elif kind != "missing":
        path.symlink_to(path.name if kind == "itself" else "/nowhere/at/all")


CHANGES: tuple[Callable[[Dice, Path], None], ...] = (
    *(change_config, change_config, change_tokenizer, change_tokenizer, change_header, change_bytes, change_files),
)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TimeoutError if the block takes longer."""

    def late(_number: int, _frame: object) -> None:
        raise TimeoutError(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def refusal(directory: Path) -> str:
    """The message with which a checkpoint is refused, an empty text if it is not; nothing else is raised."""
    try:
        compute(open_path(directory, "hostile"), View("hostile", "a bad fed cab"))
    except ModelError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_whatever_a_checkpoint_holds_it_opens_or_is_refused_in_one_line(
    char_model: Checkpoint, bpe_model: Checkpoint, tmp_path: Path
) -> None:
    refused = 0
    for dice in tries(300):
        model = dice.choice([char_model, bpe_model])
        directory = tmp_path / "hostile"
        shutil.copytree(model.path, directory)
        for change in dice.choices(CHANGES, k=dice.choice([1, 1, 1, 2])):
            try:
                change(dice, directory)
            except (ValueError, KeyError, TypeError, OSError, AttributeError, RecursionError):
                continue  # this change no longer applies to the file
        with within(SECONDS):
            assert ModelEntry.of(ModelLocation("hostile", directory)).description.isprintable()
            message = refusal(directory)
        assert message.isprintable()
        assert not message or 20 < len(message) < 700
        refused += bool(message)
        shutil.rmtree(directory)
    print(f"{refused} were refused")
