"""Tour: the immutable state of the user in the labs, and the changes that keys make to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.labs.lab import Result, Step, Value
from explorer.labs.registry import ENTRIES

Key = tuple[str, tuple[tuple[str, Value], ...]]
"""The name of a lab, and the values that it ran with."""


@dataclass(frozen=True, slots=True)
class Tour:
    """The lab that is open (None for the list of labs), and what is shown of it.

    While `asking`, the question is shown instead of the results. While `presenting`, the tour goes through all labs in
    order, and leaves out steps that differ from run to run.
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

    def opened(self, lab: int) -> "Tour":
        """Return the tour at the start of a lab, which is its question if the tour is guided."""
        return Tour(lab, asking=self.guided, guided=self.guided, presenting=self.presenting)

    def presented(self) -> "Tour":
        """Return the start of a presentation of all labs; or end it if it is under way."""
        return replace(self, presenting=False) if self.presenting else Tour(0, asking=True, presenting=True)

    def listed(self) -> "Tour":
        """Return the tour at the list of labs."""
        return Tour(guided=self.guided)

    def revealed(self) -> "Tour":
        """Return the tour with the results instead of the question."""
        return replace(self, asking=False, code=False)

    def chosen(self, by: int, choices: int) -> "Tour":
        """Return the tour with another answer selected."""
        first = -1 if by > 0 else choices
        return replace(self, choice=max(0, min(choices - 1, (first if self.choice is None else self.choice) + by)))

    def stepped(self, by: int, steps: int) -> "Tour":
        """Return the tour at another step of the same lab; the same tour at the ends."""
        step = max(0, min(steps - 1, self.step + by))
        return self if step == self.step else replace(self, step=step, picture=0, cursor=(0, 0), code=False)

    def forward(self, steps: int | None) -> "Tour":
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

    def moved(self, row: int, column: int, size: tuple[int, int]) -> "Tour":
        """Return the tour with the cursor moved by rows and columns, within a matrix of `size`."""
        rows, columns = size
        at = self.cursor
        return replace(self, cursor=(max(0, min(rows - 1, at[0] + row)), max(0, min(columns - 1, at[1] + column))))

    def steps_of(self, result: Result) -> tuple[Step, ...]:
        """Return the steps to show; a presentation leaves out those that depend on the machine."""
        return tuple(step for step in result.steps if not (self.presenting and step.timed))


def key_of(name: str, values: Mapping[str, Value]) -> Key:
    """Return the key under which a result is cached."""
    return name, tuple(sorted(values.items()))
