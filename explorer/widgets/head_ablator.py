"""HeadAblator: measures in the background what each head of a model is worth, head by head."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from textual.worker import get_current_worker

from explorer.core.throttle import Throttle
from explorer.widgets.head_scorer import CancellableModel, CancelledError
from model.settings import Head, all_heads

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode

    from model.head_costs import HeadCost
    from model.interface import TracedModel

MeasureCosts = Callable[["TracedModel", Sequence[Head]], "Iterator[tuple[Head, HeadCost]]"]


class HeadAblator:
    """Ablates the heads of a model in a worker of a screen, and continues where the last worker was cancelled.

    `on_progress` is called in the thread of the application, whenever there are new costs or the worker has ended.
    """

    def __init__(self, app: "App[Any]", measure: MeasureCosts, on_progress: Callable[[], None]) -> None:
        self._app = app
        self._measure = measure
        self._on_progress = on_progress
        self._costs: WeakKeyDictionary[TracedModel, dict[Head, HeadCost]] = WeakKeyDictionary()
        self._over: WeakSet[TracedModel] = WeakSet()
        self._is_measuring = False

    def costs(self, model: "TracedModel") -> "dict[Head, HeadCost]":
        """Return the costs of a model that have been measured so far."""
        return self._costs.get(model, {})

    def is_over(self, model: "TracedModel") -> bool:
        """Return True if all heads of a model have been ablated, or cannot be."""
        return model in self._over

    def measure(self, owner: "DOMNode", model: "TracedModel") -> None:
        """Ablate the remaining heads in a worker that ends with its owner, unless another worker is running."""
        if self._is_measuring or self.is_over(model):
            return
        self._is_measuring = True
        known = self.costs(model)
        missing = [head for head in all_heads(model.config) if head not in known]
        owner.run_worker(lambda: self._work(model, missing), group="head costs", thread=True, exit_on_error=False)

    def _work(self, model: "TracedModel", heads: Sequence[Head]) -> None:
        """Ablate heads, in a worker."""
        done: dict[Head, HeadCost] = {}
        is_over = True
        throttle = Throttle()
        try:
            for head, cost in self._measure(CancellableModel(model, get_current_worker()), heads):
                done[head] = cost
                if throttle.is_due():
                    self._app.call_later(self._add, model, done)
                    done = {}
        except CancelledError:
            is_over = False
        except Exception:  # costs are optional; errors of the model are reported where it is read
            pass
        self._app.call_later(self._finish, model, done, is_over)

    def _add(self, model: "TracedModel", costs: "dict[Head, HeadCost]") -> None:
        self._costs.setdefault(model, {}).update(costs)
        self._on_progress()

    def _finish(self, model: "TracedModel", costs: "dict[Head, HeadCost]", is_over: bool) -> None:
        self._is_measuring = False
        if is_over:
            self._over.add(model)
        self._add(model, costs)
