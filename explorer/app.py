"""The application: the view, the reading that shows it, and the models that readings come from.

The first frame is painted before torch is imported: nothing at the top of this file, of a screen or of a widget
imports it. Workers compute and post messages; only message handlers change what the application holds.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.notifications import Notification, Notify
from textual.screen import Screen
from textual.signal import Signal
from textual.theme import Theme

from data import bundled
from data.samples import SAMPLES
from explorer.core.formatting import named_characters
from explorer.core.history import History, history_file
from explorer.core.opening import EVERYTHING, Undecided
from explorer.core.signals import handled_like_interrupts
from explorer.core.steps import split_step
from explorer.core.terminal import is_terminal, terminal_is_lost
from explorer.core.tour import note_shown, tour_file
from explorer.screens.opening import OpeningScreen, loading
from explorer.view import LAST, LONGEST_TEXT, Change, View
from explorer.widgets import themes
from explorer.widgets.head_ablator import HeadAblator, MeasureCosts
from explorer.widgets.head_scorer import HeadScorer, Measure
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.paste_parser import install_paste_parser
from explorer.widgets.reading_loader import ReadingLoader
from explorer.widgets.type_ahead import TypeAhead
from model.errors import ModelError
from model.families import OpenOptions

if TYPE_CHECKING:
    from textual.css.query import DOMQuery

    from explorer.core.reading import Reading
    from explorer.core.readings import ReadingService
    from explorer.screens.commands import ActionPalette
    from explorer.screens.compare import CompareScreen
    from explorer.screens.explore import ExploreScreen
    from explorer.screens.heads import HeadsScreen
    from explorer.screens.lab import LabScreen, LabSession
    from explorer.training.process import ProcessStarter
    from explorer.training.request import TrainRequest
    from explorer.training.run_state import RunState
    from explorer.training.session import ReadHeads, TrainingSession
    from explorer.widgets.sentence import SentenceEditor
    from model.head_costs import HeadCost
    from model.head_scores import HeadScores, Progress
    from model.interface import TracedModel
    from model.settings import Head

DEFAULT_VIEW = View(bundled.DEFAULT, SAMPLES[0].text, LAST)
"""What is opened if nothing is asked for; its head and key are undecided."""

TERMINAL_SECONDS = 1.0
"""Seconds between two looks at the terminal, which may have been closed."""
MOST_NOTIFICATIONS = 5
"""The most notifications on screen at once; more would hide what they refer to."""


@dataclass(frozen=True, slots=True)
class OtherScreens:
    """The large screens over Explore, which are imported when the first of them is opened."""

    compare: "type[CompareScreen]"
    heads: "type[HeadsScreen]"
    lab: "type[LabScreen]"
    lab_session: "type[LabSession]"
    training: "Callable[[RunState | None], Screen[None]]"


class ExploreImported(WorkerMessage):
    """Posted when a worker has imported the Explore screen."""

    def __init__(
        self, explore: "type[ExploreScreen]", palette: "type[ActionPalette]", training: "type[TrainingSession]"
    ) -> None:
        super().__init__()
        self.explore = explore
        self.palette = palette
        self.training = training


class TorchImported(WorkerMessage):
    """Posted when a worker has imported torch and everything that computes with it."""

    def __init__(self, readings: "ReadingService", read_heads: "ReadHeads") -> None:
        super().__init__()
        self.readings = readings
        self.read_heads = read_heads


class TorchMissing(WorkerMessage):
    """Posted when a worker could not import torch."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class ExplorerApp(App[None]):
    """Attention Explorer."""

    TITLE = "Attention Explorer"
    CSS_PATH = Path(__file__).parent / "screens" / "opening.tcss"  # Textual does not load that of a default screen
    ENABLE_COMMAND_PALETTE = True
    # Numbers are copied with y. Textual 8.2 raises if a click begins to select text in a widget that is being removed.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", show=False, priority=True)]
    _theme_in_use: Theme | None = None  # see current_theme

    def __init__(
        self,
        view: View | None = None,
        open_model: "Callable[[str], TracedModel] | None" = None,
        history: History | None = None,
        start_process: "ProcessStarter | None" = None,
        open_options: OpenOptions | None = None,
        undecided: Undecided | None = None,
        offer_tour: Path | None = None,
    ) -> None:
        """Open on `view`, in which the parts that are `undecided` are chosen; on the default view if it is None.

        If `offer_tour` is given and there is no such file yet, begin with the tour. A served page
        always begins with it, as its visitors are not the user of this machine.
        """
        if "NO_COLOR" in os.environ:
            # Before Textual's own __init__, which chooses its filter by the theme: the grey one is black on black.
            self.set_reactive(App.theme, "ansi-dark")
        super().__init__()
        asked = view or DEFAULT_VIEW
        self.view = replace(asked, text=asked.text[:LONGEST_TEXT])
        self._undecided = undecided if view else EVERYTHING  # parts of self.view to choose once it can be read
        self.reading: Reading | None = None
        self._start_process = start_process
        self._training: TrainingSession | None = None
        self._first_run: TrainRequest | None = None
        themes.register(self)
        self.history = history or History()
        self.head_scores_changed: Signal[None] = Signal(self, "head_scores_changed")
        """Published when the heads of a model have been measured."""
        self.head_costs_changed: Signal[None] = Signal(self, "head_costs_changed")
        """Published when heads of a model have been ablated."""
        self._open_model = open_model
        self._open_options = open_options or OpenOptions()
        self._readings: ReadingService | None = None
        self._loader: ReadingLoader | None = None
        self._scorer: HeadScorer | None = None
        self._ablator: HeadAblator | None = None
        self._type_ahead = TypeAhead()
        self._busy = ""  # what the screen says that a worker is doing
        self._is_waiting = True  # until the reading of self.view is ready
        self._explore: ExploreScreen | None = None
        self._palette: type[ActionPalette] | None = None
        self._other_screens: OtherScreens | None = None
        self._measure_heads: Measure | None = None
        self._measure_costs: MeasureCosts | None = None
        self._unchecked: View | None = asked  # until it is known whether what was asked for exists
        self._announced = False
        self._offer_tour = offer_tour

    def get_css_variables(self) -> dict[str, str]:
        """Return the variables of the theme, with the colours of text changed to be readable."""
        self.theme_variables = themes.legible(super().get_css_variables())
        return self.theme_variables

    def get_default_screen(self) -> Screen[Any]:
        """Return the screen of the first frame."""
        return OpeningScreen(self.view)

    @property
    def explore(self) -> "ExploreScreen":
        """The Explore screen, below all others."""
        if self._explore is None:
            raise RuntimeError("the first frame has not been painted yet")
        return self._explore

    @property
    def other_screens(self) -> OtherScreens:
        """The screens over Explore."""
        if self._other_screens is None:
            self._import("other screens")
        assert self._other_screens is not None
        return self._other_screens

    @property
    def training(self) -> "TrainingSession":
        """The training run of the application."""
        if self._training is None:
            raise RuntimeError("the first frame has not been painted yet")
        return self._training

    @property
    def readings(self) -> "ReadingService":
        """The source of all readings; available as soon as torch has been imported."""
        if self._readings is None:
            raise RuntimeError("torch has not been imported yet")
        return self._readings

    @property
    def open_models(self) -> tuple[str, ...]:
        """The names of the models that are open, the most recently used last."""
        return self._readings.models if self._readings is not None else ()

    @property
    def is_settled(self) -> bool:
        """True if nothing is being opened or computed, no reading is missing, and no key is queued."""
        is_busy = self._loader is not None and self._loader.is_busy
        return not (is_busy or self._is_waiting or self._type_ahead)

    @property
    def current_theme(self) -> Theme:
        """The theme in use, cached: Textual asks for it for every line it draws, and copies all themes each time."""
        if self._theme_in_use is None or self._theme_in_use.name != self.theme:
            self._theme_in_use = super().current_theme
        return self._theme_in_use

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return the commands of Textual that the registry of actions does not have."""
        kept = ("Theme", "Screenshot")
        return (command for command in super().get_system_commands(screen) if command.title in kept)

    def action_command_palette(self) -> None:
        """Open the palette, unless it is open."""
        if self._palette is not None and not isinstance(self.screen, self._palette):
            self.push_screen(self._palette(id="--command-palette"))

    def change(self, change: Change) -> None:
        """Change the view as a keypress does; nothing happens before the first reading."""
        if self.reading is not None:
            self.look(change(self.view, self.reading.bounds))

    def look(self, view: View, *, quiet: bool = False, undecided: Undecided | None = None) -> None:
        """Show a view: at once if that is quick, otherwise as soon as a worker has computed it.

        Parts that are `undecided` are chosen by the opening rule as soon as the model as trained has been run.
        If it cannot be shown, a notification says why and the earlier view stays. `quiet` suppresses notifications.
        """
        self._undecided = undecided
        if (split_step(view.model)[0], view.text) != (split_step(self.view.model)[0], self.view.text):
            self._announced = False
        if self._loader is None:
            self.view = view  # requested as soon as there is a loader
            return
        try:
            readings = self._loader.request(view.as_trained() if undecided else view, quiet=quiet)
        except ModelError as error:
            self._refuse(view, str(error), quiet=quiet)
            return
        self._is_waiting = readings is None
        if readings is None:
            self.view = view
        else:
            self._answer(view, readings[0], quiet=quiet)

    def _answer(self, view: View, reading: "Reading", *, quiet: bool) -> None:
        """Show the reading of a view, or first choose what is undecided about the view."""
        undecided, self._undecided = self._undecided, None
        if undecided is None:
            self._show(reading, quiet=quiet)
        else:
            self.look(reading.decide(view, undecided), quiet=quiet)

    @property
    def _editors(self) -> "DOMQuery[SentenceEditor]":
        """The editor of the sentence, if the screen has one."""
        # Queried by name, as the class is imported only after the first frame.
        return cast("DOMQuery[SentenceEditor]", self.screen.query("SentenceEditor"))

    def on_key(self, event: events.Key) -> None:
        """Type a key that was pressed before the sentence got the focus, or queue a key that is not possible yet."""
        if any(editor.type_early(event) for editor in self._editors):
            return
        if self.screen is not self._explore:
            return
        if self.reading is None and self._busy and self._type_ahead.add(event, self._explore.is_possible):
            self._show_busy(self._busy)

    async def on_paste(self, event: events.Paste) -> None:
        """Edit what is pasted outside the sentence as a new sentence, after the keys that came before it."""
        if self._editors:
            await self.run_action(("screen", "edit", (event.text,)))

    def action_submit_sentence(self) -> None:
        """Keep the sentence that is typed, as enter does."""
        for editor in self._editors:
            editor.submit()

    def _press_next_key(self) -> None:
        """Press the next key of the queue, and those after it once the screen, which may be another one, is updated."""
        if (key := self._type_ahead.pop()) is not None:
            self.post_message(key)
            self.call_after_refresh(self._press_next_key)

    # Messages and notifications

    async def _dispatch_message(self, message: Message) -> None:
        """Drop the messages of workers while the application shuts down."""
        if not isinstance(message, WorkerMessage) or self.is_running:
            await super()._dispatch_message(message)

    def warn(self, message: str) -> None:
        """Notify of something that is wrong, in one line that is not parsed as markup."""
        self.notify(" ".join(message.split()), severity="warning", markup=False)

    def on_notify(self, event: Notify) -> None:
        """Remove the notifications that a new one replaces, and the oldest ones if there are too many."""
        kept = []
        for earlier in list(self._notifications):
            if self._is_replaced(earlier, event.notification):
                self._unnotify(earlier, refresh=False)
            else:
                kept.append(earlier)
        for oldest in kept[: max(0, len(kept) - MOST_NOTIFICATIONS + 1)]:
            self._unnotify(oldest, refresh=False)

    def _is_replaced(self, earlier: Notification, new: Notification) -> bool:
        """Return True if both say the same, or if both report what a key has done: only the last of those counts."""
        if earlier.message == new.message:
            return True
        is_brief = earlier.timeout <= self.NOTIFICATION_TIMEOUT  # what stays longer waits for something
        return is_brief and earlier.severity == new.severity == "information"

    def _show(self, reading: "Reading", *, quiet: bool) -> None:
        first = self.reading is None
        self.view = reading.view
        self.reading = reading
        self.explore.show(reading)
        if first:
            self._begin_tour_once()
            self._press_next_key()
        # Measuring takes a second, too long for each step of training passed through.
        if not self.scoring_is_over and not self.explore.timeline.is_open:
            self.call_after_refresh(self.measure_heads)
        if not quiet:
            self._announce(reading)

    def _begin_tour_once(self) -> None:
        """Begin the tour if it has never been shown to this user and nothing else is open."""
        path = self._offer_tour
        if path is None or self.screen is not self._explore:
            return
        if not self.is_web:
            if path.exists():
                return
            note_shown(path)
        self.explore.begin_tour()

    # Head scores

    @property
    def model_in_view(self) -> "TracedModel | None":
        """The model of the reading that is shown, if it is still open."""
        return self.readings.model(self.reading.view.model) if self.reading is not None else None

    @property
    def scores_in_view(self) -> "HeadScores | None":
        """The scores of the model in view; None if it has not been measured or cannot be."""
        model = self.model_in_view
        return self._scorer.scores(model) if self._scorer is not None and model is not None else None

    @property
    def scoring_is_over(self) -> bool:
        """True if the model in view has been measured or cannot be."""
        model = self.model_in_view
        return self._scorer is not None and model is not None and self._scorer.is_over(model)

    def measure_heads(self) -> None:
        """Measure the heads of the model in view in the background, unless that has been done."""
        if self._scorer is not None and (model := self.model_in_view) is not None:
            self._scorer.measure(model)

    @property
    def scoring_progress(self) -> tuple[int, int] | None:
        """How many texts have been read to measure the model in view, and how many there are.

        None before the first report.
        """
        model = self.model_in_view
        return self._scorer.progress(model) if self._scorer is not None and model is not None else None

    def _measure(self, model: "TracedModel", *, progress: "Progress") -> "HeadScores":
        """Measure the heads of a model, in a worker."""
        self._import("head scores")
        assert self._measure_heads is not None
        return self._measure_heads(model, progress=progress)

    def _publish_head_scores(self) -> None:
        self.head_scores_changed.publish(None)

    def _heads_measured(self) -> None:
        self._publish_head_scores()
        self.measure_heads()  # another model may have come into view meanwhile

    @property
    def costs_in_view(self) -> "dict[Head, HeadCost]":
        """The costs of the heads of the model in view that have been ablated so far."""
        model = self.model_in_view
        return self._ablator.costs(model) if self._ablator is not None and model is not None else {}

    @property
    def ablating_is_over(self) -> bool:
        """True if all heads of the model in view have been ablated, or cannot be."""
        model = self.model_in_view
        return self._ablator is not None and model is not None and self._ablator.is_over(model)

    def ablate_heads(self, screen: Screen[Any]) -> None:
        """Ablate each head of the model in view in the background, as long as a screen is open."""
        if self._ablator is not None and (model := self.model_in_view) is not None:
            self._ablator.measure(screen, model)

    def _ablate(self, model: "TracedModel", heads: "Sequence[Head]") -> "Iterator[tuple[Head, HeadCost]]":
        """Ablate heads of a model, in a worker."""
        self._import("head scores")
        assert self._measure_costs is not None
        return self._measure_costs(model, heads)

    # After the first frame

    def on_mount(self) -> None:
        """Leave everything else until the first frame has been painted."""
        self.call_after_refresh(self.run_worker, partial(self._import, "explore"), group="import", thread=True)
        if not self.is_headless and is_terminal(sys.__stdin__):
            self.set_interval(TERMINAL_SECONDS, self._end_without_terminal)

    def _end_without_terminal(self) -> None:
        """End as by a signal if the terminal is gone: Textual would try to read from it for ever."""
        if terminal_is_lost():
            signal.raise_signal(signal.SIGTERM)

    def _import(self, what: Literal["explore", "torch", "other screens", "head scores"]) -> None:
        """Import what the first frame does without: Explore and torch in workers, the rest when it is first used."""
        if what == "explore":
            from explorer.screens.commands import ActionPalette
            from explorer.screens.explore import ExploreScreen
            from explorer.training.session import TrainingSession

            self.post_message(ExploreImported(ExploreScreen, ActionPalette, TrainingSession))
        elif what == "torch":
            try:
                from explorer.core.loading import open_listed, open_model
                from explorer.core.readings import ReadingService
                from explorer.training.attention import read_heads
            except Exception as error:
                self.post_message(TorchMissing(f"torch cannot be imported: {type(error).__name__}: {error}"))
            else:
                named = partial(open_listed, given=self.view.model) if self.is_web else open_model
                readings = ReadingService(self._open_model or partial(named, options=self._open_options))
                self.post_message(TorchImported(readings, read_heads))
        elif what == "other screens":
            from explorer.screens.compare import CompareScreen
            from explorer.screens.heads import HeadsScreen
            from explorer.screens.lab import LabScreen, LabSession
            from explorer.screens.train import training_screen

            self._other_screens = OtherScreens(CompareScreen, HeadsScreen, LabScreen, LabSession, training_screen)
        else:
            from explorer.core.head_costs import measure_affordable_costs
            from explorer.core.head_scores import measure_heads

            self._measure_heads, self._measure_costs = measure_heads, measure_affordable_costs

    async def on_explore_imported(self, message: ExploreImported) -> None:
        """Replace the first frame by Explore, then import torch."""
        self._palette = message.palette
        self._training = message.training(self, self._start_process)
        opening = self.screen_stack[0]
        self._explore = explore = message.explore(self.view)
        self.add_mode("explore", lambda: explore)  # Textual cannot switch a default screen for another
        await self.switch_mode("explore")
        self._show_busy(loading(self.view.model))
        self.run_worker(partial(self._import, "torch"), group="import", thread=True)
        if isinstance(opening, OpeningScreen):
            for event in opening.early:
                await self.on_event(event)
        if self._first_run is not None:
            self._train(self._first_run)

    def on_torch_imported(self, message: TorchImported) -> None:
        """Ask for the first reading."""
        self._readings = message.readings
        self._loader = ReadingLoader(self, message.readings)
        self._scorer = HeadScorer(self, self._measure, self._heads_measured, self._publish_head_scores)
        self._ablator = HeadAblator(self, self._ablate, lambda: self.head_costs_changed.publish(None))
        self.training.enable_attention(message.read_heads)
        self.look(self.view, undecided=self._undecided)

    def on_torch_missing(self, message: TorchMissing) -> None:
        """Say that nothing can be computed."""
        gc.enable()
        self._is_waiting = False
        self.warn(message.reason)
        self._show_no_model()

    # Readings that take long

    def _show_busy(self, text: str) -> None:
        """Show on the Explore screen what a worker is doing, and which keys are queued."""
        self._busy = text
        self.explore.show_state(text + self._type_ahead.text if text else "")

    def on_reading_loader_busy(self, message: ReadingLoader.Busy) -> None:
        """Show what the application is waiting for."""
        self._show_busy(message.text)

    def on_reading_loader_ready(self, message: ReadingLoader.Ready) -> None:
        """Show the reading that was asked for."""
        if not gc.get_freeze_count():
            # All that came with torch stays for good: looking through it for garbage takes half a second each time.
            gc.freeze()
            # A keypress allocates thousands of objects and frees as many; by default every 700 would be searched.
            gc.set_threshold(20_000, 2, 2)
        gc.enable()  # see `run`
        if message.is_current:
            self._is_waiting = False
            self._answer(self.view, message.readings[0], quiet=message.request.quiet)

    def on_reading_loader_failed(self, message: ReadingLoader.Failed) -> None:
        """Notify of the reason, and return to what was shown before."""
        gc.enable()
        if message.is_current:
            self._is_waiting = False
            self._refuse(self.view, message.reason, quiet=message.quiet)

    def _refuse(self, view: View, reason: str, *, quiet: bool) -> None:
        """Return to the view that is shown; before the first reading, try the default model or a sample."""
        if not quiet:
            self.warn(reason)
        if self.reading is not None:
            self.view, self._undecided = self.reading.view, None
        elif self.readings.has_model(view.model):
            if view.text == SAMPLES[0].text:
                self._show_no_model()
            else:
                self.look(replace(view, text=SAMPLES[0].text, query=LAST).as_trained(), undecided=EVERYTHING)
        elif view.model != bundled.DEFAULT and bundled.DEFAULT in bundled.names():
            self.look(replace(view, model=bundled.DEFAULT), undecided=self._undecided)
        else:
            self._show_no_model()

    def _show_no_model(self) -> None:
        self._type_ahead.clear()
        self.explore.show_no_model()

    def _announce(self, reading: "Reading") -> None:
        """Warn once per sentence of what is left out, and once of what the command line asked for in vain."""
        if self._unchecked is not None:
            for line in _missing_warnings(self._unchecked, reading):
                self.warn(line)
            self._unchecked = None
        if not self._announced:
            self._announced = True
            for line in _unread_warnings(reading):
                self.warn(line)

    # Training

    def open_with_training(self, request: "TrainRequest") -> None:
        """Start this run, and show it, as soon as the first frame has been painted."""
        self._first_run = request

    def _train(self, request: "TrainRequest") -> None:
        try:
            self.training.start(request)
        except ModelError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.explore.action_train()

    @property
    def last_run(self) -> "RunState | None":
        """The run that was trained last, if any."""
        return self._training.run if self._training is not None else None

    def end_training(self) -> None:
        """Leave no training process behind; to be called after the application has exited, however it did."""
        if self._training is not None:
            self._training.close()

    async def action_quit(self) -> None:
        """Exit; a run that is being trained stops and saves first."""
        if self._training is None or self._training.leave():
            await super().action_quit()


def _missing_warnings(asked: View, reading: "Reading") -> Iterable[str]:
    """Yield a line for each layer, head or query that was asked for but does not exist, and for a text that is cut."""
    if more := len(asked.text[LONGEST_TEXT:]):
        yield f"a sentence has at most {LONGEST_TEXT:,} characters: the last {more:,} are left out"
    got, bounds = reading.view, reading.bounds
    for name, wanted, have, count in (
        ("layer", asked.layer, got.layer, bounds.n_layer),
        ("head", asked.head, got.head, bounds.n_head),
        ("query", asked.query, got.query, bounds.positions),
    ):
        if wanted >= count:
            yield f"{name} {wanted} does not exist, there are 0 to {count - 1}: this is {name} {have}"


def _unread_warnings(reading: "Reading") -> Iterable[str]:
    """Yield lines about tokens that do not fit into the context and characters that the tokenizer does not know."""
    if reading.left_out:
        fits = len(reading.encoding)
        yield (
            f"the sentence has {fits + reading.left_out} tokens and {reading.model_name} reads at most {fits} at once: "
            f"the first {fits} are shown"
        )
    if unknown := reading.encoding.unknown:
        named = named_characters(each.text for each in unknown)
        yield f"{reading.model_name} does not know {named}: left out of the tokens"


def run(
    view: View | None = None,
    train: "TrainRequest | None" = None,
    open_options: OpenOptions | None = None,
    undecided: Undecided | None = None,
    *,
    offer_tour: bool = False,
) -> "RunState | None":
    """Run the application, with a run to `train` if one is given; return the last run that it trained, if any.

    It opens on `view`, in which parts that are `undecided` are chosen, or on the default view. With `offer_tour` the
    first start of all begins with the tour.
    """
    # Enabled again with the first reading: imported modules are no garbage, and scanning them takes a tenth of the
    # time to start.
    gc.disable()
    app = ExplorerApp(
        view,
        # The sentences of visitors of a served page do not go into the history of its host.
        history=History(None if "TEXTUAL_DRIVER" in os.environ else history_file()),
        open_options=open_options,
        undecided=undecided,
        offer_tour=tour_file() if offer_tour else None,
    )
    themes.suit_terminal(app)
    install_paste_parser(app)
    if train is not None:
        app.open_with_training(train)
    try:
        with handled_like_interrupts():
            app.run()
    finally:
        gc.enable()
        app.end_training()
    if app.return_code:  # Textual has printed what went wrong
        sys.exit(app.return_code)
    return app.last_run
