"""When a run has gone wrong: a loss that is not finite, or one that climbs far above where it has been."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from model.errors import ModelError

WINDOW = 20
"""Steps over which losses are averaged."""

ADVICE = "try a smaller --learning-rate and --muon-learning-rate, or a longer --warmup"


class DivergedError(ModelError):
    """The run cannot go on. `good` is the last step, 0 or more, at which the loss was still as it should be."""

    def __init__(self, step: int, what: str, good: int) -> None:
        super().__init__(f"training diverged at step {step}: {what}; {ADVICE}")
        self.step = step
        self.good = good


class DivergenceWatch:
    """Watches the losses of a run, and is saved with it.

    A run has diverged when the mean of its last 20 losses is more than twice the smallest such mean, and more than a
    tenth above a uniform guess: noise does not do that, nor does a bad start that mends.
    """

    def __init__(self, vocab_size: int) -> None:
        self._uniform = math.log(vocab_size)
        self._recent: deque[float] = deque(maxlen=WINDOW)
        self._best = math.inf
        self.good = 0
        """The last step, 0 or more, at which the loss was as it should be."""

    def check(self, step: int, loss: float, what: str = "loss") -> None:
        """Take the loss of a step, or another number that must be finite. Raises DivergedError."""
        if not math.isfinite(loss):
            raise DivergedError(step, f"the {what} is {'NaN' if math.isnan(loss) else 'infinite'}", self.good)
        if what != "loss":
            return
        self._recent.append(loss)
        if len(self._recent) < WINDOW:
            self.good = step
            return
        mean = sum(self._recent) / WINDOW
        self._best = min(self._best, mean)
        if mean <= 1.25 * self._best:
            self.good = step
        if mean > 2 * self._best and mean > 1.1 * self._uniform:
            what = f"the loss is {loss:.4g}, over the last {WINDOW} steps {mean:.4g} after {self._best:.4g} before"
            raise DivergedError(step, what, self.good)

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as JSON."""
        best = None if math.isinf(self._best) else self._best
        return {"recent": list(self._recent), "best": best, "good": self.good}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where a watch was saved. Raises ValueError or TypeError for anything else."""
        self._recent.extend(map(float, state["recent"]))
        best = state["best"]
        self._best = math.inf if best is None else float(best)
        self.good = int(state["good"])
