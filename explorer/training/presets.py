"""The presets of the form of a new run: what each is for, how long it takes, and its options."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Preset:
    """Values for the form of a new run; options that it does not name have the defaults of `explorer train`."""

    name: str
    explanation: str
    values: Mapping[str, str] = field(default_factory=dict)
    needs_file: bool = False
    """True if it needs a text of the user's own."""


OWN = Preset("own", "The defaults of `explorer train`, to be changed as you like.")

PRESETS = (
    Preset(
        "demo",
        "A tiny model of characters, 60 steps on built-in stories: a few seconds on one processor. Shows the Train "
        "screen at work; the model learns little more than which letters are frequent.",
        {
            "tokenizer": "char",
            "layers": "2",
            "heads": "4",
            "width": "64",
            "context": "64",
            "batch_size": "16",
            "steps": "60",
            "warmup": "10",
            "storyteller": "200000",
            "evaluate_every": "20",
            "checkpoint_every": "60",
            "probe_every": "10",
            "sample_every": "20",
        },
    ),
    Preset(
        "stories",
        "As large as the bundled stories model, with settings like those it was trained with, but on built-in stories "
        "alone: about an hour on one otherwise idle processor. Random tokens to copy let previous-token and induction "
        "heads form early.",
        {
            "vocab_size": "2048",
            "layers": "5",
            "heads": "12",
            "width": "192",
            "context": "256",
            "batch_size": "8",
            "steps": "11000",
            "weight_decay": "0.02",
            "position_rate": "0.1",
            "norm_rate": "0.1",
            "position_waves": "0.4",
            "growth": "0.1",
            "repeats": "0.12",
            "warmup": "100",
            "evaluate_every": "500",
            "sample_every": "1000",
            "prompt": "Once upon a time there was a little",
        },
    ),
    Preset(
        "characters",
        "A model of the characters of your own text, as in the lecture: name its file below. 2,000 steps take a few "
        "minutes on one processor; a short text is memorized.",
        {
            "tokenizer": "char",
            "layers": "4",
            "heads": "4",
            "width": "128",
            "context": "64",
            "batch_size": "12",
            "sample_every": "250",
        },
        needs_file=True,
    ),
    OWN,
)
"""All presets in the order of the form; the first one is chosen at first."""
