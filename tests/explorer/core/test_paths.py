"""Any text may be typed where a path is asked for: it becomes a path, or one line says why it cannot."""

import errno
import os
from pathlib import Path

import pytest

from explorer.core.model_list import complete_path, expand_path, list_models
from explorer.core.paths import names_file, typed_path
from model.errors import ModelError


@pytest.mark.parametrize("text", ["x" * 300, "a\0b", "~nobody-of-that-name/x", "loop/x", "\ud800" + "x" * 300])
def test_text_that_cannot_be_a_path(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    with pytest.raises(ModelError):
        typed_path(text)
    assert not names_file(text)
    assert expand_path(f" {text} ") == text
    assert complete_path(f"./{text}") == ()
    assert text not in [entry.name for entry in list_models([text])]


def test_a_directory_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(ModelError, match="Permission denied"):
        typed_path("private/x")


def test_what_is_not_there_is_still_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("file").touch()
    assert typed_path("~/nowhere/x") == tmp_path / "nowhere" / "x"
    assert typed_path("file/below") == Path("file/below")
    assert names_file("~/file")
