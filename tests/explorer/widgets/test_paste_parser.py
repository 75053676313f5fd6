"""Nothing in a paste presses a key, however the terminal cuts it into pieces."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from explorer.app import ExplorerApp
from explorer.widgets.paste_parser import END, START, PasteParser, install_paste_parser

EVIL = "evil \x1b[31mred\x1b]0;title\x07 q \x1b[A \x1b\x1b[20 \x1b[201 שלום 👩‍👩‍👧 end\nline two"


def parsed(pieces: Sequence[str], parser: XTermParser | None = None) -> list[Message]:
    parser = parser or PasteParser()
    return [event for piece in pieces for event in parser.feed(piece)]


def told(found: Sequence[Message]) -> list[tuple[type[Message], str]]:
    return [
        (type(event), event.text if isinstance(event, events.Paste) else event.key)
        for event in found
        if isinstance(event, events.Paste | events.Key)
    ]


def test_textual_alone_presses_keys() -> None:
    """When this fails, Textual has mended it and ours is not needed any more."""
    assert any(isinstance(event, events.Key) for event in parsed([START, EVIL, END], XTermParser(False)))


def test_a_paste_is_one_text_and_keys_before_and_after_it_are_keys() -> None:
    found = told(parsed([f"a{START}{EVIL}{END}b\x1b[A"]))
    shown = EVIL.replace("\x1b", "␛")
    assert found == [(events.Key, "a"), (events.Paste, shown), (events.Key, "b"), (events.Key, "up")]


@given(st.text("ab\x1b[201~ \n", max_size=40), st.lists(st.integers(0, 60), max_size=6))
def test_whatever_is_pasted_in_whatever_pieces(text: str, cuts: list[int]) -> None:
    text = text.replace(END, "")
    sent = f"{START}{text}{END}{START}x{END}"
    places = sorted({0, len(sent), *(cut for cut in cuts if len(START) <= cut < len(sent) - 2 * len(END))})
    pieces = [sent[a:b] for a, b in pairwise(places)]
    found = told(parsed(pieces))
    assert found == [(events.Paste, text.replace("\x1b", "␛")), (events.Paste, "x")]


def test_the_driver_takes_it(make_app: Callable[..., ExplorerApp], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_driver, "XTermParser", XTermParser)  # put back afterwards
    app = make_app()
    app.driver_class = linux_driver.LinuxDriver
    install_paste_parser(app)
    assert linux_driver.XTermParser is PasteParser
