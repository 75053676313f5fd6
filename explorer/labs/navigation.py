"""Navigation: where the user is in the labs, an immutable value, and the changes that keys make to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.labs.lab import Result, Step, Value
from explorer.labs.registry import ENTRIES

Key = tuple[str, tuple[tuple[str, Value], ...]]
"""The name of a lab, and the values that it ran with."""


@dataclass(frozen=True, slots=True)
class Navigation:
    """The lab that is open (None for the list of labs), and what is shown of it.

    While `asking`, the question is shown instead of the results. If `guided`, a lab begins with its question. While
    `presenting`, `forward` goes through all labs in order, without the steps that differ from run to run.
    """

    lab: int | None = None
    asking: bool = False
    choice: int | None = None
    step: int = 0
    picture: int = 0
    cursor: tuple[int, int] = (0, 0)
    guided: bool = True
    presenting: bool = False
    code: bool = False

    def opened(self, lab: int) -> "Navigation":
        """Return the start of a lab."""
        return Navigation(lab, asking=self.guided, guided=self.guided, presenting=self.presenting)

    def presented(self) -> "Navigation":
        """Return the start of a presentation of all labs; if one is under way, end it."""
        return replace(self, presenting=False) if self.presenting else Navigation(0, asking=True, presenting=True)

    def listed(self) -> "Navigation":
        """Return the list of labs."""
        return Navigation(guided=self.guided)

    def revealed(self) -> "Navigation":
        """Return this place with the results instead of the question."""
        return replace(self, asking=False, code=False)

    def chosen(self, by: int, choices: int) -> "Navigation":
        """Return this place with another answer selected."""
        first = -1 if by > 0 else choices
        return replace(self, choice=max(0, min(choices - 1, (first if self.choice is None else self.choice) + by)))

    def stepped(self, by: int, steps: int) -> "Navigation":
        """Return another step of the same lab, or this one at either end."""
        step = max(0, min(steps - 1, self.step + by))
        return self if step == self.step else replace(self, step=step, picture=0, cursor=(0, 0), code=False)

    def forward(self, steps: int | None) -> "Navigation":
        """Return what comes next: the results, the next step, or the next lab; `steps` is None without a result."""
        if self.lab is None:
            return self.opened(0)
        if self.asking:
            return self.revealed()
        if steps is None:
            return self
        if self.step + 1 < steps:
            return self.stepped(1, steps)
        return self.opened(self.lab + 1) if self.lab + 1 < len(ENTRIES) else self

    def moved(self, row: int, column: int, size: tuple[int, int]) -> "Navigation":
        """Return this place with the cursor moved by rows and columns, within a matrix of `size`."""
        rows, columns = size
        at = self.cursor
        return replace(self, cursor=(max(0, min(rows - 1, at[0] + row)), max(0, min(columns - 1, at[1] + column))))

    def steps_of(self, result: Result) -> tuple[Step, ...]:
        """Return the steps to show; a presentation leaves out those that depend on the machine."""
        return tuple(step for step in result.steps if not (self.presenting and step.timed))


def key_of(name: str, values: Mapping[str, Value]) -> Key:
    """Return the key under which a result is cached."""
    return name, tuple(sorted(values.items()))
