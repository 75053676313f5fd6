"""Optimizers and learning-rate schedule of the trainer.

Muon (Keller Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") for the matrices of the
blocks: momentum, then the nearest semi-orthogonal matrix by a quintic Newton–Schulz iteration. AdamW (Loshchilov and
Hutter 2019) for embeddings, biases and LayerNorms.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from model.errors import ModelError
from model.gpt import GPT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Polynomials = tuple[tuple[float, float, float], ...]
"""Odd quintics a·x + b·x³ + c·x⁵, as (a, b, c), put one into the other."""

JORDAN: Polynomials = ((3.4445, -4.7750, 2.0315),) * 5
"""Jordan's: singular values come to between about 0.7 and 1.2."""

POLAR_EXPRESS: Polynomials = (
    (8.2051, -22.9019, 16.4607),
    (4.0664, -2.8612, 0.5184),
    (3.9096, -2.8234, 0.5250),
)
"""The first three of Amsel et al. 2025, "The Polar Express", with their safety factor of 1.01.

Singular values come to between about 0.2 and 1.9 with three polynomials instead of five: less even than Jordan's.
Training is as good a token (see tests/benchmarks/bench_training.py) and a step of a small model a tenth cheaper.
"""


def orthogonalize(matrices: Tensor, dtype: torch.dtype = torch.float32, polynomials: Polynomials = JORDAN) -> Tensor:
    """Bring each matrix of a stack near the closest semi-orthogonal one: (N, rows, columns) -> the same shape.

    Singular values that are not tiny beside the largest come near 1; directions are kept.
    `dtype` is that of the iteration: bfloat16 is exact enough for training (Jordan 2024).
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(dtype)
    wide = x.shape[-1] > 2 * x.shape[-2]
    x = _composed(x, polynomials) if wide and dtype is torch.float32 else _iterated(x, polynomials)
    x = x.to(matrices.dtype)
    return x.mT if tall else x


def _iterated(x: Tensor, polynomials: Polynomials) -> Tensor:
    """Each polynomial of the singular values in turn: three products a polynomial, two of them as wide as x."""
    for a, b, c in polynomials:
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x


def _composed(x: Tensor, polynomials: Polynomials) -> Tensor:
    """The same by way of the small square Gram matrix alone: two products as wide as x, whatever the polynomials.

    Where x becomes p·x, its Gram matrix g becomes p·g·p. In bfloat16 errors of small singular values would grow.
    """
    gram = x @ x.mT
    identity = torch.eye(gram.shape[-1], dtype=x.dtype, device=x.device)
    whole: Tensor | None = None
    for n, (a, b, c) in enumerate(polynomials):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c) + a * identity
        whole = factor if whole is None else factor @ whole
        if n < len(polynomials) - 1:
            gram = factor @ gram @ factor
    return x if whole is None else whole @ x


class Muon(torch.optim.Optimizer):
    """Muon over the weights of linear layers, with equal shapes orthogonalised together in one stack.

    `pieces` says how many equal parts of its rows a weight is made of: 3 for a joint q, k, v projection, whose parts
    are orthogonalised apart. The update of a (rows, columns) piece is multiplied by √max(1, rows / columns).
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        pieces: Callable[[Tensor], int] = lambda parameter: 1,
        dtype: torch.dtype = torch.float32,
        polynomials: Polynomials = JORDAN,
    ) -> None:
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._pieces = pieces
        self._dtype = dtype
        self._polynomials = polynomials

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every weight that has a gradient."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            buffers = [self._momentum(p) for p in parameters]
            gradients = [p.grad for p in parameters]
            torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
            updates = torch._foreach_lerp(gradients, buffers, group["momentum"])  # Nesterov
            if group["weight_decay"]:
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_add_(parameters, self._orthogonal(parameters, updates), alpha=-group["lr"])

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        buffer: Tensor = state["momentum_buffer"]
        return buffer

    def _orthogonal(self, parameters: Sequence[Tensor], updates: Sequence[Tensor]) -> list[Tensor]:
        """The update of each parameter, all pieces of one shape (up to transposition) in one stack."""
        stacks: dict[tuple[int, int], list[Tensor]] = {}
        places: list[list[tuple[tuple[int, int], int, bool]]] = []
        for parameter, update in zip(parameters, updates, strict=True):
            places.append([])
            for piece in update.chunk(self._pieces(parameter)):
                flip = piece.shape[0] > piece.shape[1]
                wide = piece.mT if flip else piece
                stack = stacks.setdefault((wide.shape[0], wide.shape[1]), [])
                places[-1].append(((wide.shape[0], wide.shape[1]), len(stack), flip))
                stack.append(wide)
        done = {
            shape: orthogonalize(torch.stack(stack), self._dtype, self._polynomials) for shape, stack in stacks.items()
        }
        result = []
        for place in places:
            parts = [
                done[shape][i].mT * math.sqrt(shape[1] / shape[0]) if flip else done[shape][i]
                for shape, i, flip in place
            ]
            result.append(parts[0] if len(parts) == 1 else torch.cat(parts))
        return result


