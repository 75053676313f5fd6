"""The Train screen: a run while it learns. The run continues in its process whether or not the screen is open."""

from dataclasses import replace
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from explorer.actions import TRAIN, action_named, footer
from explorer.core.formatting import fit, marked, visible
from explorer.core.opening import EVERYTHING
from explorer.screens.base import ALWAYS_POSSIBLE, ActionScreen, bindings
from explorer.screens.train_form import TrainForm
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
from explorer.training.session import RunChange, RunDisplay
from explorer.view import LAST, View
from explorer.widgets.key_line import KeyLine
from explorer.widgets.sentence import SentenceEditor
from explorer.widgets.too_small import SMALLEST, TooSmall
from explorer.widgets.training.attention import AttentionPanel
from explorer.widgets.training.histograms import HistogramPanel, RatioPanel
from explorer.widgets.training.loss_curve import LossCurve
from explorer.widgets.training.run_panel import RunFigures, RunPanel, SamplePanel
from model.errors import ModelError

ALL_PARTS = (120, 36)
"""Columns and rows from which all parts are shown together."""

TWO_PARTS = 24
"""Rows from which the curve is shown besides the chosen part."""

PARTS = ("loss", "attention", "sample", "activations", "gradients", "updates")

_HINTS = {
    RunStatus.PAUSED: ", space goes on",
    RunStatus.DONE: ", enter opens it",
}
"""What to do next, shown after the status in the title."""


