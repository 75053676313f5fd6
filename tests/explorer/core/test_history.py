"""Earlier sentences: the file they are kept in is never trusted, and nothing that is wrong with it is ever said."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.app import ExplorerApp
from explorer.core import history
from explorer.core.history import History, Recall, history_file, read, write
from tests.explorer.conftest import SENTENCES, Ready

MakeApp = Callable[..., ExplorerApp]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "sentences.json"
    texts = ["one", "two\nlines", "lone \ud800 \x00 \x1b[31m", "漢字"]
    write(path, texts)
    assert read(path) == texts
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"null", b"{}", b'"text"', b"[1, null, [], {}]", b"[" * 100_000, b"\xff\xfe", b"not json", b"NaN",
        b'["' + b"x" * (history.LONGEST_KEPT + 1) + b'"]', b" " * (8 * 2**20 + 1), b"1" * 10_000,
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_taken_for_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sentences.json"
    path.write_bytes(content)
    assert read(path) == []
    past = History(path)
    past.add("a")
    assert past.sentences == ("a",)
    assert read(path) == ["a"]


def test_good_sentences_among_others_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "sentences.json"
    path.write_text(json.dumps(["a", 1, "", "b", "a", None]))
    assert read(path) == ["b", "a"]


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    pipe, directory, below = tmp_path / "pipe", tmp_path / "directory", tmp_path / "file" / "x"
    os.mkfifo(pipe)
    (directory / "kept").mkdir(parents=True)
    below.parent.write_text("")
    for path in (pipe, directory, below, tmp_path / "nul\0", tmp_path / ("x" * 300)):
        past = History(path)
        past.add("a", "b")
        assert past.sentences == ("a", "b")
    assert (directory / "kept").is_dir()


def test_two_sessions_do_not_lose_each_others_sentences(tmp_path: Path) -> None:
    path = tmp_path / "sentences.json"
    one, two = History(path), History(path)
    one.add("first")
    two.add("second")
    one.add("third")
    assert read(path) == ["first", "second", "third"]
    assert one.sentences == ("first", "third")


def test_it_is_bounded_and_holds_each_once(tmp_path: Path) -> None:
    past = History(tmp_path / "sentences.json")
    for i in range(history.MOST + 5):
        past.add(f"sentence {i}", "again")
    assert len(past.sentences) == history.MOST == len(read(tmp_path / "sentences.json"))
    assert past.sentences[-1] == "again"
    assert past.sentences.count("again") == 1
    past.add("x" * (history.LONGEST_KEPT + 1))
    assert len(past.sentences[-1]) > history.LONGEST_KEPT
    assert read(tmp_path / "sentences.json")[-1] == "again"


def test_it_is_in_the_users_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda name: Path("/state") / name)
    assert history_file() == Path("/state/attention-explorer/sentences.json")


@given(st.lists(st.text(max_size=3), unique=True), st.lists(st.sampled_from([-1, 1])))
def test_walking_back_and_forth_leads_to_the_draft(earlier: list[str], steps: list[int]) -> None:
    walk, place, lines = Recall(earlier, "a draft"), len(earlier), [*earlier, "a draft"]
    for step in steps:
        found = walk.step(step, lines[place])
        if 0 <= place + step < len(lines):
            place += step
            assert found == lines[place]
        else:
            assert found is None


async def test_arrows_go_through_earlier_sentences(make_app: MakeApp, ready: Ready, tmp_path: Path) -> None:
    path = tmp_path / "sentences.json"
    write(path, ["a far one", "a near one"])
    app = make_app()
    app.history = History(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "!", "up")
        assert app.explore.editor.text == "a near one"
        await ready(pilot)
        assert app.view.text == "a near one"  # live
        await pilot.press("up", "up", "down", "down")
        assert app.explore.editor.text == SENTENCES[0] + "!"
        await pilot.press("up", "up", "?", "enter")
        await ready(pilot)
        assert app.view.text == "a far one?"
        assert read(path) == ["a far one", "a near one", SENTENCES[0], "a far one?"]
        await pilot.press("e", "up")
        assert app.explore.editor.text == SENTENCES[0]
        await pilot.press("escape")
        assert app.view.text == "a far one?"


async def test_discarded_and_refused_sentences_are_not_kept(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "x", "escape", "e", "ctrl+u", "enter", "e", "enter")
        await ready(pilot)
        assert app.history.sentences == ()


def test_an_application_is_given_no_file_unless_it_is_asked_to_have_one() -> None:
    """An application that a test makes must not touch the user's own sentences."""
    assert ExplorerApp().history.path is None
