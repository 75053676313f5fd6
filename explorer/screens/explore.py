"""The Explore screen: one sentence, one head, and every number of it."""

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Static

from explorer.actions import EXPLORE, action_named, footer
from explorer.screens.appending import APPENDING, Appending
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.dialogs.help import Part
from explorer.screens.dialogs.samples import Sampling
from explorer.screens.editing import Editing
from explorer.screens.looking import LOOKING, Looking
from explorer.screens.opening import loading
from explorer.screens.opening_compare import OpeningCompare
from explorer.screens.opening_heads import OpeningHeads
from explorer.screens.playing import PLAYING, Playing
from explorer.screens.taking import Taking
from explorer.screens.time import TIME_BINDINGS, Time
from explorer.screens.titles import row_title, tabs
from explorer.screens.train import training_screen
from explorer.view import MATRIX_STAGES, Stage, View, go_to, stop_stepping
from explorer.widgets.header import HeaderLine
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.layout import Zoom
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.narration import NarrationLine
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.peakedness import PeakednessPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.panels.row_table import RowTable
from explorer.widgets.sentence import SentenceInput
from explorer.widgets.timeline.slider import TimeSlider
from explorer.widgets.token_strip import TokenStrip
from explorer.widgets.too_small import SMALLEST, TooSmall
from explorer.widgets.training.training_line import TrainingLine
from explorer.widgets.wording import matrix_measure, matrix_title

if TYPE_CHECKING:
    from explorer.core.reading import Reading

    pass

SIDE_BY_SIDE = (120, 36)
"""Columns and rows from which all four matrices stand side by side."""

_NO_PART = Part(
    "The parts of the screen",
    "tab moves the focus through the parts; ? then begins with help for the one that has it.",
)

WHILE_EDITING = ("back", "palette", "quit", "help")


