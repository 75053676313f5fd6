"""The part of the Compare screen that goes through the training of the active side's model, step by step."""

from collections.abc import Iterator
from dataclasses import replace

from explorer.core.series import Series, series_of
from explorer.screens.reading_pairs import ReadingPairs
from explorer.view import View
from model.errors import ModelError


class ComparingSteps(ReadingPairs):
    """A step that cannot be opened is passed over when it is asked for again."""

    def __init__(self) -> None:
        super().__init__()
        self._series: dict[str, Series | None] = {}  # by model; None where it has none
        self._not_opened: set[str] = set()

    def look_at(self, view: View, *, quiet: bool = False) -> None:
        """Let the active side show another view."""
        raise NotImplementedError  # the screen's

    def series_in_view(self, model: str) -> Series | None:
        """The series that a model belongs to."""
        if model not in self._series:
            try:
                self._series[model] = series_of(model)
            except ModelError:
                self._series[model] = None
        return self._series[model]

    @property
    def of_steps(self) -> bool:
        """Whether a model that is asked for has a series."""
        return any(self.series_in_view(view.model) is not None for view in self.wanted.sides)

    def own_step(self, model: str) -> int | None:
        """The step of a model in its series."""
        series = self.series_in_view(model)
        place = None if series is None else series.place(model)
        return None if series is None or place is None else series.entries[place].step

    def _step_models(self, by: int) -> Iterator[str]:
        """The steps before or after that of the active side, the nearest first."""
        model = self.wanted.view.model
        series = self.series_in_view(model)
        place = None if series is None else series.place(model)
        if series is not None and place is not None:
            beyond = series.entries[place + 1 :] if by > 0 else reversed(series.entries[:place])
            yield from (entry.model for entry in beyond if entry.model not in self._not_opened)

    def can_step(self, by: int) -> bool:
        """Whether there is a step before or after that of the active side."""
        return next(self._step_models(by), None) is not None

    def _step(self, by: int) -> None:
        if (model := next(self._step_models(by), None)) is not None:
            self.look_at(replace(self.wanted.view, model=model))

    def action_step_previous(self) -> None:
        """Show the step of training before."""
        self._step(-1)

    def action_step_next(self) -> None:
        """Show the step of training after."""
        self._step(1)

    def _refuse(self, reason: str, *, quiet: bool) -> None:
        if self._shown is not None and self.wanted.view.model != self._shown.view.model:
            self._not_opened.add(self.wanted.view.model)
        super()._refuse(reason, quiet=quiet)
