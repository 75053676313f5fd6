"""Panels of a lab: a picture other than a matrix, the code that ran, and the question."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.style import Style
from textual import events
from textual.message import Message

from explorer.core.formatting import wrapped
from explorer.labs.drawing import draw_picture
from explorer.labs.registry import ENTRIES
from explorer.widgets.panels.lines import Line, Lines, line

if TYPE_CHECKING:
    from explorer.labs.lab import Picture, Question

_CLAIMS_FROM = 17
"""The least height in lines at which the list has a claim below each title."""


class PicturePanel(Lines, can_focus=True):
    """Curves, bars, histograms, tables and texts."""

    HELP = """# The picture

    Letters tell the curves apart where there are no colours. Page up and page down scroll what is higher than the
    picture.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture | None = None

    def show_picture(self, picture: "Picture") -> None:
        """Draw a picture."""
        if picture is not self._picture:
            self._picture = picture
            self.scroll_to(0, 0, animate=False)
            self.redraw()

    def make_lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the picture as text."""
        if self._picture is None:
            return []
        styles = self._styles()
        return [
            line(*((text, self.base if owner is None else styles[owner % len(styles)]) for text, owner in pieces))
            for pieces in draw_picture(self._picture, width, height)
        ]

    def _styles(self) -> list[Style]:
        """Return a style for each curve; the styles differ in colour, or at least in weight."""
        return [
            *(self.bar_style(0.55), self.style_of("warning"), self.bar_style(1.0)),
            *(self.style_of("current"), self.style_of("faint")),
        ]


class CodePanel(Lines, can_focus=True):
    """The source of the functions that made the numbers."""

    HELP = """# The code

    These functions made the numbers on this page: it is their source, not a copy. `weights`, `masked`, `scaled` and
    `scores` are those that Explore uses too.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sources: tuple[str, ...] = ()
        self._first = 0
        self._starts: list[int] = []

    def show_code(self, sources: tuple[str, ...], first: int) -> None:
        """Show the source of some functions, scrolled to one of them."""
        if sources != self._sources:
            self._sources, self._first = sources, -1
            self.redraw()
        if first != self._first:
            self._first = first
            self.call_after_refresh(self._scroll_to_first)

    def _scroll_to_first(self) -> None:
        if self._first < len(self._starts):
            self.scroll_to(y=self._starts[self._first], animate=False)

    def make_lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the lines of the source: definitions bold, docstrings and comments faint, long lines wrapped."""
        made: list[Line] = []
        self._starts = []
        for source in self._sources:
            if made:
                made.append(line(""))
            self._starts.append(len(made))
            in_docstring = False
            for text in source.split("\n"):
                quotes = text.count('"""')
                faint = in_docstring or quotes > 0
                in_docstring = in_docstring != (quotes == 1)
                made += self._code_lines(text, width, faint)
        return made

    def _code_lines(self, text: str, width: int, faint: bool) -> list[Line]:
        bare = text.lstrip()
        indent = len(text) - len(bare)
        style = self.base
        if faint:
            style = self.style_of("faint")
        elif bare.startswith(("def ", "class ")):
            style = self.style_of("label")
        code, mark, comment = text.partition("  # ")
        if not faint and mark and len(text) <= width:
            return [line((code, style), (mark + comment, self.style_of("faint")))]
        parts = wrapped(bare, max(8, width - indent), max(8, width - indent - 4))
        return [line((" " * (indent + 4 * (i > 0)) + part, style)) for i, part in enumerate(parts)]


class QuestionPanel(Lines, can_focus=True):
    """The question that is asked before the answer is shown."""

    HELP = """# The question

    Guess first: ↑ ↓, a digit or a click choose an answer, enter shows what the numbers say. g turns the questions off.
    """

    class Chosen(Message):
        """Posted when an answer is clicked."""

        def __init__(self, choice: int) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._question: Question | None = None
        self._chosen: int | None = None
        self._first_choice = 0

    def show_question(self, question: "Question", chosen: int | None) -> None:
        """Ask a question; `chosen` is the answer with the pointer."""
        if (question, chosen) != (self._question, self._chosen):
            self._question, self._chosen = question, chosen
            self.redraw()

    def make_lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the question and its numbered answers."""
        if self._question is None:
            return []
        made = [line((text, self.style_of("label"))) for text in wrapped(self._question.text, width, width)]
        made.append(line(""))
        self._first_choice = len(made)
        for number, choice in enumerate(self._question.choices):
            here = number == self._chosen
            text = f"{'▶' if here else ' '} {number + 1}  {choice}"
            made.append(line((text, self.style_of("cursor" if here else "name"))))
        return [*made, line(""), line(("enter or space shows the answer", self.style_of("faint")))]

    def on_click(self, event: events.Click) -> None:
        """Choose the answer that is clicked."""
        offset = event.get_content_offset(self)
        if offset is not None and self._question is not None:
            choice = offset.y + self.scroll_offset.y - self._first_choice
            if 0 <= choice < len(self._question.choices):
                self.post_message(self.Chosen(choice))


class LabList(Lines, can_focus=True):
    """The labs with their claims; a click opens one."""

    HELP = """# The labs

    Each lab tests a claim of the lecture with a few lines of torch, shown as the code that ran. ↑ ↓ choose one, enter
    or its number opens it; p presents all of them, space by space.
    """

    class Chosen(Message):
        """Posted when a lab is clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._at = 0
        self._places: list[int] = []

    def show_entries(self, at: int) -> None:
        """List the labs, with a pointer at one of them."""
        if at != self._at or not self._places:
            self._at = at
            self.redraw()
            self._scroll_into_view()

    def _scroll_into_view(self) -> None:
        if self._at in self._places:
            top = self._places.index(self._at)
            bottom = len(self._places) - self._places[::-1].index(self._at)
            height = max(1, self._height)
            y = self.scroll_offset.y
            if top < y or bottom > y + height:
                self.scroll_to(y=top if top < y else bottom - height, animate=False, force=True)

    def make_lines(self, width: int, height: int) -> Sequence[Line]:
        """Return a title and a claim for each lab, or only the titles if there is no room."""
        made: list[Line] = []
        self._places = []
        for place, entry in enumerate(ENTRIES):
            here = place == self._at
            title = f"{'▶' if here else ' '} {place + 1}  {entry.title}"
            lines = [line((title, self.style_of("cursor" if here else "label")))]
            claim = wrapped(entry.claim, max(8, width - 5), max(8, width - 5))
            if here or height >= _CLAIMS_FROM:
                lines += [line((f"     {text}", self.style_of("name" if here else "faint"))) for text in claim]
            made += lines
            self._places += [place] * len(lines)
        return made

    def on_click(self, event: events.Click) -> None:
        """Open the lab that is clicked."""
        offset = event.get_content_offset(self)
        if offset is not None and (row := offset.y + self.scroll_offset.y) < len(self._places):
            self.post_message(self.Chosen(self._places[row]))
