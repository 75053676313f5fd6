"""What a head does at one step of training, on the sentence in view: the numbers below the slider over the steps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.core.formatting import fixed, weight

if TYPE_CHECKING:
    from explorer.core.reading import Reading
    from model.head_scores import TextMeasures

PREVIOUS, FIRST, ENTROPY, LOSS = "previous token", "first token", "mean entropy", "mean loss"
MEASURES = (PREVIOUS, FIRST, ENTROPY, LOSS)
"""Mean weight on the key before, or on the first key; mean entropy over queries in bits; loss of the text in nats."""


@dataclass(frozen=True, eq=False)
class StepMeasures:
    """The measures of every head at one step, with one text and setting."""

    heads: "TextMeasures"
    loss: float | None

    def of(self, measure: str, layer: int, head: int) -> float | None:
        """One measure of a head; None where there is none, as of a text of one token."""
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
    """The measures of a reading, as set; this imports torch and may run in any thread."""
    from model.head_scores import text_measures

    return StepMeasures(text_measures(reading.as_set.inputs), reading.as_set.loss)


def written(measure: str, value: float, cells: int = 4) -> str:
    """A value of a measure in so many cells, three or more; a value too large for them loses its digits first."""
    if measure in (PREVIOUS, FIRST):
        return weight(value)
    return next((text for digits in (2, 1, 0) if len(text := fixed(value, digits)) <= cells), "…")
