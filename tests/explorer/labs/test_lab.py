"""Parameters, the list of labs, and what every lab has to hold to."""

import inspect
import json
import subprocess
import sys

import pytest
import torch

from explorer.labs.lab import (
    Entry,
    IntegerParameter,
    Lab,
    NumberParameter,
    NumbersParameter,
    ParameterError,
    Progress,
    Result,
    TextParameter,
    as_object,
    matrix,
)
from explorer.labs.registry import ENTRIES, find_entry, load
from tests.explorer.conftest import Opener


def test_listing_the_labs_does_not_import_torch() -> None:
    code = "import sys; import explorer.cli.lab, explorer.labs.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_there_are_eight_labs_and_no_others() -> None:
    assert [entry.name for entry in ENTRIES] == [
        *("averaging", "head", "scaling", "sharpening", "trained", "initialization", "mask", "ladder")
    ]
    with pytest.raises(ValueError, match="there is no lab 'x', there are averaging, head"):
        find_entry("x")


@pytest.mark.parametrize(
    ("parameter", "text", "message"),
    [
        (IntegerParameter("n", "", 3, low=1, high=1024), "0", "n: write a whole number from 1 to 1,024, not '0'"),
        (IntegerParameter("n", "", 3, low=1, high=9), "2.5", "n: write a whole number from 1 to 9, not '2.5'"),
        (IntegerParameter("n", "", 3, low=1, high=9), "", "n: write a whole number from 1 to 9, not nothing"),
        (NumberParameter("x", "", 1.0, high=100.0), "nan", "x: write a number from 0 to 100, not 'nan'"),
        (NumberParameter("x", "", 1.0, high=100.0), "1e9", "x: write a number from 0 to 100, not '1e9'"),
        (NumbersParameter("v", "", (1.0, 2.0)), "1 a", "v: write numbers separated by spaces, not 'a'"),
        (NumbersParameter("v", "", (1.0, 2.0)), "1", "v: write 2 to 12 numbers, not 1"),
        (NumbersParameter("v", "", (1.0, 2.0)), "1 1e6", "v: write numbers between −1000 and 1000, not 1×10⁶"),
        (TextParameter("t", "", "a", longest=3), "abcd", "t: write 1 to 3 characters, not 4"),
    ],
)
def test_a_bad_value_is_explained(
    parameter: IntegerParameter | NumberParameter | NumbersParameter | TextParameter, text: str, message: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        parameter.parse(text)
    assert str(caught.value) == message


def test_values_are_read_as_they_are_written() -> None:
    assert IntegerParameter("n", "", 3).parse(" 1,024 ") == 1024
    assert NumberParameter("x", "", 1.0).parse("2.5") == 2.5
    assert NumbersParameter("v", "", (1.0, 2.0)).parse("0.1, −0.2 3") == (0.1, -0.2, 3.0)
    numbers = NumbersParameter("v", "", (1.0, 2.0))
    assert numbers.parse(numbers.format((0.1, -0.25))) == (0.1, -0.25)


def test_a_key_steps_through_the_ladder() -> None:
    parameter = IntegerParameter("n", "", 16, (1, 4, 16, 64))
    assert parameter.stepped(16, 1) == 64
    assert parameter.stepped(64, 1) == 64
    assert parameter.stepped(1, -1) == 1
    assert parameter.stepped(5, 1) == 16
    assert parameter.stepped(5, -1) == 4
    assert IntegerParameter("n", "", 16).stepped(16, 1) == 16


def test_hidden_cells_have_no_number() -> None:
    assert matrix("m", torch.tensor([[1.0, -torch.inf]])).values == ((1.0, None),)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_lab_is_complete(entry: Entry) -> None:
    lab = load(entry)
    values = lab.defaults()
    for parameter in lab.parameters:
        assert parameter.help
        assert parameter.parse(parameter.format(parameter.default)) == parameter.default
        assert all(parameter.parse(parameter.format(value)) == value for value in parameter.ladder)
    assert lab.claim.endswith(".")
    assert len(lab.ask(values).choices) >= 2
    assert [source.splitlines()[0] for source in lab.sources()]
    for function, source in zip(lab.code, lab.sources(), strict=True):
        assert source == inspect.getsource(function).rstrip()


SMALL = {"initialization": {"steps": "20", "units": "20"}, "mask": {"steps": "20"}, "ladder": {"steps": "20"}}


def small_values(lab: Lab) -> dict[str, str]:
    """Values with which a lab is quick, on the models of the tests."""
    given = dict(SMALL.get(lab.name, {}))
    if any(parameter.name == "model" for parameter in lab.parameters):
        given["model"] = "bpe"
    return given


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_everything_a_lab_shows_is_in_its_object(entry: Entry, opener: Opener) -> None:
    lab = load(entry)
    values = lab.parse(small_values(lab))
    items = list(lab.run(values, opener))
    assert all(isinstance(item, Progress) for item in items[:-1])
    assert lab.trains == any(isinstance(item, Progress) and item.total > 20 for item in items[:-1])
    result = items[-1]
    assert isinstance(result, Result)
    found = json.loads(json.dumps(as_object(lab, values, result), allow_nan=False))
    assert [step["title"] for step in found["steps"]] == [step.title for step in result.steps]
    assert found["answer"]["choice"] == lab.ask(values).choices[result.choice]
    assert all(len(step["pictures"]) <= 4 for step in found["steps"])
    assert found["numbers"]


@pytest.mark.parametrize("name", ["initialization", "mask", "ladder"])
def test_a_training_can_be_stopped(name: str, opener: Opener) -> None:
    lab = load(find_entry(name))
    run = lab.run(lab.parse(small_values(lab)), opener)
    assert isinstance(next(run), Progress)
    run.close()
    assert list(run) == []


@pytest.mark.parametrize("name", ["initialization", "mask", "ladder"])
def test_a_training_leaves_the_number_of_threads_as_it_was(name: str, opener: Opener) -> None:
    lab = load(find_entry(name))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        run = lab.run(lab.parse(small_values(lab)), opener)
        next(run)
        assert torch.get_num_threads() == 1
        other = lab.run(lab.parse(small_values(lab)), opener)
        next(other)
        run.close()
        assert torch.get_num_threads() == 1
        other.close()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("name", ["head", "scaling", "sharpening", "trained", "initialization", "mask", "ladder"])
def test_the_same_values_give_the_same_numbers(name: str, opener: Opener) -> None:
    lab = load(find_entry(name))
    values = lab.parse(small_values(lab))
    first, second = (list(lab.run(values, opener))[-1] for _ in range(2))
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert as_object(lab, values, first) == as_object(lab, values, second)
