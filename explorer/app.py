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
from explorer.core.engine import Engine
from explorer.core.history import History, history_file
from explorer.core.steps import split_step
from explorer.early import Early
from explorer.notices import Notices
from explorer.pasting import take_pastes_as_text
from explorer.scoring import HeadScoring
from explorer.screens.opening import OpeningScreen
from explorer.view import LAST, Change, View
from explorer.widgets import themes
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from explorer.screens.explore import ExploreScreen
    from explorer.training.live_run import LiveRun
    from explorer.training.request import TrainRequest
    from model.interface import TracedModel

DEFAULT_VIEW = View(bundled.DEFAULT, SAMPLES[0].text, LAST, OPENING_KEY, *OPENING_HEAD)


class ModelOpened(WorkerMessage):
    """A worker has opened a model."""

    def __init__(self, name: str, model: "TracedModel") -> None:
        super().__init__()
        self.name = name
        self.model = model


class ModelRefused(WorkerMessage):
    """A worker could not open a model."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__()
        self.name = name
        self.reason = reason


class ReadingDone(WorkerMessage):
    """A worker has computed a reading, or says why it could not."""

    def __init__(self, view: View, reading: "Reading | None", reason: str = "") -> None:
        super().__init__()
        self.view = view
        self.reading = reading
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
        self.engine = Engine(open_model)
        self.history = history or History()
        self._explore: ExploreScreen | None = None
        self._computing = False
        self._opening: set[str] = set()
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
        if not self.engine.has_model(view.model):
            self.view = view
            if self.reading is not None:
                self.open_model(view.model)
            return
        reading = self.engine.find(view)
        if reading is None and self.engine.is_quick(view):
            try:
                reading = self.engine.read(view)
            except ModelError as error:
                if not quiet:
                    self.warn(str(error))
                return
        if reading is None:
            self.view = view
            self._compute()
        else:
            self.view = reading.view
            self._show(reading)
            if not quiet:
                self._announce(reading)

    def on_key(self, event: events.Key) -> None:
        """A key that nothing on the screen has taken."""
        if self.screen is not self._explore or self._explore.typed_early(event):
            return
        if self.reading is None and self._opening and self.keep_early(event, self._explore.is_possible):
            self._explore.show_loading(self.view.model, self.early_words)

    def warn(self, message: str) -> None:
        """Say what is wrong, in one line that is never read as markup."""
        self.notify(" ".join(message.split()), severity="warning", markup=False)

    def _show(self, reading: "Reading") -> None:
        first = self.reading is None
        self.reading = reading
        self.explore.show(reading)
        if first:  # an answer may bring a reading of its own: the keys after it are not to be answered twice
            self.answer_early()
        if not self.explore.time_open:  # steps that are passed through are not worth a second each
            self.call_after_refresh(self.measure_heads)

    @property
    def model_in_view(self) -> "TracedModel | None":
        """The model of the reading that is shown, while it is open."""
        return self.engine.model(self.reading.view.model) if self.reading is not None else None

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
        self.open_model(self.view.model)
        if isinstance(opening, OpeningScreen):
            for event in opening.early:
                await self.on_event(event)
        self.begin_training()

    def open_model(self, name: str) -> None:
        """Open a model in a worker; the view that asks for it is shown when it is there."""
        self.explore.show_loading(name, self.early_words)
        if name in self._opening:
            return
        self._opening.add(name)
        self.run_worker(lambda: self._open(name), group="open", thread=True, exit_on_error=False)

    def _open(self, name: str) -> None:
        """In a worker: torch is imported here."""
        try:
            model = self.engine.open_model(name)
        except ModelError as error:
            self.post_message(ModelRefused(name, str(error)))
        except Exception as error:
            self.post_message(ModelRefused(name, f"{name!r} cannot be opened: {type(error).__name__}: {error}"))
        else:
            self.post_message(ModelOpened(name, model))

    def on_model_opened(self, message: ModelOpened) -> None:
        """Show the view that waited for this model."""
        if not gc.get_freeze_count():
            # All that came with torch stays for good: looking through it for garbage takes half a second each time.
            gc.freeze()
        gc.enable()  # see `run`
        self.engine.add_model(message.name, message.model)
        self._opening.discard(message.name)
        if self.view.model != message.name:
            return
        self.explore.show_loading(None)
        self.look(self.view)
        if self._computing:
            return
        if self.reading is None:
            self._look_at_sample(self.view.text)
        else:
            self.view = self.reading.view  # that of before, when nothing of the sentence is known to this model

    def _look_at_sample(self, refused: str) -> None:
        """When the first text cannot be shown: open with a sentence that can."""
        if refused == SAMPLES[0].text:
            self.forget_early()
            self.explore.show_no_model()
        else:
            self.look(replace(self.view, text=SAMPLES[0].text, query=LAST).as_trained())

    def on_model_refused(self, message: ModelRefused) -> None:
        """Say why, and go on with the earlier model or the default one."""
        gc.enable()
        self._opening.discard(message.name)
        self.warn(message.reason)
        if self.view.model != message.name:
            return  # another one is asked for by now
        self.explore.show_loading(None)
        if self.reading is not None:
            self.view = self.reading.view
        elif message.name != bundled.DEFAULT and bundled.DEFAULT in bundled.names():
            self.view = replace(self.view, model=bundled.DEFAULT)
            self.open_model(bundled.DEFAULT)
        else:
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

    # Computing what takes long

    def _compute(self) -> None:
        """Compute the view of now in a worker, one at a time: later keypresses wait and only the last one counts."""
        if self._computing:
            return
        self._computing = True
        self.explore.show_computing(True)
        view, job = self.view, self.engine.job(self.view)

        def work() -> None:
            try:
                self.post_message(ReadingDone(view, job()))
            except ModelError as error:
                self.post_message(ReadingDone(view, None, str(error)))
            except Exception as error:
                self.post_message(ReadingDone(view, None, f"this cannot be computed: {type(error).__name__}: {error}"))

        self.run_worker(work, group="compute", thread=True, exit_on_error=False)

    def on_reading_done(self, message: ReadingDone) -> None:
        """Show it if it is what is asked for now; else go on to that."""
        self._computing = False
        self.explore.show_computing(False)
        quiet = self.explore.sentence.editing
        if message.reading is not None:
            self.engine.add(message.reading)
        elif message.view == self.view:
            if not quiet:
                self.warn(message.reason)
            if self.reading is not None:
                self.view = self.reading.view
            else:
                self._look_at_sample(message.view.text)
            return
        self.look(self.view, quiet=quiet)


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
