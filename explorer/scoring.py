"""The part of the application that measures heads in the background, once a model has shown its first reading."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from weakref import WeakKeyDictionary

from textual.app import App
from textual.worker import Worker, get_current_worker

from explorer.core.head_scores import measure
from explorer.hearing import Hearing
from explorer.widgets.messages import WorkerMessage
from model.settings import AS_TRAINED, AttentionSettings

if TYPE_CHECKING:
    from model.head_scores import HeadScores
    from model.interface import TracedModel
    from model.trace import Trace


class HeadScoresDone(WorkerMessage):
    """A worker has measured the heads of a model; None when they cannot be measured."""

    def __init__(self, model: "TracedModel", scores: "HeadScores | None") -> None:
        super().__init__()
        self.model = model
        self.scores = scores


class HeadScoring(Hearing, App[None]):
    """An application that measures the heads of its models, each model once and one at a time, in a worker."""

    def __init__(self) -> None:
        super().__init__()
        # By the model itself: another one may be opened later under the same name.
        self._head_scores: WeakKeyDictionary[TracedModel, HeadScores | None] = WeakKeyDictionary()
        self._measuring = False

    @property
    @abstractmethod
    def model_in_view(self) -> "TracedModel | None":
        """The model of the reading that is shown."""

    @property
    def scores_in_view(self) -> "HeadScores | None":
        """The scores of the model in view, if they have been measured."""
        model = self.model_in_view
        return None if model is None else self._head_scores.get(model)

    @property
    def scoring_is_over(self) -> bool:
        """Whether there are scores of the model in view, or cannot be any."""
        return self.model_in_view in self._head_scores

    def measure_heads(self) -> None:
        """Measure the model in view unless that was done, or another one is being measured."""
        model = self.model_in_view
        if self._measuring or model is None or model in self._head_scores:
            return
        self._measuring = True
        self.run_worker(lambda: self._measure(model), group="head scores", thread=True, exit_on_error=False)

    def _measure(self, model: "TracedModel") -> None:
        scores = None
        stoppable = _Stoppable(model, get_current_worker())
        try:
            scores = measure(stoppable)
        except _StoppedError:
            return
        except Exception:  # the scores are an extra: what is wrong with the model is said where it is read
            scores = None
        self.post_message(HeadScoresDone(model, scores))

    def on_head_scores_done(self, message: HeadScoresDone) -> None:
        """Keep them, tell the screens, and go on with another model that came into view meanwhile."""
        self._measuring = False
        self._head_scores[message.model] = message.scores
        for screen in self.screen_stack:
            if isinstance(screen, ShowsScores):
                screen.show_scores()
        self.measure_heads()


@runtime_checkable
class ShowsScores(Protocol):
    """A screen on which head scores are seen."""

    def show_scores(self) -> None:
        """Show the scores of the model in view, now that they are measured."""
        ...


class _StoppedError(Exception):
    """The application is being left."""


class _Stoppable:
    """A model whose next run ends the worker that was cancelled, so that nobody waits for it on leaving."""

    def __init__(self, model: "TracedModel", worker: "Worker[None]") -> None:
        self._model = model
        self._worker = worker
        self.name, self.config, self.tokenizer = model.name, model.config, model.tokenizer

    def trace(
        self,
        token_ids: Sequence[int],
        settings: AttentionSettings = AS_TRAINED,
        base: "Trace | None" = None,
    ) -> "Trace":
        if self._worker.is_cancelled:
            raise _StoppedError
        return self._model.trace(token_ids, settings, base)
