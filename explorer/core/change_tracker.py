"""ChangeTracker: which switch was moved last, and from which reading, until something else changes."""

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.core.change_explanations import ChangeExplanation
    from explorer.core.reading import Reading


class ChangeTracker:
    """Follows the readings that are shown; `explanation` says what the last switch did until the view changes again."""

    def __init__(self) -> None:
        self.explanation: ChangeExplanation | None = None
        self._last: Reading | None = None
        self._before: Reading | None = None  # the switch that is explained
        self._is_jumping = False

    @property
    def has_switch(self) -> bool:
        """True while the last switch is explained."""
        return self._before is not None

    def follow(self, reading: "Reading") -> None:
        """Explain the reading that is shown now if it has other switches than the one before."""
        last, self._last = self._last, reading
        if self._is_jumping:
            self._is_jumping = False
        elif last is not None and reading.view == last.view:
            return
        else:
            is_switched = last is not None and reading.view.is_switched_from(last.view)
            self._before = last if is_switched else None
        self.explanation = reading.explain_change(self._at_place_of(reading)) if self._before is not None else None

    def _at_place_of(self, reading: "Reading") -> "Reading":
        """The reading before the switch, at the query, key and stage of another one."""
        assert self._before is not None
        old = self._before.view
        return self._before.at(
            replace(reading.view, causal=old.causal, scale=old.scale, scope=old.scope, ablated=old.ablated)
        )

    def jump(self, reading: "Reading") -> tuple[int, int] | None:
        """Return the query and key that the last switch, or else all switches together, changed most; None if none.

        The next reading is explained there.
        """
        before = self._before or reading.without_changes()
        place = reading.most_changed_from(before)
        if place is not None:
            self._before, self._is_jumping = before, True
        return place
