"""`explorer lab`: the list, a lab as text and as JSON, options, and errors."""

import json
from typing import Any

import pytest

from explorer.cli.main import main
from explorer.labs.lab import Lab
from explorer.labs.registry import ENTRIES, find_entry, load

Captured = pytest.CaptureFixture[str]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["lab", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def printed(capsys: Captured, *arguments: str) -> Any:
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_all_labs_are_listed(capsys: Captured) -> None:
    assert run() == 0
    out = " ".join(capsys.readouterr().out.split())
    for entry in ENTRIES:
        assert f"{entry.name} {entry.title} {entry.claim}" in out
    assert [lab["name"] for lab in printed(capsys)] == [entry.name for entry in ENTRIES]


def test_a_lab_prints_its_code_its_question_and_its_numbers(capsys: Captured) -> None:
    assert run("sharpening") == 0
    out = capsys.readouterr().out
    lab = load(find_entry("sharpening"))
    assert all(source in out for source in lab.sources())
    assert out.index("Question: ") < out.index("0.8000") < out.index("Answer: ")
    assert "0.0326" in out


def test_an_option_changes_the_numbers(capsys: Captured) -> None:
    found = printed(capsys, "sharpening", "--factor", "2", "--numbers", "0 1")
    assert found["parameters"] == {"factor": 2.0, "numbers": [0.0, 1.0]}
    assert found["numbers"]["softmax_sharpened"] == pytest.approx([0.1192, 0.8808], abs=5e-5)


def test_names_of_options_have_hyphens(capsys: Captured) -> None:
    assert printed(capsys, "scaling", "--head-size", "64", "--samples", "50")["parameters"]["head_size"] == 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "there is no lab 'nothing', there are averaging, head"),
        (("sharpening", "--factor", "1000"), "--factor: write a number from 0 to 100, not '1000'"),
        (("scaling", "--head-size", "0"), "--head-size: write a whole number from 1 to 1,024, not '0'"),
        (("head", "--query", "dog"), "--query: 'dog' is not in the sentence"),
        (("head", "--model", "nowhere"), "no model is called 'nowhere'"),
        (("--json", "sharpening"), "--json stands before 'sharpening', write it after the lab"),
    ],
)
def test_errors_are_one_line(arguments: tuple[str, ...], message: str, capsys: Captured) -> None:
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("explorer: ")
    assert message in error
    assert error.count("\n") == 1


def test_help_lists_what_can_be_changed(capsys: Captured) -> None:
    assert run("scaling", "--help") == 0
    out = capsys.readouterr().out
    assert "--head-size" in out
    assert "[default: 16]" in out
    assert run("--help") == 0
    assert "sharpening" in capsys.readouterr().out


def test_a_lab_that_trains_prints_no_progress_without_a_terminal(capsys: Captured) -> None:
    assert run("ladder", "--steps", "20") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "The losses compared" in captured.out


def test_every_lab_is_a_command() -> None:
    assert all(isinstance(load(entry), Lab) for entry in ENTRIES)


def test_no_escape_sequence_reaches_the_terminal(capsys: Captured) -> None:
    sentence = "Ivan is the \x1b[31m guy \u202e who"
    assert run("head", "--sentence", sentence) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
