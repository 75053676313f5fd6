"""The form of a new run: a preset, the most important fields, and every other option of `explorer train` in folds.

What is wrong with a value is said below its field as it is typed, in the words of the form.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.markup import escape
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Collapsible, Input, Label, Static

from explorer.core.formatting import marked
from explorer.screens.base import ActionScreen
from explorer.training.form import MAIN, FormField, form_arguments, form_fields, form_problems
from explorer.training.presets import OWN, PRESETS, Preset
from explorer.training.request import read_request
from explorer.training.run_state import RunState, RunStatus
from explorer.training.session import RunChange
from explorer.widgets.choice import Choice
from explorer.widgets.key_line import KeyLine
from explorer.widgets.marked_input import MarkedInput
from explorer.widgets.too_small import SMALLEST, TooSmall
from model.errors import ModelError

_HINTS = (
    ("enter", "start", "start"),
    ("↓↑", "field", ""),
    ("space", "choose", ""),
    ("esc", "leave", "leave"),
    ("ctrl+q", "quit", "app.quit"),
)
_FOLD_HINTS = (
    ("enter", "open or close", ""),
    ("ctrl+s", "start", "start"),
    ("↓↑", "field", ""),
    ("esc", "leave", "leave"),
    ("ctrl+q", "quit", "app.quit"),
)
_LONGEST = 4000
_PRESET = "preset"
_OF_THE_RUN = ("files", "out", "resume")
"""What a preset leaves as it is."""


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Scrolls with the focus, and leaves the arrow keys to the form."""


