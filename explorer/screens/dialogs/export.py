"""The dialog that asks what to write to which file, and asks again before it overwrites one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from explorer.core.export import CSV, FORMATS, Format, default_name, path_of
from explorer.core.formatting import marked
from explorer.screens.dialogs.base import Dialog
from explorer.view import Stage
from explorer.widgets.marked_input import MarkedInput
from explorer.widgets.options import Options
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading

_HELP = "↑↓ what · enter writes · esc closes"
_WIDEST_NAME = 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write to which file; `overwrite` if the person has confirmed that for this file."""

    format: Format
    path: Path
    overwrite: bool = False


class WriteScreen(Dialog[Wanted | None]):
    """Returns what to write to which file, or None. A CSV file holds the matrix of `stage`.

    With `download` the name is only that under which a browser will store it: no file is looked for.
    """

    CSS_PATH = "export.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False),
        Binding("up", "cursor_up", "Up", show=False, priority=True),
        Binding("down", "cursor_down", "Down", show=False, priority=True),
    ]

    def __init__(self, reading: "Reading", stage: Stage, *, download: bool = False) -> None:
        super().__init__()
        self._reading = reading
        self._stage = stage
        self._download = download
        self._format = FORMATS[0]
        self._asked: Path | None = None

    def compose(self) -> ComposeResult:
        """Lay out the formats, the name, and a line for messages."""
        with Vertical() as box:
            box.border_title = "Write"
            box.border_subtitle = _HELP
            kinds = Options(*(Option(_prompt(each, self._stage)) for each in FORMATS), markup=False)
            kinds.can_focus = False
            kinds.highlighted = 0
            yield kinds
            name = MarkedInput(self._default_name(self._format), max_length=_WIDEST_NAME, select_on_focus=False)
            name.border_title = "file"
            name.cursor_blink = False
            yield name
            yield Static(id="message", markup=False)

    def _default_name(self, chosen: Format) -> str:
        return default_name(self._reading, chosen, self._stage)

    def on_mount(self) -> None:
        """Focus the name."""
        self.query_one(MarkedInput).focus()

    def action_cursor_up(self) -> None:
        """Choose the format above."""
        self.query_one(OptionList).action_cursor_up()

    def action_cursor_down(self) -> None:
        """Choose the format below."""
        self.query_one(OptionList).action_cursor_down()

    @on(OptionList.OptionHighlighted)
    def _kind_chosen(self, event: OptionList.OptionHighlighted) -> None:
        before, self._format = self._format, FORMATS[event.option_index]
        if before is self._format:
            return
        name = self.query_one(MarkedInput)
        if name.value == self._default_name(before):
            name.value = self._default_name(self._format)
        elif name.value.endswith(before.suffix):
            name.value = name.value.removesuffix(before.suffix) + self._format.suffix
        name.cursor_position = len(name.value)

    @on(Input.Changed)
    def _name_changed(self) -> None:
        self._asked = None
        self._say("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            path = Path(Path(event.value).name or "file") if self._download else path_of(event.value)
        except ModelError as error:
            self._say(str(error))
            return
        if self._download or not path.exists() or path == self._asked:
            self.dismiss(Wanted(self._format, path, overwrite=path == self._asked))
        else:
            self._asked = path
            self._say("there is such a file: enter again overwrites it")

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.query_one(MarkedInput).focus()

    def _say(self, line: str) -> None:
        self.query_one("#message", Static).update(Text(marked(line), overflow="ellipsis"))


def _prompt(each: Format, stage: Stage) -> Text:
    of = f": {stage.value}" if each is CSV else ""
    return Text.assemble((f"{each.name:<5}", "bold"), each.holds, of, no_wrap=True, overflow="ellipsis")