class ExploreScreen(
    Time,
    Appending,
    Editing,
    Looking,
    OpeningCompare,
    OpeningHeads,
    Playing,
    Sampling,
    Taking,
    ActionScreen[None],
):
    """Draws the application's reading; keys become new views."""

    SCREEN = EXPLORE
    CSS_PATH = "explore.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (SIDE_BY_SIDE[0], "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-low"), (24, "-middle"), (SIDE_BY_SIDE[1], "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *TIME_BINDINGS,
        *bindings(EXPLORE),
    ]

    def __init__(self, view: View) -> None:
        super().__init__()
        self._opening = view
        # Before anything is mounted: each class that comes later has the style of every widget looked up again.
        at = ((self.app.size.width, self.HORIZONTAL_BREAKPOINTS), (self.app.size.height, self.VERTICAL_BREAKPOINTS))
        sizes = (max(point for point in points if point[0] <= cells)[1] for cells, points in at)
        self.add_class("-without-reading", *sizes, update=False)
        self._head: tuple[object, ...] = ()  # in the titles
        self._zooms: list[Zoom | None] = []
        self._room: tuple[object, ...] = ()  # for the matrices

    # What is on it

    def compose(self) -> ComposeResult:
        """Everything there is; the style sheet says what of it is seen at which size."""
        with Horizontal(id="header-line"):
            yield Static("Attention Explorer", id="title", markup=False)
            yield HeaderLine()
            yield TrainingLine()
        with Horizontal(id="sentence-line"):
            yield Static("❯", id="prompt", markup=False)
            yield SentenceInput(self._opening.text, id="sentence")
        yield TokenStrip()
        yield TimeSlider()
        yield Static(id="state", markup=False)
        yield NarrationLine()
        with Container(id="body"):
            with Container(id="matrices"):
                for stage in (*MATRIX_STAGES, Stage.MIXED):
                    yield Matrix(id=f"matrix-{stage.value}")
            with Container(id="panels"):
                yield RowTable()
                yield PeakednessPanel()
                yield PredictionsPanel()
                yield CellPanel()
        yield KeyLine(footer(EXPLORE), self.is_possible)
        yield TooSmall()

    @property
    def sentence(self) -> SentenceInput:
        """The input at the top."""
        return self.query_one(SentenceInput)

    @property
    def stacked(self) -> bool:
        """Whether there is room for one matrix only."""
        return self.whole is not None or self.size.width < SIDE_BY_SIDE[0] or self.size.height < SIDE_BY_SIDE[1]

    def show(self, reading: "Reading") -> None:
        """Draw a reading everywhere."""
        with self.app.batch_update():
            self.query_one(HeaderLine).scores = self.app.scores_in_view
            self.query_one(HeaderLine).show(reading)
            self.sentence.show(reading.view.text)
            self.query_one(TokenStrip).show(reading)
            self.query_one(NarrationLine).show(reading)
            self.set_class(reading.view.stepping, "-stepping")
            self._show_matrices(reading)
            self.query_one(RowTable).show(reading)
            self.query_one(PeakednessPanel).show(reading)
            self.query_one(PredictionsPanel).show(reading)
            self.query_one(CellPanel).show(reading)
            self.query_one(RowTable).entitle(row_title(reading))
            self.query_one(KeyLine).update()
            self.show_time(reading)
        if self.has_class("-without-reading"):
            self.remove_class("-without-reading", update=False)
            held_back = (self.query_one(name) for name in ("#title", "TokenStrip", "NarrationLine", "#body"))
            self.app.stylesheet.update_nodes(held_back, animate=False)

    def _show_matrices(self, reading: "Reading") -> None:
        stage = reading.view.stage
        chosen = Stage.WEIGHTS if stage is Stage.NEXT_TOKEN else stage
        shown: tuple[Stage, ...] = (chosen,)
        if not self.stacked:
            shown = (*MATRIX_STAGES[1:], Stage.MIXED) if chosen is Stage.MIXED else MATRIX_STAGES
        head = reading.as_set, reading.view.layer, reading.view.head
        room = shown, self.size, self.whole, self.query_one("#body").size
        for each in (*MATRIX_STAGES, Stage.MIXED):
            matrix = self.query_one(f"#matrix-{each.value}", Matrix)
            matrix.display = each in shown
            matrix.set_class(each is stage, "-lit")
            if each in shown:
                matrix.show(reading, each)
                if (head, room) != (self._head, self._room):
                    self._entitle(matrix, reading, each)
        zooms = [matrix.zoom for matrix in self.query(Matrix)]
        if (head, zooms, room) != (self._head, self._zooms, self._room):
            self._size_matrices()
        if room != self._room:  # not for less: what is drawn comes in two parts then
            self.call_after_refresh(self._size_matrices)  # once they have their width
        self._head, self._zooms, self._room = head, zooms, room
        self.query_one(PredictionsPanel).set_class(stage is Stage.NEXT_TOKEN, "-lit")

    def _size_matrices(self) -> None:
        """No more lines than the matrices need, where they stand above the panels."""
        above = self.whole is None and (self.size.width < SIDE_BY_SIDE[0] or not self.stacked)
        frame = 3 if self.stacked else 4  # labels, legend and title; below each of four matrices its measure
        most = self.query_one("#body").size.height * (2 / 3 if self.stacked else 11 / 21)  # see explore.tcss
        lines = (matrix.lines_in(int(most) - frame + 2) for matrix in self.query(Matrix) if matrix.display)
        self.query_one("#matrices").styles.max_height = max(4, *lines) + frame if above else None

    def _entitle(self, matrix: Matrix, reading: "Reading", stage: Stage) -> None:
        if self.stacked:
            matrix.border_title = tabs(reading, stage, self.size.width - 4)
            matrix.measure(Content(""))
        else:
            matrix.border_title = matrix_title(reading, stage)
            matrix.measure(matrix_measure(reading, stage))

    def show_no_model(self) -> None:
        """Say that there is nothing to look at."""
        self.show_state("no model is open: leave with q and name another with --model")

    def show_state(self, line: str) -> None:
        """Say what is waited for; an empty line takes it back."""
        state = self.query_one("#state", Static)
        state.update(Text(line, no_wrap=True, overflow="ellipsis"))
        state.display = bool(line)

    def on_mount(self) -> None:
        """Nothing is read yet."""
        self.app.head_scores_changed.subscribe(self, lambda _: self.show_scores())
        self.show_state(loading(self._opening.model))

    def on_resize(self, event: events.Resize) -> None:
        """Another size may show other parts; what is looked at stays."""
        if self.app.reading is not None:
            self._show_matrices(self.app.reading)

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if self.sentence.editing:
            return name in WHILE_EDITING
        action = action_named(EXPLORE, name)
        reading = self.app.reading
        if action is not None and action.change is not None:
            return reading is not None and action.changes(self.app.view, reading.bounds)
        if name in ("heads", "compare", "time", "samples", "copy", "write", "link"):
            return reading is not None
        if name == "back":
            open_part = self.whole is not None or self.focused is not None
            return self.playing or open_part or self.app.view.stepping
        if name in PLAYING:
            return self.can_play(name)
        if name in LOOKING:
            return reading is not None
        if name in APPENDING:
            return self.can_append(name)
        return True

    async def perform(self, command: str) -> None:
        """Run an action, which pauses what plays."""
        if command not in PLAYING:
            self._pause()
        await super().perform(command)

    def action_train(self) -> None:
        """Open the Train screen: on the run, or on the form of a new run if there is none."""
        if self.app.is_web:
            self.notify("training needs a terminal: run `explorer train` there", severity="warning", markup=False)
        else:
            self.app.push_screen(training_screen(self.app.training.run))

    def action_change_view(self, name: str) -> None:
        """Change the view as an action of the registry says."""
        self._pause()
        action = action_named(EXPLORE, name)
        if action is not None and action.change is not None:
            self.app.change(action.change)

    def help_part(self) -> Part | None:
        """Help begins with how to get help for a part of the screen, where none has the focus."""
        return super().help_part() or _NO_PART

    def action_back(self) -> None:
        """Close what is open, or leave what has the focus."""
        if self._before_editing is not None:
            self._leave_editing(self._before_editing)
        elif self.restore():
            pass
        elif self.focused is not None:
            self.set_focus(None)
        else:
            self.app.change(stop_stepping)

    # Mouse

    @on(TokenStrip.TokenSelected)
    def _token_selected(self, event: TokenStrip.TokenSelected) -> None:
        self._pause()
        self.app.change(go_to(event.position))

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        self._pause()
        self.app.change(go_to(event.query, event.key))

    @on(RowTable.KeySelected)
    def _key_selected(self, event: RowTable.KeySelected) -> None:
        self._pause()
        self.app.change(go_to(self.app.view.query, event.key))
