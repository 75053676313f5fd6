"""HeadScorer: measures the heads of models in the background."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from textual.worker import Worker, get_current_worker

from explorer.core.throttle import Throttle
from model.settings import AS_TRAINED, AttentionSettings

if TYPE_CHECKING:
    from textual.app import App

    from model.head_scores import HeadScores, Progress
    from model.interface import TracedModel
    from model.trace import Trace

PROGRESS_SECONDS = 1.0
"""Seconds between two announcements of the progress; nothing is announced before the first."""


class Measure(Protocol):
    """Measures the heads of a model, and reports after each text how many have been read, and how many there are."""

    def __call__(self, model: "TracedModel", *, progress: "Progress") -> "HeadScores":
        """Return the scores. Raises ModelError if the model cannot be measured."""
        ...


class HeadScorer:
    """Measures the heads of each model once, one model at a time, in a worker of the application.

    `on_measured` is called, in the thread of the application, whenever a model has been measured; `on_progress` now
    and then while one is.
    """

    def __init__(
        self,
        app: "App[Any]",
        measure: Measure,
        on_measured: Callable[[], None],
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._measure = measure
        self._on_measured = on_measured
        self._on_progress = on_progress
        self._progress: WeakKeyDictionary[TracedModel, tuple[int, int]] = WeakKeyDictionary()
        # Keyed by the model itself, as another one may be opened later under the same name.
        self._scores: WeakKeyDictionary[TracedModel, HeadScores | None] = WeakKeyDictionary()
        self._is_measuring = False

    def scores(self, model: "TracedModel") -> "HeadScores | None":
        """Return the scores of a model; None if it has not been measured or cannot be."""
        return self._scores.get(model)

    def is_over(self, model: "TracedModel") -> bool:
        """Return True if a model has been measured or cannot be."""
        return model in self._scores

    def progress(self, model: "TracedModel") -> tuple[int, int] | None:
        """Return the number of texts that a model has read, and of all texts; None before an announcement."""
        return self._progress.get(model)

    def measure(self, model: "TracedModel") -> None:
        """Measure a model, unless it has been measured or another one is being measured."""
        if not self._is_measuring and model not in self._scores:
            self._is_measuring = True
            self._app.run_worker(lambda: self._work(model), group="head scores", thread=True, exit_on_error=False)

    def _work(self, model: "TracedModel") -> None:
        """Measure a model, in a worker."""
        scores = None
        try:
            cancellable = CancellableModel(model, get_current_worker())
            progress = partial(self._read, model, Throttle(PROGRESS_SECONDS))
            scores = self._measure(cancellable, progress=progress)
        except CancelledError:
            return
        except Exception:  # scores are optional; errors of the model are reported where it is read
            scores = None
        self._app.call_later(self._finish, model, scores)

    def _read(self, model: "TracedModel", throttle: Throttle, done: int, total: int) -> None:
        """Announce the progress, in a worker, unless that has just been done."""
        if throttle.is_due() and done < total:
            self._app.call_later(self._announce, model, done, total)

    def _announce(self, model: "TracedModel", done: int, total: int) -> None:
        self._progress[model] = done, total
        self._on_progress()

    def _finish(self, model: "TracedModel", scores: "HeadScores | None") -> None:
        self._is_measuring = False
        self._scores[model] = scores
        self._on_measured()


class CancelledError(Exception):
    """Raised in a worker that has been cancelled."""


class CancellableModel:
    """A model that raises CancelledError when it is run in a cancelled worker."""

    def __init__(self, model: "TracedModel", worker: "Worker[None]") -> None:
        self._model = model
        self._worker = worker
        self.name, self.config = model.name, model.config
        self.tokenizer, self.prefix = model.tokenizer, model.prefix

    def trace(
        self,
        token_ids: Sequence[int],
        settings: AttentionSettings = AS_TRAINED,
        base: "Trace | None" = None,
    ) -> "Trace":
        """Run the model."""
        if self._worker.is_cancelled:
            raise CancelledError
        return self._model.trace(token_ids, settings, base)
