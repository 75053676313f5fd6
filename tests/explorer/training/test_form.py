"""The fields of the form of a new run, and the command line that they mean."""

from pathlib import Path

import pytest

from explorer.training.form import form_arguments, form_fields, form_problems
from explorer.training.options import PARAMETERS
from explorer.training.presets import PRESETS
from explorer.training.request import read_request
from model.errors import ModelError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def arguments(**values: str) -> list[str]:
    fields = form_fields()
    return form_arguments(fields, {**{field.name: field.default for field in fields}, **values})


def test_there_is_a_field_for_every_option() -> None:
    fields = form_fields()
    assert [field.name for field in fields if not field.group] == ["files", "out", "steps"]
    assert sorted(field.name for field in fields) == sorted(str(parameter.name) for parameter in PARAMETERS)
    for field in fields:
        assert field.caption
        assert field.help
        assert not field.choices or field.default in field.choices


def test_only_what_was_changed_is_given() -> None:
    assert arguments() == ["--out", "run-1"]
    Path("run-1").mkdir()
    assert arguments() == ["--out", "run-2"]
    given = arguments(out=" mine ", layers="7", no_mask="yes", snapshots="no", prompt="a\\nb")
    assert given == ["--out", "mine", "--layers", "7", "--no-mask", "--no-snapshots", "--prompt", "a\nb"]


def test_every_value_of_a_choice_is_accepted_by_the_command() -> None:
    for field in form_fields():
        for value in field.choices:
            read_request(arguments(**{field.name: value}))


def problems(**values: str) -> dict[str, str]:
    fields = form_fields()
    return form_problems(fields, {**{field.name: field.default for field in fields}, **values})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("steps", "many", "steps must be a whole number, not 'many'"),
        ("steps", "", "steps must be a whole number, not ''"),
        ("steps", "0", "steps must be at least 1, not 0"),
        ("threads", "0", "threads must be a whole number from 1 to 256, not '0'"),
        ("warmup", "-1", "warmup must be a whole number of at least 0, not '-1'"),
        ("learning_rate", "fast", "learning-rate must be a number, not 'fast'"),
        ("learning_rate", "nan", "nan is not a number of at least 0"),
        ("momentum", "1", "1.0 is not a number of at least 0 and below 1"),
        ("layers", "0", "layers must be a whole number from 1 to 16777216, not 0"),
        ("context", "0", "context must be a whole number from 1 to 16777216, not 0"),
        ("heads", "3", "width 128 is not a multiple of heads 3: each head takes an equal share"),
        ("dropout", "1", "dropout must be at least 0 and below 1, not 1.0"),
        ("cooldown", "2", "cooldown must be from 0 to 1, not 2.0"),
        ("validation", "1", "validation must be above 0 and below 1, not 1.0"),
        ("snapshot_steps", "a", "'a' is not a list of steps: write numbers separated by commas, such as 0,10,100"),
        ("out", " ", "name a directory for the run"),
        ("files", "none.txt", "there is no file 'none.txt'"),
        ("files", "'a b", "No closing quotation"),
        ("files", "a\0b", "embedded null byte"),
    ],
)
def test_problems_are_reported_in_the_words_of_the_form(name: str, value: str, says: str) -> None:
    assert problems(**{name: value}) == {name: says}


def test_all_problems_are_reported_together() -> None:
    assert set(problems(steps="x", layers="0", dropout="2", files="x")) == {"steps", "layers", "dropout", "files"}


def test_a_run_in_the_directory_is_resumed_or_left_alone() -> None:
    Path("mine").mkdir()
    assert problems(out="mine") == {}
    Path("mine/latest").write_text("step-000001")
    assert problems(out="mine") == {"out": "there is a run in it: give another name, or say yes to resume"}
    assert problems(out="mine", resume="yes", heads="3") == {}, "its sizes are known from the run"


def test_presets_are_sound() -> None:
    fields = form_fields()
    for preset in PRESETS:
        values = {field.name: preset.values.get(field.name, field.default) for field in fields}
        assert set(preset.values) <= set(values)
        assert form_problems(fields, values) == {}
        assert bool(form_problems(fields, values, needs_file=preset.needs_file)) is preset.needs_file
        assert read_request(form_arguments(fields, values)).out == Path("run-1")


def test_files_are_split_like_words_of_a_shell_unless_they_are_one_name() -> None:
    assert arguments(files="a.txt 'b c.txt'")[-3:] == ["--", "a.txt", "b c.txt"]
    Path("d e.txt").touch()
    assert arguments(files=" d e.txt ")[-2:] == ["--", "d e.txt"]
    assert arguments(files="~/x")[-1] == str(Path("~/x").expanduser())


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"out": " "}, "out: name a directory for the run"),
        ({"out": "~nobody-of-that-name/x"}, "out: Could not determine home directory."),
        ({"files": "'a b"}, "files: No closing quotation"),
        ({"files": "~nobody-of-that-name/x"}, "files: Could not determine home directory."),
        ({"files": "x" * 300}, "files: File name too long"),
        ({"files": "a b\0c"}, "files: embedded null byte"),
        ({"out": "x" * 300}, "out: File name too long"),
    ],
)
def test_what_cannot_be_read_is_an_error(values: dict[str, str], says: str) -> None:
    with pytest.raises(ModelError) as caught:
        arguments(**values)
    assert str(caught.value) == says
