"""The application: one view, the reading that shows it, and the models it is read from.

The first frame is painted before torch is imported: nothing at the top of this file, of a screen or of a widget
imports it. Workers compute and post messages; only message handlers change what the application holds.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from data import bundled
from data.samples import OPENING_HEAD, OPENING_KEY, SAMPLES
from explorer.app_training import Training
from explorer.core import catalog
from explorer.core.history import History, history_file
from explorer.core.steps import split_step
from explorer.early import Early
from explorer.notices import Notices
from explorer.pasting import take_pastes_as_text
from explorer.scoring import HeadScoring
from explorer.screens.opening import OpeningScreen, loading
from explorer.view import LAST, Change, View
from explorer.widgets import themes
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.reading_loader import ReadingLoader
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from explorer.core.readings import ReadingService
    from explorer.screens.explore import ExploreScreen
    from explorer.training.live_run import LiveRun
    from explorer.training.request import TrainRequest
    from model.interface import TracedModel

DEFAULT_VIEW = View(bundled.DEFAULT, SAMPLES[0].text, LAST, OPENING_KEY, *OPENING_HEAD)


class ReadingsImported(WorkerMessage):
    """A worker has imported what computes, torch included; the service is None if that failed."""

    def __init__(self, service: "ReadingService | None", reason: str = "") -> None:
        super().__init__()
        self.service = service
        self.reason = reason


class ExplorerApp(Training, HeadScoring, Notices, Early):
    """Attention Explorer."""

    TITLE = "Attention Explorer"
    CSS_PATH = Path(__file__).parent / "screens" / "opening.tcss"  # Textual does not load that of a default screen
    ENABLE_COMMAND_PALETTE = True
    # Numbers are copied with y. Textual 8.2 raises where a click begins to select text of a widget that is going away.
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", "Quit", show=False, priority=True)]

    def __init__(
        self,
        view: View | None = None,
        open_model: "Callable[[str], TracedModel]" = catalog.open_model,
        history: History | None = None,
    ) -> None:
        if "NO_COLOR" in os.environ:
            # Before Textual's own __init__, which chooses its filter by the theme: the grey one is black on black.
            self.set_reactive(App.theme, "ansi-dark")
        super().__init__()
        self.view = view or DEFAULT_VIEW
        self.reading: Reading | None = None
        themes.register(self)
        self._open_model = open_model
        self._readings: ReadingService | None = None
        self._loader: ReadingLoader | None = None
        self._busy = ""
        self.history = history or History()
        self._explore: ExploreScreen | None = None
        self._opened_with: View | None = self.view
        self._announced = False

    def get_css_variables(self) -> dict[str, str]:
        """Those of the theme, coloured texts dark or light enough to be read."""
        self.theme_variables = themes.legible(super().get_css_variables())
        return self.theme_variables

    def get_default_screen(self) -> Screen[Any]:
        """The first frame."""
        return OpeningScreen(self.view)

    @property
    def explore(self) -> "ExploreScreen":
        """The Explore screen, the lowest, also while another one lies over it."""
        if self._explore is None:
            raise RuntimeError("the first frame is not painted yet")
        return self._explore

    @property
    def readings(self) -> "ReadingService":
        """Where readings come from; there is one as soon as torch is imported."""
        if self._readings is None:
            raise RuntimeError("torch is not imported yet")
        return self._readings

    @property
    def open_models(self) -> tuple[str, ...]:
        """The names of the models that are open, the most recently used last."""
        return self._readings.models if self._readings is not None else ()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Those of Textual's own commands that our registry does not have."""
        kept = ("Theme", "Screenshot")
        return (command for command in super().get_system_commands(screen) if command.title in kept)

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        from explorer.screens.commands import ActionPalette

        if not isinstance(self.screen, ActionPalette):
            self.push_screen(ActionPalette(id="--command-palette"))

    def change(self, change: Change) -> None:
        """Look at what a keypress leads to; without a reading there is nowhere to go."""
        if self.reading is not None:
            self.look(change(self.view, self.reading.bounds))

    def look(self, view: View, *, quiet: bool = False) -> None:
        """Show `view`: at once where that is quick, otherwise when a worker has computed it.

        What cannot be shown is said in a notification and the earlier view stays; nothing is said when `quiet`.
        """
        if (split_step(view.model)[0], view.text) != (split_step(self.view.model)[0], self.view.text):
            self._announced = False
        if self._loader is None:
            self.view = view  # requested as soon as there is a loader
            return
        try:
            readings = self._loader.request(view, quiet=quiet)
        except ModelError as error:
            self._refuse(view, str(error), quiet=quiet)
            return
        if readings is None:
            self.view = view
        else:
            self._show(readings[0], quiet=quiet)

    def on_key(self, event: events.Key) -> None:
        """A key that nothing on the screen has taken."""
        if self.screen is not self._explore or self._explore.typed_early(event):
            return
        if self.reading is None and self._busy and self.keep_early(event, self._explore.is_possible):
            self._show_busy(self._busy)

    def warn(self, message: str) -> None:
        """Say what is wrong, in one line that is never read as markup."""
        self.notify(" ".join(message.split()), severity="warning", markup=False)

    def _show(self, reading: "Reading", *, quiet: bool) -> None:
        first = self.reading is None
        self.view = reading.view
        self.reading = reading
        self.explore.show(reading)
        if first:  # an answer may bring a reading of its own: the keys after it are not to be answered twice
            self.answer_early()
        if not self.explore.time_open:  # steps that are passed through are not worth a second each
            self.call_after_refresh(self.measure_heads)
        if not quiet:
            self._announce(reading)

    @property
    def model_in_view(self) -> "TracedModel | None":
        """The model of the reading that is shown, while it is open."""
        return self.readings.model(self.reading.view.model) if self.reading is not None else None

    # Opening a model

    def on_mount(self) -> None:
        """All the rest comes after the first frame."""
        self.call_after_refresh(self._begin_exploring)

    async def _begin_exploring(self) -> None:
        """Put Explore in the place of the first frame, and load the model."""
        from explorer.screens.explore import ExploreScreen

        opening = self.screen_stack[0]
        self._explore = explore = ExploreScreen(self.view)
        self.add_mode("explore", lambda: explore)  # Textual cannot switch a default screen for another
        await self.switch_mode("explore")
        self._show_busy(loading(self.view.model))
        self.run_worker(self._import_readings, group="readings", thread=True, exit_on_error=False)
        if isinstance(opening, OpeningScreen):
            for event in opening.early:
                await self.on_event(event)
        self.begin_training()

    def _import_readings(self) -> None:
        """In a worker: torch is imported here."""
        try:
            from explorer.core.readings import ReadingService

            self.post_message(ReadingsImported(ReadingService(self._open_model)))
        except Exception as error:
            self.post_message(ReadingsImported(None, f"torch cannot be imported: {type(error).__name__}: {error}"))

    def on_readings_imported(self, message: ReadingsImported) -> None:
        """Ask for the first reading."""
        if message.service is None:
            gc.enable()
            self.warn(message.reason)
            self._show_nothing()
            return
        self._readings = message.service
        self._loader = ReadingLoader(self, message.service)
        self.look(self.view)

    # Readings that take long

    def _show_busy(self, text: str) -> None:
        """Say on the Explore screen what a worker does, and which keys will follow."""
        self._busy = text
        self.explore.show_state(text + self.early_words if text else "")

    def on_reading_loader_busy(self, message: ReadingLoader.Busy) -> None:
        """Say what is waited for."""
        self._show_busy(message.text)

    def on_reading_loader_ready(self, message: ReadingLoader.Ready) -> None:
        """Show the reading that was asked for."""
        if not gc.get_freeze_count():
            # All that came with torch stays for good: looking through it for garbage takes half a second each time.
            gc.freeze()
        gc.enable()  # see `run`
        if message.is_current:
            self._show(message.readings[0], quiet=message.request.quiet)

    def on_reading_loader_failed(self, message: ReadingLoader.Failed) -> None:
        """Say why, and go on with what was shown before."""
        gc.enable()
        if message.is_current:
            self._refuse(message.request.views[0], message.reason, quiet=message.quiet)

    def _refuse(self, view: View, reason: str, *, quiet: bool) -> None:
        """Return to the view that is shown; before the first reading, try the default model or a sample."""
        if not quiet:
            self.warn(reason)
        if self.reading is not None:
            self.view = self.reading.view
        elif self.readings.has_model(view.model):
            if view.text == SAMPLES[0].text:
                self._show_nothing()
            else:
                self.look(replace(view, text=SAMPLES[0].text, query=LAST).as_trained())
        elif view.model != bundled.DEFAULT and bundled.DEFAULT in bundled.names():
            self.look(replace(view, model=bundled.DEFAULT))
        else:
            self._show_nothing()

    def _show_nothing(self) -> None:
        self.forget_early()
        self.explore.show_no_model()

    def _announce(self, reading: "Reading") -> None:
        """Say once of each sentence what of it is not read, and of the command line what could not be had."""
        if self._opened_with is not None:
            for line in _not_there(self._opened_with, reading):
                self.warn(line)
            self._opened_with = None
        if not self._announced:
            self._announced = True
            for line in _not_read(reading):
                self.warn(line)


