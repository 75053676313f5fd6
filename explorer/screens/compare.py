"""The Compare screen: two views side by side, the difference of their matrices, and their measures."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from explorer.actions import COMPARE, action_named, footer
from explorer.core.change_tracker import ChangeTracker
from explorer.core.comparison import Comparison, Pair, Side
from explorer.core.formatting import fullest
from explorer.core.series import SeriesCache
from explorer.screens.base import ALWAYS_POSSIBLE, ActionScreen, bindings
from explorer.screens.dialogs.models import ModelsScreen
from explorer.view import Change, View, go_to
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.difference import DifferenceMatrix, SideMatrix
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.panels.comparison_panel import ComparisonPanel, tokens_text
from explorer.widgets.reading_loader import ReadingLoader
from explorer.widgets.sentence import SentenceEditor
from explorer.widgets.side_line import SideLine
from explorer.widgets.too_small import SMALLEST, TooSmall
from explorer.widgets.wording import matrix_title
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading

ABREAST = 100
"""Columns from which all three matrices stand side by side."""

BELOW = 46
"""Rows from which they stand one above another if they do not fit side by side."""

_PARTS = ("left", "right", "difference")


class CompareScreen(ActionScreen[None]):
    """Two views side by side; keys change the view of the active side, as in Explore.

    Query, key and stage are common to both sides. `wanted` is the pair that was asked for last; `comparison` is the
    pair that is shown, which follows at once or as soon as a worker has computed it.
    """

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
        self.comparison: Comparison | None = None
        self._shown: Pair | None = None
        self._loader = ReadingLoader(self, self.app.readings)
        self._series = SeriesCache()
        self._changes = {side: ChangeTracker() for side in Side}
        self._refused_steps: set[str] = set()  # names of snapshots that cannot be opened
        self._shows_difference = True  # rather than the matrix of the active side, if there is room for one only

    # Widgets

    def compose(self) -> ComposeResult:
        """Create all widgets; the style sheet shows those for which there is room."""
        yield SideLine(Side.LEFT, id="side-left")
        yield SideLine(Side.RIGHT, id="side-right")
        yield SentenceEditor(self.wanted.view.text, self._look_at, hidden=True)
        yield Static(id="tokens", markup=False)
        yield Static(id="change", markup=False)
        yield Static(id="state", markup=False)
        with Container(id="body"):
            with Container(id="matrices"):
                yield SideMatrix(Side.LEFT, id="matrix-left")
                yield SideMatrix(Side.RIGHT, id="matrix-right")
                yield DifferenceMatrix(id="matrix-difference")
            yield ComparisonPanel()
        have_steps = any(self._series.find(view.model) is not None for view in self.wanted.sides)
        places = (place for place in footer(COMPARE) if have_steps or place.caption != "step")
        yield KeyLine(tuple(places), self.is_possible)
        yield TooSmall()

    def on_mount(self) -> None:
        """Ask for the readings of both sides."""
        self._show_state("")
        self.look(self.wanted)

    def on_resize(self, event: events.Resize) -> None:
        """Show the matrices for which there is room."""
        if self.comparison is not None:
            self._show_matrices(self.comparison)
            self._show_change()
            self.query_one(KeyLine).update()

    @property
    def editor(self) -> SentenceEditor:
        """The editor of the active side's sentence."""
        return self.query_one(SentenceEditor)

    @property
    def has_room_for_one(self) -> bool:
        """True if there is room for one matrix only."""
        return self.size.width < ABREAST and self.size.height < BELOW

    def show(self, comparison: Comparison) -> None:
        """Draw a comparison in all widgets."""
        active = self.wanted.active
        with self.app.batch_update():
            for side in Side:
                steps = tuple(self._series.step(each.view.model) for each in comparison.sides)
                self.query_one(f"#side-{side.name.lower()}", SideLine).compare(comparison, side is active, steps)
            words = tokens_text(comparison)
            tokens = self.query_one("#tokens", Static)
            tokens.update(Text(words, no_wrap=True, overflow="ellipsis"))
            tokens.display = bool(words)
            self._show_change()
            self._show_matrices(comparison)
            self.query_one(ComparisonPanel).compare(comparison)
            self.editor.show(comparison.sides[active].view.text)
            self.query_one(KeyLine).update()

    def _show_matrices(self, comparison: Comparison) -> None:
        active = self.wanted.active.name.lower()
        single = self.has_room_for_one
        shown = ("difference" if self._shows_difference else active,) if single else _PARTS
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
        """Return the title of a matrix; if only a single one is shown, it has links to the others."""
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

    def _show_change(self) -> None:
        """Explain what the last switch did to the active side, until its view changes."""
        explanation = self._changes[self.wanted.active].explanation
        text = "" if explanation is None else f"▸ {fullest(explanation.row, self.size.width - 2)}"
        change = self.query_one("#change", Static)
        change.update(Text(text, no_wrap=True, overflow="ellipsis"))
        change.display = bool(text)

    def _show_state(self, line: str) -> None:
        state = self.query_one("#state", Static)
        state.update(Text(line, no_wrap=True, overflow="ellipsis"))
        state.display = bool(line)

    # Readings

    @property
    def is_settled(self) -> bool:
        """True if the pair that was asked for is shown."""
        return self._shown == self.wanted and not self._loader.is_busy

    def look(self, pair: Pair, *, quiet: bool = False) -> None:
        """Show a pair of views: at once if that is quick, otherwise as soon as a worker has computed them.

        If they cannot be shown, a notification says why and the earlier pair stays. `quiet` suppresses notifications.
        """
        self.wanted = pair
        try:
            readings = self._loader.request(*pair.sides, quiet=quiet)
        except ModelError as error:
            self._refuse(str(error), quiet=quiet)
            return
        if readings is not None:
            self._compare(*readings)

    def _compare(self, left: "Reading", right: "Reading") -> None:
        self.comparison = Comparison(left, right)
        for side, reading in zip(Side, (left, right), strict=True):
            self._changes[side].follow(reading)
        self.wanted = self._shown = Pair(left.view, right.view, self.wanted.active)
        self.show(self.comparison)

    def _refuse(self, reason: str, *, quiet: bool) -> None:
        """Return to the pair that is shown; without one, leave the screen."""
        if not quiet:
            self.app.warn(reason)
        if self._shown is None:
            self.dismiss()
            return
        if self.wanted.view.model != self._shown.view.model:
            self._refused_steps.add(self.wanted.view.model)
        self.wanted = self._shown

    def on_reading_loader_busy(self, message: ReadingLoader.Busy) -> None:
        """Show what a worker is doing."""
        self._show_state(message.text)

    def on_reading_loader_ready(self, message: ReadingLoader.Ready) -> None:
        """Show the pair that was asked for."""
        if message.is_current:
            left, right = message.readings
            self._compare(left, right)

    def on_reading_loader_failed(self, message: ReadingLoader.Failed) -> None:
        """Notify of the reason, and return to the pair that is shown."""
        if message.is_current:
            self._refuse(message.reason, quiet=message.quiet)

    # Actions

    def _look_at(self, view: View, *, quiet: bool = False) -> View:
        """Let the active side show another view; return the one that it looks at then."""
        self.look(self.wanted.with_view(view), quiet=quiet)
        return self.wanted.view

    def change(self, change: Change) -> None:
        """Change the view of the active side as a keypress does."""
        if self.comparison is not None:
            self._look_at(change(self.wanted.view, self.comparison.sides[self.wanted.active].bounds))

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if name in ALWAYS_POSSIBLE:
            return True
        comparison = self.comparison
        if comparison is None or self.editor.is_editing:
            return False
        if name == "difference":
            return self.has_room_for_one
        if name == "most_changed":
            return self.wanted.view.changed or self._changes[self.wanted.active].has_switch
        if name in ("step_previous", "step_next"):
            return self._next_step(1 if name == "step_next" else -1) is not None
        action = action_named(COMPARE, name)
        if action is None or action.change is None:
            return True
        return action.changes(self.wanted.view, comparison.sides[self.wanted.active].bounds)

    def action_change_view(self, name: str) -> None:
        """Change the active side as an action of the registry says."""
        action = action_named(COMPARE, name)
        if action is not None and action.change is not None:
            self.change(action.change)

    def action_most_changed(self) -> None:
        """Go to the row of the active side that changed most."""
        if (comparison := self.comparison) is None:
            return
        active = self.wanted.active
        place = self._changes[active].jump(comparison.sides[active])
        if place is not None:
            self.change(go_to(*place))

    def action_zoom(self) -> None:
        """Draw all matrices at the next zoom."""
        shown = [matrix for matrix in self.query(Matrix) if matrix.display]
        zoom = shown[0].next_zoom()
        for matrix in self.query(Matrix):
            matrix.zoom = zoom

    def action_other_side(self) -> None:
        """Let the keys act on the other side."""
        self.look(self.wanted.with_other_side_active())

    def action_difference(self) -> None:
        """Show the difference, or the active side, where there is room for one matrix."""
        self.action_show_part(self.wanted.active.name.lower() if self._shows_difference else "difference")

    def action_show_part(self, part: str) -> None:
        """Where only one matrix fits, show this one; if it belongs to a side, that side becomes the active one."""
        self._shows_difference = part == "difference"
        if part not in ("difference", self.wanted.active.name.lower()):
            self.look(self.wanted.with_other_side_active())
        elif self.comparison is not None:
            self._show_matrices(self.comparison)

    def action_step_previous(self) -> None:
        """Let the active side show its model at the previous training step."""
        self._step(-1)

    def action_step_next(self) -> None:
        """Let the active side show its model at the next training step."""
        self._step(1)

    def _next_step(self, by: int) -> str | None:
        """Return the nearest step before or after that of the active side, skipping steps that cannot be opened."""
        models = self._series.models_beyond(self.wanted.view.model, by)
        return next((model for model in models if model not in self._refused_steps), None)

    def _step(self, by: int) -> None:
        if (model := self._next_step(by)) is not None:
            self._look_at(replace(self.wanted.view, model=model))

    def action_models(self) -> None:
        """Choose another model for the active side."""
        self.app.push_screen(ModelsScreen(self.wanted.view.model, self.app.open_models), self._model_chosen)

    def _model_chosen(self, name: str | None) -> None:
        if name is not None:
            self._look_at(replace(self.wanted.view, model=name))

    def action_open_side(self) -> None:
        """Return to Explore with the active side."""
        if self.comparison is not None:
            self.app.look(self.comparison.sides[self.wanted.active].view)
            self.dismiss()

    def action_back(self) -> None:
        """Stop typing, leave what has the focus, or return to Explore."""
        if self.editor.is_editing:
            self.editor.cancel()
        elif self.focused is not None:
            self.set_focus(None)
        else:
            self.dismiss()

    def action_scroll_measures(self, pages: int) -> None:
        """Scroll the measures."""
        panel = self.query_one(ComparisonPanel)
        panel.scroll_relative(y=pages * max(1, panel.size.height - 1), animate=False)

    # Typing another sentence

    def action_edit(self, pasted: str | None = None) -> None:
        """Type another sentence for the active side, or begin with what was pasted."""
        self.editor.edit(self.wanted.view, self.app.history.sentences, pasted=pasted)
        self.query_one(KeyLine).show_hints(self.editor.hints)

    @on(SentenceEditor.Ended)
    def _editing_ended(self, event: SentenceEditor.Ended) -> None:
        if event.text != event.before:
            self.app.history.add(event.before, event.text)
        self.editor.show(self.wanted.view.text)
        self.query_one(KeyLine).show_hints(self.editor.hints)

    # Mouse

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        if isinstance(event.matrix, SideMatrix) and event.matrix.side is not self.wanted.active:
            self.look(self.wanted.with_other_side_active())
        self.change(go_to(event.query, event.key))

    @on(SideLine.Chosen)
    def _side_chosen(self, event: SideLine.Chosen) -> None:
        if event.side is not self.wanted.active and not self.editor.is_editing:
            self.look(self.wanted.with_other_side_active())
