"""Hostile text through every command, in a pseudo-terminal: no escape sequence of it gets there. A try is a command."""

import os
import random
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest

from model.checkpoint import Checkpoint
from tests.campaigns.tries import tries
from tests.explorer.terminal import ESCAPE, Terminal

MARK = "31337"
"""Part of every hostile escape sequence, to distinguish them from those of the application."""

PIECES = (
    *(f"\x1b[{MARK}m", f"\x1b[{MARK};1H", f"\x1b]0;{MARK}\x07", f"\x1b]8;;{MARK}\x1b\\", f"\x1bP{MARK}\x1b\\"),
    *(f"\x1b_{MARK}\x1b\\", f"\x9b{MARK}m", f"\x9d0;{MARK}\x9c", f"\x1b[?{MARK}h", f"\x1b{MARK}"),
    *("\x08", "\x7f", "\x07", "\x0b", "\x0c", "\x85", "\r", "\n", "\t", "\u2028", "\u2029", "\u202e", "\u2066"),
    *("\u200f", "\u200b", "\u2060", "\ufeff", "\ufe0f", "\U000e0041", "\u0301" * 30, "\ufffd", "[red]", "[/]"),
    *("a", "bad", " ", "fed", "é", "漢", "👩\u200d👩", "'", '"', "\\", "$(id)", "%s", "{0}", "--json", "-", "[@a=x]"),
)
BYTES = (b"\xff", b"\x9b31337m", b"\xc2\x9b31337m", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80")
"""Bytes that are not UTF-8, and eight-bit control characters."""

BIDIRECTIONAL = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def hostile(dice: random.Random) -> str:
    """A text for an argument, which holds anything but the null character."""
    text = "".join(dice.choices(PIECES, k=dice.randrange(1, 12)))
    return text + (os.fsdecode(dice.choice(BYTES)) if dice.random() < 0.3 else "")


def command(dice: random.Random, model: str, directory: Path) -> Sequence[str]:
    """A command line with a hostile text somewhere."""
    text = hostile(dice)
    there = directory / text.replace("/", "").replace("\0", "")[:40]
    if dice.random() < 0.3 and not there.exists():
        copytree(model, there)  # the name of a model that exists
        model = str(there)
    kinds = (
        ["show", "--model", model, "--", text],
        ["show", "--model", text, "a bad cab"],
        ["show", "--model", model, "--stage", text, "a"],
        ["generate", "--model", model, "--tokens", "5", "--", text],
        ["find", "--model", model, "--by", "loss", "--", text],
        ["compare", text],
        ["lab", text],
        ["models"],
        ["convert", text, "--out", str(directory / "out")],
        ["train", "--out", str(directory / "run"), "--", text],
        [text],
    )
    return dice.choice(kinds)


def check(written: bytes) -> None:
    """Nothing that a terminal would obey is left, once what we write ourselves is taken out."""
    text = written.decode(errors="replace")
    assert not re.search(f"[\x1b\x90-\x9f][^\x1b]{{0,4}}{MARK}", text), text[-3000:]
    shown = ESCAPE.sub(b"", written).decode(errors="replace")
    left = [c for c in shown if (ord(c) < 32 and c not in "\r\n\t") or 0x7F <= ord(c) < 0xA0 or BIDIRECTIONAL.match(c)]
    assert not left, (left, shown[-3000:])
    assert "Traceback" not in shown, shown[-3000:]


@pytest.mark.slow
def test_whatever_the_text_no_escape_sequence_of_it_reaches_the_terminal(
    char_model: Checkpoint, bpe_model: Checkpoint, tmp_path: Path
) -> None:
    for number, dice in enumerate(tries(8)):
        model = str(dice.choice([char_model, bpe_model]).path)
        directory = tmp_path / str(number)
        directory.mkdir()
        in_application = dice.random() < 0.2
        words = ["--model", model, "--text", hostile(dice) + "a"] if in_application else command(dice, model, directory)
        print(repr(words))
        with closing(Terminal(words, tmp_path, cwd=directory)) as terminal:
            if in_application:
                terminal.wait_for("weights")
                terminal.press(b"e")
                terminal.wait_for("earlier sentences")
                start = len(terminal.written)
                terminal.press(b"a\x1b[200~" + hostile(dice).encode(errors="replace") + b"\x1b[201~\r")
                terminal.wait_for("amount", start)
                terminal.process.terminate()
            terminal.end()
            check(terminal.written)
