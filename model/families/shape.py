"""FamilyShape: the sizes of a model that `transformers` runs, read from what its attention computed."""

import math
from dataclasses import dataclass
from typing import Any

from model.errors import ModelError
from model.families import OpenOptions
from model.families.directory import CONTEXT_NAMES
from model.families.recording import RecordedLayer

CONTEXT_CAP = 1024
"""The most tokens that models read unless more are asked for: the matrices of a head grow with the square."""


@dataclass(frozen=True, slots=True)
class FamilyShape:
    """A `ModelShape`. `scales`, `formulas` and `windows` have one entry a layer."""

    family: str  # model_type of the config
    n_layer: int
    n_head: int
    n_kv_head: int
    head_size: int
    n_positions: int
    n_embd: int
    vocab_size: int
    bos_token_id: int | None
    eos_token_id: int | None
    scales: tuple[float, ...]
    formulas: tuple[str, ...]
    windows: tuple[int | None, ...]
    layer_numbers: tuple[int, ...]  # where the layers that have attention stand among all layers
    others: tuple[str, ...]  # what the other layers are, if there are any
    opening: OpenOptions
    model_note: str = ""
    causal: bool = True

    def scale(self, layer: int) -> float:
        """The factor on the raw scores of `layer` as trained."""
        return self.scales[layer]

    def scale_formula(self, layer: int) -> str:
        """Where the scale comes from."""
        return self.formulas[layer]

    def window(self, layer: int) -> int | None:
        """How many keys each query of `layer` sees at most."""
        return self.windows[layer]

    def layer_note(self, layer: int) -> str:
        """Which layer of the whole model a layer is, if some of the others have no attention."""
        if not self.others:
            return ""
        number, count = self.layer_numbers[layer], len(self.layer_numbers) + len(self.others)
        kinds = ", ".join(dict.fromkeys(self.others))
        return f"layer {number} of {count}, {len(self.others)} without attention: {kinds}"

    @classmethod
    def of(
        cls, config: Any, layers: list[RecordedLayer], numbers: list[int], others: list[str], opening: OpenOptions
    ) -> "FamilyShape":
        """Describe a model from its config and one recorded run of the layers that stand at `numbers`.

        Raises ModelError where they differ in size.
        """
        sizes = {(x.q.shape[0], x.k.shape[0], x.q.shape[2], x.v.shape[2]) for x in layers}
        if len(sizes) > 1:
            raise ModelError("its layers differ in their heads")
        ((heads, kv_heads, head_size, _),) = sizes
        text = config.get_text_config()
        return cls(
            family=str(config.model_type),
            n_layer=len(layers),
            n_head=heads,
            n_kv_head=kv_heads,
            head_size=head_size,
            n_positions=context_length(text, opening.context),
            n_embd=int(text.hidden_size),
            vocab_size=int(text.vocab_size),
            bos_token_id=_token(getattr(text, "bos_token_id", None)),
            eos_token_id=_token(getattr(text, "eos_token_id", None)),
            scales=tuple(x.scale for x in layers),
            formulas=tuple(_formula(text, x.scale, head_size) for x in layers),
            windows=tuple(x.declared_window for x in layers),
            layer_numbers=tuple(numbers),
            others=tuple(others),
            opening=opening,
        )


def context_length(config: Any, asked: int | None) -> int:
    """How many tokens are read at once: what is asked for, else the model's own context up to CONTEXT_CAP.

    Raises ModelError when more is asked for than the model has.
    """
    own = next((n for name in CONTEXT_NAMES if type(n := getattr(config, name, None)) is int and n > 0), None)
    if asked is None:
        return min(CONTEXT_CAP, own or CONTEXT_CAP)
    if own is not None and asked > own:
        raise ModelError(f"a context of {asked} is more than this model's {own}: ask for at most {own}")
    return asked


def rotates_by_length(config: Any) -> bool:
    """Return True if the rotation of a position depends on the length of the text, as with longrope."""
    found = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kinds = [found, *(each for each in found.values() if isinstance(each, dict))]
    return any(each.get("rope_type", each.get("type")) in ("dynamic", "longrope") for each in kinds)


def _token(value: Any) -> int | None:
    """A special token of the config, which may list several: the first."""
    if isinstance(value, list) and value:
        value = value[0]
    return value if type(value) is int and value >= 0 else None


def _formula(config: Any, scale: float, head_size: int) -> str:
    """The formula that gives a scale, empty if none is known."""
    scalar, multiplier = getattr(config, "query_pre_attn_scalar", None), getattr(config, "attention_multiplier", None)
    candidates: list[tuple[str, float]] = [("1/√head_size", head_size**-0.5)]
    if isinstance(scalar, int | float) and scalar > 0:
        candidates.append(("1/√query_pre_attn_scalar", scalar**-0.5))
    if isinstance(multiplier, int | float):
        candidates.append(("attention_multiplier", float(multiplier)))
    candidates.append(("1, q is scaled beforehand", 1.0))
    return next((name for name, value in candidates if math.isclose(scale, value, rel_tol=1e-6)), "")
