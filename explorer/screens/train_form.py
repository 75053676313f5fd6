"""The form of a new run: a field for every option of `explorer train`, checked as the command line checks it."""

from collections.abc import Callable
from typing import ClassVar

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
from explorer.training.form import FormField, form_arguments, form_fields
from explorer.training.request import read_request
from explorer.training.run_state import RunState, RunStatus
from explorer.training.session import RunChange
from explorer.widgets.choice import Choice
from explorer.widgets.key_line import KeyLine
from explorer.widgets.too_small import SMALLEST, TooSmall
from model.errors import ModelError

_HINTS = (
    ("enter", "start", "start"),
    ("↓↑", "field", ""),
    ("space", "choose", ""),
    ("esc", "leave", "leave"),
    ("ctrl+q", "quit", "app.quit"),
)
_LONGEST = 4000


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Scrolls with the focus, and leaves the arrow keys to the form."""


class TrainForm(ActionScreen[None]):
    """Starts a run; stays open with everything that was typed until the run has started.

    If the run cannot be started, one line says why. The values are kept while the form is closed.
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

    def __init__(self, next_screen: Callable[[RunState], Screen[None]]) -> None:
        """Fill in a new run; `next_screen` makes the screen that replaces the form once the run has started."""
        super().__init__()
        self._next_screen = next_screen
        self._fields = {field.name: field for field in form_fields()}
        self._started: RunState | None = None

    # Widgets

    def compose(self) -> ComposeResult:
        """Create a line for each option: its name, its field and, if there is room, its help."""
        kept = self._kept_values()
        yield Static("Train · a new run", id="form-title", markup=False)
        with Fields(id="fields"):
            for field in self._fields.values():
                with Horizontal(classes="field"):
                    yield Label(field.caption, classes="caption", id=f"caption-{field.name}", markup=False)
                    yield self._input(field, kept.get(field.name, field.default))
                    yield Label(field.help, classes="help", markup=False)
        yield Static(id="field-help", markup=False)
        yield Static(id="message", markup=False)
        yield KeyLine(())
        yield TooSmall()

    def _input(self, field: FormField, value: str) -> Widget:
        identity = f"field-{field.name}"
        if field.choices:
            return Choice(field.choices, value, id=identity)
        text = NameInput(value, id=identity, max_length=_LONGEST, compact=True, select_on_focus=False)
        text.cursor_blink = False
        return text

    def _kept_values(self) -> dict[str, str]:
        """Return the values of the form when it was left; without the directory if the run has started in it."""
        values, run = self.app.training.form_values, self.app.training.run
        if run is not None and run.description is not None:
            return {name: value for name, value in values.items() if name not in ("out", "resume")}
        return dict(values)

    def on_mount(self) -> None:
        """Follow the run that will be started."""
        self.app.training.changed.subscribe(self, self._run_changed)
        self.query_one(KeyLine).show_hints(_HINTS)
        self._show_message("")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the help of the field that has the focus."""
        field = self._fields.get(str(event.widget.id).removeprefix("field-"))
        if field is not None:
            for caption in self.query(".caption"):
                caption.set_class(caption.id == f"caption-{field.name}", "-focused")
            self.query_one("#field-help", Static).update(Text(field.help, no_wrap=True, overflow="ellipsis"))

    def _show_message(self, line: str) -> None:
        message = self.query_one("#message", Static)
        message.update(Text(marked(" ".join(line.split())), overflow="ellipsis"))

    # Values

    def values(self) -> dict[str, str]:
        """Return the values of all fields."""
        inputs = {name: self.query_one(f"#field-{name}") for name in self._fields}
        return {name: each.value for name, each in inputs.items() if isinstance(each, Input | Choice)}

    def arguments(self) -> list[str]:
        """Return the form as arguments of `explorer train`. Raises ModelError for files that cannot be read."""
        return form_arguments(tuple(self._fields.values()), self.values())

    @on(Input.Changed)
    @on(Choice.Changed)
    def _value_changed(self) -> None:
        if self._started is None:
            self._show_message("")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_start()

    # Actions

    def action_start(self) -> None:
        """Start the run, or say why that is not possible."""
        if self._started is not None:
            return
        self.app.training.form_values = self.values()
        try:
            self._started = self.app.training.start(read_request(self.arguments()))
        except ModelError as error:
            self._show_message(str(error))
        else:
            self._show_message("starting: it reads the text and makes the model")

    def _run_changed(self, change: RunChange) -> None:
        """Open the next screen once the run has started, or say why it has not."""
        run = change.run
        if run is not self._started or self.is_gone:
            return
        if run.status in (RunStatus.FAILED, RunStatus.STOPPED):
            self._started = None
            self.app.training.discard(run)
            self._show_message(run.failure or run.status.value)
        elif run.status is not RunStatus.STARTING and self.is_active:
            self.app.switch_screen(self._next_screen(run))

    def action_leave(self) -> None:
        """Return to Explore; a run that is starting goes on."""
        self.app.training.form_values = self.values()
        self.dismiss()

    def action_page(self, pages: int) -> None:
        """Move the focus by as many fields as are in view."""
        fields = [self.query_one(f"#field-{name}") for name in self._fields]
        place = fields.index(self.focused) if self.focused in fields else 0
        rows = max(1, self.query_one("#fields").size.height - 1)
        fields[max(0, min(len(fields) - 1, place + pages * rows))].focus()
