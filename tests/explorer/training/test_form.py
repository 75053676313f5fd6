"""The fields of the form of a new run, and the command line that they mean."""

from pathlib import Path

import pytest

from explorer.training.form import form_arguments, form_fields
from explorer.training.options import PARAMETERS
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
    assert [field.name for field in fields][:3] == ["files", "out", "resume"]
    assert {field.name for field in fields} == {parameter.name for parameter in PARAMETERS}
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
