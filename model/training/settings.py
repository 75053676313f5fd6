"""How to train: the settings of the trainer and of its optimizers. Imports no torch."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from model.errors import SettingError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PRECISIONS = ("auto", "float32", "bfloat16")
OPTIMIZERS = ("muon", "adamw")
CHANGEABLE = ("steps", "repeats", "recall", "entropy_penalty")
"""Names of the settings of the trainer that may change when a run is resumed."""


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """Which optimizer updates the weights, and how.

    With `name` "muon", Muon updates the weight matrices of the blocks and AdamW everything else. With "adamw", AdamW
    updates all weights and `muon_learning_rate` and `momentum` are unused.

    Raises SettingError for a value out of range.
    """

    name: str = "muon"
    learning_rate: float = 3e-3  # AdamW
    muon_learning_rate: float = 0.02
    beta1: float = 0.9  # AdamW
    beta2: float = 0.95  # AdamW
    momentum: float = 0.95  # Muon
    weight_decay: float = 0.0  # AdamW: matrices and embeddings only; Muon: all of its matrices
    position_rate: float = 1.0  # factor on the learning rate of positions, which do not decay unless it is 1
    norm_rate: float = 1.0  # factor on the learning rate of the gains of the layers' LayerNorms
    gradient_clip: float = 1.0  # largest norm of all gradients together; 0 for no limit

    def __post_init__(self) -> None:
        _check_types(self)
        if self.name not in OPTIMIZERS:
            raise SettingError("optimizer", f"optimizer {self.name!r} is not known: use {' or '.join(OPTIMIZERS)}")
        rates = ("learning_rate", "muon_learning_rate", "position_rate", "norm_rate")
        for name in (*rates, "weight_decay", "gradient_clip"):
            if getattr(self, name) < 0:
                raise SettingError(name, f"{name.replace('_', '-')} must be at least 0, not {getattr(self, name)}")
        for name in ("beta1", "beta2", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(name, f"{name} must be at least 0 and below 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """How to train. Raises SettingError for a value out of range."""

    steps: int = 2000
    batch_size: int = 32  # windows per step
    seed: int = 1337
    warmup: int = 20  # steps
    cooldown: float = 0.5  # share of the run in which the learning rate falls to 0
    dropout: float = 0.0
    position_waves: float = 0.0  # standard deviation of the sines that positions begin as; 0 for none
    growth: float = 0.0  # share of the run with short windows: a quarter of the context, then half of it
    repeats: float = 0.0  # share of windows in which a random sequence of tokens is repeated
    recall: float = 0.0  # share of windows in which random pairs of tokens are asked for
    entropy_penalty: float = 0.0  # this times the mean entropy of attention, from 0 to 1, is added to the loss
    precision: str = "auto"  # see `model.devices.uses_bfloat16`
    evaluate_every: int = 250  # steps
    validation_tokens: int = 65536
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)

    def __post_init__(self) -> None:
        _check_types(self)
        for name in ("steps", "batch_size", "evaluate_every", "validation_tokens"):
            if getattr(self, name) < 1:
                raise SettingError(name, f"{name.replace('_', '-')} must be at least 1, not {getattr(self, name)}")
        for name in ("seed", "warmup", "position_waves", "entropy_penalty"):
            if getattr(self, name) < 0:
                raise SettingError(name, f"{name.replace('_', '-')} must be at least 0, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise SettingError("dropout", f"dropout must be at least 0 and below 1, not {self.dropout}")
        for name in ("cooldown", "growth", "repeats", "recall"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(name, f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if self.repeats + self.recall > 1:
            raise SettingError(
                "recall", f"repeats and recall must be at most 1 together, not {self.repeats + self.recall:g}"
            )
        if self.precision not in PRECISIONS:
            raise SettingError(
                "precision", f"precision {self.precision!r} is not known: use one of {', '.join(PRECISIONS)}"
            )


def _check_types(settings: "DataclassInstance") -> None:
    """Raise SettingError unless every int, finite float and str field holds such a value."""
    for field_ in fields(settings):
        value = getattr(settings, field_.name)
        sound = {
            int: type(value) is int and abs(value) < 2**63,
            float: type(value) in (int, float) and abs(value) < 1e39,
            str: type(value) is str,
        }
        if not sound.get(field_.type, True):  # type: ignore[arg-type]
            raise SettingError(field_.name, f"{field_.name.replace('_', '-')} cannot be {str(value)[:40]!r}")
