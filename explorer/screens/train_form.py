"""The form of a new run: every option of `explorer train`, checked by the command's and the trainer's own checks."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from explorer.core.formatting import marked
from explorer.screens.base import ActionScreen
from explorer.screens.dialogs.export import NameInput
from explorer.training.options import PARAMETERS
from explorer.training.request import default_threads, read_request
from explorer.training.run_state import RunState, RunStatus
from explorer.training.session import RunChange
from explorer.widgets.choice import Choice
from explorer.widgets.key_line import KeyLine
from explorer.widgets.too_small import SMALLEST, TooSmall
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

_HINTS = (
    ("enter", "start", "start"),
    ("↓↑", "field", ""),
    ("space", "choose", ""),
    ("esc", "leave", "leave"),
    ("ctrl+q", "quit", "app.quit"),
)
_FIRST = ("files", "out", "resume")
_LONGEST = 4000
_NO_YES = ("no", "yes")


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The fields, which scroll with the focus: arrows are left to the form."""


class TrainForm(ActionScreen[None]):
    """Nothing typed is lost: what is wrong is said in one line, and the form stays until the run has started.

    Left and opened again it is as it was.
    """

    SCREEN = "train form"
    CSS_PATH = "train_form.tcss"
    AUTO_FOCUS = "#field-files"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (100, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-low")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", show=False, priority=True),
        Binding("enter", "start", "Start", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("escape,f3", "leave", "Leave", show=False),
        Binding("down", "app.focus_next", "Next field", show=False),
        Binding("up", "app.focus_previous", "Previous field", show=False),
    ]

    app: "ExplorerApp"

    def __init__(self, next_screen: Callable[[RunState], Screen[None]]) -> None:
        """Fill in a new run; `next_screen` makes the screen that takes the place of the form once it has started."""
        super().__init__()
        self._next_screen = next_screen
        self._parameters = {str(parameter.name): parameter for parameter in _parameters()}
        self._defaults = {name: _default(name, parameter) for name, parameter in self._parameters.items()}
        self._started: RunState | None = None

    def compose(self) -> ComposeResult:
        """A line for each option: its name, its field, and what it is where there is room."""
        first = {**self._defaults, **_kept(self.app)}
        yield Static("Train · a new run", id="form-title", markup=False)
        with Fields(id="fields"):
            for name, parameter in self._parameters.items():
                with Horizontal(classes="field"):
                    yield Label(_caption(parameter), classes="caption", id=f"caption-{name}", markup=False)
                    yield self._field(name, parameter, first[name])
                    yield Label(_explanation(parameter), classes="what", markup=False)
        yield Static(id="explained", markup=False)
        yield Static(id="said", markup=False)
        yield KeyLine(())
        yield TooSmall()

    def _field(self, name: str, parameter: click.Parameter, value: str) -> Widget:
        identity = f"field-{name}"
        if values := _values(parameter):
            return Choice(values, value, id=identity)
        field = NameInput(value, id=identity, max_length=_LONGEST, compact=True, select_on_focus=False)
        field.cursor_blink = False
        return field

    def on_mount(self) -> None:
        """The keys are the same all the time."""
        self.app.training.changed.subscribe(self, self._run_changed)
        self.query_one(KeyLine).show_hints(_HINTS)
        self._say("")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain the field."""
        name = str(event.widget.id).removeprefix("field-")
        if name in self._parameters:
            for caption in self.query(".caption"):
                caption.set_class(caption.id == f"caption-{name}", "-here")
            what = _explanation(self._parameters[name])
            self.query_one("#explained", Static).update(Text(what, no_wrap=True, overflow="ellipsis"))

    # What is filled in

    def arguments(self) -> list[str]:
        """The fields as they are typed after `explorer train`; those as they were are left out.

        Raises ModelError for a list of files that cannot be read.
        """
        options: list[str] = []
        files: list[str] = []
        for name, value in self.values().items():
            parameter = self._parameters[name]
            if name == "files":
                files = _files(value)
            elif name != "out" and value == self._defaults[name]:
                continue
            elif _is_flag(parameter):
                options += (parameter.opts if value == "yes" else parameter.secondary_opts)[:1]
            else:
                options += [parameter.opts[0], _read(name, value)]
        return [*options, *(["--", *files] if files else [])]

    def values(self) -> dict[str, str]:
        """What stands in the fields now."""
        fields = {name: self.query_one(f"#field-{name}") for name in self._parameters}
        return {name: field.value for name, field in fields.items() if isinstance(field, Input | Choice)}

    def action_start(self) -> None:
        """Start the run, if it can be."""
        if self._started is not None:
            return
        self.app.training.form_values = self.values()
        if not self.query_one("#field-out", Input).value.strip():
            self._say("out: name a directory for the run")
            return
        try:
            self._started = self.app.training.start(read_request(self.arguments()))
        except ModelError as error:
            self._say(str(error))
        else:
            self._say("starting: it reads the text and makes the model")

    def _run_changed(self, change: RunChange) -> None:
        """Go on to the run once it has started, or say why it has not."""
        run = change.run
        if run is not self._started or self.is_gone:
            return
        if run.status in (RunStatus.FAILED, RunStatus.STOPPED):
            self._started = None
            self.app.training.discard(run)
            self._say(run.failure or run.status.value)
        elif run.status is not RunStatus.STARTING and self.is_active:
            self.app.switch_screen(self._next_screen(run))

    def action_leave(self) -> None:
        """Back to Explore; a run that is starting goes on."""
        self.app.training.form_values = self.values()
        self.dismiss()

    def action_page(self, pages: int) -> None:
        """Move the focus as many fields as are in view."""
        fields = [self.query_one(f"#field-{name}") for name in self._parameters]
        place = fields.index(self.focused) if self.focused in fields else 0
        rows = max(1, self.query_one("#fields").size.height - 1)
        fields[max(0, min(len(fields) - 1, place + pages * rows))].focus()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_start()

    @on(Input.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        if self._started is None:
            self._say("")

    def _say(self, line: str) -> None:
        said = self.query_one("#said", Static)
        said.update(Text(marked(" ".join(line.split())), overflow="ellipsis"))


def _parameters() -> Iterator[click.Parameter]:
    """The options of the command that a run has, the most important first."""
    known = {str(parameter.name): parameter for parameter in PARAMETERS}
    yield from (known[name] for name in _FIRST)
    yield from (parameter for name, parameter in known.items() if name not in _FIRST)


def _caption(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return "files"
    return parameter.opts[0].removeprefix("--")


def _is_flag(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and parameter.is_flag


def _explanation(parameter: click.Parameter) -> str:
    """What the command line's help says, and the choices there are."""
    if isinstance(parameter, click.Argument):
        return "Text files, UTF-8, names with spaces in quotes; none is the built-in corpus."
    if parameter.name == "threads":
        return f"Processor threads; by default {default_threads()}, which leaves one to the application."
    words = (parameter.help or "") if isinstance(parameter, click.Option) else ""
    return " ".join(words.split())


