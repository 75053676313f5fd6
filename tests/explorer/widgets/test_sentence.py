"""The sentence editor alone: it proposes views, and leaves it to its screen to show them."""

from dataclasses import replace
from typing import ClassVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message

from explorer.view import LAST, View
from explorer.widgets.sentence import SentenceEditor

VIEW = View("m", "the cat", query=1, key=0, head=2)


class EditorApp(App[None]):
    """Collects what the editor posts, and looks at what it proposes unless that is `refused`."""

    BINDINGS: ClassVar[list[BindingType]] = [("m", "mask"), ("e", "edit")]

    def __init__(self, *, hidden: bool = False) -> None:
        super().__init__()
        self.hidden = hidden
        self.posted: list[Message] = []
        self.looked: list[tuple[View, bool]] = []
        self.refused = ""
        self.masked_at: list[View] = []

    def compose(self) -> ComposeResult:
        yield SentenceEditor(VIEW.text, self.look, hidden=self.hidden)

    def look(self, view: View, *, quiet: bool = False) -> View:
        self.looked.append((view, quiet))
        return VIEW if view.text == self.refused else view

    def action_mask(self) -> None:
        self.masked_at.append(self.looked[-1][0])

    def action_edit(self) -> None:
        self.editor.edit(VIEW)

    def on_key(self, event: events.Key) -> None:
        self.editor.type_early(event)

    def on_paste(self, event: events.Paste) -> None:
        self.editor.edit(VIEW, pasted=event.text)

    @property
    def editor(self) -> SentenceEditor:
        return self.query_one(SentenceEditor)

    def on_sentence_editor_ended(self, message: SentenceEditor.Ended) -> None:
        self.posted.append(message)

    def on_sentence_editor_edit_requested(self, message: SentenceEditor.EditRequested) -> None:
        self.posted.append(message)

    @property
    def previews(self) -> list[View]:
        return [view for view, quiet in self.looked if quiet]

    @property
    def ended(self) -> list[tuple[str, str]]:
        return [(message.text, message.before) for message in self.posted if isinstance(message, SentenceEditor.Ended)]

    def send(self, *typed: str) -> None:
        """Keys, and pastes in angle brackets, in one burst: all are queued before the first is looked at."""
        for key in typed:
            if key.startswith("<"):
                self.post_message(events.Paste(key.strip("<>")))
            else:
                self.post_message(events.Key(key, {"enter": "\r", "escape": "\x1b"}.get(key, key)))


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
        assert app.looked[-1] == (replace(VIEW, text="the cat!?"), False)
        assert app.ended == [("the cat!?", "the cat")]
        assert not app.editor.is_editing
        assert app.focused is None
        await pilot.press("x", "enter")
        assert len(app.ended) == 1


async def test_what_cannot_be_shown_is_not_kept() -> None:
    app = EditorApp()
    app.refused = "the cat!"
    async with app.run_test() as pilot:
        app.editor.edit(VIEW)
        await pilot.press("!", "enter")
        assert app.looked[-2:] == [(replace(VIEW, text="the cat!"), False), (VIEW, True)]
        assert app.ended == [("the cat", "the cat")]


@pytest.mark.parametrize("is_early", [False, True], ids=["focused", "early"])
async def test_what_follows_the_end_in_one_burst_is_not_typed(is_early: bool) -> None:
    """The keys arrive before the input has the focus, or after it."""
    app = EditorApp()
    async with app.run_test() as pilot:
        if not is_early:
            app.action_edit()
            await pilot.pause()
        begin = ["e"] if is_early else []
        app.send(*begin, "!", "enter", "m", "e", "?", "escape", "m")
        await pilot.pause()
        assert app.ended == [("the cat!", "the cat"), ("the cat", "the cat")]
        assert [view.text for view in app.masked_at] == ["the cat!", "the cat"]
        assert not app.editor.is_editing
        assert app.focused is None
        app.send("e", "escape", "e", "escape", "m")
        await pilot.pause()
        assert app.focused is None
        assert len(app.masked_at) == 3


async def test_a_paste_right_after_escape_begins_a_new_sentence() -> None:
    app = EditorApp()
    async with app.run_test() as pilot:
        app.action_edit()
        await pilot.pause()
        app.send("escape", "<a dog>")
        await pilot.pause()
        assert app.editor.is_editing
        assert app.editor.text == "a dog"
        await pilot.press("!", "enter")
        assert app.ended[-1] == ("a dog!", "the cat")


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
        assert app.looked[-1] == (VIEW, False)
        app.editor.cancel()
        app.editor.submit()
        await pilot.pause()
        assert app.ended == [("the cat", "the cat")]


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
        app.editor.edit(VIEW, pasted="all\r\nnew")
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
        assert app.ended == [("the cat!", "the cat")]


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
