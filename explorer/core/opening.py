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

KEY = Undecided(layer=False, head=False)
"""The head in view stays: only the key is chosen anew, as that of another text or query need not mean anything."""
