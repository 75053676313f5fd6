"""The Explore screen: every number that one head computes for one sentence."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.dom import DOMNode
from textual.widget import Widget
from textual.widgets import Static

from data.samples import Sample, place_of
from explorer.actions import EXPLORE, action_named, footer
from explorer.core import export
from explorer.core.catalog import without_step
from explorer.core.change_tracker import ChangeTracker
from explorer.core.comparison import opening
from explorer.core.continuation import Continuation, appended
from explorer.core.gallery import Gallery, Sort
from explorer.core.head_search import HeadSearch
from explorer.core.link import link_line
from explorer.core.opening import EVERYTHING, KEY
from explorer.core.tour import Part as TourPart
from explorer.screens.base import ALWAYS_POSSIBLE, ActionScreen, bindings
from explorer.screens.dialogs.circuits import CircuitsScreen
from explorer.screens.dialogs.find import FindScreen
from explorer.screens.dialogs.help import Part, help_for
from explorer.screens.dialogs.link import LinkScreen
from explorer.screens.dialogs.models import ModelsScreen
from explorer.screens.dialogs.samples import SamplesScreen, suitable
from explorer.screens.exporter import Exporter
from explorer.screens.opening import loading
from explorer.view import (
    LAST,
    Stage,
    View,
    choose_head,
    go_to,
    next_stage,
    start_stepping,
    stop_stepping,
)
from explorer.widgets.header import HeaderLine
from explorer.widgets.key_line import Hints, KeyLine
from explorer.widgets.matrix.layout import Zoom
from explorer.widgets.matrix.matrix import PADDING, Matrix
from explorer.widgets.narration import NarrationLine
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.peakedness import PeakednessPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from explorer.widgets.panels.row_table import RowTable
from explorer.widgets.playback import Playback
from explorer.widgets.sentence import SentenceEditor
from explorer.widgets.timeline.timeline import TIMELINE_HINTS, Timeline, timeline_bindings
from explorer.widgets.token_strip import TokenStrip
from explorer.widgets.too_small import SMALLEST, TooSmall
from explorer.widgets.tour import TourPanel
from explorer.widgets.training.training_line import TrainingLine
from explorer.widgets.wording import cell_text, matrix_measure, matrix_title, row_title, token_text
from model.errors import ModelError
from model.settings import Head

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from explorer.screens.lab import LabSession

SIDE_BY_SIDE = (120, 36)
"""Columns and rows from which all four matrices stand side by side."""

CHOOSING_HINTS: Hints = (
    ("↑↓", "choose", ""),
    ("enter", "append", "append"),
    ("⌫", "take back", "take_back"),
    ("esc", "leave", "back"),
    ("?", "help", "help"),
)
"""The footer while a next token is chosen."""

LECTURE_PADDING = 6
"""The most cells before a number in lecture mode."""

_MATRICES = tuple(stage for stage in Stage if stage is not Stage.NEXT_TOKEN)
_ABREAST = 4
"""How many matrices stand side by side."""

_WITHOUT_READING = (*ALWAYS_POSSIBLE, "edit", "models", "train", "theme", "focus_next", "focus_previous")
_PLAYING = ("play", "slower", "faster")
_PLAYING_KEYS = {key for name in _PLAYING if (action := action_named(EXPLORE, name)) for key in action.keys}

_ALL_PARTS = Part(
    "Why attention?",
    "A token alone does not know what came before it. Attention lets each token, the query, look back at the others, "
    "the keys: scores say how well each of them fits, softmax makes weights of the scores, and the token takes home "
    "the average of their values by these weights. Scale and mask can be switched to see what they are good for.\n\n"
    "tab moves the focus through the parts of the screen; ? then begins with what the focused part is for and what "
    "it shows. All words and numbers are explained at the end of this list: the end key goes there.",
)


class ExploreScreen(ActionScreen[None]):
    """Draws the application's reading; keys become new views, which the application shows."""

    SCREEN = EXPLORE
    CSS_PATH = "explore.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (SIDE_BY_SIDE[0], "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-low"), (24, "-middle"), (SIDE_BY_SIDE[1], "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*timeline_bindings(), *bindings(EXPLORE)]

    seconds_per_stage: ClassVar[float] = 1.6
    """How long playback at ×1 shows each stage: long enough to read its sentence."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._first_view = view
        self._labs: LabSession | None = None
        self.playback = Playback(self, self.seconds_per_stage, self._play_on)
        self._exporter = Exporter(self, self.app)
        self._continuation = Continuation()
        self._changes = ChangeTracker()
        self._gallery: Gallery | None = None
        self._head_search: HeadSearch | None = None
        self._heads_sort = Sort.POSITION
        self._whole: Widget | None = None
        self._focused_before: Widget | None = None
        self._zoom_before: Zoom | None = None  # to restore after lecture mode
        self._edited = view.text  # the sentence in view when the editor was opened
        self.editor = SentenceEditor(view.text, self._look_at)
        self._matrices = {stage: Matrix(id=f"matrix-{stage.value}") for stage in _MATRICES}
        self._titled: tuple[object, ...] = ()  # the head that the titles describe
        self._zooms: list[Zoom | None] = []
        self._room: tuple[object, ...] = ()  # what the size of the matrices depends on
        # Set before anything is mounted: adding a class later makes Textual look up the style of every widget again.
        at = ((self.app.size.width, self.HORIZONTAL_BREAKPOINTS), (self.app.size.height, self.VERTICAL_BREAKPOINTS))
        sizes = (max(point for point in points if point[0] <= cells)[1] for cells, points in at)
        self.add_class("-without-reading", *sizes, update=False)

    # Widgets

    def compose(self) -> ComposeResult:
        """Create all widgets; the style sheet shows those for which there is room."""
        with Horizontal(id="header-line"):
            yield Static("Attention Explorer", id="title", markup=False)
            yield HeaderLine()
            yield TrainingLine()
        yield self.editor
        yield TokenStrip()
        yield Timeline()
        yield Static(id="state", markup=False)
        yield NarrationLine()
        yield TourPanel()
        with Container(id="body"):
            with Container(id="matrices"):
                yield from self._matrices.values()
            with Container(id="panels"):
                yield RowTable()
                yield PeakednessPanel()
                yield PredictionsPanel()
                yield CellPanel()
        yield KeyLine(footer(EXPLORE), self.is_possible)
        yield TooSmall()

    @property
    def timeline(self) -> Timeline:
        """The slider over the snapshots of the training."""
        return self.query_one(Timeline)

    @property
    def tour(self) -> TourPanel:
        """The panel of the tour."""
        return self.query_one(TourPanel)

    @property
    def is_lecture(self) -> bool:
        """True in lecture mode."""
        return self.has_class("-lecture")

    @property
    def stacked(self) -> bool:
        """True if there is room for one matrix only."""
        return (
            self.is_lecture
            or self.whole is not None
            or self.size.width < SIDE_BY_SIDE[0]
            or self.size.height < SIDE_BY_SIDE[1]
        )

    def on_mount(self) -> None:
        """Say which model is being loaded, as there is no reading yet."""
        self.app.head_scores_changed.subscribe(self, lambda _: self.show_scores())
        self.show_state(loading(self._first_view.model))

    def show(self, reading: "Reading") -> None:
        """Draw a reading in all widgets."""
        with self.app.batch_update():
            self.timeline.show(reading)
            self._follow_timeline()
            header = self.query_one(HeaderLine)
            header.scores = self.app.scores_in_view
            header.show(reading)
            self.editor.show(reading.view.text)
            self.query_one(TokenStrip).show(reading)
            self._narrate(reading)
            self.set_class(reading.view.stepping, "-stepping")
            self._show_matrices(reading)
            self.query_one(RowTable).show(reading)
            self.query_one(PeakednessPanel).show(reading)
            self.query_one(PredictionsPanel).show(reading)
            self.query_one(CellPanel).show(reading)
            self.query_one(RowTable).set_title(row_title(reading))
            self.query_one(KeyLine).update()
            wanted = self._follow_tour(reading)
        if self.has_class("-without-reading"):
            self.remove_class("-without-reading", update=False)
            held_back = self.query("#title, TokenStrip, NarrationLine, Matrix, #panels > Drawn")
            self.app.stylesheet.update_nodes(held_back, animate=False)
        if wanted is not None:
            self.app.look(wanted, undecided=KEY)  # the steps speak of the key with the largest weight

    def _narrate(self, reading: "Reading") -> None:
        """Explain the last switch, or else the stage in view; an explanation may hide panels on a low screen."""
        self._changes.follow(reading)
        explanation = self._changes.explanation
        narration = self.query_one(NarrationLine)
        narration.explain(explanation)
        narration.set_class(explanation is not None, "-explaining")
        narration.show(reading)
        for panel in (self.query_one(PeakednessPanel), self.query_one(CellPanel)):
            panel.set_class(explanation is not None and not panel.has_focus, "-hidden")

    def _show_matrices(self, reading: "Reading") -> None:
        stage = reading.view.stage
        chosen = Stage.WEIGHTS if stage is Stage.NEXT_TOKEN else stage
        shown: tuple[Stage, ...] = (chosen,)
        if not self.stacked:
            matrices = reading.bounds.matrices
            end = max(_ABREAST, matrices.index(chosen) + 1)
            shown = matrices[end - _ABREAST : end]
        head = reading.as_set, reading.view.layer, reading.view.head
        room = shown, self.size, self.whole, self.body_height
        for each, matrix in self._matrices.items():
            matrix.display = each in shown
            matrix.set_class(each is stage, "-lit")
            if each in shown:
                matrix.show(reading, each)
                if (head, room) != (self._titled, self._room):
                    self._set_title(matrix, reading, each)
        zooms = [matrix.zoom for matrix in self._matrices.values()]
        if (head, zooms, room) != (self._titled, self._zooms, self._room):
            self._size_matrices()
        if room != self._room:
            self.call_after_refresh(self._size_matrices)  # once the body has its height
        self._titled, self._zooms, self._room = head, zooms, room
        self.query_one(PredictionsPanel).set_class(stage is Stage.NEXT_TOKEN, "-lit")

    @on(Matrix.WidthChanged)
    def _size_matrices(self) -> None:
        """Where the matrices stand above the panels, give them no more lines than they need."""
        is_narrow = self.size.width < SIDE_BY_SIDE[0]
        above = self.whole is None and (is_narrow or self.is_lecture or not self.stacked)
        frame = 3 if self.stacked else 4  # labels, legend and title; below each of four matrices its measure
        lines = (matrix.lines_in(self._most_lines - frame + 2) for matrix in self._matrices.values() if matrix.display)
        self.query_one("#matrices").styles.max_height = max(4, *lines) + frame if above else None

    @property
    def body_height(self) -> int:
        """The height of #body, the matrices and panels together. Textual sets no size of a hidden container."""
        # A tooltip is a child too, on a layer of its own.
        others = (each for each in self.children if each.display and each.layer == "default" and each.id != "body")
        return self.size.height - sum(each.outer_size.height for each in others)

    @property
    def _most_lines(self) -> int:
        """How many lines the matrices may take of the body above the panels; see explore.tcss."""
        height = self.body_height
        if self.is_lecture:
            return height - (1 if self.has_class("-low") else 5)
        if self.tour.is_open and self.has_class("-low"):
            return height
        return int(height * (2 / 3 if self.stacked else 11 / 21))

    def _set_title(self, matrix: Matrix, reading: "Reading", stage: Stage) -> None:
        if self.stacked:
            matrix.set_title(_tabs(reading, stage, self.size.width - 4))
            matrix.set_measure(Content(""))
        else:
            matrix.set_title(matrix_title(reading, stage))
            matrix.set_measure(matrix_measure(reading, stage))

    def show_state(self, line: str) -> None:
        """Say what the screen is waiting for; an empty line says nothing."""
        state = self.query_one("#state", Static)
        state.update(Text(line, no_wrap=True, overflow="ellipsis"))
        state.display = bool(line)

    def show_no_model(self) -> None:
        """Say that no model is open."""
        self.show_state("no model is open: leave with q and name another with --model")

    def show_scores(self) -> None:
        """Name the kind of the head in view in the header, now that the heads are measured."""
        header = self.query_one(HeaderLine)
        header.scores = self.app.scores_in_view
        header.redraw()

    def _show_hints(self) -> None:
        """Show the keys of the sentence, of the predictions or of the timeline while they apply, or else the footer."""
        choosing = CHOOSING_HINTS if self.has_class("-choosing") else ()
        timeline = TIMELINE_HINTS if self.timeline.is_open else ()
        self.query_one(KeyLine).show_hints(self.editor.hints or choosing or timeline)

    def _say_briefly(self, line: str, seconds: float) -> None:
        key_line = self.query_one(KeyLine)
        key_line.say(line)
        self.set_timer(seconds, lambda: key_line.say(""))

    def on_resize(self, event: events.Resize) -> None:
        """Show the matrices for which there is room now."""
        if self.app.reading is not None:
            self._show_matrices(self.app.reading)

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if self.editor.is_editing:
            return name in ALWAYS_POSSIBLE
        if name == "back":
            is_open = self.whole is not None or self.focused is not None or self.tour.is_open or self.is_lecture
            return is_open or self.playback.is_playing or self.app.view.stepping
        if name == "slower":
            return self.playback.can_be_slower
        if name == "faster":
            return self.playback.can_be_faster
        reading = self.app.reading
        if reading is None:
            return name in _WITHOUT_READING
        action = action_named(EXPLORE, name)
        if action is not None and action.change is not None:
            return action.changes(self.app.view, reading.bounds)
        if name == "most_changed":
            return self.app.view.changed or self._changes.has_switch
        if name in ("append", "take_back"):
            focused = self.query_one(PredictionsPanel).has_focus
            return focused and (name == "append" or self._continuation.can_take_back(self.app.view))
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable the keys of the open timeline, except while a sentence is typed or a token is chosen."""
        if action == "timeline":
            is_free = not self.editor.is_editing and not self.has_class("-choosing")
            return self.timeline.is_open and is_free and (parameters != ("close",) or self.whole is None)
        return super().check_action(action, parameters)

    async def run_command(self, command: str) -> None:
        """Run an action; any action but those of playback pauses it."""
        if command not in _PLAYING and not command.startswith("timeline("):
            self._pause()
        await super().run_command(command)

    def action_change_view(self, name: str) -> None:
        """Change the view as an action of the registry says."""
        self._pause()
        action = action_named(EXPLORE, name)
        if action is not None and action.change is not None:
            self.app.change(action.change)

    def action_most_changed(self) -> None:
        """Go to the row that changed most."""
        if (reading := self.app.reading) is None:
            return
        if (place := self._changes.jump(reading)) is None:
            self._say_briefly(" no row has changed", 2.0)
        else:
            self.app.change(go_to(*place))

    def action_back(self) -> None:
        """Close what is open, leave what has the focus, or show all stages again."""
        if self.editor.is_editing:
            self.editor.cancel()
        elif self.whole is not None:
            self._show_in_full(None)
        elif self.focused is not None:
            self.set_focus(None)
        elif self.tour.is_open:
            self._leave_tour()
        elif self.is_lecture and not self.app.view.stepping:
            self.action_lecture()
        else:
            self.app.change(stop_stepping)

    def help_part(self) -> Part | None:
        """Return the help on the open timeline or the focused part, or else on how to choose a part."""
        if self.timeline.is_open and self.focused is None:
            part = help_for(self.timeline)
            return replace(part, keys=Timeline.KEY_HELP) if part is not None else None
        return super().help_part() or _ALL_PARTS

    def help_reading(self) -> "Reading | None":
        """Return the reading whose numbers the help explains."""
        return self.app.reading

    def action_labs(self) -> None:
        """Open the labs where they were left."""
        self._push_labs(None)

    def open_lab(self, number: int) -> None:
        """Open a lab by its number; escape leads back to the screen below."""
        self._push_labs(number - 1)

    def _push_labs(self, lab: int | None) -> None:
        if self.app.reading is not None:  # torch has been imported
            screens = self.app.other_screens
            if self._labs is None:
                self._labs = screens.lab_session()
            self.app.push_screen(screens.lab(self._labs, self.app.readings.open_model, lab))

    # The tour

    def action_tour(self) -> None:
        """Begin the tour, or leave it."""
        if self.tour.is_open:
            self._leave_tour()
        else:
            self.begin_tour()

    def begin_tour(self) -> None:
        """Begin the tour with the sentence and head in view."""
        if (reading := self.app.reading) is None:
            return
        self._pause()
        if self.timeline.is_open:
            self.action_timeline("close")
        if self.is_lecture:
            self.action_lecture()
        if self.whole is not None:
            self._show_in_full(None)
        self.set_focus(None)
        self.tour.begin(self.app.view)
        self._make_room_for_tour()
        self.show(reading)

    def _leave_tour(self) -> None:
        view = self.tour.leave(self.app.view)
        self._make_room_for_tour()
        self._highlight(None)
        self.app.look(view)

    def _make_room_for_tour(self) -> None:
        self.set_class(self.tour.is_open, "-touring")
        self.call_after_refresh(self._fit_matrices)

    def _fit_matrices(self) -> None:
        if self.app.reading is not None:
            self._show_matrices(self.app.reading)

    def _follow_tour(self, reading: "Reading") -> View | None:
        """Show the step of the tour; return the view that it begins with, unless that is in view."""
        wanted = self.tour.follow(reading)
        if wanted is None and self.tour.is_open:
            self._highlight(self.tour.highlighted)
        return wanted

    def _highlight(self, part: TourPart | None) -> None:
        """Mark the part of the screen that a step is about."""
        parts = {
            TourPart.TOKENS: "TokenStrip",
            TourPart.PEAKEDNESS: "PeakednessPanel",
            TourPart.PREDICTIONS: "PredictionsPanel",
        }
        found = None if part is None else self.query_one(parts.get(part, f"#matrix-{part.value}"))
        for each in (self.query_one(TokenStrip), *self._matrices.values(), *self.query_one("#panels").children):
            each.set_class(each is found, "-toured")
        self.query_one("#body").set_class(found in self.query_one("#panels").children, "-panel-toured")

    # Lecture mode

    def action_lecture(self) -> None:
        """Show one large matrix with its sentence, explanation and predictions, or all parts again."""
        entering = not self.is_lecture
        if entering:
            self._zoom_before = self._matrix_in_view.zoom
            if self.tour.is_open:
                self._leave_tour()
            if self.whole is not None:
                self._show_in_full(None)
        self.set_class(entering, "-lecture")
        for matrix in self._matrices.values():
            matrix.zoom = Zoom.NUMBERS if entering else self._zoom_before
            matrix.padding = LECTURE_PADDING if entering else PADDING
        self._fit_matrices()
        self.call_after_refresh(self._fit_matrices)  # again once the widgets have their new sizes

    # Editing the sentence

    def action_edit(self, pasted: str | None = None) -> None:
        """Type another sentence, or begin with what was pasted; a query at its end follows what is typed."""
        self._pause()
        self._edited = self.app.view.text
        self.editor.edit(self.app.view, self.app.history.sentences, at_end=self._is_at_end, pasted=pasted)
        self._show_hints()

    @property
    def _is_at_end(self) -> bool:
        """True if the query is the last token."""
        reading = self.app.reading
        return reading is not None and self.app.view.query == len(reading.encoding) - 1

    @on(SentenceEditor.EditRequested)
    def _edit_requested(self) -> None:
        if self.is_possible("edit"):
            self.action_edit()

    def _look_at(self, view: View, *, quiet: bool = False) -> View:
        """Show the sentence that is typed at the key with the largest weight, or the sentence before as it was."""
        self.app.look(view, quiet=quiet, undecided=None if view.text == self._edited else KEY)
        return self.app.view

    @on(SentenceEditor.Ended)
    def _editing_ended(self, event: SentenceEditor.Ended) -> None:
        if event.text != event.before:
            self.app.history.add(event.before, event.text)
        self.editor.show(self.app.view.text)
        self._show_hints()

    def action_samples(self) -> None:
        """Choose a sample sentence."""
        if (reading := self.app.reading) is not None:
            self.app.push_screen(SamplesScreen(suitable(reading), self.app.view.text), self._sample_chosen)

    def _sample_chosen(self, sample: Sample | None) -> None:
        if sample is None:
            return
        view = self.app.view
        place = place_of(sample.text, view.model)
        if sample.text != view.text:
            self.app.history.add(view.text, sample.text)
        opened = replace(view, text=sample.text, query=LAST, stepping=False)
        if place is not None:
            self.app.look(replace(opened, layer=place.layer, head=place.head, query=place.query, key=place.key))
        else:
            self.app.look(opened, undecided=EVERYTHING)

    # Letting the model write

    def on_descendant_focus(self) -> None:
        """Give the predictions more room while a token is chosen."""
        self._make_room()

    def on_descendant_blur(self) -> None:
        """Give the room back once no token is chosen."""
        self._make_room()

    def _make_room(self) -> None:
        choosing = isinstance(self.focused, PredictionsPanel)
        if choosing != self.has_class("-choosing"):
            self.set_class(choosing, "-choosing")
            self._show_hints()

    def action_candidates(self) -> None:
        """Choose among the predictions."""
        self.query_one(PredictionsPanel).focus()

    def action_append(self) -> None:
        """Append the chosen token."""
        if (token_id := self.query_one(PredictionsPanel).candidate) is not None:
            self._append(token_id)

    @on(PredictionsPanel.TokenChosen)
    def _token_chosen(self, event: PredictionsPanel.TokenChosen) -> None:
        self._append(event.token_id)

    def _append(self, token_id: int) -> None:
        reading, before = self.app.reading, self.app.view
        if reading is None or reading.view != before:
            return
        try:
            text = appended(reading, token_id)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self.app.look(replace(before, text=text, query=LAST, stepping=False), undecided=KEY)
        if self.app.view.text == text:
            self._continuation.added(before, text)

    def action_take_back(self) -> None:
        """Take back the token appended last."""
        self.app.look(self._continuation.take_back(self.app.view))

    # Playback, stage by stage

    def on_key(self, event: events.Key) -> None:
        """Pause on every key but those of playback."""
        if event.key not in _PLAYING_KEYS:
            self._pause()

    def _pause(self) -> bool:
        """Stop the playback of stages and of training. Return True if the stages were playing."""
        self.timeline.stop()
        self.query_one(NarrationLine).show_state("")
        return self.playback.stop()

    def action_play(self) -> None:
        """Play, or pause."""
        if not self._pause():
            self.app.change(start_stepping)
            self.playback.start()
            self._show_speed()

    def _play_on(self) -> None:
        """Show the next stage, and stop at the end of the sentence."""
        before = self.app.view
        self.app.change(next_stage)
        reading = self.app.reading
        if self.app.view == before or reading is None or next_stage(self.app.view, reading.bounds) == self.app.view:
            self._pause()

    def action_slower(self) -> None:
        """Play half as fast."""
        self.playback.slower()
        self._show_speed()

    def action_faster(self) -> None:
        """Play twice as fast."""
        self.playback.faster()
        self._show_speed()

    def _show_speed(self) -> None:
        doing = "▶ playing" if self.playback.is_playing else "space plays"
        self.query_one(NarrationLine).show_state(f"{doing} ×{self.playback.speed:g}")

    # Through training

    def action_time(self) -> None:
        """Open the timeline; if it is open, show its next measure."""
        if self.timeline.is_open:
            self.timeline.next_measure()
            return
        if (reading := self.app.reading) is None:
            return
        self._pause()
        try:
            self.timeline.open(reading)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self.set_focus(None)
        self._follow_timeline()

    def action_timeline(self, name: str) -> None:
        """Do what a key of the open timeline does."""
        self.timeline.run_command(name)
        self._follow_timeline()
        if name in ("slower", "faster") and not self.timeline.playback.is_playing:
            self._say_briefly(f" space plays ×{self.timeline.playback.speed:g}", 1.5)

    def _follow_timeline(self) -> None:
        """Show the step of the model in the header, and make room for the timeline while it is open."""
        timeline, header = self.timeline, self.query_one(HeaderLine)
        header.own_step = timeline.step
        if timeline.is_open != self.has_class("-time"):
            self.set_class(timeline.is_open, "-time")
            self._show_hints()
            if header.reading is not None:
                header.show(header.reading)
            if not timeline.is_open:
                self.app.measure_heads()

    # One part in full

    @property
    def whole(self) -> Widget | None:
        """The part that is shown in full: a panel, or the container of the matrices; None if all parts are shown."""
        return self._whole

    @property
    def _parts(self) -> list[Widget]:
        """What can be shown in full, in the order of the screen."""
        return [self.query_one("#matrices"), *self.query_one("#panels").children]

    def _part_of(self, widget: DOMNode | None) -> Widget:
        """The part that a widget belongs to; the matrices if it belongs to none."""
        parts = self._parts
        while widget is not None and widget not in parts:
            widget = widget.parent
        return widget if isinstance(widget, Widget) else parts[0]

    def _show_in_full(self, part: Widget | None) -> None:
        """Show one part in full, or all parts again."""
        if self._whole is None:
            self._focused_before = self.focused
        self._whole = part
        matrices, panels = self.query_one("#matrices"), self.query_one("#panels")
        for each in (panels, *self._parts):
            each.set_class(part is not None and (each is part or part in each.children), "-seen")
        self.set_class(part is not None, "-whole")
        if self.app.reading is not None:
            self._show_matrices(self.app.reading)
        if part is None:
            self.set_focus(self._focused_before)
        elif part is matrices:
            self.set_focus(self._matrix_in_view)
        else:
            self.set_focus(part)

    @property
    def _matrix_in_view(self) -> Matrix:
        """The matrix of the stage in view."""
        stage = self.app.view.stage
        return self._matrices[Stage.WEIGHTS if stage is Stage.NEXT_TOKEN else stage]

    def action_whole_part(self) -> None:
        """Show the focused part in full, or all parts again."""
        self._show_in_full(None if self.whole is not None else self._part_of(self.focused))

    def action_details(self) -> None:
        """Show the cell in full, or all parts again."""
        cell = self.query_one(CellPanel)
        self._show_in_full(None if self.whole is cell else cell)

    def focus_next(self, selector: "str | type" = "*") -> Widget | None:
        """Focus the next part; while one part is shown in full, show the next one instead."""
        if self._whole is not None:
            return self._next_in_full(1)
        return self._beside_predictions(1) or super().focus_next(selector)

    def focus_previous(self, selector: "str | type" = "*") -> Widget | None:
        """Focus the previous part, or show it in full."""
        if self._whole is not None:
            return self._next_in_full(-1)
        return self._beside_predictions(-1) or super().focus_previous(selector)

    def _next_in_full(self, by: int) -> Widget:
        parts = self._parts
        assert self._whole is not None
        part = parts[(parts.index(self._whole) + by) % len(parts)]
        self._show_in_full(part)
        return part

    def _beside_predictions(self, by: int) -> Widget | None:
        """Focus the panel before or after the predictions, which may hide them while they have the focus."""
        panels = list(self.query_one("#panels").children)
        place = panels.index(self.query_one(PredictionsPanel)) + by
        never_seen = self.has_class("-low") and (by > 0 or self.app.view.stepping)
        if never_seen or not (self.has_class("-choosing") and isinstance(self.focused, PredictionsPanel)):
            return None
        self.set_focus(panels[place])
        return panels[place]

    def action_order(self) -> None:
        """List the products of the cell in the other order."""
        self.query_one(CellPanel).toggle_order()

    def action_sort_keys(self) -> None:
        """Sort the table of the row by weight, or by position."""
        table = self.query_one(RowTable)
        table.sort(not table.by_weight)

    def action_rotation(self) -> None:
        """Show q and k of the cell before they were rotated by their positions, or after."""
        reading = self.app.reading
        if reading is None:
            return
        if reading.as_set.before_rotation(reading.view.layer, reading.view.head) is None:
            self._say_briefly(" u: this model does not rotate q and k", 3.0)
            return
        panel = self.query_one(CellPanel)
        panel.toggle_rotation()
        when = "before" if panel.before_rotation else "after"
        self._say_briefly(f" u: q and k of the cell {when} their rotation", 3.0)

    def action_zoom(self) -> None:
        """Draw all matrices at the next zoom."""
        zoom = self._matrix_in_view.next_zoom()
        with self.app.batch_update():
            for matrix in self._matrices.values():
                matrix.zoom = zoom
            if self.app.reading is not None:
                self._show_matrices(self.app.reading)  # they may need more lines now, or fewer
        self._say_briefly(f" z: {self._matrix_in_view.zoom_label}", 2.0)

    def action_first_key(self) -> None:
        """Leave the first key out of the range of the colours, or take it in again."""
        without = not self._matrix_in_view.without_first
        with self.app.batch_update():
            for matrix in self._matrices.values():
                matrix.without_first = without
        words = "without the first key, a sink in many models" if without else "over all keys"
        self._say_briefly(f" 0: colours {words}", 3.0)

    # Copying and exporting

    def action_copy(self) -> None:
        """Copy the part that has the focus, or the row of the query."""
        if (reading := self.app.reading) is None:
            return
        table = export.row_table(reading)
        if isinstance(self.focused, Matrix):
            table = export.matrix_table(reading, self._stage_in_focus(reading))
        elif isinstance(self.focused, CellPanel):
            table = export.cell_table(reading)
        elif isinstance(self.focused, PredictionsPanel):
            table = export.predictions_table(reading)
        self._exporter.copy(table)

    def _stage_in_focus(self, reading: "Reading") -> Stage:
        """The stage of the matrix that has the focus, or else of the one in view."""
        return self.focused.stage if isinstance(self.focused, Matrix) else export.stage_in_view(reading)

    def action_write(self) -> None:
        """Ask what to write to which file."""
        if (reading := self.app.reading) is not None:
            self._exporter.ask(reading, self._stage_in_focus(reading))

    def on_exporter_written(self, message: Exporter.Written) -> None:
        """Say what was written, or why it was not."""
        self._exporter.report(message)

    def action_link(self) -> None:
        """Show and copy the link line."""
        try:
            reading = self.app.reading
            link = link_line(self.app.view, reading.shape.opening if reading else None)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self.app.copy_to_clipboard(link)
        self.app.push_screen(LinkScreen(link))

    # Other screens

    def action_heads(self) -> None:
        """Open the Heads screen; what is computed of the heads is kept until other traces are shown."""
        if (reading := self.app.reading) is None:
            return
        if self._gallery is not None and self._gallery.is_of(reading):
            self._gallery.reading = reading
        else:
            self._gallery = Gallery(reading)
        screen = self.app.other_screens.heads(self._gallery, self._heads_sort)

        def opened(head: Head | None) -> None:
            self._heads_sort = screen.sort
            if head is not None:
                self.app.change(choose_head(*head))

        self.app.push_screen(screen, opened)

    def action_find_head(self) -> None:
        """Rank all heads for the cell in view; what ablating them does is kept until other traces are shown."""
        if (reading := self.app.reading) is None:
            return
        if self._head_search is None or not self._head_search.is_of(reading):
            self._head_search = HeadSearch(reading)

        def found(head: Head | None) -> None:
            if head is not None:
                self.app.change(choose_head(*head))

        self.app.push_screen(FindScreen(self._head_search), found)

    def action_circuits(self) -> None:
        """Show what the weights of the head in view do with tokens."""
        if (reading := self.app.reading) is None:
            return
        try:
            reader = self.app.readings.circuits(reading)
        except ModelError as error:
            self.app.warn(str(error))
        else:
            self.app.push_screen(CircuitsScreen(reader))

    def action_compare(self) -> None:
        """Open the Compare screen."""
        if (reading := self.app.reading) is not None:
            pair = self.timeline.pair_to_compare(reading.view) or opening(reading.view, reading.bounds)
            self.app.push_screen(self.app.other_screens.compare(pair))

    def action_models(self) -> None:
        """Choose another model."""
        model = without_step(self.app.view.model)
        self.app.push_screen(ModelsScreen(model, self.app.open_models), self._model_chosen)

    def _model_chosen(self, name: str | None) -> None:
        view = self.app.view
        if name is not None and name != view.model:
            # The tokens may be others: a query at the end stays there.
            query = LAST if self._is_at_end else view.query
            self.app.look(replace(view, model=name, query=query), undecided=EVERYTHING)

    def action_train(self) -> None:
        """Open the Train screen: on the run, or on the form of a new run if there is none."""
        if self.app.is_web:
            self.notify("training needs a terminal: run `explorer train` there", severity="warning", markup=False)
        else:
            self.app.push_screen(self.app.other_screens.training(self.app.training.run))

    # Mouse

    @on(TokenStrip.TokenSelected)
    def _token_selected(self, event: TokenStrip.TokenSelected) -> None:
        self._pause()
        self.app.change(go_to(event.position))

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        self._pause()
        self.app.change(go_to(event.query, event.key))

    @on(Matrix.TitleSelected)
    def _title_selected(self, event: Matrix.TitleSelected) -> None:
        if not self.stacked:  # a single matrix has tabs for its title, each with a click of its own
            self.action_change_view(f"stage_{event.matrix.stage.value}")

    @on(HeaderLine.PartSelected)
    async def _header_part_selected(self, event: HeaderLine.PartSelected) -> None:
        action = action_named(EXPLORE, event.action)
        if action is not None and self.is_possible(action.name):
            await self.run_command(action.command)

    @on(RowTable.KeySelected)
    def _key_selected(self, event: RowTable.KeySelected) -> None:
        self._pause()
        self.app.change(go_to(self.app.view.query, event.key))

    @on(Matrix.CellHovered)
    def _cell_hovered(self, event: Matrix.CellHovered) -> None:
        reading, line = self.app.reading, ""
        if reading is not None and event.query is not None and event.key is not None:
            line = cell_text(reading, event.matrix.stage, event.query, event.key)
        self.query_one(KeyLine).say(line)

    @on(TokenStrip.TokenHovered)
    def _token_hovered(self, event: TokenStrip.TokenHovered) -> None:
        reading, line = self.app.reading, ""
        if reading is not None and event.position is not None:
            line = token_text(reading, event.position)
        self.query_one(KeyLine).say(line)


def _tabs(reading: "Reading", chosen: Stage, width: int) -> Content:
    """Return the keys of all matrices as links; the chosen one has its title and, if it fits, its measure."""
    title, measure = matrix_title(reading, chosen).stylize("bold"), matrix_measure(reading, chosen)

    def joined(words: Content, named: bool = True) -> Content:
        tabs = (words if stage is chosen else _tab(stage, named) for stage in reading.bounds.matrices)
        return Content("  ").join(tabs)

    if measure and (tabs := joined(title + Content(" · ") + measure)).cell_length <= width:
        return tabs
    tabs = joined(title)
    return tabs if tabs.cell_length <= width else joined(title, named=False)


def _tab(stage: Stage, named: bool) -> Content:
    """Return the key of a stage that is not shown, as a link, with the name of the stage if `named`."""
    action = action_named(EXPLORE, f"stage_{stage.value}")
    assert action is not None
    words = f"{action.label} {stage.value}" if named else action.label
    return Content.from_markup(f"[dim $foreground @click=screen.{action.command}]{words}[/]")
