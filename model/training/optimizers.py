"""Optimizers and learning-rate schedule.

Muon (Keller Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") updates the weight matrices
of the blocks: momentum, then the nearest semi-orthogonal matrix by a quintic Newton–Schulz iteration. AdamW (Loshchilov
and Hutter 2019) updates embeddings, biases and LayerNorms.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from model.gpt import GPT
from model.training.settings import OptimizerSettings

Polynomials = tuple[tuple[float, float, float], ...]
"""Odd quintics a·x + b·x³ + c·x⁵ as (a, b, c), applied one after another."""

JORDAN: Polynomials = ((3.4445, -4.7750, 2.0315),) * 5
"""Jordan's coefficients: they bring singular values to between about 0.7 and 1.2."""

POLAR_EXPRESS: Polynomials = (
    (8.2051, -22.9019, 16.4607),
    (4.0664, -2.8612, 0.5184),
    (3.9096, -2.8234, 0.5250),
)
"""The first three of Amsel et al. 2025, "The Polar Express", with their safety factor of 1.01.

Three polynomials instead of five bring singular values to between about 0.2 and 1.9, less evenly than Jordan's.
Training is as good per token (see tests/benchmarks/bench_training.py), and a step of a small model takes a tenth less
time.
"""


def orthogonalize(matrices: Tensor, dtype: torch.dtype = torch.float32, polynomials: Polynomials = JORDAN) -> Tensor:
    """Replace each matrix by one near its closest semi-orthogonal matrix: (N, rows, columns) -> the same shape.

    Singular vectors stay the same; singular values come near 1, except those that are tiny relative to the largest.
    `dtype` is that of the iteration; bfloat16 is precise enough for training (Jordan 2024).
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = (x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(dtype)
    wide = x.shape[-1] > 2 * x.shape[-2]
    x = _apply_to_gram(x, polynomials) if wide and dtype is torch.float32 else _apply(x, polynomials)
    x = x.to(matrices.dtype)
    return x.mT if tall else x


def _apply(x: Tensor, polynomials: Polynomials) -> Tensor:
    """Apply the polynomials to the singular values of x, with three matrix products each, two of them as wide as x."""
    for a, b, c in polynomials:
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x


def _apply_to_gram(x: Tensor, polynomials: Polynomials) -> Tensor:
    """The same as `_apply`, computed on the small Gram matrix, with only two products as wide as x in total.

    When x becomes p·x, its Gram matrix g becomes p·g·p. Not for bfloat16: errors in small singular values would grow.
    """
    gram = x @ x.mT
    identity = torch.eye(gram.shape[-1], dtype=x.dtype, device=x.device)
    product: Tensor | None = None
    for n, (a, b, c) in enumerate(polynomials):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c) + a * identity
        product = factor if product is None else factor @ product
        if n < len(polynomials) - 1:
            gram = factor @ gram @ factor
    return x if product is None else product @ x


class Muon(torch.optim.Optimizer):
    """Muon for the weight matrices of linear layers. Matrices of equal shape are orthogonalized in one stack.

    `pieces` gives the number of equal parts that the rows of a weight are split into, each orthogonalized by itself: 3
    for a joint q, k, v projection. The update of a (rows, columns) piece is multiplied by √max(1, rows / columns).
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
        """Update every parameter that has a gradient; `closure` is not used."""
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
        """Orthogonalize the updates; pieces of the same shape, or of its transpose, go into one stack."""
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
    """The weights that Muon updates, with their names: the matrices of the blocks."""
    return [(name, p) for name, p in gpt.named_parameters() if name.startswith("h.") and p.dim() == 2]


def make_optimizers(
    gpt: GPT, settings: OptimizerSettings, dtype: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """Optimizers that together update every parameter of `gpt` once; `dtype` is Muon's, see `orthogonalize`."""
    matrices = block_matrices(gpt) if settings.name == "muon" else []
    taken = {name for name, _ in matrices}
    rest = [(name, p) for name, p in gpt.named_parameters() if name not in taken]
    adamw = torch.optim.AdamW(
        _adamw_groups(rest, settings),
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


def _adamw_groups(parameters: Iterable[tuple[str, Tensor]], settings: OptimizerSettings) -> list[dict[str, Any]]:
    """Parameter groups of equal learning rate and weight decay. Only matrices at AdamW's own rate decay."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in parameters:
        rate = 1.0
        if name == "wpe.weight":
            rate = settings.position_rate
        elif name.endswith(("ln_1.weight", "ln_2.weight")):
            rate = settings.norm_rate
        decays = parameter.dim() >= 2 and rate == 1
        key = settings.learning_rate * rate, settings.weight_decay if decays else 0.0
        groups.setdefault(key, []).append(parameter)
    return [{"params": members, "lr": rate, "weight_decay": decay} for (rate, decay), members in groups.items()]


def schedule(step: int, steps: int, warmup: int, cooldown: float = 0.5, floor: float = 0.0) -> float:
    """The factor on the learning rates at `step` of `steps`, counted from 0.

    It rises linearly over `warmup` steps, stays at 1, and falls linearly to `floor` over the last `cooldown` share of
    the run (Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations").
    """
    if step < warmup:
        return (step + 1) / warmup
    left = (steps - step) / max(1.0, cooldown * steps)
    return floor + (1 - floor) * min(1.0, max(0.0, left))


def cooldown_start(steps: int, cooldown: float) -> int:
    """The step from which on the factor of `schedule` falls."""
    return steps - int(cooldown * steps)
