"""The list of labs in order, with their claims. A lab itself is imported only when it is opened."""

from pkgutil import resolve_name

from explorer.labs.lab import Entry, Lab

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "averaging",
        "Averaging the past",
        "Averaging each row's past is one product with a lower-triangular matrix, and softmax makes that matrix.",
        "explorer.labs.averaging:LAB",
    ),
    Entry(
        "head",
        "One head",
        "A head is that average with weights that depend on the data: each query scores every key before it.",
        "explorer.labs.head:LAB",
    ),
    Entry(
        "scaling",
        "Why √head_size",
        "With unit-variance q and k the variance of q · k is head_size; dividing by √head_size makes it 1 again.",
        "explorer.labs.scaling:LAB",
    ),
    Entry(
        "sharpening",
        "Sharpening",
        "The larger the numbers, the sharper their softmax: from uniform to one-hot.",
        "explorer.labs.sharpening:LAB",
    ),
    Entry(
        "trained",
        "And in a trained model?",
        "A trained model's q and k do not have unit variance: what holds at initialisation need not hold later.",
        "explorer.labs.trained:LAB",
    ),
    Entry(
        "initialization",
        "Initialisation",
        "A network that starts with confident guesses and saturated units wastes its first steps undoing them.",
        "explorer.labs.initialization:LAB",
    ),
    Entry(
        "mask",
        "The mask as honesty",
        "Without the mask a model reads the answer: its loss collapses and it has learned nothing to write with.",
        "explorer.labs.mask:LAB",
    ),
    Entry(
        "ladder",
        "From bigram to head",
        "Looking further back helps once a model chooses where to look: from a bigram table to a block.",
        "explorer.labs.ladder:LAB",
    ),
)


def find_entry(name: str) -> Entry:
    """Return the entry of a lab. Raises ValueError, which lists the known names, for an unknown name."""
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    raise ValueError(f"there is no lab {name!r}, there are {', '.join(entry.name for entry in ENTRIES)}")


def load(entry: Entry) -> Lab:
    """Import a lab, which imports torch."""
    lab = resolve_name(entry.place)
    assert isinstance(lab, Lab)
    return lab
