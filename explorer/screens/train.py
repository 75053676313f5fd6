"""The Train screen: a run as it learns. Its process tells, this screen draws; leaving the screen changes nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from explorer import themes
from explorer.actions import Action
from explorer.live_run import LONGEST, LiveRun, Status, Update
from explorer.screens.commands import ActionCommands
from explorer.screens.editing import Editing
from explorer.screens.key_line import KeyLine
from explorer.screens.leaving import Leaving
from explorer.screens.sentence import SentenceInput, marked
from explorer.screens.train_actions import BY_NAME, PLACES, TRAIN_ACTIONS, groups
from explorer.text import fit, visible
from explorer.view import Change, Stage, View, go_to
from explorer.widgets.histograms import HistogramPanel, RatioPanel
from explorer.widgets.loss_curve import LossCurve
from explorer.widgets.matrix import Matrix
from explorer.widgets.run_panel import RunFigures, RunPanel, SamplePanel
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.reading import Reading
    from model.tokenizer import Encoding

SMALLEST = (60, 18)
"""Columns and rows below which nothing can be shown well."""

ALL_PARTS = (120, 36)
"""Columns and rows from which all parts are seen together."""

TWO_PARTS = 24
"""Rows from which the curve is seen besides the part that is chosen."""

PARTS = ("loss", "attention", "sample", "activations", "gradients", "updates")

_WHILE_EDITING = ("back", "palette", "quit", "help")


class TrainScreen(Leaving[None], Editing):
    """One run, trained in a process of its own."""

    CSS_PATH = "train.tcss"
    COMMANDS = {ActionCommands}  # noqa: RUF012
    every_action: Sequence[Action] = TRAIN_ACTIONS
    tells_the_end = True
    AUTO_FOCUS = ""  # nothing: the keys are the screen's own
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (ALL_PARTS[0], "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-low"),
        (SMALLEST[1], "-low"),
        (TWO_PARTS, "-middle"),
        (ALL_PARTS[1], "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), f"do('{action.name}')", action.title, tooltip=action.help)
        for action in TRAIN_ACTIONS
        if action.name != "palette"  # Textual's own
    ]

    app: "ExplorerApp"

    def __init__(self, run: LiveRun) -> None:
        super().__init__()
        self.live = run
        self.view = View("", "")
        self.part = "attention"
        self._encoding: Encoding | None = None

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
        yield KeyLine(self.possible, PLACES)
        yield Static(id="too-small", markup=False)

    @property
    def sentence(self) -> SentenceInput:
        """The sentence whose attention is watched, while it is typed."""
        return self.query_one(SentenceInput)

    @property
    def matrix(self) -> Matrix:
        """The attention of one head."""
        return self.query_one(Matrix)

    @property
    def seen(self) -> "Reading | None":
        """The attention of now."""
        return self.live.reading(self.view, self._encoding)

    def on_mount(self) -> None:
        """Begin with the sentence, layer and head of Explore."""
        self.query_one("#sentence-line").display = False
        self.query_one("#message").display = False
        shown = self.app.view
        self.view = replace(shown.as_trained(), stage=Stage.WEIGHTS, stepping=False, model=self.live.request.name)
        self.sentence.show(self.view.text)
        self._show_part()
        self.show_run(self.live, None)
        self._ask_for_heads()

    def on_resize(self, event: events.Resize) -> None:
        """Another size may show other parts."""
        columns, rows = SMALLEST
        now = f"this terminal has {event.size.width}×{event.size.height}"
        self.query_one("#too-small", Static).update(f"Attention Explorer needs {columns}×{rows} or more: {now}")
        self.call_after_refresh(self._show_title)

    def show_run(self, run: LiveRun, update: Update | None) -> None:
        """Draw what has changed; all of it without an update."""
        if run is not self.live:
            self.live, self._encoding = run, None
            update = None
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
        parts = [f"Train · {visible(run.request.name)}", status]
        if run.description is not None:
            config = run.description.config
            parts += [
                f"{config.n_layer} layers × {config.n_head} heads, n_embd {config.n_embd}",
                f"{run.description.parameters:,} parameters",
                run.place,
            ]
        title = Text(fit(" · ".join(parts), self.size.width), no_wrap=True)
        self.query_one("#run-title", Static).update(title)
        message = self.query_one("#message", Static)
        message.update(Text(marked(run.message)))
        message.display = bool(run.message)

    def _show_part(self) -> None:
        for name in PARTS:
            self.set_class(name == self.part, f"-part-{name}")
        tabs = [
            Content(f" {name} ").stylize("reverse" if name == self.part else f"@click=screen.show_part('{name}')")
            for name in PARTS
        ]
        self.query_one("#parts", Static).update(Content(" ").join(tabs))

    def action_show_part(self, name: str) -> None:
        """Show this part, where there is no room for all."""
        self.part = name
        self._show_part()

    # The attention of one head

    def _ask_for_heads(self) -> None:
        """Let the process tell q, k and v for the sentence, from now on as it learns."""
        try:
            self._encoding = self.live.encode(self.view.text)
        except ModelError as error:
            self._encoding = None
            self.app.warn(str(error))
        if self._encoding is not None:
            self.app.ask_training("look", ids=self._encoding.ids)
        self._show_heads()

    def _show_heads(self) -> None:
        matrix, reading = self.matrix, self.seen
        words = marked(self.view.text[:200])
        if reading is None:
            matrix.border_title = Content("attention comes with the first steps")
            return
        self.view = replace(reading.view, text=self.view.text)
        matrix.show(reading, self.view.stage)
        more = f", the first {LONGEST} tokens" if len(reading.encoding) == LONGEST else ""
        assert self.live.heads is not None  # otherwise there is no reading
        matrix.border_title = Content(
            f"{self.view.stage.value} L{self.view.layer} H{self.view.head} after step {self.live.heads.step:,}{more} · "
            f"‘{words}’"
        )

    def change(self, change: Change) -> None:
        """Look at another head, query, key or stage."""
        if (reading := self.seen) is not None:
            self.view = replace(change(reading.view, reading.bounds), text=self.view.text)
            self._show_heads()

    @property
    def edited(self) -> View:
        """The view whose sentence is edited."""
        return self.view

    def look_at(self, view: View, *, quiet: bool = False) -> None:
        """Watch another sentence; one that the model knows nothing of changes nothing."""
        try:
            self.live.encode(view.text)
        except ModelError as error:
            if not quiet:
                self.app.warn(str(error))
            return
        same = view.text == self.view.text
        self.view = view
        if not same:
            self._ask_for_heads()

    def _edit(self) -> None:
        self.query_one("#sentence-line").display = True
        super()._edit()

    def _leave_editing(self, view: View) -> None:
        super()._leave_editing(view)
        self.query_one("#sentence-line").display = False

    # Actions

    def possible(self, name: str) -> bool:
        """Whether an action makes sense now."""
        if self.sentence.editing:
            return name in _WHILE_EDITING
        status, action = self.live.status, BY_NAME[name]
        if action.change is not None:
            reading = self.seen
            return reading is not None and action.possible(reading.view, reading.bounds)
        answers = {
            "pause": status in (Status.TRAINING, Status.PAUSED, Status.STOPPED) and not self.live.finishing,
            "stop": status in (Status.STARTING, Status.TRAINING, Status.PAUSED),
            "sample": status in (Status.TRAINING, Status.PAUSED),
            "open": self.live.openable is not None,
            "new_run": not status.alive,
            "zoom": self.seen is not None,
        }
        return answers.get(name, True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey what makes no sense now."""
        if action == "do":
            return True if self.possible(str(parameters[0])) else None
        return super().check_action(action, parameters)

    def action_do(self, name: str) -> None:
        """A key was pressed; one that comes when another screen is already opening was meant for that."""
        if self.app.screen is self:
            self.act(name)

    def act(self, name: str) -> None:
        """Do an action of the screen by its name, if it makes sense now."""
        if not self.possible(name):
            return
        if (change := BY_NAME[name].change) is not None:
            self.change(change)
        elif name in ("quit", "palette"):
            self.call_later(self.app.run_action, {"quit": "quit", "palette": "command_palette"}[name])
        else:
            getattr(self, f"_{name}")()

    def _pause(self) -> None:
        if self.live.status is Status.STOPPED:
            try:
                self.app.start_training(self.live.request.resumed())
            except ModelError as error:
                self.app.warn(str(error))
        else:
            self.app.ask_training("go on" if self.live.status is Status.PAUSED else "pause")

    def _stop(self) -> None:
        self.app.stop_training()

    def _sample(self) -> None:
        self.app.ask_training("sample")

    def _open(self) -> None:
        if (path := self.live.openable) is not None:
            self.dismiss()
            self.app.look(replace(self.app.view, model=str(path), layer=self.view.layer, head=self.view.head))

    def _new_run(self) -> None:
        from explorer.screens.train_form import TrainForm

        self.switch_to(TrainForm())

    def _part_next(self, by: int = 1) -> None:
        self.action_show_part(PARTS[(PARTS.index(self.part) + by) % len(PARTS)])

    def _part_previous(self) -> None:
        self._part_next(-1)

    def _log_loss(self) -> None:
        curve = self.query_one(LossCurve)
        curve.log_loss = not curve.log_loss
        curve.show_run(self.live)

    def _log_steps(self) -> None:
        curve = self.query_one(LossCurve)
        curve.log_steps = not curve.log_steps
        curve.show_run(self.live)

    def _page_up(self, by: int = -1) -> None:
        part = self.query_one(f"#{self.part}", Widget)
        part.scroll_relative(y=by * max(1, part.size.height - 1), animate=False)

    def _page_down(self) -> None:
        self._page_up(1)

    def _zoom(self) -> None:
        self.matrix.zoom = self.matrix.next_zoom()

    def _theme(self) -> None:
        self.app.theme = themes.following(self.app.theme, no_color=self.app.no_color)
        self.notify(f"colours: {self.app.theme}", markup=False, timeout=2)

    def _help(self) -> None:
        from explorer.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(groups()))

    def _back(self) -> None:
        if self._before_editing is not None:
            self._leave_editing(self._before_editing)
        elif self.focused is not None:
            self.set_focus(None)
        else:
            self.dismiss()

    # Mouse

    @on(Matrix.CellSelected)
    def _cell_selected(self, event: Matrix.CellSelected) -> None:
        self.change(go_to(event.query, event.key))

    def on_click(self, event: events.Click) -> None:
        """A part that is clicked is the one that page up and page down scroll."""
        if isinstance(event.widget, RunPanel) and event.widget.id in PARTS:
            self.action_show_part(str(event.widget.id))

    @on(KeyLine.Pressed)
    def _key_clicked(self, event: KeyLine.Pressed) -> None:
        self.action_do(event.action.name)
