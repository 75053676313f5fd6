"""Typing a sentence, and every text that means harm."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual import events

from explorer.app import ExplorerApp
from explorer.screens.opening import OpeningScreen
from explorer.view import LAST, LONGEST_TEXT
from explorer.widgets.key_line import KeyLine
from explorer.widgets.sentence import marked
from model.checkpoint import Checkpoint
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.fresh_trace import check_against_fresh_trace
from tests.explorer.helpers import messages, past_first_frame, screen_text, strips

MakeApp = Callable[..., ExplorerApp]

HOSTILE = [
    "[red]no[/red] [@click=app.quit]x[/] [/]",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J",
    "a\tb\nc\r\nd\x0be\x0c\x7f\x00\x85",
    "emoji 👩\u200d👩\u200d👧 🏳️\u200d🌈 ok",
    "שלום עולם مرحبا",
    "\u202eright to left\u202c \u2066x\u2069",
    "e\u0301 \u0301\u0301 a" + "\u0300" * 9,
    "zero\u200bwidth\ufeff\u200d\u2060",
    "漢字 ｆｕｌｌ",
    "lone \ud800 surrogate",
    " ",
    "   two   spaces  ",
]


def paste(app: ExplorerApp, text: str) -> None:
    app.post_message(events.Paste(text))


@pytest.mark.parametrize(("first", "size"), enumerate([(120, 36), (80, 24), (60, 18), (130, 30)]))
async def test_hostile_text_is_only_text(
    first: int, size: tuple[int, int], make_app: MakeApp, ready: Ready, bpe_model: Checkpoint
) -> None:
    app = make_app(text=HOSTILE[first])
    async with app.run_test(size=size) as pilot:
        for text in HOSTILE[first::4]:
            app.look(make_app(text=text).view)
            await ready(pilot)
            assert app.view.text == text
            await pilot.press("n", "m", "right", "e", "left", "x", "enter")
            await ready(pilot)
            assert app.view.text != text
            assert len(app.view.text) == len(text) + 1
            check_against_fresh_trace(app, bpe_model)
            shown = screen_text(app)
            assert not {c for c in shown if ord(c) < 32 or 0x7F <= ord(c) < 0xA0} - {"\n"}
            assert not set("\u202e\u202c\u2066\u2069\ufeff\u200b") & set(shown)
            assert all(sum(p.cell_length for p in strip) == size[0] for strip in strips(app))


@pytest.mark.parametrize("text", HOSTILE)
def test_marks_keep_the_length(text: str) -> None:
    assert len(marked(text)) == len(text)
    assert all(c.isprintable() or ord(c) > 0x7F for c in marked(text))
    assert marked(SENTENCES[0]) == SENTENCES[0]


async def test_typing_is_shown_live_and_enter_keeps_it(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", *"qs1", "space", *"m?")
        await ready(pilot)
        assert app.view.text == SENTENCES[0] + "qs1 m?"
        assert app.view == replace(app.view, query=2, causal=None)
        await pilot.press("enter")
        await pilot.press("m")
        assert app.view.text == SENTENCES[0] + "qs1 m?"
        assert app.view.causal is False


async def test_escape_discards_what_was_typed(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        before = app.view
        await pilot.press("e", "ctrl+u", "a")
        await ready(pilot)
        assert app.view.text == "a"
        assert app.view.query == 0
        await pilot.press("escape")
        await ready(pilot)
        assert app.view == before
        assert app.explore.editor.text == before.text


async def test_what_follows_enter_or_escape_in_one_burst_is_not_typed(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "!")
        for key, character in (("enter", "\r"), ("m", "m"), ("s", "s"), ("e", "e"), ("x", "x"), ("escape", "\x1b")):
            app.post_message(events.Key(key, character))
        paste(app, "the cat")
        await ready(pilot)
        assert app.explore.editor.is_editing
        assert app.explore.editor.text == "the cat"
        assert "esc discard" in screen_text(app)
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.text == "the cat"
        assert app.view.causal is False
        assert app.view.scale == 1.0
        assert app.history.sentences == (SENTENCES[0], f"{SENTENCES[0]}!", "the cat")


async def test_an_empty_sentence_is_refused_and_the_old_one_stays(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        before = app.view
        await pilot.press("e", "ctrl+u")
        await ready(pilot)
        assert messages(app) == []
        await pilot.press("enter")
        await ready(pilot)
        assert messages(app) == ["the sentence is empty: type at least one character"]
        assert app.view == before
        assert app.explore.editor.text == before.text


async def test_a_sentence_longer_than_the_context(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "ctrl+u")
        paste(app, "x" * 60)
        await pilot.press("enter")
        await ready(pilot)
        assert messages(app) == [
            "the sentence has 60 tokens and tiny-bpe reads at most 48 at once: the first 48 are shown"
        ]
        assert app.reading is not None
        assert app.view.text == "x" * 60
        assert app.reading.encoding.text == "x" * 48
        assert app.reading.stages.weights.shape == (48, 48)
        await pilot.press("end", "m")
        assert app.view.query == 47
        assert len(messages(app)) == 1


async def test_characters_that_the_model_does_not_know(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(model="char", text="a big\nçab")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert messages(app) == ["tiny-char does not know ‘i’ U+000A ‘ç’: left out of the tokens"]
        assert app.reading is not None
        assert "".join(app.reading.encoding.tokens) == "a bgab"
        await pilot.press("e", "ctrl+u", *"zzz", "enter")
        await ready(pilot)
        assert messages(app)[1:] == ["no character of the sentence is known to 'tiny-char': type others"]
        assert app.view.text == "a big\nçab"


async def test_all_lines_of_what_is_pasted_are_kept(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "home")
        paste(app, "one\r\ntwo\rthree\n")
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.text == "one\ntwo\nthree\n" + SENTENCES[0]
        assert "one⏎two⏎three⏎Ivan" in screen_text(app)


async def test_a_paste_outside_becomes_the_sentence(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        paste(app, "another\nsentence")
        await pilot.pause()
        assert app.explore.editor.is_editing
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.text == "another\nsentence"


async def test_a_paste_on_the_first_frame_becomes_the_sentence(make_app: MakeApp) -> None:
    app = make_app()
    async with app.run_test() as pilot:
        assert isinstance(app.screen, OpeningScreen)
        paste(app, "the cat")
        await past_first_frame(pilot)
        assert app.explore.editor.is_editing
        assert app.explore.editor.text == "the cat"


async def test_a_click_on_the_footer_keeps_the_sentence(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("e", "!")
        app.set_focus(None)
        await pilot.click(KeyLine, offset=(1, 0))
        await ready(pilot)
        assert not app.explore.editor.is_editing
        assert app.view.text == SENTENCES[0] + "!"


async def test_a_giant_text_or_paste_is_cut_with_a_warning(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text="x" * (LONGEST_TEXT + 7))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.view.text == "x" * LONGEST_TEXT
        assert f"a sentence has at most {LONGEST_TEXT:,} characters: the last 7 are left out" in messages(app)
        app.clear_notifications()
        paste(app, "y" * (LONGEST_TEXT + 5))
        await pilot.pause()
        assert messages(app) == [f"a sentence has at most {LONGEST_TEXT:,} characters: the last 5 pasted are left out"]
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.text == "y" * LONGEST_TEXT
        assert app.reading is not None
        assert app.reading.left_out == LONGEST_TEXT - 48


async def test_a_click_on_the_sentence_edits_it(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.click("#sentence", offset=(5, 0))
        await pilot.pause()
        assert app.explore.editor.is_editing
        await pilot.click("#sentence", offset=(4, 0))
        await pilot.press(*"!!", "enter")
        await ready(pilot)
        assert app.view.text == "Ivan!!" + SENTENCES[0][4:]


async def test_keys_typed_right_after_the_edit_key_are_not_lost(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for key in ("e", "space", *"qm", "upper_a", "backspace", "enter"):
            character = {"space": " ", "upper_a": "A"}.get(key, key if len(key) == 1 else None)
            app.post_message(events.Key(key, character))  # all before the first of them is looked at
        await pilot.pause()
        await ready(pilot)
        assert app.view.text == SENTENCES[0] + " qm"
        assert not app.explore.editor.is_editing


@pytest.mark.parametrize("query", [LAST, 2, 7])
async def test_the_query_stays_where_it_was_while_a_sentence_is_typed_anew(
    make_app: MakeApp, ready: Ready, query: int
) -> None:
    """A text grows from nothing: the cursor is not left at its start. At the end, it goes along.

    The key is that with the largest weight, as in every text that is opened; escape returns to the one before.
    """

    def strongest() -> int:
        assert app.reading is not None
        return int(app.reading.row.weights[0].argmax())

    app = make_app(query=query, key=1, text="the cat saw the dog and the dog saw the cat")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        head = app.view.layer, app.view.head
        await pilot.press("e", "ctrl+u", *"the cat saw a")
        await ready(pilot)
        assert app.reading is not None
        assert (app.view.query, app.view.key) == (len(app.reading.encoding) - 1 if query != 2 else 2, strongest())
        assert (app.view.layer, app.view.head) == head
        await pilot.press("enter")
        await ready(pilot)
        assert app.view.key == strongest()
        await pilot.press("up" if app.view.key else "down")
        before = app.view
        await pilot.press("e", "ctrl+u", "t", "escape")
        await ready(pilot)
        assert app.view == before
        assert app.view.query == (2 if query == 2 else len(app.reading.encoding) - 1)
