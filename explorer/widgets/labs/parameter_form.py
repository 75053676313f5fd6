"""ParameterForm: the parameters of a lab as fields, each with its description or an error beside it."""

from typing import TYPE_CHECKING

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from explorer.labs.lab import ParameterError

if TYPE_CHECKING:
    from explorer.labs.lab import Lab, Values

_MOST = 8
"""The number of fields; a lab uses as many as it has parameters."""
_LONGEST = 400


class ParameterForm(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Enter checks all fields and posts `Submitted`; a value that is wrong is explained beside its field."""

    BINDINGS = [  # noqa: RUF012
        Binding("down", "app.focus_next", "Next field", show=False),
        Binding("up", "app.focus_previous", "Previous field", show=False),
    ]
    DEFAULT_CSS = """
    ParameterForm {
        height: 1fr;
        scrollbar-size: 1 1;
        & .field { height: auto; }
        & .name { width: 12; }
        & Input { width: 24; background: $surface; }
        & Input:focus { background: $primary 30%; }
        & .beside { width: 1fr; height: auto; margin-left: 1; color: $text-muted; }
        & .field.-wrong .beside { color: $text-warning; text-style: bold; }
    }
    """

    class Submitted(Message):
        """Posted when all fields hold values that the lab accepts."""

        def __init__(self, lab: "Lab", values: "Values") -> None:
            super().__init__()
            self.lab = lab
            self.values = values

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lab: Lab | None = None
        self._before: Values | None = None

    def compose(self) -> ComposeResult:
        """Create the fields, which are filled in when a lab is edited."""
        for place in range(_MOST):
            with Horizontal(classes="field", id=f"lab-field-{place}"):
                yield Static(classes="name", markup=False)
                # No control characters, which a paste might bring as part of an escape sequence.
                printable = r"[^\x00-\x1f\x7f-\x9f]*"
                field = Input(compact=True, select_on_focus=False, max_length=_LONGEST, restrict=printable)
                field.cursor_blink = False
                yield field
                yield Static(classes="beside", markup=False)

    def edit(self, lab: "Lab", values: "Values", wrong: ParameterError | None = None) -> None:
        """Show the values of a lab; `wrong` is explained beside its field."""
        self._lab, self._before = lab, values
        for place, row in enumerate(self.query(".field").results(Horizontal)):
            row.display = place < len(lab.parameters)
            if row.display:
                parameter = lab.parameters[place]
                row.query_one(".name", Static).update(parameter.name)
                row.query_one(Input).value = parameter.format(values.by_name[parameter.name])
        self._explain(wrong)
        fields = list(self.query(Input))
        names = [parameter.name for parameter in lab.parameters]
        place = names.index(wrong.parameter) if wrong is not None and wrong.parameter in names else 0
        fields[place].focus()

    def _explain(self, wrong: ParameterError | None) -> None:
        """Describe each field beside it, or show the error of one."""
        assert self._lab is not None
        rows = list(self.query(".field").results(Horizontal))
        for row, parameter in zip(rows, self._lab.parameters, strict=False):
            is_wrong = wrong is not None and wrong.parameter == parameter.name
            row.set_class(is_wrong, "-wrong")
            text = f"! {wrong.message}" if wrong is not None and is_wrong else parameter.help
            row.query_one(".beside", Static).update(Text(text))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit()

    def submit(self) -> None:
        """Check every field; the first that is wrong is explained and keeps the focus."""
        if self._lab is None or self._before is None:
            return
        values = self._before
        for field, parameter in zip(self.query(Input), self._lab.parameters, strict=False):
            try:
                values = values.with_value(parameter.name, parameter.parse(field.value))
            except ParameterError as error:
                self._explain(error)
                field.focus()
                return
        self.post_message(self.Submitted(self._lab, values))

    def on_key(self, event: events.Key) -> None:
        """Keep the keys of the screen from acting while text is typed."""
        if event.is_printable:
            event.stop()
