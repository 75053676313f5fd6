"""The part of the application that has a run trained in the background, whatever screen is shown."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from textual.app import App

from explorer.hearing import Hearing
from explorer.training.live_run import LiveRun, Status, Update, read_told
from explorer.training.process import Launch, TrainingProcess, Trains
from explorer.training.request import TrainRequest
from explorer.view import View
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError

_GRACE = 60.0
"""Seconds that a run has to save itself once the application has gone; then it is killed, which harms no checkpoint."""


@dataclass
class Watched:
    """What of a run is looked at; it is the same when the Train screen was left and is opened again."""

    view: View | None = None
    """The sentence, layer and head; None to begin with those of Explore."""
    part: str = "attention"
    log_loss: bool = False
    log_steps: bool = False


class RunTold(WorkerMessage):
    """The process of a run has told something."""

    def __init__(self, run: LiveRun, update: Update) -> None:
        super().__init__()
        self.run = run
        self.update = update


class RunEnded(WorkerMessage):
    """The process of a run has ended."""

    def __init__(self, run: LiveRun, code: int, message: str) -> None:
        super().__init__()
        self.run = run
        self.code = code
        self.message = message


@runtime_checkable
class ShowsRun(Protocol):
    """A screen on which the run is seen."""

    def show_run(self, run: LiveRun, update: Update | None) -> None:
        """Show what has changed; without an update, everything."""
        ...


class Training(Hearing, App[None]):
    """An application with at most one run at a time, in a process that ends with it."""

    launch: Launch = TrainingProcess

    def __init__(self) -> None:
        super().__init__()
        self.training: LiveRun | None = None
        """The run that is trained, or was trained last."""
        self.watched = Watched()
        self.form_kept: dict[str, str] = {}
        """What stood in the form of a new run when it was left."""
        self._trainer: Trains | None = None
        self._leaving = False
        self._opens_training: TrainRequest | None = None

    @property
    def is_training(self) -> bool:
        """Whether a process trains."""
        return self.training is not None and self.training.status.alive

    def open_with_training(self, request: TrainRequest) -> None:
        """Begin with this run and its screen."""
        self._opens_training = request

    def begin_training(self) -> None:
        """Start what the application was opened with."""
        if self._opens_training is not None:
            self._begin(self._opens_training)

    def _begin(self, request: TrainRequest) -> None:
        try:
            self.start_training(request)
        except ModelError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.show_training()

    def show_training(self) -> None:
        """Open the Train screen: on the run, or on the form where there is none."""
        from explorer.screens.train import TrainScreen
        from explorer.screens.train_form import TrainForm

        if self.is_web:
            self.notify("training needs a terminal: run `explorer train` there", severity="warning", markup=False)
        elif self.training is None:
            self.push_screen(TrainForm())
        else:
            self.push_screen(TrainScreen(self.training))

    def start_training(self, request: TrainRequest, after: LiveRun | None = None) -> LiveRun:
        """Start the process of a run, or of one that goes on `after` it was stopped.

        Raises ModelError when another run is being trained or it cannot be started.
        """
        if self.is_training:
            raise ModelError("another run is being trained: stop it first")
        run = LiveRun(request) if after is None else after.again(request)

        def told(line: dict[str, Any]) -> None:
            if (update := read_told(line, request.out)) is not None:
                self.post_message(RunTold(run, update))

        def ended(code: int, message: str) -> None:
            self.post_message(RunEnded(run, code, message))

        self._trainer = type(self).launch(request, told, ended)
        self.training = run
        if after is None:
            self.watched.view = None
        self._show_run(run, None)
        return run

    def forget_training(self, run: LiveRun) -> None:
        """Drop a run that never began: the next time there is the form again."""
        if run is self.training and not run.status.alive:
            self.training = None

    def ask_training(self, do: str, **values: Any) -> None:
        """Ask the process for something, see `explorer.training.stream`."""
        if self._trainer is not None and self.is_training:
            self._trainer.send(do, **values)

    def stop_training(self) -> None:
        """Let the run end after the step at work, and save."""
        if self.training is not None and self.is_training:
            self.ask_training("stop")
            self.training.status = Status.STOPPING
            self._show_run(self.training, None)

    def _show_run(self, run: LiveRun, update: Update | None) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, ShowsRun):
                screen.show_run(run, update)

    def on_run_told(self, message: RunTold) -> None:
        """Keep it, and show it."""
        message.run.take(message.update)
        if message.run is self.training:
            self._show_run(message.run, message.update)

    def on_run_ended(self, message: RunEnded) -> None:
        """Show how it ended, and say it where the run is not seen; leave, if that waited for it."""
        run = message.run
        was_starting = run.status is Status.STARTING
        run.end(message.code, message.message)
        if self._leaving:
            self.exit()
            return
        if run is not self.training:
            return
        seen = isinstance(self.screen, ShowsRun) and getattr(self.screen, "tells_the_end", False)
        if not seen and not was_starting:
            severity = "error" if run.status is Status.FAILED else "information"
            words = f"{run.request.name}: {run.message or run.status.value} · F3 shows the run"
            self.notify(" ".join(words.split()), severity=severity, markup=False)  # type: ignore[arg-type]
        self._show_run(run, None)

    async def action_quit(self) -> None:
        """Leave; a run that is trained stops and saves first. Asked twice, it is ended as it is."""
        if not self.is_training or self._trainer is None:
            await super().action_quit()
        elif self._leaving:
            self._trainer.kill()
            self.exit()
        else:
            self._leaving = True
            self.stop_training()
            self.notify("the run stops and saves; q again leaves at once", markup=False, timeout=_GRACE)

    def end_training(self) -> None:
        """Leave no process behind: for after the application, however it ended."""
        if self._trainer is not None:
            self._trainer.close()
            if not self._trainer.wait(_GRACE):
                self._trainer.kill()
