"""PasteParser: makes sure that pasted text is text. An escape sequence in it presses no key.

Textual 8.2 looks for escape sequences in a bracketed paste as well, and turns those that it does not know into keys: in
a terminal that lets them through, such as tmux, a pasted `\\x1b[31mq` would quit the application.
"""

import sys
from collections.abc import Iterable
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.message import Message

START, END = "\x1b[200~", "\x1b[201~"
"""What a terminal sends before and after a paste."""

SHOWN_ESCAPE = "␛"


class PasteParser(XTermParser):
    """Replaces every escape character within a paste by a visible symbol."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasting = False
        self._held = ""

    def feed(self, data: str) -> Iterable[Message]:
        """Parse input from the terminal; the beginning of an end mark that is cut off is held until the rest comes."""
        return super().feed(self._without_escapes(data) if data else self._held)

    def _without_escapes(self, data: str) -> str:
        data, self._held = self._held + data, ""
        pieces = []
        while data:
            if not self._pasting:
                before, mark, data = data.partition(START)
                pieces += [before, mark]
                self._pasting = bool(mark)
                continue
            pasted, mark, after = data.partition(END)
            if not mark:
                cut = next((n for n in range(len(END) - 1, 0, -1) if pasted.endswith(END[:n])), 0)
                pasted, self._held = pasted[: len(pasted) - cut], pasted[len(pasted) - cut :]
            pieces += [pasted.replace("\x1b", SHOWN_ESCAPE), mark]
            self._pasting, data = not mark, after
        return "".join(pieces)


def install_paste_parser(app: App[Any]) -> None:
    """Make the driver of an application use PasteParser when it starts."""
    driver: Any = sys.modules[app.driver_class.__module__]
    if hasattr(driver, "XTermParser"):
        driver.XTermParser = PasteParser
