"""TrainingSession: the one training run of the application, with its process and what is known of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from textual.app import App
from textual.screen import Screen
from textual.signal import Signal

from explorer.training.messages import Command, Event, Stop
from explorer.training.process import ProcessHandle, ProcessStarter, TrainingProcess
from explorer.training.request import TrainRequest
from explorer.training.run_state import Curves, RunState, RunStatus, earlier_curves
from explorer.view import View
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.tokenizer import Encoding

_SECONDS_TO_SAVE = 60.0
"""How long a run may take to save itself when the application exits; then it is killed, which harms no checkpoint."""

ReadHeads = Callable[[RunState, "Encoding", View], "Reading | None"]
"""`explorer.training.attention.read_heads`, which needs torch."""


@dataclass(frozen=True, slots=True)
class RunChange:
    """A change of the run: by an event of its process or, without an event, in any other way."""

    run: RunState
    event: Event | None = None


@dataclass
class RunDisplay:
    """What the Train screen shows of the run; kept while the screen is closed."""

    view: View | None = None
    """The watched sentence, layer and head; None to begin with those of Explore."""
    is_chosen: bool = False
    """True once the user has chosen the head, query or key of the view."""
    part: str = "attention"
    log_loss: bool = False
    log_steps: bool = False


class TrainingSession:
    """Starts, steers and ends the run of an application; at most one is trained at a time, in a process of its own.

    Widgets and screens subscribe to `changed`, and get a `RunChange` in their own message loop.
    """

    def __init__(self, app: App[Any], start_process: ProcessStarter | None = None) -> None:
        """Make the session of an application; `start_process` is `TrainingProcess` unless a test substitutes it."""
        self.run: RunState | None = None
        """The run that is trained, or was trained last."""
        self.changed: Signal[RunChange] = Signal(app, "run-changed")
        self.display = RunDisplay()
        self.form_values: dict[str, str] = {}
        """The values in the form of a new run when it was closed."""
        self.shown_on: Screen[Any] | None = None
        """The screen that shows how the run ends: while it is on top, no notification is needed."""
        self.read_heads: ReadHeads | None = None
        self._app = app
        self._start_process = start_process or TrainingProcess
        self._process: ProcessHandle | None = None
        self._is_leaving = False

    @property
    def is_training(self) -> bool:
        """Return True while the run has a process."""
        return self.run is not None and self.run.status.is_alive

    def start(self, request: TrainRequest) -> RunState:
        """Start a new run. Raises ModelError if another is being trained or the process cannot be started."""
        run = RunState(request)
        self._start(run)
        self.display.view, self.display.is_chosen = None, False
        return run

    def resume(self, run: RunState) -> None:
        """Continue a run that has ended. Raises ModelError like `start`."""
        self._start(run.resumed())

    def _start(self, run: RunState) -> None:
        if self.is_training:
            raise ModelError("another run is being trained: stop it first")

        def on_event(event: Event) -> None:
            self._app.call_later(self._receive, run, event, earlier_curves(run.request.out, event))

        def on_exit(code: int, failure: str) -> None:
            self._app.call_later(self._end, run, code, failure)

        self._process = self._start_process(run.request, on_event, on_exit)
        self.run = run
        self.changed.publish(RunChange(run))

    def discard(self, run: RunState) -> None:
        """Forget a run that never began, so that the form of a new run is shown next time."""
        if run is self.run and not run.status.is_alive:
            self.run = None

    def send(self, command: Command) -> None:
        """Send a command to the process; does nothing without one."""
        if self._process is not None and self.is_training:
            self._process.send(command)

    def stop(self) -> None:
        """Let the run save and end after the current step."""
        if self.run is not None and self.is_training:
            self.send(Stop())
            self.run.status = RunStatus.STOPPING
            self.changed.publish(RunChange(self.run))

    def enable_attention(self, read_heads: ReadHeads) -> None:
        """Set what turns q, k and v into readings, once torch is imported."""
        self.read_heads = read_heads
        if self.run is not None:
            self.changed.publish(RunChange(self.run))

    def leave(self) -> bool:
        """Return True if the application may exit now.

        The first call stops a run, and the application exits when that has saved itself; the second call kills it.
        """
        if not self.is_training or self._process is None:
            return True
        if self._is_leaving:
            self._process.kill()
            return True
        self._is_leaving = True
        self.stop()
        self._app.notify("the run stops and saves; q again leaves at once", markup=False, timeout=_SECONDS_TO_SAVE)
        return False

    def close(self) -> None:
        """End the process, which saves first; to be called after the application has exited, however it did."""
        if self._process is not None:
            self._process.close()
            if not self._process.wait(_SECONDS_TO_SAVE):
                self._process.kill()

    def _receive(self, run: RunState, event: Event, earlier: Curves | None) -> None:
        if not self._app.is_running:
            return
        run.apply(event, earlier)
        if run is self.run:
            self.changed.publish(RunChange(run, event))

    def _end(self, run: RunState, code: int, failure: str) -> None:
        if not self._app.is_running:
            return
        was_starting = run.status is RunStatus.STARTING
        run.end(code, failure)
        if self._is_leaving:
            self._app.exit()
        elif run is self.run:
            if self._app.screen is not self.shown_on and not was_starting:
                self._notify_end(run)
            self.changed.publish(RunChange(run))

    def _notify_end(self, run: RunState) -> None:
        severity: Literal["error", "information"] = "error" if run.status is RunStatus.FAILED else "information"
        words = f"{run.request.name}: {run.failure or run.status.value} · F3 shows the run"
        self._app.notify(" ".join(words.split()), severity=severity, markup=False)
