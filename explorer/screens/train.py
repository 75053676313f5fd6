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
from textual.widget import Widget
from textual.widgets import Static

from explorer.actions import TRAIN, action_named, footer
from explorer.core.formatting import fit, marked, visible
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.watching_head import WatchingHead
from explorer.training.live_run import LiveRun, Status, Update
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
    Status.PAUSED: ", space goes on",
    Status.DONE: ", enter opens it",
}
"""After the status, what can be done about it."""

_WHILE_EDITING = ("back", "palette", "quit", "help")


class TrainScreen(ActionScreen[None], WatchingHead):
    """One run, trained in a process of its own."""

    SCREEN = TRAIN
    CSS_PATH = "train.tcss"
    tells_the_end = True
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (ALL_PARTS[0], "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-low"),
        (SMALLEST[1], "-low"),
        (TWO_PARTS, "-middle"),
        (ALL_PARTS[1], "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = bindings(TRAIN)

    def __init__(self, run: LiveRun) -> None:
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
        return self.app.watched.part

    def on_mount(self) -> None:
        """Go on with what was watched, or begin with the sentence, layer and head of Explore."""
        self.query_one("#sentence-line").display = False
        self.query_one("#message").display = False
        self._begin_with_explore()
        self._show_axes()
        self._show_part()
        self.show_run(self.live, None)
        self._ask_for_heads()

    def on_resize(self, event: events.Resize) -> None:
        """Another size may show other parts."""
        self.call_after_refresh(self._show_title)

    def show_run(self, run: LiveRun, update: Update | None) -> None:
        """Draw what has changed; all of it without an update."""
        if run is not self.live:
            self.live, self._encoding = run, None
            update = None
            self._begin_with_explore()
        with self.app.batch_update():
            changed = {"started"} if update is None or update.started else set(update.changes)
            everything = "started" in changed
            if everything or (update and update.steps):
                self.query_one(LossCurve).show_run(run)
            if everything or "sample" in changed:
                self.query_one(SamplePanel).show_run(run)
            if everything or (update and update.statistics):
                for panel in (*self.query(HistogramPanel), self.query_one(RatioPanel)):
                    panel.show_run(run)
            if everything or "heads" in changed:
                self._show_heads()
            self.query_one(RunFigures).show_run(run)
            self._show_title()
            self.query_one(KeyLine).update()
        if update is not None and update.started:
            self._ask_for_heads()

    def _show_title(self) -> None:
        run = self.live
        status = "writing the finished model" if run.finishing else run.status.value
        hint = ", space goes on" if self._resumable else _NEXT.get(run.status, "")
        parts = [f"Train · {visible(run.request.name)}", f"{status}{hint}"]
        if run.description is not None:
            config = run.description.config
            parts += [
                f"{config.n_layer} layers × {config.n_head} heads, n_embd {config.n_embd}",
                f"{run.description.parameters:,} parameters",
                run.place,
            ]
        while len(parts) > 2 and cell_len(" · ".join(parts)) > self.size.width:
            parts.pop()
        title = Text(fit(" · ".join(parts), self.size.width), no_wrap=True)
        self.query_one("#run-title", Static).update(title)
        message = self.query_one("#message", Static)
        message.update(Text(marked(run.message)))
        message.display = bool(run.message)

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
        self.app.watched.part = name
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
            "pause": (status in (Status.TRAINING, Status.PAUSED) and not self.live.finishing) or self._resumable,
            "edit": status.alive,
            "stop": status in (Status.STARTING, Status.TRAINING, Status.PAUSED),
            "sample": status in (Status.TRAINING, Status.PAUSED),
            "open": self.live.openable is not None,
            "new_run": not status.alive,
            "zoom": self.seen is not None,
        }
        return answers.get(name, True)

    @property
    def _resumable(self) -> bool:
        """Whether there is a run to go on with, though none is trained."""
        status = self.live.status
        return status in (Status.STOPPED, Status.FAILED) and self.live.description is not None

    def action_change_view(self, name: str) -> None:
        """Look at another head, query, key or stage."""
        action = action_named(TRAIN, name)
        if action is not None and action.change is not None:
            self.change(action.change)

    def action_pause(self) -> None:
        """Pause the run, let it go on, or resume one that was stopped."""
        if self._resumable:
            try:
                self.app.start_training(self.live.request.resumed(), after=self.live)
            except ModelError as error:
                self.app.warn(str(error))
        else:
            self.app.ask_training("go on" if self.live.status is Status.PAUSED else "pause")

    def action_stop(self) -> None:
        """End the run with a checkpoint."""
        self.app.stop_training()

    def action_sample(self) -> None:
        """Let the model write now."""
        self.app.ask_training("sample")

    def action_open(self) -> None:
        """Look at the model in Explore."""
        if (path := self.live.openable) is not None:
            self.dismiss()
            self.app.look(replace(self.view, model=str(path)))

    def action_new_run(self) -> None:
        """Fill in the form for another run."""
        from explorer.screens.train_form import TrainForm

        if self.is_active:
            self.app.switch_screen(TrainForm())

    def action_part_next(self, by: int = 1) -> None:
        """Show the next part."""
        self.action_show_part(PARTS[(PARTS.index(self.part) + by) % len(PARTS)])

    def action_part_previous(self) -> None:
        """Show the part before."""
        self.action_part_next(-1)

    def action_log_loss(self) -> None:
        """Draw the axis of the loss linear or logarithmic."""
        self.app.watched.log_loss = not self.app.watched.log_loss
        self._show_axes()

    def action_log_steps(self) -> None:
        """Draw the axis of the steps linear or logarithmic."""
        self.app.watched.log_steps = not self.app.watched.log_steps
        self._show_axes()

    def _show_axes(self) -> None:
        curve = self.query_one(LossCurve)
        curve.log_loss, curve.log_steps = self.app.watched.log_loss, self.app.watched.log_steps
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
