"""Measures of a head at one training step, on the sentence in view: the numbers below the timeline."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.formatting import fixed, weight

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.head_scores import TextMeasures

PREVIOUS, FIRST, ENTROPY, LOSS = "previous token", "first token", "mean entropy", "mean loss"
MEASURES = (PREVIOUS, FIRST, ENTROPY, LOSS)
"""The mean weight on the previous and first key, the mean entropy of the rows in bits, the loss of the text in nats."""


@dataclass(frozen=True, eq=False)
class StepMeasures:
    """The measures of every head at one step, for one text and one setting of the switches."""

    heads: "TextMeasures"
    loss: float | None

    def of(self, measure: str, layer: int, head: int) -> float | None:
        """Return one measure of a head; None if it does not exist for a text of a single token."""
        if measure == LOSS:
            return self.loss
        of_heads = {
            PREVIOUS: self.heads.previous_token,
            FIRST: self.heads.first_token,
            ENTROPY: self.heads.entropy_bits,
        }
        value = of_heads[measure][layer, head].item()
        return value if value == value else None


def measure_step(reading: "Reading") -> StepMeasures:
    """Measure all heads of a reading, as set; this may run in any thread."""
    return StepMeasures(reading.text_measures, reading.as_set.loss)


def format_measure(measure: str, value: float, cells: int = 4) -> str:
    """Return a value in at most `cells` cells, three or more, with as many digits as fit."""
    if measure in (PREVIOUS, FIRST):
        return weight(value)
    return next((text for digits in (2, 1, 0) if len(text := fixed(value, digits)) <= cells), "…")
