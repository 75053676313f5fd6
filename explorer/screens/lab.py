"""The Lab screen: one screen that draws any lab, from the list to its last step."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static
from textual.worker import Worker, get_current_worker

from explorer.actions import LAB, footer
from explorer.core.catalog import without_step
from explorer.core.formatting import fixed, one_line, visible
from explorer.core.throttle import Throttle
from explorer.labs.lab import Lab, MatrixPicture, ParameterError, Picture, Progress, Result, Step, Values
from explorer.labs.navigation import Key, Navigation, key_of
from explorer.labs.registry import ENTRIES, load
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.dialogs.help import Part, help_for
from explorer.widgets.key_line import Hints, KeyLine
from explorer.widgets.labs.panels import CodePanel, LabList, PicturePanel, QuestionPanel
from explorer.widgets.labs.parameter_form import ParameterForm
from explorer.widgets.labs.picture_matrix import PictureMatrix
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.panels.lines import Drawn
from explorer.widgets.too_small import SMALLEST, TooSmall

if TYPE_CHECKING:
    from explorer.labs.lab import OpenModel, Parameter

SLOTS = 4
"""The most pictures of a step."""
SIDE_BY_SIDE = (110, 30)
"""Columns and rows from which all pictures of a step are shown at once, with the code below them."""

_CELL = 6
"""The approximate width in cells of a number and the space before it."""
_FRAME = 6
"""The width in cells of the frame of a matrix."""
_PANEL = 40
"""The width of a picture without a matrix, in proportion to the cells that a matrix beside it takes."""
_KEPT = 24
"""The most results that are kept, so that returning to a lab does not train it again."""
_EDITING = ("back", "quit", "palette")
_IN_THE_LIST = ("forward", "answer", "column_previous", "column_next", "guide", "present", "back")
_EDITING_HINTS: Hints = (("enter", "run", ""), ("↓↑", "field", ""), ("esc", "leave", "back"))


class LabSession:
    """What outlives the screen: the place in the labs, the values of each lab, and the results."""

    def __init__(self) -> None:
        self.navigation = Navigation()
        self.list_at = 0
        self.values: dict[str, Values] = {}
        self.parameters: dict[str, int] = {}
        self.results: dict[Key, Result] = {}

    def keep(self, key: Key, result: Result) -> None:
        """Keep a result, and drop the oldest if there are too many."""
        self.results[key] = result
        while len(self.results) > _KEPT:
            self.results.pop(next(iter(self.results)))


class LabProgress(WorkerMessage):
    """Posted when a lab has made progress."""

    def __init__(self, key: Key, progress: Progress) -> None:
        super().__init__()
        self.key = key
        self.progress = progress


class LabDone(WorkerMessage):
    """Posted when a lab has its result."""

    def __init__(self, key: Key, result: Result) -> None:
        super().__init__()
        self.key = key
        self.result = result


class LabFailed(WorkerMessage):
    """Posted when a lab cannot be run with its values."""

    def __init__(self, key: Key, error: ParameterError) -> None:
        super().__init__()
        self.key = key
        self.error = error


class LabScreen(ActionScreen[None]):
    """The list of labs, and the lab that is open. The session's navigation and its results decide what is shown.

    A worker runs the lab and posts progress; leaving the lab or the screen stops it.
    """

    SCREEN = LAB
    CSS_PATH = "lab.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (SIDE_BY_SIDE[0], "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-low"), (24, "-middle"), (SIDE_BY_SIDE[1], "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = bindings(LAB)

    def __init__(self, session: LabSession, open_model: "OpenModel", lab: int | None = None) -> None:
        """Continue where the session was left, or open `lab`, from which escape returns to the screen below."""
        super().__init__()
        self._session = session
        self._open_model = open_model
        self._directly = lab is not None
        self._first = lab
        self._lab: Lab | None = None
        self._worker: Worker[None] | None = None
        self._progress: Progress | None = None
        self._is_editing = False

    # Widgets

    def compose(self) -> ComposeResult:
        """Create all widgets; the navigation decides which are displayed."""
        yield Static(id="lab-title", markup=False)
        yield Static(id="lab-claim", markup=False)
        yield Static(id="lab-values", markup=False)
        yield Static(id="lab-text", markup=False)
        yield LabList(id="lab-list")
        yield ParameterForm(id="lab-form")
        with Container(id="lab-pictures"):
            for slot in range(SLOTS):
                yield PictureMatrix(id=f"lab-matrix-{slot}")
                yield PicturePanel(id=f"lab-picture-{slot}")
            yield QuestionPanel(id="lab-question")
        yield CodePanel(id="lab-code")
        yield Static(id="lab-state", markup=False)
        yield KeyLine(footer(LAB), self.is_possible)
        yield TooSmall()

    @property
    def navigation(self) -> Navigation:
        """The place in the labs."""
        return self._session.navigation

    @property
    def lab(self) -> Lab | None:
        """The lab that is open."""
        return self._lab

    @property
    def values(self) -> Values:
        """The values of the open lab: those of the lecture while it is presented."""
        assert self._lab is not None
        if self.navigation.presenting:
            return self._lab.defaults()
        return self._session.values.get(self._lab.name) or self._defaults(self._lab)

    @property
    def result(self) -> Result | None:
        """The result of the open lab with its values, once there is one."""
        return self._session.results.get(self._key) if self._lab is not None else None

    @property
    def is_computing(self) -> bool:
        """True while a lab is computed or trained."""
        return self._worker is not None

    @property
    def is_wide(self) -> bool:
        """True if all pictures of a step are shown at once."""
        return self.size.width >= SIDE_BY_SIDE[0] and self.size.height >= SIDE_BY_SIDE[1]

    @property
    def is_beside(self) -> bool:
        """True if the pictures of the step stand side by side: there is room, or they are narrow matrices."""
        if self.is_wide:
            return True
        matrices = [picture for picture in self.pictures if isinstance(picture, MatrixPicture)]
        return len(matrices) == len(self.pictures) and sum(map(_matrix_width, matrices)) <= self.size.width

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the result; empty before there is one."""
        return self.navigation.steps_of(self.result) if self.result is not None else ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of the step in view."""
        return self.steps[self.navigation.step].pictures if self.navigation.step < len(self.steps) else ()

    @property
    def _key(self) -> Key:
        assert self._lab is not None
        return key_of(self._lab.name, self.values.by_name)

    def _defaults(self, lab: Lab) -> Values:
        """The default values of a lab, with the model of Explore, and its sentence if the lab takes any sentence."""
        values, view = lab.defaults(), self.app.view
        if "model" in values.by_name:
            values = values.with_value("model", without_step(view.model))
        if "sentence" in values.by_name and "query" not in values.by_name:
            with suppress(ParameterError):  # too long for a lab
                values = values.with_value("sentence", lab.parameter("sentence").parse(view.text))
        return values

    def on_mount(self) -> None:
        """Open the requested lab, the lab that was left, or the list."""
        if self._first is not None:
            self._go(self.navigation.opened(self._first))
        elif self.navigation.lab is not None:
            self._go(self.navigation)
        else:
            self._show()

    def on_unmount(self) -> None:
        """Stop the worker."""
        self._cancel()

    # Going through the labs

    def _go(self, navigation: Navigation) -> None:
        """Show another place in the labs; another lab is run unless its result is kept."""
        if navigation.lab is not None and (self._lab is None or self._lab.entry is not ENTRIES[navigation.lab]):
            self._cancel()
            self._lab = load(ENTRIES[navigation.lab])
            self._session.list_at = navigation.lab
        if navigation.lab is None:
            self._cancel()
            self._lab = None
        before, self._session.navigation = self.navigation, navigation
        if navigation.step != before.step or navigation.lab != before.lab or navigation.asking != before.asking:
            self._place_cursor()
        self._run()
        self._show()

    def _place_cursor(self) -> None:
        """Put the cursor where the first matrix of the step has something to look at."""
        starts = [picture.start for picture in self.pictures if isinstance(picture, MatrixPicture)]
        self._session.navigation = replace(self.navigation, cursor=starts[0] if starts else (0, 0))

    def _run(self) -> None:
        """Run the open lab in a worker, unless it runs or its result is kept."""
        lab = self._lab
        if lab is None or self.result is not None or self._worker is not None:
            return
        key, values, open_model = self._key, self.values, self._open_model
        self._progress = None

        def work() -> None:
            worker = get_current_worker()
            run = lab.run(values, open_model)
            throttle = Throttle()
            try:
                for item in run:
                    if worker.is_cancelled:
                        run.close()
                        return
                    if isinstance(item, Result):
                        self.post_message(LabDone(key, item))
                    elif throttle.is_due():
                        self.post_message(LabProgress(key, item))
            except ParameterError as error:
                self.post_message(LabFailed(key, error))
            except ValueError as error:  # a model that cannot be opened or read
                self.post_message(LabFailed(key, ParameterError("model", one_line(str(error)))))
            except (RuntimeError, MemoryError) as error:
                first = lab.parameters[0].name
                self.post_message(LabFailed(key, ParameterError(first, f"not possible: {one_line(str(error))}")))

        self._worker = self.run_worker(work, group="lab", thread=True, exit_on_error=False)

    def _cancel(self) -> None:
        """Stop the worker that computes or trains."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        self._progress = None

    def on_lab_progress(self, message: LabProgress) -> None:
        """Show the progress."""
        if self._worker is not None and self._lab is not None and message.key == self._key:
            self._progress = message.progress
            self._show_state()

    def on_lab_done(self, message: LabDone) -> None:
        """Keep the result, and show it if it is still wanted."""
        self._session.keep(message.key, message.result)
        if self._lab is not None and message.key == self._key:
            self._worker = None
            self._progress = None
            self._session.navigation = replace(self.navigation, step=min(self.navigation.step, len(self.steps) - 1))
            self._place_cursor()
            self._show()

    def on_lab_failed(self, message: LabFailed) -> None:
        """Show what is wrong beside its field."""
        if self._lab is not None and message.key == self._key:
            self._worker = None
            self._edit(message.error)

    # Drawing

    def _show(self) -> None:
        """Draw all widgets for the place in the labs and its result."""
        if self.is_gone:
            return
        navigation, lab = self.navigation, self._lab
        with self.app.batch_update():
            self._show_lines()
            asking = lab is not None and navigation.asking and not self._is_editing
            showing = lab is not None and not navigation.asking and not self._is_editing
            code_alone = navigation.code and lab is not None and not self._is_editing
            self.query_one(LabList).display = lab is None
            self.query_one(LabList).show_entries(self._session.list_at)
            self.query_one(ParameterForm).display = self._is_editing
            question = self.query_one(QuestionPanel)
            question.display = asking
            if lab is not None:
                question.show_question(lab.ask(self.values), navigation.choice)
                place = 0 if navigation.asking or not self.steps else lab.code_place(self.steps[navigation.step])
                self.query_one(CodePanel).show_code(lab.sources(), place)
            self.query_one("#lab-pictures").display = (asking or showing) and not code_alone
            code = self.query_one(CodePanel)
            code.display = code_alone or ((asking or showing) and self.is_wide)
            code.border_title = "the code that ran" if self.result is not None else "the code that runs"
            self._show_pictures(showing)
            self._show_state()
            self.query_one(KeyLine).show_hints(_EDITING_HINTS if self._is_editing else ())
            self.query_one(KeyLine).update()

    def _show_lines(self) -> None:
        """Show the lines above the pictures."""
        lab, navigation, width = self._lab, self.navigation, self.size.width
        mode = "presenting" if navigation.presenting else "asks first" if navigation.guided else "shows at once"
        if lab is None or navigation.lab is None:
            title = "Labs: the lecture's experiments"
        else:
            title = f"Lab {navigation.lab + 1} of {len(ENTRIES)} · {lab.title}"
        room = width - cell_len(title)
        text = Text(title, "bold", no_wrap=True, overflow="ellipsis")
        text.append(f" · {mode}" if room > len(mode) + 3 else "", "not bold")
        self.query_one("#lab-title", Static).update(text)
        claim = self.query_one("#lab-claim", Static)
        claim.display = (
            lab is not None and not self._is_editing and (navigation.asking or self.size.height >= SIDE_BY_SIDE[1])
        )
        claim.update(Text(lab.claim if lab is not None else ""))
        line = self.query_one("#lab-values", Static)
        line.display = lab is not None and not self._is_editing
        line.update(self._values_line())
        step_text = self._step_text()
        step = self.query_one("#lab-text", Static)
        step.display = bool(step_text.plain)
        step.update(step_text)

    def _values_line(self) -> Text:
        """Return `− head_size 16 + · keys 8 · …`, in which − and + mark the parameter that they change."""
        text = Text(no_wrap=True, overflow="ellipsis")
        if self._lab is None:
            return text
        marked = self._parameter
        for parameter in self._lab.parameters:
            shown = visible(parameter.format(self.values.by_name[parameter.name])).replace("␣", " ")
            text.append(" · " if text else "")
            if parameter is marked:
                text.append(f"− {parameter.name} {shown} +", Style(bold=True))
            else:
                text.append(f"{parameter.name} {shown}")
        return text

    def _step_text(self) -> Text:
        """The step's title and text, after the answer of the question at the first step."""
        navigation, result, lab = self.navigation, self.result, self._lab
        if lab is None or result is None or navigation.asking or self._is_editing or not self.steps:
            return Text()
        step = self.steps[navigation.step]
        text = Text()
        if navigation.step == 0:
            choices = lab.ask(self.values).choices
            if navigation.choice is not None:
                verdict = "Right" if navigation.choice == result.choice else f"You said {choices[navigation.choice]}"
                text.append(f"{verdict}: ", "bold")
            right = choices[result.choice]
            text.append(f"{right if navigation.choice is not None else right[:1].upper() + right[1:]}. ", "bold")
            text.append(result.answer + "\n")
        end = "" if step.title.endswith("?") else "."
        text.append(f"{navigation.step + 1}/{len(self.steps)} {step.title}{end} ", "bold")
        text.append(step.text)
        return text

    def _show_pictures(self, showing: bool) -> None:
        """Show all pictures of the step side by side where there is room, or else the one chosen by tab."""
        pictures = self.pictures if showing else ()
        here = min(self.navigation.picture, max(0, len(pictures) - 1))
        beside = self.is_beside
        for slot in range(SLOTS):
            matrix = self.query_one(f"#lab-matrix-{slot}", PictureMatrix)
            panel = self.query_one(f"#lab-picture-{slot}", PicturePanel)
            picture = pictures[slot] if slot < len(pictures) else None
            shown = picture is not None and (beside or slot == here)
            is_matrix = isinstance(picture, MatrixPicture)
            matrix.display, panel.display = shown and is_matrix, shown and not is_matrix
            if picture is None or not shown:
                continue
            widget = matrix if is_matrix else panel
            widget.styles.width = f"{_matrix_width(picture) if isinstance(picture, MatrixPicture) else _PANEL}fr"
            widget.set_class(slot == here and len(pictures) > 1, "-lit")
            more = f"{slot + 1}/{len(pictures)} " if len(pictures) > 1 and not beside else ""
            widget.border_title = Content(f"{more}{picture.title}")
            if isinstance(picture, MatrixPicture):
                matrix.show_picture(picture, self.navigation.cursor)
            else:
                panel.show_picture(picture)

    def _show_state(self) -> None:
        """Show the cell under the cursor, the progress of the lab, or which keys go on."""
        text = Text(self._state(), no_wrap=True, overflow="ellipsis")
        self.query_one("#lab-state", Static).update(text, layout=False)

    def _state(self) -> str:
        if self._lab is None:
            return "enter opens a lab, space goes through all of them, esc returns to Explore"
        if self._worker is not None:
            if (progress := self._progress) is not None:
                return f"{progress.done} of {progress.total}: {progress.text} · S stops"
            return "computing…"
        if self.result is None:
            return "stopped: S starts it again"
        if self.navigation.asking:
            return "the numbers are there: guess, then enter"
        picture = self.picture
        if not isinstance(picture, MatrixPicture):
            return ""
        row, column = self._cell(picture)
        value = picture.value(row, column)
        names = f"row {visible(picture.rows[row])}, column {visible(picture.columns[column])}"
        return f"{picture.title}: {names}: {'−∞, hidden' if value is None else fixed(value, 4)}"

    @property
    def picture(self) -> Picture | None:
        """The picture chosen by tab."""
        return self.pictures[min(self.navigation.picture, len(self.pictures) - 1)] if self.pictures else None

    def _cell(self, picture: MatrixPicture) -> tuple[int, int]:
        row, column = self.navigation.cursor
        return min(row, len(picture.rows) - 1), min(column, len(picture.columns) - 1)

    def on_resize(self, event: events.Resize) -> None:
        """Show the parts for which there is room now."""
        super().on_resize(event)
        self.call_after_refresh(self._show)

    def help_part(self) -> Part | None:
        """Return the help on what is shown."""
        shown: Drawn | None = None
        if self._lab is not None and not self._is_editing:
            kinds: tuple[type[Drawn], ...] = (QuestionPanel, PictureMatrix, PicturePanel, CodePanel)
            shown = next((widget for kind in kinds for widget in self.query(kind) if widget.display), None)
        return help_for(shown) if shown is not None else help_for(self.query_one(LabList))

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if self._is_editing:
            return name in _EDITING
        if name in ("help", "theme", "palette", "quit"):
            return True
        lab, navigation = self._lab, self.navigation
        if lab is None:
            return name in _IN_THE_LIST
        match name:
            case "answer":
                return navigation.asking
            case "forward":
                return navigation.forward(len(self.steps) or None) != navigation
            case "lab_previous" | "lab_next":
                to = (navigation.lab or 0) + (1 if name == "lab_next" else -1)
                return 0 <= to < len(ENTRIES)
            case "step_next" | "step_previous":
                count = len(self.steps)
                following = navigation.stepped(1 if name == "step_next" else -1, count)
                return not navigation.asking and count > 0 and following != navigation
            case "row_previous" | "row_next" | "zoom_picture":
                return isinstance(self.picture, MatrixPicture) and not navigation.asking
            case "column_previous" | "column_next":
                return navigation.asking or isinstance(self.picture, MatrixPicture)
            case "picture_next" | "picture_previous":
                return not navigation.asking and len(self.pictures) > 1
            case "value_smaller" | "value_larger" | "value_next":
                return self._parameter is not None and not navigation.presenting
            case "edit" | "reset":
                return not navigation.presenting
            case "stop":
                return self.is_computing or self.result is None
        return True

    async def on_key(self, event: events.Key) -> None:
        """A digit opens a lab of the list, or chooses an answer."""
        if self._is_editing or not (event.character and event.character in "123456789"):
            return
        place = int(event.character) - 1
        if self._lab is None and place < len(ENTRIES):
            self._go(self.navigation.opened(place))
        elif self._lab is not None and self.navigation.asking and place < len(self._lab.ask(self.values).choices):
            self._go(replace(self.navigation, choice=place))

    def action_forward(self) -> None:
        """Show what comes next."""
        if self._lab is None:
            self._go(self.navigation.opened(self._session.list_at))
        else:
            self._go(self.navigation.forward(len(self.steps) or None))

    def action_answer(self) -> None:
        """Open the lab of the list, or show the answer."""
        if self._lab is None:
            self._go(self.navigation.opened(self._session.list_at))
        elif self.navigation.asking:
            self._go(self.navigation.revealed())

    def action_lab_previous(self) -> None:
        """Open the previous lab."""
        self._go(self.navigation.opened((self.navigation.lab or 0) - 1))

    def action_lab_next(self) -> None:
        """Open the next lab."""
        self._go(self.navigation.opened((self.navigation.lab or 0) + 1))

    def action_guide(self) -> None:
        """Ask before the answer is shown, or show it at once."""
        guided = not self.navigation.guided
        self._go(replace(self.navigation, guided=guided, asking=self.navigation.asking and guided))

    def action_present(self) -> None:
        """Begin to go through all labs with the values of the lecture, or end it."""
        self._cancel()
        self._go(self.navigation.presented())

    def action_list(self) -> None:
        """Show the list of labs."""
        self._directly = False
        self._go(self.navigation.listed())

    def action_back(self) -> None:
        """Leave the fields, the lab, or the labs."""
        if self._is_editing:
            self._leave_form()
        elif self.navigation.code:
            self._go(replace(self.navigation, code=False))
        elif self._lab is not None and not self._directly:
            self.action_list()
        else:
            self._cancel()
            self.dismiss(None)

    def action_step_next(self) -> None:
        """Show the next step."""
        self._go(self.navigation.stepped(1, len(self.steps)))

    def action_step_previous(self) -> None:
        """Show the previous step."""
        self._go(self.navigation.stepped(-1, len(self.steps)))

    def action_row_previous(self) -> None:
        """Move to the previous row."""
        self._move(-1, 0)

    def action_row_next(self) -> None:
        """Move to the next row."""
        self._move(1, 0)

    def action_column_previous(self) -> None:
        """Move to the previous column, or to the line above."""
        self._move(0, -1)

    def action_column_next(self) -> None:
        """Move to the next column, or to the line below."""
        self._move(0, 1)

    def _move(self, row: int, column: int) -> None:
        if self._lab is None:
            self._session.list_at = max(0, min(len(ENTRIES) - 1, self._session.list_at + column))
            self._show()
        elif self.navigation.asking:
            self._go(self.navigation.chosen(column, len(self._lab.ask(self.values).choices)))
        elif isinstance(picture := self.picture, MatrixPicture):
            size = len(picture.rows), len(picture.columns)
            self._session.navigation = replace(self.navigation, cursor=self._cell(picture)).moved(row, column, size)
            self._show_pictures(True)
            self._show_state()

    def action_picture_next(self) -> None:
        """Go to the next picture."""
        self._go(replace(self.navigation, picture=(self.navigation.picture + 1) % len(self.pictures)))

    def action_picture_previous(self) -> None:
        """Go to the previous picture."""
        self._go(replace(self.navigation, picture=(self.navigation.picture - 1) % len(self.pictures)))

    def action_code(self) -> None:
        """Show the code in full, or the pictures again."""
        self._go(replace(self.navigation, code=not self.navigation.code))

    def action_page_up(self) -> None:
        """Scroll up."""
        self._scroll(-1)

    def action_page_down(self) -> None:
        """Scroll down."""
        self._scroll(1)

    def _scroll(self, by: int) -> None:
        """Scroll the picture, question or list in view, or the code beside it if that does not scroll."""
        slot = self.navigation.picture
        kinds = f"#lab-picture-{slot}, #lab-matrix-{slot}, #lab-question, #lab-list, #lab-code"
        for widget in self.query(kinds):
            if isinstance(widget, Drawn) and widget.display and widget.max_scroll_y > 0:
                lines = max(1, widget.scrollable_content_region.height - 1)
                widget.scroll_to(y=widget.scroll_offset.y + by * lines, animate=False)
                return

    def action_zoom_picture(self) -> None:
        """Draw the matrix at the next zoom."""
        matrix = self.query_one(f"#lab-matrix-{self.navigation.picture}", PictureMatrix)
        matrix.zoom = matrix.next_zoom()

    # Parameters

    @property
    def _parameter(self) -> "Parameter | None":
        """The parameter that − and + change; None if no parameter of the lab has a ladder."""
        if self._lab is None:
            return None
        stepping = [parameter for parameter in self._lab.parameters if parameter.ladder]
        if not stepping:
            return None
        return stepping[self._session.parameters.get(self._lab.name, 0) % len(stepping)]

    def action_value_next(self) -> None:
        """Let − and + change another parameter."""
        if self._lab is not None:
            self._session.parameters[self._lab.name] = self._session.parameters.get(self._lab.name, 0) + 1
            self._show()

    def action_value_smaller(self) -> None:
        """Run with the next smaller value."""
        self._step_value(-1)

    def action_value_larger(self) -> None:
        """Run with the next larger value."""
        self._step_value(1)

    def _step_value(self, by: int) -> None:
        parameter = self._parameter
        if parameter is not None:
            value = parameter.stepped(self.values.by_name[parameter.name], by)
            self._run_with(self.values.with_value(parameter.name, value))

    def _run_with(self, values: Values) -> None:
        """Run the open lab with other values."""
        assert self._lab is not None
        if values != self.values:
            self._cancel()
            self._session.values[self._lab.name] = values
        self._go(self.navigation)

    def action_reset(self) -> None:
        """Put every parameter back."""
        assert self._lab is not None
        self._run_with(self._lab.defaults())

    def action_stop(self) -> None:
        """Stop the lab, or start it again."""
        if self._worker is not None:
            self._cancel()
            self._show()
        else:
            self._go(self.navigation)

    def action_edit(self) -> None:
        """Edit the values of the parameters."""
        self._edit(None)

    def _edit(self, wrong: ParameterError | None) -> None:
        assert self._lab is not None
        self._is_editing = True
        self._show()
        self.query_one(ParameterForm).edit(self._lab, self.values, wrong)

    def _leave_form(self) -> None:
        self._is_editing = False
        self.set_focus(None)
        self._show()

    @on(ParameterForm.Submitted)
    def _values_typed(self, event: ParameterForm.Submitted) -> None:
        self._leave_form()
        if event.lab is self._lab:  # a click may have opened another lab meanwhile
            self._run_with(event.values)

    # Mouse

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        slot = int(str(event.matrix.id).rpartition("-")[2])
        self._go(replace(self.navigation, picture=slot, cursor=(event.query, event.key)))

    @on(QuestionPanel.Chosen)
    def _choice_clicked(self, event: QuestionPanel.Chosen) -> None:
        self._go(replace(self.navigation, choice=event.choice))

    @on(LabList.Chosen)
    def _lab_chosen(self, event: LabList.Chosen) -> None:
        self._go(self.navigation.opened(event.place))


def _matrix_width(picture: MatrixPicture) -> int:
    """Return the width in cells of a framed matrix with its numbers."""
    label = max(cell_len(visible(name)) for name in picture.rows)
    return label + _CELL * len(picture.columns) + _FRAME
