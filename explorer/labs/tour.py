"""Tour: where a person is in the labs, and where the keys lead; a value without a screen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from explorer.labs.lab import Result, Step, Value
from explorer.labs.registry import ENTRIES

Key = tuple[str, tuple[tuple[str, Value], ...]]
"""A lab by its name, and the values that it ran with."""


@dataclass(frozen=True, slots=True)
class Tour:
    """The lab that is open, None for the list, and what of it is shown.

    While `asking`, the question is shown and the pictures wait. A tour that is `presenting` goes through all labs as
    the lecture has them and leaves out what differs from run to run.
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
        """A lab from its start: at its question if the tour is guided."""
        return Tour(lab, asking=self.guided, guided=self.guided, presenting=self.presenting)

    def presented(self) -> "Tour":
        """All labs from the first, with their questions; or no longer."""
        return replace(self, presenting=False) if self.presenting else Tour(0, asking=True, presenting=True)

    def listed(self) -> "Tour":
        """The list of labs."""
        return Tour(guided=self.guided)

    def revealed(self) -> "Tour":
        """The answer in place of the question."""
        return replace(self, asking=False, code=False)

    def chosen(self, by: int, choices: int) -> "Tour":
        """Point at another answer."""
        first = -1 if by > 0 else choices
        return replace(self, choice=max(0, min(choices - 1, (first if self.choice is None else self.choice) + by)))

    def stepped(self, by: int, steps: int) -> "Tour":
        """Another step of the same lab; the same at its ends."""
        step = max(0, min(steps - 1, self.step + by))
        return self if step == self.step else replace(self, step=step, picture=0, cursor=(0, 0), code=False)

    def forward(self, steps: int | None) -> "Tour":
        """What comes next: the answer, the next step, the next lab; `steps` is None while there is no result."""
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
        """Another cell of a matrix of so many rows and columns."""
        rows, columns = size
        at = self.cursor
        return replace(self, cursor=(max(0, min(rows - 1, at[0] + row)), max(0, min(columns - 1, at[1] + column))))

    def steps_of(self, result: Result) -> tuple[Step, ...]:
        """The steps to show: those that depend on the machine are not presented."""
        return tuple(step for step in result.steps if not (self.presenting and step.timed))


def key_of(name: str, values: Mapping[str, Value]) -> Key:
    """Under which a result is kept."""
    return name, tuple(sorted(values.items()))
