"""The sentence editor alone: it proposes views, and leaves it to its screen to show them."""

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.message import Message

from explorer.view import LAST, View
from explorer.widgets.sentence import SentenceEditor

VIEW = View("m", "the cat", query=1, key=0, head=2)


class EditorApp(App[None]):
    """Collects what the editor posts."""

    def __init__(self, *, hidden: bool = False) -> None:
        super().__init__()
        self.hidden = hidden
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield SentenceEditor(VIEW.text, hidden=self.hidden)

    @property
    def editor(self) -> SentenceEditor:
        return self.query_one(SentenceEditor)

    def on_sentence_editor_previewed(self, message: SentenceEditor.Previewed) -> None:
        self.posted.append(message)

    def on_sentence_editor_submitted(self, message: SentenceEditor.Submitted) -> None:
        self.posted.append(message)

    def on_sentence_editor_cancelled(self, message: SentenceEditor.Cancelled) -> None:
        self.posted.append(message)

    def on_sentence_editor_edit_requested(self, message: SentenceEditor.EditRequested) -> None:
        self.posted.append(message)

    @property
    def previews(self) -> list[View]:
        return [message.view for message in self.posted if isinstance(message, SentenceEditor.Previewed)]


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SentenceEditor, "preview_delay", 0.0)


async def test_what_is_typed_is_previewed_and_kept_with_enter() -> None:
    app = EditorApp()
    async with app.run_test() as pilot:
        app.editor.edit(VIEW)
        await pilot.press("!", "?")
        assert [view.text for view in app.previews] == ["the cat!", "the cat!?"]
        assert {(view.query, view.key, view.head) for view in app.previews} == {(1, 0, 2)}
        await pilot.press("enter")
        submitted = app.posted[-1]
        assert isinstance(submitted, SentenceEditor.Submitted)
        assert (submitted.view.text, submitted.before) == ("the cat!?", VIEW)
        assert not app.editor.is_editing
        assert app.focused is None
        await pilot.press("x", "enter")
        assert app.posted[-1] is submitted


async def test_a_query_at_the_end_stays_there() -> None:
    app = EditorApp()
    async with app.run_test() as pilot:
        app.editor.edit(VIEW, at_end=True)
        await pilot.press("!")
        assert app.previews[0].query == LAST


async def test_giving_up_returns_the_view_from_before() -> None:
    app = EditorApp()
    async with app.run_test() as pilot:
        app.editor.edit(VIEW)
        await pilot.press("!")
        app.editor.cancel()
        await pilot.pause()
        cancelled = app.posted[-1]
        assert isinstance(cancelled, SentenceEditor.Cancelled)
        assert cancelled.before == VIEW
        app.editor.cancel()
        app.editor.submit()
        await pilot.pause()
        assert app.posted[-1] is cancelled


async def test_earlier_sentences_and_text_from_elsewhere() -> None:
    app = EditorApp()
    async with app.run_test() as pilot:
        app.editor.show("shown")
        assert app.editor.text == "shown"
        assert not app.editor.type_early(events.Key("x", "x"))
        app.editor.edit(VIEW, ("one", "two"))
        app.editor.show("not while it is typed")
        assert app.editor.text == VIEW.text
        await pilot.press("up", "up")
        assert app.editor.text == "one"
        assert app.editor.type_early(events.Key("x", "x"))
        assert app.editor.text == "onex"
        app.editor.replace_text("all\r\nnew")
        assert app.editor.text == "all\nnew"
        await pilot.press("tab")
        assert app.editor.is_editing


async def test_a_preview_waits_for_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SentenceEditor, "preview_delay", 3600.0)
    app = EditorApp()
    async with app.run_test() as pilot:
        app.editor.edit(VIEW)
        await pilot.press("!", "enter")
        assert app.previews == []
        assert isinstance(app.posted[-1], SentenceEditor.Submitted)


async def test_a_hidden_editor_is_there_while_it_is_typed_in() -> None:
    app = EditorApp(hidden=True)
    async with app.run_test() as pilot:
        assert not app.editor.display
        app.editor.edit(VIEW)
        assert app.editor.display
        app.editor.submit()
        await pilot.pause()
        assert not app.editor.display


async def test_a_click_asks_to_edit() -> None:
    app = EditorApp()
    async with app.run_test() as pilot:
        await pilot.click(SentenceEditor, offset=(4, 0))
        assert isinstance(app.posted[-1], SentenceEditor.EditRequested)
        assert not app.editor.is_editing
