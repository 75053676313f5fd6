"""The Train screen: a run as it learns. Its process tells, this screen draws; leaving the screen changes nothing."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from explorer.actions import TRAIN, action_named, footer
from explorer.core.formatting import fit, marked, visible
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.train_form import TrainForm
from explorer.screens.watching_head import WatchingHead
from explorer.training.messages import (
    HeadsSent,
    Pause,
    Resume,
    RunStarted,
    SampleWritten,
    StatisticsMeasured,
    StepsDone,
    WriteSample,
)
from explorer.training.run_state import RunState, RunStatus
from explorer.training.session import RunChange
from explorer.widgets.key_line import KeyLine
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.sentence import SentenceInput
from explorer.widgets.too_small import SMALLEST, TooSmall
from explorer.widgets.training.histograms import HistogramPanel, RatioPanel
from explorer.widgets.training.loss_curve import LossCurve
from explorer.widgets.training.run_panel import RunFigures, RunPanel, SamplePanel
from model.errors import ModelError

if TYPE_CHECKING:
    pass

ALL_PARTS = (120, 36)
"""Columns and rows from which all parts are seen together."""

TWO_PARTS = 24
"""Rows from which the curve is seen besides the part that is chosen."""

PARTS = ("loss", "attention", "sample", "activations", "gradients", "updates")

_NEXT = {
    RunStatus.PAUSED: ", space goes on",
    RunStatus.DONE: ", enter opens it",
}
"""After the status, what can be done about it."""

_WHILE_EDITING = ("back", "palette", "quit", "help")


class TrainScreen(ActionScreen[None], WatchingHead):
    """One run, trained in a process of its own."""

    SCREEN = TRAIN
    CSS_PATH = "train.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (ALL_PARTS[0], "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-low"),
        (SMALLEST[1], "-low"),
        (TWO_PARTS, "-middle"),
        (ALL_PARTS[1], "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = bindings(TRAIN)

    def __init__(self, run: RunState) -> None:
        super().__init__()
        self.live = run
        self.full = False
        """Whether the part that is chosen has all the room."""

    # What is on it

    def compose(self) -> ComposeResult:
        """Everything there is; the style sheet says what of it is seen at which size."""
        yield Static(id="run-title", markup=False)
        yield RunFigures()
        with Horizontal(id="sentence-line"):
            yield Static("❯", id="prompt", markup=False)
            yield SentenceInput("", id="sentence")
        yield Static(id="message", markup=False)
        yield Static(id="parts")
        with Container(id="run-body"):
            yield LossCurve(id="loss")
            yield Matrix(id="attention")
            yield SamplePanel(id="sample")
            yield HistogramPanel("activations", id="activations")
            yield HistogramPanel("gradients", id="gradients")
            yield RatioPanel(id="updates")
        yield KeyLine(footer(TRAIN), self.is_possible)
        yield TooSmall()

    @property
    def part(self) -> str:
        """The part that is chosen."""
        return self.app.training.display.part

    def on_mount(self) -> None:
        """Go on with what was watched, or begin with the sentence, layer and head of Explore."""
        self.query_one("#sentence-line").display = False
        self.query_one("#message").display = False
        self.app.training.shown_on = self
        self.app.training.changed.subscribe(self, self._run_changed)
        self._begin_with_explore()
        self._show_axes()
        self._show_part()
        self._show_run(RunChange(self.live))
        self._watch_tokens()

    def on_resize(self, event: events.Resize) -> None:
        """Another size may show other parts."""
        self.call_after_refresh(self._show_title)

    def _run_changed(self, change: RunChange) -> None:
        if not self.is_gone:
            self._show_run(change)
            if isinstance(change.event, RunStarted):
                self._watch_tokens()

    def _show_run(self, change: RunChange) -> None:
        """Draw what has changed; everything if a run has started, or without an event."""
        run, event = change.run, change.event
        if run is not self.live:
            self.live, self._encoding, event = run, None, None
            self._begin_with_explore()
        everything = event is None or isinstance(event, RunStarted)
        with self.app.batch_update():
            if everything or isinstance(event, StepsDone):
                self.query_one(LossCurve).show_run(run)
            if everything or isinstance(event, SampleWritten):
                self.query_one(SamplePanel).show_run(run)
            if everything or isinstance(event, StatisticsMeasured):
                for panel in (*self.query(HistogramPanel), self.query_one(RatioPanel)):
                    panel.show_run(run)
            if everything or isinstance(event, HeadsSent):
                self._show_heads()
            self.query_one(RunFigures).show_run(run)
            self._show_title()
            self.query_one(KeyLine).update()

    def _show_title(self) -> None:
        run = self.live
        status = "writing the finished model" if run.is_finishing else run.status.value
        hint = ", space goes on" if run.is_resumable else _NEXT.get(run.status, "")
        parts = [f"Train · {visible(run.request.name)}", f"{status}{hint}"]
        if run.description is not None:
            config = run.description.config
            parts += [
                f"{config.n_layer} layers × {config.n_head} heads, n_embd {config.n_embd}",
                f"{run.description.parameters:,} parameters",
                run.device,
            ]
        while len(parts) > 2 and cell_len(" · ".join(parts)) > self.size.width:
            parts.pop()
        title = Text(fit(" · ".join(parts), self.size.width), no_wrap=True)
        self.query_one("#run-title", Static).update(title)
        message = self.query_one("#message", Static)
        message.update(Text(marked(run.failure)))
        message.display = bool(run.failure)

    def _show_part(self) -> None:
        for name in PARTS:
            self.set_class(name == self.part, f"-part-{name}")
        tabs = [
            Content(name).stylize("bold reverse" if name == self.part else f"@click=screen.show_part('{name}')")
            for name in PARTS
        ]
        self.query_one("#parts", Static).update(Content("  ").join(tabs))

    def action_show_part(self, name: str) -> None:
        """Show this part, where there is no room for all."""
        self.app.training.display.part = name
        self._show_part()

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if self.sentence.editing:
            return name in _WHILE_EDITING
        status, action = self.live.status, action_named(TRAIN, name)
        if action is not None and action.change is not None:
            reading = self.seen
            return reading is not None and action.changes(reading.view, reading.bounds)
        answers = {
            "pause": (status in (RunStatus.TRAINING, RunStatus.PAUSED) and not self.live.is_finishing)
            or self.live.is_resumable,
            "edit": status.is_alive,
            "stop": status in (RunStatus.STARTING, RunStatus.TRAINING, RunStatus.PAUSED),
            "sample": status in (RunStatus.TRAINING, RunStatus.PAUSED),
            "open": self.live.openable is not None,
            "new_run": not status.is_alive,
            "zoom": self.seen is not None,
        }
        return answers.get(name, True)

    def action_change_view(self, name: str) -> None:
        """Look at another head, query, key or stage."""
        action = action_named(TRAIN, name)
        if action is not None and action.change is not None:
            self.change(action.change)

    def action_pause(self) -> None:
        """Pause the run, let it go on, or resume one that was stopped."""
        if self.live.is_resumable:
            try:
                self.app.training.resume(self.live)
            except ModelError as error:
                self.app.warn(str(error))
        else:
            self.app.training.send(Resume() if self.live.status is RunStatus.PAUSED else Pause())

    def action_stop(self) -> None:
        """End the run with a checkpoint."""
        self.app.training.stop()

    def action_sample(self) -> None:
        """Let the model write now."""
        self.app.training.send(WriteSample())

    def action_open(self) -> None:
        """Look at the model in Explore."""
        if (path := self.live.openable) is not None:
            self.dismiss()
            self.app.look(replace(self.view, model=str(path)))

    def action_new_run(self) -> None:
        """Fill in the form for another run."""
        if self.is_active:
            self.app.switch_screen(TrainForm(TrainScreen))

    def action_part_next(self, by: int = 1) -> None:
        """Show the next part."""
        self.action_show_part(PARTS[(PARTS.index(self.part) + by) % len(PARTS)])

    def action_part_previous(self) -> None:
        """Show the part before."""
        self.action_part_next(-1)

    def action_log_loss(self) -> None:
        """Draw the axis of the loss linear or logarithmic."""
        self.app.training.display.log_loss = not self.app.training.display.log_loss
        self._show_axes()

    def action_log_steps(self) -> None:
        """Draw the axis of the steps linear or logarithmic."""
        self.app.training.display.log_steps = not self.app.training.display.log_steps
        self._show_axes()

    def _show_axes(self) -> None:
        curve = self.query_one(LossCurve)
        curve.log_loss, curve.log_steps = self.app.training.display.log_loss, self.app.training.display.log_steps
        curve.show_run(self.live)

    def action_whole_part(self) -> None:
        """Give all room to the chosen part, or to all parts again."""
        self.full = not self.full
        self.set_class(self.full, "-full")

    def action_page_up(self, by: int = -1) -> None:
        """Scroll the chosen part up."""
        part = self.query_one(f"#{self.part}", Widget)
        part.scroll_relative(y=by * max(1, part.size.height - 1), animate=False)

    def action_page_down(self) -> None:
        """Scroll the chosen part down."""
        self.action_page_up(1)

    def action_zoom(self) -> None:
        """Draw the attention at the next zoom."""
        self.matrix.zoom = self.matrix.next_zoom()

    def action_back(self) -> None:
        """Stop typing, show all parts again, or return to Explore."""
        if self._before_editing is not None:
            self._leave_editing(self._before_editing)
        elif self.full:
            self.action_whole_part()
        elif self.focused is not None:
            self.set_focus(None)
        else:
            self.dismiss()

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """A part that is clicked is the one that page up and page down scroll."""
        if isinstance(event.widget, RunPanel) and event.widget.id in PARTS:
            self.action_show_part(str(event.widget.id))


def training_screen(run: RunState | None) -> Screen[None]:
    """Return the Train screen on a run, or the form of a new run if there is none."""
    return TrainForm(TrainScreen) if run is None else TrainScreen(run)
