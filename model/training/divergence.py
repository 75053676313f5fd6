"""Detects a diverged run: a loss that is not finite, or one that has climbed far above where it was.

Imports no torch.
"""

import math
from collections import deque
from collections.abc import Mapping
from operator import index
from typing import Any

from model.errors import ModelError

WINDOW = 20
"""Number of steps over which losses are averaged."""

ADVICE = "try a smaller --learning-rate and --muon-learning-rate, or a longer --warmup"


class DivergedError(ModelError):
    """The run cannot continue. `last_good` is the last step (0 for none) at which the loss was as it should be."""

    def __init__(self, step: int, what: str, last_good: int) -> None:
        super().__init__(f"training diverged at step {step}: {what}; {ADVICE}")
        self.step = step
        self.last_good = last_good


class DivergenceWatch:
    """Watches the losses of a run; its state is saved with the run.

    A run has diverged when the mean of its last 20 losses is more than twice the smallest such mean so far and more
    than a tenth above the loss of a uniform guess. Neither noise nor a bad start that recovers does that.
    """

    def __init__(self, vocab_size: int) -> None:
        self._uniform = math.log(vocab_size)
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._best = math.inf
        self.last_good = 0
        """The last step (0 for none) at which the loss was as it should be."""

    def check(self, step: int, loss: float, what: str = "loss") -> None:
        """Add the loss of a step, or check another number that must be finite. Raises DivergedError."""
        if not math.isfinite(loss):
            raise DivergedError(step, f"the {what} is {'NaN' if math.isnan(loss) else 'infinite'}", self.last_good)
        if what != "loss":
            return
        self._recent.append(loss)
        if len(self._recent) < WINDOW:
            self.last_good = step
            return
        mean = sum(self._recent) / WINDOW
        self._best = min(self._best, mean)
        if mean <= 1.25 * self._best:
            self.last_good = step
        if mean > 2 * self._best and mean > 1.1 * self._uniform:
            what = f"the loss is {loss:.4g}, over the last {WINDOW} steps {mean:.4g} after {self._best:.4g} before"
            raise DivergedError(step, what, self.last_good)

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as JSON."""
        best = None if math.isinf(self._best) else self._best
        return {"recent": list(self._recent), "best": best, "good": self.last_good}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a saved state. Raises KeyError, TypeError or ValueError for anything else."""
        self._recent.extend(map(float, state["recent"]))
        best = state["best"]
        self._best = math.inf if best is None else float(best)
        self.last_good = index(state["good"])
