"""TrainRequest: the command line of a run, from options and from a form, whatever the names in it."""

from pathlib import Path
from typing import Any

import pytest

from explorer.cli.train import train
from explorer.training.request import TrainRequest, read_request, request_of
from model.errors import ModelError

HOSTILE = ("--out", "-x", "a b", "[red]x[/]", "it's", "a\x1b[31mb", "é.txt", "--", "$(rm)")


def parsed(arguments: tuple[str, ...]) -> dict[str, Any]:
    return train.make_context("explorer train", list(arguments)).params


@pytest.mark.parametrize(
    "arguments",
    [
        ["--out", "run"],
        ["--out", "run", "a.txt", "b.txt"],
        ["--steps", "3", "--no-snapshots", "--no-mask", "--out", "x/y", "--dropout", "0.1", "--prompt", "a\nb"],
        ["--snapshots", "--out", "run", "--threads", "2", "--learning-rate", "1e-3", "a.txt"],
        ["--out", "run", "--prompt", "--", "--", *HOSTILE],
    ],
)
def test_a_request_asks_for_what_was_typed(arguments: list[str]) -> None:
    request = read_request(arguments)
    assert parsed(request.arguments) == parsed(tuple(arguments))
    assert request.out == parsed(tuple(arguments))["out"]
    assert read_request(request.arguments) == request


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_may_be_called_anything(name: str) -> None:
    request = request_of({"out": Path("run"), "files": (Path(name),), "prompt": name})
    assert parsed(request.arguments)["files"] == (Path(name),)
    assert parsed(request.arguments)["prompt"] == name


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing option '--out'"),
        (["--out", "x", "--steps", "many"], "'many' is not a valid integer"),
        (["--out", "x", "--tokenizer", "words"], "'words' is not one of 'char', 'bpe'"),
        (["--out", "x", "--init-std", "0"], "0.0 is not a number above 0"),
        (["--out", "x", "--learning-rate", "nan"], "nan is not a number of at least 0"),
        (["--out", "x", "--colour", "red"], "No such option"),
        (["--out", "x", "--watch"], "No such option"),
        (["--help"], "--help starts no run"),
        (["--out", "a\0b"], "null byte"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], says: str) -> None:
    with pytest.raises(ModelError, match=r"^[^\n]*$") as caught:
        read_request(arguments)
    assert says in str(caught.value)


def test_a_run_goes_on_with_the_threads_and_device_it_began_with() -> None:
    request = read_request(["--threads", "1", "--out", "run", "--steps", "9", "--device", "cpu", "a.txt", "--no-mask"])
    resumed = request.resumed()
    expected = parsed(("--out", "run", "--resume", "--threads", "1", "--device", "cpu"))
    assert parsed(resumed.arguments) == expected
    assert resumed.resumed() == resumed
    assert read_request(["--out", "run", "--", "--threads"]).resumed().arguments == ("--out", "run", "--resume")


def test_a_run_is_called_like_its_directory() -> None:
    assert TrainRequest((), Path("a/b")).name == "b"
    assert TrainRequest((), Path()).name == "."


def test_heads_that_do_not_divide_the_width_are_refused_at_once_in_the_words_of_the_options() -> None:
    with pytest.raises(ModelError, match="width 32 is not a multiple of heads 3"):
        read_request(["--out", "run", "--width", "32", "--heads", "3"])