class TrainScreen(ActionScreen[None]):
    """Draws the run of the application, steers it, and watches the attention of one head."""

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
        self.run = run
        self.is_full = False
        """True while the chosen part is shown in full."""

    # Widgets

    def compose(self) -> ComposeResult:
        """Create all widgets; the style sheet shows those for which there is room."""
        yield Static(id="run-title", markup=False)
        yield RunFigures()
        yield SentenceEditor("", self._look_at, hidden=True)
        yield Static(id="message", markup=False)
        yield Static(id="parts")
        with Container(id="run-body"):
            yield LossCurve(id="loss")
            yield AttentionPanel(self.app.training, self.run, id="attention")
            yield SamplePanel(id="sample")
            yield HistogramPanel("activations", id="activations")
            yield HistogramPanel("gradients", id="gradients")
            yield RatioPanel(id="updates")
        yield KeyLine(footer(TRAIN), self.is_possible)
        yield TooSmall()

    def on_mount(self) -> None:
        """Show the run as it was when the screen was left, or begin with the sentence and head of Explore."""
        self.app.training.shown_on = self
        self.app.training.changed.subscribe(self, self._run_changed)
        self.attention.set_default_view(self.app.view)
        self._show_axes()
        self._show_part()
        self._show_run(RunChange(self.run))
        self.attention.request_heads()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the title to the new width."""
        self.call_after_refresh(self._show_title)

    @property
    def attention(self) -> AttentionPanel:
        """The attention of one head."""
        return self.query_one(AttentionPanel)

    @property
    def editor(self) -> SentenceEditor:
        """The editor of the sentence whose attention is shown."""
        return self.query_one(SentenceEditor)

    @property
    def display_state(self) -> RunDisplay:
        """What is shown of the run; it outlives the screen."""
        return self.app.training.display

    @property
    def part(self) -> str:
        """The chosen part."""
        return self.display_state.part

    def _run_changed(self, change: RunChange) -> None:
        if not self.is_gone:
            self._show_run(change)
            if isinstance(change.event, RunStarted):
                self.attention.request_heads()

    def _show_run(self, change: RunChange) -> None:
        """Draw what a change affects; a start, or a change without an event, affects everything."""
        run, event = change.run, change.event
        if run is not self.run:
            self.run, event = run, None
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
                self.attention.show_run(run)
            self.query_one(RunFigures).show_run(run)
            self._show_title()
            self.query_one(KeyLine).update()

    def _show_title(self) -> None:
        run = self.run
        status = "writing the finished model" if run.is_finishing else run.status.value
        hint = ", space goes on" if run.is_resumable else _HINTS.get(run.status, "")
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

    def _show_axes(self) -> None:
        curve = self.query_one(LossCurve)
        curve.log_loss, curve.log_steps = self.display_state.log_loss, self.display_state.log_steps
        curve.show_run(self.run)

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if self.editor.is_editing:
            return name in ALWAYS_POSSIBLE
        run, status, action = self.run, self.run.status, action_named(TRAIN, name)
        if action is not None and action.change is not None:
            reading = self.attention.reading
            return reading is not None and action.changes(reading.view, reading.bounds)
        is_running = status in (RunStatus.TRAINING, RunStatus.PAUSED)
        possible = {
            "pause": (is_running and not run.is_finishing) or run.is_resumable,
            "edit": status.is_alive,
            "stop": is_running or status is RunStatus.STARTING,
            "sample": is_running,
            "open": run.openable is not None,
            "new_run": not status.is_alive,
            "zoom": self.attention.reading is not None,
        }
        return possible.get(name, True)

    def action_change_view(self, name: str) -> None:
        """Look at another head, query, key or stage."""
        action = action_named(TRAIN, name)
        if action is not None and action.change is not None:
            self.attention.change(action.change)
            self.query_one(KeyLine).update()

    def action_pause(self) -> None:
        """Pause the run, continue it, or resume one that was stopped."""
        if self.run.is_resumable:
            try:
                self.app.training.resume(self.run)
            except ModelError as error:
                self.app.warn(str(error))
        else:
            self.app.training.send(Resume() if self.run.status is RunStatus.PAUSED else Pause())

    def action_stop(self) -> None:
        """End the run with a checkpoint."""
        self.app.training.stop()

    def action_sample(self) -> None:
        """Let the model write now."""
        self.app.training.send(WriteSample())

    def action_open(self) -> None:
        """Look at the model in Explore: at the cell that was chosen here, or else at what the opening rule finds."""
        if (path := self.run.openable) is not None:
            self.dismiss()
            view = replace(self.attention.view, model=str(path))
            if self.display_state.is_chosen:
                self.app.look(view)
            else:
                self.app.look(replace(view, query=LAST), undecided=EVERYTHING)

    def action_new_run(self) -> None:
        """Fill in the form for another run."""
        if self.is_active:
            self.app.switch_screen(TrainForm(TrainScreen))

    def action_show_part(self, name: str) -> None:
        """Choose a part, which is shown where there is no room for all."""
        self.display_state.part = name
        self._show_part()

    def action_part_next(self) -> None:
        """Choose the next part."""
        self._choose_part(1)

    def action_part_previous(self) -> None:
        """Choose the previous part."""
        self._choose_part(-1)

    def _choose_part(self, by: int) -> None:
        self.action_show_part(PARTS[(PARTS.index(self.part) + by) % len(PARTS)])

    def action_log_loss(self) -> None:
        """Switch the axis of the loss between linear and logarithmic."""
        self.display_state.log_loss = not self.display_state.log_loss
        self._show_axes()

    def action_log_steps(self) -> None:
        """Switch the axis of the steps between linear and logarithmic."""
        self.display_state.log_steps = not self.display_state.log_steps
        self._show_axes()

    def action_whole_part(self) -> None:
        """Show the chosen part in full, or all parts again."""
        self.is_full = not self.is_full
        self.set_class(self.is_full, "-full")

    def action_page_up(self) -> None:
        """Scroll the chosen part up."""
        self._scroll_part(-1)

    def action_page_down(self) -> None:
        """Scroll the chosen part down."""
        self._scroll_part(1)

    def _scroll_part(self, pages: int) -> None:
        part = self.attention.matrix if self.part == "attention" else self.query_one(f"#{self.part}", Widget)
        part.scroll_relative(y=pages * max(1, part.size.height - 1), animate=False)

    def action_zoom(self) -> None:
        """Draw the attention at the next zoom."""
        matrix = self.attention.matrix
        matrix.zoom = matrix.next_zoom()

    def action_back(self) -> None:
        """Stop typing, show all parts again, leave what has the focus, or return to Explore."""
        if self.editor.is_editing:
            self.editor.cancel()
        elif self.is_full:
            self.action_whole_part()
        elif self.focused is not None:
            self.set_focus(None)
        else:
            self.dismiss()

    # Typing another sentence

    def action_edit(self, pasted: str | None = None) -> None:
        """Type another sentence to watch, or begin with what was pasted."""
        self.editor.edit(self.attention.view, self.app.history.sentences, pasted=pasted)
        self.query_one(KeyLine).show_hints(self.editor.hints)

    def _look_at(self, view: View, *, quiet: bool = False) -> View:
        self.attention.look_at(view, quiet=quiet)
        return self.attention.view

    @on(SentenceEditor.Ended)
    def _editing_ended(self, event: SentenceEditor.Ended) -> None:
        if event.text != event.before:
            self.app.history.add(event.before, event.text)
        self.query_one(KeyLine).show_hints(self.editor.hints)

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Choose the part that is clicked, so that page up and page down scroll it."""
        if isinstance(event.widget, RunPanel) and event.widget.id in PARTS:
            self.action_show_part(str(event.widget.id))


def training_screen(run: RunState | None) -> Screen[None]:
    """Return the Train screen on a run, or the form of a new run if there is none."""
    return TrainForm(TrainScreen) if run is None else TrainScreen(run)