def _not_there(asked: View, reading: "Reading") -> Iterable[str]:
    """Lines about a layer, head or query that was asked for and that this model and text do not have."""
    got, bounds = reading.view, reading.bounds
    for name, wanted, have, count in (
        ("layer", asked.layer, got.layer, bounds.n_layer),
        ("head", asked.head, got.head, bounds.n_head),
        ("query", asked.query, got.query, bounds.positions),
    ):
        if wanted >= count:
            yield f"{name} {wanted} does not exist, there are 0 to {count - 1}: this is {name} {have}"


def _not_read(reading: "Reading") -> Iterable[str]:
    """Lines about tokens that do not fit into the context and characters that the tokenizer does not know."""
    if reading.left_out:
        fits = len(reading.encoding)
        yield (
            f"the sentence has {fits + reading.left_out} tokens and {reading.model_name} reads at most {fits} at once: "
            f"the first {fits} are shown"
        )
    if unknown := list(dict.fromkeys(unknown.text for unknown in reading.encoding.unknown)):
        named = " ".join(_named(character) for character in unknown[:8])
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        yield f"{reading.model_name} does not know {named}{more}: left out of the tokens"


def _named(character: str) -> str:
    """A character for a message: itself where it can be seen, its code besides where it cannot."""
    return f"‘{character}’" if character.isprintable() and not character.isspace() else f"U+{ord(character):04X}"


def run(view: View | None = None, train: "TrainRequest | None" = None) -> "LiveRun | None":
    """Open the application, on a run to `train` if there is one; returns, when it is left, the last run it trained."""
    # Until a model is open: what is imported is no garbage, and looking through it takes a tenth of the start.
    gc.disable()
    app = ExplorerApp(view, history=History(history_file()))
    themes.suit_terminal(app)
    take_pastes_as_text(app)
    if train is not None:
        app.open_with_training(train)
    try:
        app.run()
    finally:
        gc.enable()
        app.end_training()
    if app.return_code:  # Textual has told what went wrong
        sys.exit(app.return_code)
    return app.training