def block_matrices(gpt: GPT) -> list[tuple[str, Tensor]]:
    """The weights that Muon takes: the matrices of the blocks, by name."""
    return [(name, p) for name, p in gpt.named_parameters() if name.startswith("h.") and p.dim() == 2]


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """What updates the weights. With `name` "adamw", AdamW takes all of them and Muon's numbers are unused."""

    name: str = "muon"  # "muon": Muon for block matrices and AdamW for the rest; or "adamw"
    learning_rate: float = 3e-3  # AdamW
    muon_learning_rate: float = 0.02
    beta1: float = 0.9
    beta2: float = 0.95
    momentum: float = 0.95  # Muon
    weight_decay: float = 0.0  # AdamW: matrices and embeddings; Muon: its own matrices
    gradient_clip: float = 1.0  # largest norm of all gradients together; 0 is no limit

    def __post_init__(self) -> None:
        check_types(self)
        if self.name not in ("muon", "adamw"):
            raise ModelError(f"optimizer {self.name!r} is not known: use muon or adamw")
        for name in ("learning_rate", "muon_learning_rate", "weight_decay", "gradient_clip"):
            if getattr(self, name) < 0:
                raise ModelError(f"{name.replace('_', '-')} must be at least 0, not {getattr(self, name)}")
        for name in ("beta1", "beta2", "momentum"):
            if not 0 <= getattr(self, name) < 1:
                raise ModelError(f"{name} must be at least 0 and below 1, not {getattr(self, name)}")


def check_types(settings: "DataclassInstance") -> None:
    """Raise ModelError unless whole numbers, finite numbers and words are what they are declared as."""
    for field in fields(settings):
        value = getattr(settings, field.name)
        sound = {
            int: type(value) is int and abs(value) < 2**63,
            float: type(value) in (int, float) and abs(value) < 1e39,
            str: type(value) is str,
        }
        if not sound.get(field.type, True):  # type: ignore[arg-type]
            raise ModelError(f"{field.name.replace('_', '-')} cannot be {str(value)[:40]!r}")


def make_optimizers(
    gpt: GPT, settings: OptimizerSettings, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """The optimizers for every weight of `gpt`, each weight in exactly one; `dtype` is Muon's, see `orthogonalize`."""
    matrices = block_matrices(gpt) if settings.name == "muon" else []
    taken = {name for name, _ in matrices}
    rest = [(name, p) for name, p in gpt.named_parameters() if name not in taken]
    adamw = torch.optim.AdamW(
        [
            {"params": [p for _, p in rest if p.dim() >= 2], "weight_decay": settings.weight_decay},
            {"params": [p for _, p in rest if p.dim() < 2], "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        eps=1e-8,
        fused=True,
    )
    if not matrices:
        return [adamw]
    joint = {id(p) for name, p in matrices if name.endswith("attn.c_attn.weight")}
    muon = Muon(
        [p for _, p in matrices],
        settings.muon_learning_rate,
        settings.momentum,
        settings.weight_decay,
        pieces=lambda parameter: 3 if id(parameter) in joint else 1,
        dtype=dtype,
        polynomials=POLAR_EXPRESS,
    )
    return [muon, adamw]


def schedule(step: int, steps: int, warmup: int, cooldown: float = 0.5, floor: float = 0.0) -> float:
    """The factor on the learning rates at `step` of `steps`, counted from 0.

    A linear rise over `warmup` steps, then constant, then a linear fall to `floor` over the last `cooldown` share of
    the run (the trapezoid of Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training
    Durations").
    """
    if step < warmup:
        return (step + 1) / warmup
    left = (steps - step) / max(1.0, cooldown * steps)
    return floor + (1 - floor) * min(1.0, max(0.0, left))
