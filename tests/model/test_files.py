"""Atomic writes: the old content or the new, nothing left beside it, links replaced and never written through."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from model.files import atomic_write, quoted


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("temporary", [None, "file.tmp"])
@pytest.mark.parametrize("fsync", [False, True])
def test_content_appears_only_when_the_block_has_ended(tmp_path: Path, temporary: str | None, fsync: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with atomic_write(path, temporary=temporary, fsync=fsync) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("no")])
def test_an_exception_leaves_the_old_file_alone(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def write_late() -> None:
        with atomic_write(path, overwrite=False) as file:
            file.write(b"new")
            path.write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        write_late()
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["file"]


def test_file_systems_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "file"
    for content in (b"first", b"second"):
        try:
            with atomic_write(path, overwrite=False) as file:
                file.write(content)
        except FileExistsError:
            assert content == b"second"
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["file"]


def test_links_are_replaced_and_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"precious")
    for name in ("file", "file.tmp"):
        (tmp_path / name).symlink_to(theirs)
    with atomic_write(tmp_path / "file", temporary="file.tmp") as file:
        file.write(b"new")
    assert theirs.read_bytes() == b"precious"
    assert not (tmp_path / "file").is_symlink()
    assert names(tmp_path) == ["file", "theirs"]


def test_the_mode_is_set_from_the_beginning(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "file", temporary="file.tmp", mode=0o600):
        assert stat.S_IMODE((tmp_path / "file.tmp").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from model.files import atomic_write\n"
        "with atomic_write(Path(sys.argv[1]), temporary='file.tmp', fsync=True) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False, cwd=Path(__file__).parents[2])
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file", "file.tmp"]
    with atomic_write(path, temporary="file.tmp") as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_hostile_names_are_escaped() -> None:
    assert quoted(Path("a\x1b[31m\ud800\n")) == r"'a\x1b[31m\ud800\n'"
