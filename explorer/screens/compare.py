"""The Compare screen: two views side by side, the difference of their matrices, and their measures."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Static

from explorer.actions import COMPARE, action_named, footer
from explorer.core.comparison import Comparison, Pair, Side
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.comparing_steps import ComparingSteps
from explorer.screens.editing import Editing
from explorer.view import Change, View, go_to
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.difference import DifferenceMatrix, SideMatrix
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.comparison_panel import ComparisonPanel, tokens_text
from explorer.widgets.sentence import SentenceInput
from explorer.widgets.side_line import SideLine
from explorer.widgets.too_small import SMALLEST, TooSmall
from explorer.widgets.wording import matrix_title

if TYPE_CHECKING:
    pass

ABREAST = 100
"""Columns from which all three matrices stand beside each other."""

BELOW = 46
"""Rows from which they stand below each other where they do not fit beside each other."""

_WHILE_EDITING = ("back", "palette", "quit", "help")
_PARTS = ("left", "right", "difference")


class CompareScreen(ActionScreen[None], ComparingSteps, Editing):
    """Keys make new views of the active side, as in Explore; query, key and stage are those of both sides."""

    SCREEN = COMPARE
    CSS_PATH = "compare.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (ABREAST, "-abreast")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-low"), (BELOW, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(COMPARE),
        Binding("pageup", "scroll_measures(-1)", "Measures up", show=False),
        Binding("pagedown", "scroll_measures(1)", "Measures down", show=False),
    ]

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.wanted = pair
        self._difference = True  # where there is room for one matrix: this one, and not that of the active side

    # What is on it

    def compose(self) -> ComposeResult:
        """Everything there is; what of it is seen depends on the size."""
        yield SideLine(Side.LEFT, id="side-left")
        yield SideLine(Side.RIGHT, id="side-right")
        with Horizontal(id="sentence-line"):
            yield Static("❯", id="prompt", markup=False)
            yield SentenceInput(self.wanted.view.text, id="sentence")
        yield Static(id="tokens", markup=False)
        yield Static(id="state", markup=False)
        with Container(id="body"):
            with Container(id="matrices"):
                yield SideMatrix(Side.LEFT, id="matrix-left")
                yield SideMatrix(Side.RIGHT, id="matrix-right")
                yield DifferenceMatrix(id="matrix-difference")
            yield ComparisonPanel()
        places = (place for place in footer(COMPARE) if self.of_steps or place.caption != "step")
        yield KeyLine(tuple(places), self.is_possible)
        yield TooSmall()

    def on_mount(self) -> None:
        """Read what was asked for."""
        self.query_one("#sentence-line").display = False
        self.show_state("")
        self.look(self.wanted)

    def on_resize(self, event: events.Resize) -> None:
        """Another size may show other parts; what is compared stays."""
        if self.comparison is not None:
            self._show_matrices(self.comparison)

    @property
    def sentence(self) -> SentenceInput:
        """The input of the active side's sentence."""
        return self.query_one(SentenceInput)

    @property
    def one_at_a_time(self) -> bool:
        """Whether there is room for one matrix only."""
        return self.size.width < ABREAST and self.size.height < BELOW

    def show(self, comparison: Comparison) -> None:
        """Draw a comparison everywhere."""
        active = self.wanted.active
        with self.app.batch_update():
            for side in Side:
                steps = tuple(self.own_step(each.view.model) for each in comparison.sides)
                self.query_one(f"#side-{side.name.lower()}", SideLine).compare(comparison, side is active, steps)
            words = tokens_text(comparison)
            tokens = self.query_one("#tokens", Static)
            tokens.update(Text(words, no_wrap=True, overflow="ellipsis"))
            tokens.display = bool(words)
            self._show_matrices(comparison)
            self.query_one(ComparisonPanel).compare(comparison)
            self.sentence.show(comparison.sides[active].view.text)
            self.query_one(KeyLine).update()

    def _show_matrices(self, comparison: Comparison) -> None:
        active = self.wanted.active.name.lower()
        single = self.one_at_a_time
        shown = ("difference" if self._difference else active,) if single else _PARTS
        rows = max(max(len(side.encoding) for side in comparison.sides), 4)
        self.query_one("#matrices").styles.max_height = (rows + 3) * (1 if single or self.size.width >= ABREAST else 3)
        for part in _PARTS:
            matrix = self.query_one(f"#matrix-{part}", Matrix)
            matrix.display = part in shown
            matrix.set_class(part == active, "-lit")
            if matrix.display:
                assert isinstance(matrix, SideMatrix | DifferenceMatrix)
                matrix.compare(comparison)
                matrix.border_title = self._title(comparison, part, single)

    def _title(self, comparison: Comparison, part: str, single: bool) -> Content:
        """The name of the part with what it holds; where it is the only one in view, the others to be clicked."""
        side = comparison.left if part == "left" else comparison.right
        stage = comparison.stage
        holds = f"right − left · {stage.value}" if part == "difference" else matrix_title(side, stage).plain
        if not single:
            return Content(holds if part == "difference" else f"{part} · {holds}")
        names = []
        for name in _PARTS:
            if name == part:
                names.append(Content(f"{name}: {holds}").stylize("bold"))
            else:
                names.append(Content.from_markup(f"[dim $foreground @click=screen.show_part('{name}')]{name}[/]"))
        return Content("  ").join(names)

    def show_state(self, line: str) -> None:
        """Say what is waited for."""
        state = self.query_one("#state", Static)
        state.update(Text(line, no_wrap=True, overflow="ellipsis"))
        state.display = bool(line)

    # Actions

    @property
    def edited(self) -> View:
        """The view of the active side; while it is typed, with the cursor from before: a text grows from nothing."""
        view, before = self.wanted.view, self._before_editing
        return view if before is None else replace(view, query=before.query, key=before.key)

    def look_at(self, view: View, *, quiet: bool = False) -> None:
        """Let the active side show another view."""
        self.look(self.wanted.looking(view), quiet=quiet)

    def change(self, change: Change) -> None:
        """Do what a keypress does to the active side."""
        if self.comparison is not None:
            self.look_at(change(self.wanted.view, self.comparison.sides[self.wanted.active].bounds))

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if self.sentence.editing:
            return name in _WHILE_EDITING
        if name in ("back", "palette", "quit", "help"):
            return True
        comparison = self.comparison
        if comparison is None:
            return False
        if name == "difference":
            return self.one_at_a_time
        if name in ("step_previous", "step_next"):
            return self.can_step(1 if name == "step_next" else -1)
        action = action_named(COMPARE, name)
        if action is None or action.change is None:
            return True
        return action.changes(self.wanted.view, comparison.sides[self.wanted.active].bounds)

    def action_change_view(self, name: str) -> None:
        """Change the active side as an action of the registry says."""
        action = action_named(COMPARE, name)
        if action is not None and action.change is not None:
            self.change(action.change)

    def action_zoom(self) -> None:
        """Draw all matrices at the next zoom."""
        shown = [matrix for matrix in self.query(Matrix) if matrix.display]
        zoom = shown[0].next_zoom()
        for matrix in self.query(Matrix):
            matrix.zoom = zoom

    def action_other_side(self) -> None:
        """Let the keys act on the other side."""
        self.look(self.wanted.turned())

    def action_difference(self) -> None:
        """Show the difference, or the active side, where there is room for one matrix."""
        self.action_show_part(self.wanted.active.name.lower() if self._difference else "difference")

    def action_show_part(self, part: str) -> None:
        """Where there is room for one matrix: show this one; a side becomes the active one with it."""
        self._difference = part == "difference"
        if part not in ("difference", self.wanted.active.name.lower()):
            self.look(self.wanted.turned())
        elif self.comparison is not None:
            self._show_matrices(self.comparison)

    def action_edit(self) -> None:
        """Type another sentence of the active side."""
        self.query_one("#sentence-line").display = True
        super().action_edit()

    def _leave_editing(self, view: View) -> None:
        super()._leave_editing(view)
        self.query_one("#sentence-line").display = False

    def action_models(self) -> None:
        """Choose another model for the active side."""
        from explorer.screens.dialogs.models import ModelsScreen

        self.app.push_screen(ModelsScreen(self.wanted.view.model, self.app.open_models), self._model_chosen)

    def _model_chosen(self, name: str | None) -> None:
        if name is not None:
            self.look_at(replace(self.wanted.view, model=name))

    def action_open_side(self) -> None:
        """Return to Explore with the active side."""
        if self.comparison is not None:
            self.app.look(self.comparison.sides[self.wanted.active].view)
            self.dismiss()

    def action_back(self) -> None:
        """Stop typing, leave what has the focus, or return to Explore."""
        if self._before_editing is not None:
            self._leave_editing(self._before_editing)
        elif self.focused is not None:
            self.set_focus(None)
        else:
            self.dismiss()

    def action_scroll_measures(self, pages: int) -> None:
        """Scroll the measures, which may be longer than there is room for."""
        panel = self.query_one(ComparisonPanel)
        panel.scroll_relative(y=pages * max(1, panel.size.height - 1), animate=False)

    # Mouse

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        if isinstance(event.matrix, SideMatrix) and event.matrix.side is not self.wanted.active:
            self.look(self.wanted.turned())
        self.change(go_to(event.query, event.key))

    @on(SideLine.Chosen)
    def _side_chosen(self, event: SideLine.Chosen) -> None:
        if event.side is not self.wanted.active and not self.sentence.editing:
            self.look(self.wanted.turned())
