"""The parts of a view that are still undecided when a text or a model is opened."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Undecided:
    """The parts of a view that `Reading.decide` chooses; what the user asked for is never among them."""

    layer: bool = True
    head: bool = True
    key: bool = True


EVERYTHING = Undecided()
"""Only the text, the model and the query are known."""