def _values(parameter: click.Parameter) -> tuple[str, ...]:
    """The values of a parameter that has only a few."""
    if isinstance(parameter.type, click.Choice):
        return tuple(map(str, parameter.type.choices))
    return _NO_YES if _is_flag(parameter) else ()


def _default(name: str, parameter: click.Parameter) -> str:
    """What stands in a field at first."""
    if name == "out":
        return _free_directory()
    if name in ("files", "prompt"):
        return "\\n" if name == "prompt" else ""
    default = parameter.default
    if _is_flag(parameter):
        return _NO_YES[default is True]
    return str(default) if isinstance(default, str | int | float) else ""


def _kept(app: "ExplorerApp") -> dict[str, str]:
    """What stood in the form when it was left; not the directory of a run that has begun in it."""
    kept = dict(app.training.form_values)
    run = app.training.run
    if run is not None and run.description is not None:
        kept = {name: value for name, value in kept.items() if name not in ("out", "resume")}
    return kept


def _free_directory() -> str:
    """The first of run-1, run-2 and so on that is not there yet."""
    number = 1
    while Path(f"run-{number}").exists():
        number += 1
    return f"run-{number}"


def _files(text: str) -> list[str]:
    if Path(text.strip()).is_file():  # one name with spaces
        return [text.strip()]
    try:
        return [str(Path(name).expanduser()) for name in shlex.split(text)]
    except (ValueError, RuntimeError) as error:  # RuntimeError: no such home
        raise ModelError(f"files: {error}") from error


def _read(name: str, value: str) -> str:
    """What is typed in a field, as the command line has it. Raises ModelError for a home that nobody has."""
    if name == "out":
        try:
            return str(Path(value.strip()).expanduser())
        except RuntimeError as error:
            raise ModelError(f"out: {error}") from error
    return value.replace("\\n", "\n") if name == "prompt" else value