class TrainForm(ActionScreen[None]):
    """Starts a run; stays open with everything that was typed until the run has started.

    If the run cannot be started, one line says why. The values are kept while the form is closed.
    """

    SCREEN = "train form"
    CSS_PATH = "train_form.tcss"
    AUTO_FOCUS = f"#{_PRESET}"
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
        self._inputs: dict[str, Input | Choice] = {}
        self._groups = tuple(dict.fromkeys(field.group for field in self._fields.values()))
        self._started: RunState | None = None
        self.problems: dict[str, str] = {}
        """What is wrong with the values: names of fields, each with the reason."""

    # Widgets

    def compose(self) -> ComposeResult:
        """Create the preset, then a line for each option: its name, its field and, if there is room, its help."""
        kept = self._kept_values()
        values = {**self._values_of(PRESETS[0]), **kept}
        yield Static("Train · a new run", id="form-title", markup=False)
        with Fields(id="fields"):
            with Horizontal(classes="field"):
                yield Label(_PRESET, classes="caption", id=f"caption-{_PRESET}")
                yield Choice([preset.name for preset in PRESETS], kept.get(_PRESET, PRESETS[0].name), id=_PRESET)
            yield Static(id="explanation", markup=False)
            for group in self._groups:
                widgets = [each for field in self._of_group(group) for each in self._line(field, values[field.name])]
                if group == MAIN:
                    yield from widgets
                else:
                    yield Collapsible(*widgets, id=f"group-{group}")
        yield Static(id="field-help", markup=False)
        yield Static(id="message", markup=False)
        yield KeyLine(())
        yield TooSmall()

    def _of_group(self, group: str) -> list[FormField]:
        return [field for field in self._fields.values() if field.group == group]

    def _line(self, field: FormField, value: str) -> tuple[Widget, Widget]:
        """Create the line of a field, and that below it for what is wrong."""
        self._inputs[field.name] = self._input(field, value)
        line = Horizontal(
            Label(field.caption, classes="caption", id=f"caption-{field.name}", markup=False),
            self._inputs[field.name],
            Label(field.help, classes="help", markup=False),
            classes="field",
        )
        return line, Static(classes="problem", id=f"problem-{field.name}", markup=False)

    def _input(self, field: FormField, value: str) -> Input | Choice:
        identity = f"field-{field.name}"
        if field.choices:
            return Choice(field.choices, value, id=identity)
        text = MarkedInput(value, id=identity, max_length=_LONGEST, compact=True, select_on_focus=False)
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
        self._show_values()

    def on_descendant_focus(self) -> None:
        """Show the help of the field that has the focus, and its keys."""
        if (focused := self.focused) is None:  # not that of the event: in a burst of keys it may have moved on
            return
        name = str(focused.id).removeprefix("field-")
        for caption in self.query(".caption"):
            caption.set_class(caption.id == f"caption-{name}", "-focused")
        field = self._fields.get(name)
        explanation = field.help if field is not None else ""
        self.query_one("#field-help", Static).update(Text(explanation))
        is_fold = isinstance(focused.parent, Collapsible)
        self.query_one(KeyLine).show_hints(_FOLD_HINTS if is_fold else _HINTS)

    def _show_message(self, line: str) -> None:
        message = self.query_one("#message", Static)
        message.update(Text(marked(" ".join(line.split())), overflow="ellipsis"))

    def _show_values(self) -> None:
        """Say what the preset is for, what the folds hold, and what is wrong."""
        values, preset = self.values(), self.preset
        self.query_one("#explanation", Static).update(Text(preset.explanation))
        fields = tuple(self._fields.values())
        before, self.problems = self.problems, form_problems(fields, values, needs_file=preset.needs_file)
        for name in {*before, *self.problems}:
            reason = self.problems.get(name, "")
            if reason != before.get(name, ""):
                line = self.query_one(f"#problem-{name}", Static)
                line.update(Text(f"✗ {marked(reason)}"))
                line.display = bool(reason)
        for group in self._groups:
            if group != MAIN:
                self._show_fold(group, values)

    def _show_fold(self, group: str, values: Mapping[str, str]) -> None:
        """Show in the title of a fold what is wrong in it and what is not as `explorer train` has it by default."""
        fields = self._of_group(group)
        wrong = [f"✗ {field.caption}" for field in fields if field.name in self.problems]
        changed = [
            f"{field.caption} {marked(values[field.name])}" for field in fields if values[field.name] != field.default
        ]
        title = f"[bold]{group}[/]  [$text-error bold]{', '.join(wrong)}[/]{'  ' if wrong else ''}"
        title += f"[dim]{escape(', '.join(changed) or 'defaults')}[/]"
        self.query_one(f"#group-{group}", Collapsible).title = title

    # Values

    @property
    def preset(self) -> Preset:
        """The chosen preset."""
        name = self.query_one(f"#{_PRESET}", Choice).value
        return next(preset for preset in PRESETS if preset.name == name)

    def _values_of(self, preset: Preset) -> dict[str, str]:
        return {name: preset.values.get(name, field.default) for name, field in self._fields.items()}

    def values(self) -> dict[str, str]:
        """Return the values of all fields."""
        return {name: each.value for name, each in self._inputs.items()}

    def arguments(self) -> list[str]:
        """Return the form as arguments of `explorer train`. Raises ModelError for files that cannot be read."""
        return form_arguments(tuple(self._fields.values()), self.values())

    def _keep_values(self) -> None:
        self.app.training.form_values = {**self.values(), _PRESET: self.preset.name}

    @on(Input.Changed)
    @on(Choice.Changed)
    def _value_changed(self, event: Input.Changed | Choice.Changed) -> None:
        if self._started is None:
            self._show_message("")
        if event.control.id == "field-resume" and event.control.value == "yes":
            self.query_one(f"#{_PRESET}", Choice).value = OWN.name  # a run has its own values
        if event.control.id == _PRESET:
            self._fill_in(self._values_of(self.preset))
        self._show_values()

    def _fill_in(self, values: Mapping[str, str]) -> None:
        """Fill in the values of a preset."""
        with self.prevent(Input.Changed, Choice.Changed):
            for name, each in self._inputs.items():
                if name not in _OF_THE_RUN:
                    each.value = values[name]

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_start()

    # Actions

    def action_start(self) -> None:
        """Start the run, or go to the first field with something wrong."""
        if self._started is not None:
            return
        self._keep_values()
        self._show_values()
        if self.problems:
            self._go_to(next(field for field in self._fields.values() if field.name in self.problems))
            return
        try:
            self._started = self.app.training.start(read_request(self.arguments()))
        except ModelError as error:
            self._show_message(str(error))
        else:
            self._show_message("starting: it reads the text and makes the model")

    def _go_to(self, field: FormField) -> None:
        """Focus a field, and open the fold in which it is."""
        if field.group != MAIN:
            self.query_one(f"#group-{field.group}", Collapsible).collapsed = False
        self.call_after_refresh(self._inputs[field.name].focus)

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
        self._keep_values()
        self.dismiss()

    def action_page(self, pages: int) -> None:
        """Move the focus by as many fields as are in view."""
        chain = self.focus_chain
        place = chain.index(self.focused) if self.focused in chain else 0
        rows = max(1, self.query_one("#fields").size.height - 1)
        chain[max(0, min(len(chain) - 1, place + pages * rows))].focus()
