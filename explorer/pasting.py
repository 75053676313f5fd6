"""What is pasted is text: an escape sequence in it presses no key.

Textual 8.2 looks for escape sequences in a bracketed paste as well, and what it does not know of them becomes keys: in
a terminal that lets them through, such as tmux, a pasted `\\x1b[31mq` would leave the application.
"""

import sys
from collections.abc import Iterable
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.message import Message

START, END = "\x1b[200~", "\x1b[201~"
"""What a terminal sends before and after what is pasted."""

SHOWN_ESCAPE = "␛"


class PasteParser(XTermParser):
    """Takes an escape within a paste as a character to be shown, unless it begins the end of the paste."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._held = ""

    def feed(self, data: str) -> Iterable[Message]:
        """Parse what the terminal sent; the beginning of an end that is cut off waits for the rest."""
        return super().feed(self._defused(data) if data else self._held)

    def _defused(self, data: str) -> str:
        data, self._held = self._held + data, ""
        made = []
        while data:
            if not self._pasting:
                before, mark, data = data.partition(START)
                made += [before, mark]
                self._pasting = bool(mark)
                continue
            pasted, mark, after = data.partition(END)
            if not mark:
                cut = next((n for n in range(len(END) - 1, 0, -1) if pasted.endswith(END[:n])), 0)
                pasted, self._held = pasted[: len(pasted) - cut], pasted[len(pasted) - cut :]
            made += [pasted.replace("\x1b", SHOWN_ESCAPE), mark]
            self._pasting, data = not mark, after
        return "".join(made)


def take_pastes_as_text(app: App[Any]) -> None:
    """Let the driver of an application, which makes its parser when it starts, take this one."""
    driver: Any = sys.modules[app.driver_class.__module__]
    if hasattr(driver, "XTermParser"):
        driver.XTermParser = PasteParser
